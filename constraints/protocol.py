"""Site protocols: for each site and fractionation, which pack's row governs which organ.

A protocol holds no limit. It names, in order, the rules by which rows of packs govern; an organ that a rule has
taken is not taken again by a later rule that asks for "whatever is left".
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Literal

from rtplan.errors import PackError

__all__ = [
    "Advice",
    "AtLevel",
    "Nearby",
    "Protocol",
    "Rule",
    "SiteEvidence",
    "avoidance_region",
    "central_airway",
    "protocols",
    "site_evidence",
    "ultracentral_touch",
]

Level = Literal["as written", "prefer", "require"]


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of one pack.

    Attributes
    ----------
    pack : str
    structures : tuple of str or None
        As the pack's rows name them; None for whatever no earlier rule has taken.
    excluded : frozenset of str
        Structures left out.
    metrics : tuple of str or None
        Only these metrics of the rows.
    fractions : frozenset of int or None
        Only for these fraction counts.
    when : mapping
        Facts it depends on, for example ``{"central": True}``.
    level : str
        ``"prefer"`` or ``"require"`` turn the first edge of a risk band into a limit.
    measure_as : mapping
        Structures to measure in another way, as an expression.
    """

    pack: str
    structures: tuple[str, ...] | None = None
    excluded: frozenset[str] = frozenset()
    metrics: tuple[str, ...] | None = None
    fractions: frozenset[int] | None = None
    when: Mapping[str, Any] = field(default_factory=dict)
    level: Level = "as written"
    measure_as: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Nearby:
    """Organs that are required when a target lies within a distance of any of the landmarks."""

    within_mm: float
    structures: tuple[str, ...]
    landmarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AtLevel:
    """Organs that are required where a target lies in one of these vertebrae (patterns); ``*`` where none is known."""

    levels: tuple[str, ...]
    structures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Advice:
    """What a person is told when facts and fraction count are these."""

    text: str
    when: Mapping[str, Any] = field(default_factory=dict)
    fractions: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Protocol:
    """One site protocol. Alternatives of a required organ are joined by ``|``: one of them is enough."""

    id: str
    title: str
    site: str
    technique: str
    fractions: frozenset[int]
    required: tuple[str, ...] = ()
    required_if_central: tuple[str, ...] = ()
    nearby: tuple[Nearby, ...] = ()
    at_level: tuple[AtLevel, ...] = ()
    at_apex: Nearby | None = None
    warnings: tuple[Advice, ...] = ()
    governs: tuple[Rule, ...] = ()
    target: tuple[Rule, ...] = ()
    beside: tuple[Rule, ...] = ()
    advice: str = ""


@dataclass(frozen=True, slots=True)
class SiteEvidence:
    """What speaks for a site: the share of the target inside organs whose names match."""

    name: str
    organs: tuple[str, ...]
    share_pct: float


@dataclass(slots=True)
class _Reader:
    where: str
    problems: list[str] = field(default_factory=list)

    def take(self, table: Mapping[str, Any], known: set[str], needed: set[str]) -> None:
        self.problems += [f"{self.where}: unknown key {key!r}" for key in table if key not in known]
        self.problems += [f"{self.where}: {key!r} is missing" for key in needed if key not in table]


_HEAD = {"format", "id", "title", "site", "technique", "fractions"}
_PROTOCOL = _HEAD | {
    "required",
    "required_if_central",
    "required_near",
    "required_at",
    "required_at_apex",
    "governs",
    "target",
    "beside",
    "advice",
    "warn",
}
_RULE = {"pack", "structures", "except", "metrics", "fractions", "when", "level", "measure_as", "note"}


@cache
def protocols() -> tuple[Protocol, ...]:
    """Return every site protocol that ships with the tool.

    Raises
    ------
    PackError
        With every fault of every file.
    """
    problems: list[str] = []
    found = []
    folder = resources.files("constraints").joinpath("protocols")
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".toml") and entry.name != "sites.toml":
            table = tomllib.loads(entry.read_text(encoding="utf-8"))
            found.append(_protocol(table, entry.name, problems))
    if problems:
        raise PackError(f"site protocols do not load: {problems[0]}", tuple(problems))
    return tuple(found)


