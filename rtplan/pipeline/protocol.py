"""What governs: from lesions and their protocols to the findings that decide, and those that stand beside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from constraints.conformity import constraints_at
from constraints.judge import judge_constraint
from constraints.pack import load_pack
from constraints.protocol import Nearby, Protocol, Rule, central_airway, protocols
from constraints.rules import Constraint, Pack
from rtplan.metrics.notation import Kind
from rtplan.model import Finding, Issue, NotMeasured, Severity, Verdict

from .lesions import Lesion
from .measuring import Measurer, is_target_name

__all__ = ["choose_protocol", "chosen_findings", "protocol_findings"]

Array = NDArray[np.float64]
Facts = Mapping[str, Any]


def choose_protocol(lesion: Lesion) -> tuple[Protocol | None, str]:
    """Find the protocol of a lesion; None with the reason where there is none."""
    if lesion.site is None:
        return None, "its site is not known"
    of_site = [item for item in protocols() if item.site == lesion.site]
    if not of_site:
        return None, f"there is no protocol for the site {lesion.site!r}"
    of_kind = [item for item in of_site if item.technique == lesion.technique]
    if lesion.fractions is None:
        return (of_kind[0] if of_kind else None), "no fraction count is known"
    for item in of_kind:
        if lesion.fractions in item.fractions:
            return item, ""
    return None, f"no protocol of the site {lesion.site} has a column for {lesion.fractions} fractions"


def protocol_findings(
    protocol: Protocol, lesions: Sequence[Lesion], measurer: Measurer, facts: Facts, issues: list[Issue]
) -> tuple[Finding, ...]:
    """Judge one protocol for the lesions that it governs.

    Parameters
    ----------
    protocol : Protocol
    lesions : sequence of Lesion
    measurer : Measurer
    facts : mapping
        What rows may depend on; the lesion's own are added.
    issues : list of Issue
        Advice is added.

    Returns
    -------
    tuple of Finding
        Required organs that are missing, targets lesion by lesion, governing organ rows, rows beside.
    """
    if protocol.advice:
        issues.append(Issue("protocol-advice", Severity.NOTE, protocol.advice, where=protocol.id))
    known = {**facts, "site": protocol.site, "central": _is_central(lesions, measurer, facts)}
    governing: list[Finding] = []
    for rule in protocol.target:
        governing += _judged(rule, lesions, measurer, known, governs=True)
    governing += _in_order(protocol.governs, lesions, measurer, known)
    taken = {(finding.pack, finding.constraint) for finding in governing}
    beside = [item for rule in protocol.beside for item in _judged(rule, lesions, measurer, known, governs=False)]
    return (
        *_missing(protocol, lesions, measurer, known, governing),
        *governing,
        *(item for item in beside if (item.pack, item.constraint) not in taken),
    )


def chosen_findings(
    packs: Sequence[Pack], lesions: Sequence[Lesion], measurer: Measurer, facts: Facts, own: frozenset[str]
) -> tuple[Finding, ...]:
    """Judge packs that the user chose: they govern.

    Rows of a pack of the user's own (its id is in `own`) are asked of every study; of a shipped table, which
    covers the whole body, an organ that is not contoured is only listed.
    """
    findings: list[Finding] = []
    for pack in packs:
        for row, lesion in _rows(pack, lesions):
            these = _facts_of(lesion, facts)
            about = measurer.about(lesion)
            governs = pack.id in own or about.has(row.structure)
            findings += judge_constraint(
                pack,
                row,
                about,
                fractions=measurer.fractions,
                facts=these,
                governs=governs,
                lesion=lesion.name if lesion else "",
            )
    return tuple(findings)


def _rows(pack: Pack, lesions: Sequence[Lesion]) -> Iterator[tuple[Constraint, Lesion | None]]:
    """Yield every row of a pack: about each lesion where it is about a target, else once."""
    for row in pack.constraints:
        if lesions and _is_of_target(row):
            yield from ((row, lesion) for lesion in lesions)
        else:
            yield row, None
    if pack.conformity and not lesions:
        yield from ((row, None) for row in constraints_at(pack, None))
    for lesion in lesions:
        for row in constraints_at(pack, lesion.volume_cc):
            yield row, lesion if _is_of_target(row) else None


def _is_of_target(row: Constraint) -> bool:
    return is_target_name(row.structure) or (row.metric is not None and row.metric.kind is Kind.INDEX)


def _facts_of(lesion: Lesion | None, facts: Facts) -> dict[str, Any]:
    return {**facts, "ptv_cc": lesion.volume_cc, "site": lesion.site} if lesion else dict(facts)


def _in_order(rules: Sequence[Rule], lesions: Sequence[Lesion], measurer: Measurer, facts: Facts) -> list[Finding]:
    """Judge rules in order; an organ that one has taken is not taken again by a later "whatever is left"."""
    findings: list[Finding] = []
    taken: set[str] = set()
    for rule in rules:
        skip = frozenset(taken) if rule.structures is None else frozenset[str]()
        found = _judged(rule, lesions, measurer, facts, governs=True, skip=skip)
        taken.update(name for item in found for name in _names(item.structure))
        findings += found
    return findings


def _judged(
    rule: Rule,
    lesions: Sequence[Lesion],
    measurer: Measurer,
    facts: Facts,
    *,
    governs: bool,
    skip: frozenset[str] = frozenset(),
) -> list[Finding]:
    fractions = measurer.fractions
    if rule.fractions is not None and fractions is not None and fractions not in rule.fractions:
        return []
    if any(facts.get(key) != value for key, value in rule.when.items()):
        return []
    pack = load_pack(rule.pack)
    findings: list[Finding] = []
    for row, lesion in _rows(pack, lesions):
        about = measurer.about(lesion, dict(rule.measure_as))
        if not (row.computable and _is_asked(rule, row, skip) and (lesion or about.has(row.structure))):
            continue
        findings += judge_constraint(
            pack,
            _levelled(row, rule),
            about,
            fractions=fractions,
            facts=_facts_of(lesion, facts),
            governs=governs,
            lesion=lesion.name if lesion else "",
        )
    return [_noted(item, rule) for item in findings]


def _is_asked(rule: Rule, row: Constraint, skip: frozenset[str]) -> bool:
    names = _names(row.structure)
    if rule.structures is not None and row.structure not in rule.structures:
        return False
    if rule.structures is None and (row.structure in rule.excluded or skip.intersection(names)):
        return False
    asked = row.limits[0].metric if row.limits else None
    return rule.metrics is None or (asked is not None and str(asked) in rule.metrics)


def _levelled(row: Constraint, rule: Rule) -> Constraint:
    return row if rule.level == "as written" else row.with_first_band_as(rule.level)


def _noted(finding: Finding, rule: Rule) -> Finding:
    return replace(finding, note="; ".join(filter(None, (finding.note, rule.note)))) if rule.note else finding


def _names(structure: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in structure.split("|"))


def _missing(
    protocol: Protocol, lesions: Sequence[Lesion], measurer: Measurer, facts: Facts, governing: Sequence[Finding]
) -> list[Finding]:
    """Say which required organs are not contoured, or are so under a name that no governing row is about."""
    wanted = list(protocol.required)
    if facts.get("central") is not False:
        wanted += protocol.required_if_central
    for near in protocol.nearby:
        if _lies_near(near, lesions, measurer):
            wanted += near.structures
    ruled = {name for rule in protocol.governs for name in _ruled(rule, measurer.fractions, facts)}
    judged = {name for item in governing for name in _names(item.structure)}
    findings = []
    for group in dict.fromkeys(wanted):
        names = _names(group)
        text = " or ".join(names)
        drawn = [name for name in names if measurer.anatomy.find(name).tree is not None]
        if not drawn:
            findings.append(_required(protocol, group, f"{text} is required for {protocol.title} and is not contoured"))
        elif ruled.intersection(names) and not judged.intersection(names):
            limits = " or ".join(name for name in names if name in ruled)
            reason = f"the limits are for {limits}, and {' and '.join(drawn)} cannot stand for it"
            findings.append(_required(protocol, group, reason))
    return findings


def _ruled(rule: Rule, fractions: int | None, facts: Facts) -> Iterator[str]:
    """Yield the structures for which a rule has a row at this fraction count."""
    if any(facts.get(key) != value for key, value in rule.when.items()):
        return
    pack = load_pack(rule.pack)
    for row in pack.constraints:
        counts = (rule.fractions, pack.applies.fractions, row.fractions)
        if fractions is not None and any(count is not None and fractions not in count for count in counts):
            continue
        if row.computable and not row.superseded and not row.information and _is_asked(rule, row, frozenset()):
            yield from _names(row.structure)


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


def _lies_near(near: Nearby, lesions: Sequence[Lesion], measurer: Measurer) -> bool:
    landmarks = _points(near.landmarks, measurer)
    return any(_distance_mm(lesion, landmarks, measurer) <= near.within_mm for lesion in lesions)


def _is_central(lesions: Sequence[Lesion], measurer: Measurer, facts: Facts) -> bool | None:
    """Whether a lesion lies within 2 cm of the airway; None where no airway is contoured and nobody says."""
    airway = _points(central_airway().landmarks, measurer)
    if any(_distance_mm(lesion, airway, measurer) <= central_airway().within_mm for lesion in lesions):
        return True
    said = facts.get("central")
    return said if isinstance(said, bool) else False if airway else None


def _points(names: Sequence[str], measurer: Measurer) -> list[Array]:
    """Return the contour points of the structures of these names that are there."""
    trees = [tree for name in names if (tree := measurer.anatomy.find(name).tree) is not None]
    return [measurer.anatomy.vertices_mm(tree) for tree in trees]


def _distance_mm(lesion: Lesion, points: Sequence[Array], measurer: Measurer) -> float:
    stack = measurer.anatomy.stack(lesion.structure)
    if stack is None or not points:
        return float("inf")
    own = cKDTree(stack.vertices_mm)
    return float(min(own.query(cloud)[0].min() for cloud in points))
