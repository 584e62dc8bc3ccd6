"""Structure names as written to TG-263 names, by declared synonyms; nothing is guessed.

A name with a word too many (``zCord``, ``PTV1_WALL``, ``Oral Cavity-PTV``) is not the plain organ, and a name
without a side never becomes left or right. What is near is suggested, never taken.
"""

from __future__ import annotations

import difflib
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from rtplan.metrics.notation import Kind, Metric
from rtplan.model import TARGET_ROLES
from rtplan.units import CC, PERCENT

__all__ = [
    "Resolution",
    "StandIn",
    "compose",
    "is_standard",
    "resolve",
    "side_of",
    "stand_ins",
    "target_class",
    "wholes",
]

_SIDES = {"l": "_L", "lt": "_L", "left": "_L", "r": "_R", "rt": "_R", "right": "_R"}
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_PLAIN = re.compile(r"[^\W_][\w\s.,()-]*", re.ASCII)
_PRV = re.compile(r"(?P<organ>.+?)[\s_-]*PRV[\s_-]*(?:(?P<margin>\d{1,2})(?:\s*mm)?)?", re.IGNORECASE)
_MINUS = re.compile(r"(?P<organ>.+?)\s*(?:-|\bminus\b)\s*(?P<target>GTV|CTV|ITV|PTV)s?", re.IGNORECASE)
_TARGET = re.compile(r"(GTV|CTV|ITV|PTV)[pn]?(?:[\s_-]*(?:\d+(?:[.,]\d+)?|high|mid|low))?(?:\s*c?gy)?", re.IGNORECASE)
_UNINFORMATIVE_ROLES = frozenset({"", "ORGAN"})
_SUGGESTIONS = 3


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a name stands for: a TG-263 name or None, how that was found, and what is spelt alike."""

    standard_name: str | None
    how: str
    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StandIn:
    """A structure that may be measured for one that is missing.

    `direction` is ``"conservative"`` (a limit it meets is met) or ``"lenient"`` (a limit it exceeds is
    exceeded); `metrics` are the kinds of metric for which that holds.
    """

    name: str
    direction: str
    metrics: frozenset[str]
    reason: str

    def serves(self, metric: Metric) -> bool:
        """Whether the inclusion argument holds for this metric."""
        return _kind_word(metric) in self.metrics


def resolve(name: str) -> Resolution:
    """Find the TG-263 name of a structure.

    Parameters
    ----------
    name : str
        As written in the structure set.

    Returns
    -------
    Resolution
        `standard_name` is None where the name is unknown, has a word too many, or lacks a side.

    Examples
    --------
    >>> resolve("Lt Lung").standard_name
    'Lung_L'
    >>> resolve("Cord PRV 5mm").standard_name
    'SpinalCord_PRV05'
    >>> resolve("Lung").suggestions
    ('Lung_L', 'Lung_R', 'Lungs')
    >>> resolve("").how
    'empty'
    """
    text = unicodedata.normalize("NFKC", name).strip()
    if not text:
        return Resolution(None, "empty")
    found = _organ(text) or _difference(text) or _risk_volume(text)
    if found:
        return Resolution(found, "standard name" if found == text else "declared synonym")
    sides = _missing_side(text)
    return Resolution(None, "no side" if sides else "unknown", _suggestions(text, sides))


def is_standard(name: str) -> bool:
    """Whether a name is, letter for letter, one of the standard names known here (or a PRV of one)."""
    return resolve(name).standard_name == name


def side_of(name: str) -> str:
    """Return ``"_L"`` or ``"_R"`` where exactly one word of a name is a side, else an empty text.

    Examples
    --------
    >>> side_of("Lt Lung"), side_of("Kidney_R"), side_of("Lungs")
    ('_L', '_R', '')
    """
    return _words(unicodedata.normalize("NFKC", name)).side


def target_class(name: str, role: str = "") -> str | None:
    """Say whether a structure is a target, and which.

    Parameters
    ----------
    name : str
        As written.
    role : str
        RTROIInterpretedType; a target role decides, and so does any other role but ORGAN, which many
        systems write by default.

    Returns
    -------
    str or None
        ``GTV``, ``CTV``, ``ITV``, ``PTV``, or None.

    Examples
    --------
    >>> target_class("ptv 4"), target_class("lesion", "GTV"), target_class("PTV1_WALL")
    ('PTV', 'GTV', None)
    """
    role = role.strip().upper()
    if role in TARGET_ROLES:
        return role
    match = _TARGET.fullmatch(name.strip()) if role in _UNINFORMATIVE_ROLES else None
    return match[1].upper() if match else None


def compose(name: str) -> tuple[str, ...] | None:
    """Return the parts whose union is the structure `name`, or None where it has no declared parts.

    Examples
    --------
    >>> compose("Lungs")
    ('Lung_L', 'Lung_R')
    """
    parts = _data()["parts"].get(name)
    return tuple(parts) if parts else None


def wholes(name: str) -> tuple[str, ...]:
    """Return the structures that hold `name` as one side of a pair.

    Examples
    --------
    >>> wholes("Hippocampus_L"), wholes("Jejunum")
    (('Hippocampi',), ())
    """
    if not name.endswith(("_L", "_R")):
        return ()
    return tuple(whole for whole, parts in _data()["parts"].items() if name in parts)


def stand_ins(name: str) -> tuple[StandIn, ...]:
    """Return the structures that may be measured where `name` is missing, each with its direction.

    Examples
    --------
    >>> [(proxy.name, proxy.direction) for proxy in stand_ins("SpinalCord")]
    [('SpinalCanal', 'conservative')]
    """
    return tuple(
        StandIn(entry["use"], entry["direction"], frozenset(entry["metrics"]), entry["reason"])
        for entry in _data()["stand_in"]
        if entry["for"] == name
    )


@dataclass(frozen=True, slots=True)
class _Words:
    """A name in words: all of them as one key, and, where exactly one is a side, the key without it."""

    key: str
    side: str
    sided_key: str


def _organ(text: str) -> str | None:
    if not _PLAIN.fullmatch(text):
        return None
    words = _words(text)
    plain, sided = _spellings()
    if words.key in plain:
        return plain[words.key]
    return sided[words.sided_key] + words.side if words.side and words.sided_key in sided else None


def _difference(text: str) -> str | None:
    match = _MINUS.fullmatch(text)
    organ = _organ(match["organ"]) if match else None
    if not match or organ is None or match["target"].upper() not in _data()["derived"].get(organ, ()):
        return None
    return f"{organ}-{match['target'].upper()}"


def _risk_volume(text: str) -> str | None:
    match = _PRV.fullmatch(text)
    organ = _organ(match["organ"]) if match else None
    if not match or organ is None:
        return None
    return f"{organ}_PRV{int(match['margin']):02d}" if match["margin"] else f"{organ}_PRV"


def _missing_side(text: str) -> tuple[str, ...]:
    """Return both sides of an organ that was named without one."""
    if not _PLAIN.fullmatch(text):
        return ()
    organ = _spellings()[1].get(_words(text).key)
    return (f"{organ}_L", f"{organ}_R") if organ else ()


def _words(text: str) -> _Words:
    words = [word.lower() for word in _WORD.findall(text)]
    sides = [word for word in words if word in _SIDES]
    if len(sides) != 1:
        return _Words("".join(words), "", "")
    rest = "".join(word for word in words if word not in _SIDES)
    return _Words("".join(words), _SIDES[sides[0]], rest)


def _suggestions(text: str, first: tuple[str, ...]) -> tuple[str, ...]:
    plain, sided = _spellings()
    words = _words(text)
    both = {key: (f"{organ}_L", f"{organ}_R") for key, organ in sided.items()}
    known = {key: (organ,) for key, organ in plain.items()}
    near = list(first)
    for key in difflib.get_close_matches(words.key, known, n=_SUGGESTIONS, cutoff=0.7):
        near.extend(known[key])
    for key in difflib.get_close_matches(words.sided_key or words.key, both, n=1, cutoff=0.7):
        near.extend(organ for organ in both[key] if organ.endswith(words.side))
    return tuple(dict.fromkeys(near))[:_SUGGESTIONS]


def _kind_word(metric: Metric) -> str:
    """Name the kind of a metric as the stand-ins do: ``Dmax Dmean Dcc D% Vcc V% CV``."""
    if metric.kind in {Kind.DOSE_AT_VOLUME, Kind.VOLUME_AT_DOSE}:
        unit = metric.at_unit if metric.kind is Kind.DOSE_AT_VOLUME else metric.unit
        return metric.kind.value + (unit if unit in {CC, PERCENT} else "")
    return "CV" if metric.kind in {Kind.COLD_DOSE, Kind.COLD_VOLUME} else metric.kind.value


@cache
def _data() -> Mapping[str, Any]:
    """Read the shipped list once; it is data of the package and does not change while it runs."""
    return tomllib.loads((resources.files("constraints") / "names.toml").read_text(encoding="utf-8"))


@cache
def _spellings() -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the spellings of whole names and, apart, of organs that need a side."""
    plain: dict[str, str] = {}
    sided: dict[str, str] = {}
    for entry in _data()["name"]:
        target = sided if entry.get("sided") else plain
        for spelling in (entry["standard"], *entry.get("synonyms", ())):
            key = _words(spelling).key
            if target.setdefault(key, entry["standard"]) != entry["standard"]:
                raise ValueError(f"names.toml: {spelling!r} is declared for two structures")
    return plain, sided