@cache
def site_evidence() -> tuple[SiteEvidence, ...]:
    """Return how sites are read from geometry."""
    text = resources.files("constraints").joinpath("protocols", "sites.toml").read_text(encoding="utf-8")
    return tuple(
        SiteEvidence(site["name"], tuple(site["organs"]), float(site["share_pct"]))
        for site in tomllib.loads(text)["site"]
    )


@cache
def central_airway() -> Nearby:
    """Return what makes a lung lesion central: a distance, and the airway it is measured from."""
    return _landmarks("central")


@cache
def ultracentral_touch() -> Nearby:
    """Return what makes a lung lesion ultracentral: the organs it touches, by default; a sheet may name others."""
    return _landmarks("ultracentral")


@cache
def avoidance_region() -> Nearby:
    """Return what hippocampal avoidance leaves out: the hippocampi and a margin around them."""
    return _landmarks("avoidance")


def _landmarks(key: str) -> Nearby:
    text = resources.files("constraints").joinpath("protocols", "sites.toml").read_text(encoding="utf-8")
    found = tomllib.loads(text)[key]
    return Nearby(float(found["within_mm"]), (), tuple(found["landmarks"]))


def _protocol(table: Mapping[str, Any], where: str, problems: list[str]) -> Protocol:
    reader = _Reader(where)
    reader.take(table, _PROTOCOL, _HEAD)
    apex = table.get("required_at_apex")
    groups = {
        key: tuple(_rule(rule, f"{where} {key}[{at}]", problems) for at, rule in enumerate(table.get(key, ()), 1))
        for key in ("governs", "target", "beside")
    }
    problems += reader.problems
    return Protocol(
        id=str(table.get("id", where)),
        title=str(table.get("title", "")),
        site=str(table.get("site", "")),
        technique=str(table.get("technique", "focal")),
        fractions=frozenset(table.get("fractions", ())),
        required=tuple(table.get("required", ())),
        required_if_central=tuple(table.get("required_if_central", ())),
        nearby=tuple(_nearby(item) for item in table.get("required_near", ())),
        at_level=tuple(
            AtLevel(tuple(item["levels"]), tuple(item["structures"])) for item in table.get("required_at", ())
        ),
        at_apex=None if apex is None else _nearby(apex),
        warnings=tuple(_advice(item) for item in table.get("warn", ())),
        governs=groups["governs"],
        target=groups["target"],
        beside=groups["beside"],
        advice=str(table.get("advice", "")),
    )


def _nearby(table: Mapping[str, Any]) -> Nearby:
    return Nearby(float(table["within_mm"]), tuple(table["structures"]), tuple(table["landmarks"]))


def _advice(table: Mapping[str, Any]) -> Advice:
    fractions = table.get("fractions")
    when = MappingProxyType(dict(table.get("when", {})))
    return Advice(str(table["text"]), when, None if fractions is None else frozenset(fractions))


def _rule(table: Mapping[str, Any], where: str, problems: list[str]) -> Rule:
    reader = _Reader(where)
    reader.take(table, _RULE, {"pack"})
    problems += reader.problems
    fractions = table.get("fractions")
    return Rule(
        pack=str(table.get("pack", "")),
        structures=_texts(table, "structures"),
        excluded=frozenset(table.get("except", ())),
        metrics=_texts(table, "metrics"),
        fractions=None if fractions is None else frozenset(fractions),
        when=MappingProxyType(dict(table.get("when", {}))),
        level=table.get("level", "as written"),
        measure_as=MappingProxyType(dict(table.get("measure_as", {}))),
        note=str(table.get("note", "")),
    )


def _texts(table: Mapping[str, Any], key: str) -> tuple[str, ...] | None:
    return tuple(table[key]) if key in table else None
