"""The audit sheet: the one place where a person decides (names, sites, prescriptions, courses).

TOML: ``[[lesion]] target, site, prescription_gy, fractions, plan, confirm``; ``[[course]] plans, same_days``;
``[names]`` ROI name -> standard name; ``[patient]`` facts such as sex; ``[[accept]] finding, who, why, date``;
``[alpha_beta]`` tissue or structure -> Gy; ``[models] show``: models to evaluate although they are off;
``[settings] packs, ultracentral``: packs that shall govern, organs that a lesion touches to be ultracentral.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from constraints.naming import is_standard
from rtplan.errors import SheetError
from rtplan.radiobiology import alpha_beta_of, outcome_models

from .patient import patient_facts

__all__ = ["Sheet", "SheetLesion", "parse_names", "parse_sheet", "with_names"]

_TOP = {"format", "lesion", "course", "names", "patient", "accept", "alpha_beta", "models", "settings"}
_LESION = {"target", "site", "prescription_gy", "fractions", "plan", "confirm", "note"}


@dataclass(frozen=True, slots=True)
class SheetLesion:
    """What a person says of one lesion; None where the sheet leaves it to the study."""

    target: str
    site: str | None = None
    prescription_gy: float | None = None
    fractions: int | None = None
    plan: str | None = None
    confirm: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet as read; the empty sheet decides nothing."""

    lesions: tuple[SheetLesion, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    patient: Mapping[str, Any] = field(default_factory=dict)
    courses: tuple[Mapping[str, Any], ...] = ()
    accepted: tuple[Mapping[str, Any], ...] = ()
    alpha_beta_gy: Mapping[str, float] = field(default_factory=dict)
    shown_models: frozenset[str] = frozenset()
    packs: tuple[str, ...] = ()
    ultracentral: tuple[str, ...] = ()


def parse_sheet(text: str) -> Sheet:
    r"""Read a sheet from its text.

    Parameters
    ----------
    text : str
        TOML.

    Returns
    -------
    Sheet

    Raises
    ------
    SheetError
        With every fault, in one sentence each.

    Examples
    --------
    >>> parse_sheet('[[lesion]]\ntarget = "PTV1"\nsite = "liver"').lesions[0].site
    'liver'
    >>> parse_sheet("").lesions
    ()
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SheetError(f"the sheet is not valid TOML: {error}") from error
    problems = [f"unknown key {key!r}" for key in table if key not in _TOP]
    lesions = _tables(table, "lesion", problems)
    courses = _tables(table, "course", problems)
    accepted = _tables(table, "accept", problems)
    found = tuple(_lesion(item, at, problems) for at, item in enumerate(lesions, 1))
    names = _mapping(table, "names", problems)
    problems += [f"names {key!r}: a text is expected" for key, value in names.items() if not isinstance(value, str)]
    patient = patient_facts(_mapping(table, "patient", problems), problems)
    settings = _settings(table, problems)
    ratios = _alpha_beta(table, problems)
    shown = _shown_models(table, problems)
    if problems:
        raise SheetError("the sheet does not load: " + "; ".join(problems))
    return Sheet(
        found,
        MappingProxyType(names),
        MappingProxyType(patient),
        tuple(courses),
        tuple(accepted),
        MappingProxyType(ratios),
        shown,
        settings["packs"],
        settings["ultracentral"],
    )


def parse_names(text: str) -> Mapping[str, str]:
    r"""Read a names file: a table ``[names]`` of ROI name to standard name, as in a sheet, and nothing else.

    Raises
    ------
    SheetError
        Where it is no such file.

    Examples
    --------
    >>> dict(parse_names('[names]\n"Myelon" = "SpinalCord"'))
    {'Myelon': 'SpinalCord'}
    """
    try:
        own = set(tomllib.loads(text)) - {"names"}
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SheetError(f"the names file is not valid TOML: {error}") from error
    if own:
        raise SheetError(f"the names file holds [names] only, not {', '.join(sorted(own))}")
    return parse_sheet(text).names


def with_names(sheet: Sheet, names: Mapping[str, str]) -> Sheet:
    """Return the sheet with the names of a names file; where both map a name, the sheet decides."""
    return replace(sheet, names=MappingProxyType({**names, **sheet.names}))


def _tables(table: Mapping[str, Any], key: str, problems: list[str]) -> list[Mapping[str, Any]]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        problems.append(f"{key} is written as [[{key}]]")
        return []
    return value


def _mapping(table: Mapping[str, Any], key: str, problems: list[str]) -> dict[str, Any]:
    value = table.get(key, {})
    if not isinstance(value, dict):
        problems.append(f"{key} is written as [{key}]")
        return {}
    return value


def _lesion(item: Mapping[str, Any], at: int, problems: list[str]) -> SheetLesion:
    where = f"lesion[{at}]"
    problems += [f"{where}: unknown key {key!r}" for key in item if key not in _LESION]
    target = item.get("target")
    if not isinstance(target, str) or not target:
        problems.append(f"{where}: target (the ROI's name) is missing")
        target = "?"
    for key in ("site", "plan"):
        if key in item and not isinstance(item[key], str):
            problems.append(f"{where} {key}: a text is expected")
    dose, fractions = item.get("prescription_gy"), item.get("fractions")
    if dose is not None and (isinstance(dose, bool) or not isinstance(dose, int | float) or not dose > 0):
        problems.append(f"{where} prescription_gy: a positive dose is expected")
        dose = None
    if fractions is not None and (isinstance(fractions, bool) or not isinstance(fractions, int) or fractions < 1):
        problems.append(f"{where} fractions: a whole number from 1 is expected")
        fractions = None
    return SheetLesion(
        target,
        item.get("site"),
        None if dose is None else float(dose),
        fractions,
        item.get("plan"),
        bool(item.get("confirm", False)),
    )


def _settings(table: Mapping[str, Any], problems: list[str]) -> dict[str, tuple[str, ...]]:
    asked = _mapping(table, "settings", problems)
    found: dict[str, tuple[str, ...]] = {"packs": (), "ultracentral": ()}
    for key, value in asked.items():
        if key not in found:
            problems.append(f"settings: unknown key {key!r}")
        elif not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            problems.append(f"settings {key}: a list of texts is expected")
        else:
            found[key] = tuple(value)
    problems += [
        f"settings ultracentral: {name!r} is no standard name"
        for name in found["ultracentral"]
        if not is_standard(name)
    ]
    return found


def _alpha_beta(table: Mapping[str, Any], problems: list[str]) -> dict[str, float]:
    ratios = {}
    for key, value in _mapping(table, "alpha_beta", problems).items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
            problems.append(f"alpha_beta {key!r}: a positive number of Gy is expected")
        elif alpha_beta_of(key) is None:
            problems.append(f"alpha_beta {key!r}: no tissue and no standard name that has one")
        else:
            ratios[key] = float(value)
    return ratios


def _shown_models(table: Mapping[str, Any], problems: list[str]) -> frozenset[str]:
    asked = _mapping(table, "models", problems)
    problems += [f"models: unknown key {key!r}" for key in asked if key != "show"]
    names = asked.get("show", [])
    known = {item.id for item in outcome_models()}
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        problems.append("models show: a list of ids is expected")
        return frozenset()
    problems += [f"models show: there is no model {name!r}" for name in names if name not in known]
    return frozenset(names)
