"""Which organs a protocol asks for where these lesions lie, and what is said where one is not contoured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from constraints.protocol import Protocol
from rtplan.geometry.expression import Name
from rtplan.model import Finding, NotMeasured, Verdict

from .lesions import Lesion, overlap_cc
from .location import lies_at_top, lies_near
from .measuring import Measurer

__all__ = ["missing_organs", "names_of", "required_organs"]

VERTEBRAE = ("VB_*", "Sacrum*")


def names_of(structure: str) -> tuple[str, ...]:
    """Return the names that a row or a requirement joins by ``|``."""
    return tuple(name.strip() for name in structure.split("|"))


def required_organs(
    protocol: Protocol, lesions: Sequence[Lesion], measurer: Measurer, facts: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return the organs that a protocol requires, each once; alternatives are joined by ``|``."""
    wanted = list(protocol.required)
    if facts.get("central") is not False:
        wanted += protocol.required_if_central
    for near in protocol.nearby:
        if any(lies_near(near, lesion, measurer) for lesion in lesions):
            wanted += near.structures
    for lesion in lesions:
        wanted += _at_level(protocol, lesion, measurer)
        if protocol.at_apex is not None and lies_at_top(protocol.at_apex, lesion, measurer):
            wanted += _of_its_side(protocol.at_apex.structures, lesion, measurer)
    return tuple(dict.fromkeys(wanted))


def missing_organs(
    protocol: Protocol,
    lesions: Sequence[Lesion],
    measurer: Measurer,
    facts: Mapping[str, Any],
    *,
    ruled: set[str],
    judged: set[str],
) -> list[Finding]:
    """Say which required organs are not contoured, or are so under a name that no governing row is about.

    `ruled` are the structures that governing rows name at this fraction count, `judged` those that they judged.
    """
    findings = []
    for group in required_organs(protocol, lesions, measurer, facts):
        names = names_of(group)
        text = " or ".join(names)
        drawn = [name for name in names if measurer.anatomy.find(name).tree is not None]
        if not drawn:
            findings.append(_required(protocol, group, f"{text} is required for {protocol.title} and is not contoured"))
        elif ruled.intersection(names) and not judged.intersection(names):
            limits = " or ".join(name for name in names if name in ruled)
            reason = f"the limits are for {limits}, and {' and '.join(drawn)} cannot stand for it"
            findings.append(_required(protocol, group, reason))
    return findings


def _required(protocol: Protocol, structure: str, reason: str) -> Finding:
    return Finding(
        pack=protocol.id,
        constraint=f"required-{structure.replace('|', '-').lower()}",
        governs=True,
        structure=structure,
        roi="",
        metric="contoured",
        limit="required",
        verdict=Verdict.NOT_JUDGED,
        measured=NotMeasured(reason),
        reason=reason,
        cite="site protocol",
    )


def _at_level(protocol: Protocol, lesion: Lesion, measurer: Measurer) -> tuple[str, ...]:
    """Return what the vertebra of a lesion requires: the first entry that names it; ``*`` names the unknown one."""
    vertebra = _vertebra(lesion, measurer) if protocol.at_level else ""
    for entry in protocol.at_level:
        if any(fnmatchcase(vertebra, pattern) for pattern in entry.levels):
            return entry.structures
    return ()


def _vertebra(lesion: Lesion, measurer: Measurer) -> str:
    """Return the name of the vertebra that holds most of a lesion; empty where it lies in none that has a name."""
    shares: dict[str, float] = {}
    for item in measurer.anatomy.structures:
        name = item.standard_name or item.name
        if any(fnmatchcase(name, pattern) for pattern in VERTEBRAE) and not measurer.anatomy.problem(item):
            shares[name] = overlap_cc(measurer.anatomy, lesion.key, Name(f"roi_{item.number}"))
    best = max(shares, key=lambda name: shares[name], default="")
    return best if shares.get(best) else ""


def _of_its_side(structures: Sequence[str], lesion: Lesion, measurer: Measurer) -> tuple[str, ...]:
    """Return the structures of the side whose lung holds the lesion; all of them as alternatives where none does."""
    for side in ("L", "R"):
        lung = measurer.anatomy.find(f"Lung_{side}").tree
        if lung is not None and overlap_cc(measurer.anatomy, lesion.key, lung) > 0:
            return tuple(name for name in structures if name.endswith(f"_{side}"))
    return ("|".join(structures),)
