"""What governs: from lesions and their protocols to the findings that decide, and those that stand beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from scipy.spatial import cKDTree

from constraints.conformity import constraints_at
from constraints.judge import judge_constraint
from constraints.pack import load_pack
from constraints.protocol import Nearby, Protocol, Rule, protocols
from constraints.rules import Constraint, Pack
from rtplan.model import Finding, Issue, NotMeasured, Severity, Structure, Verdict

from .lesions import Lesion
from .measuring import Measurer, is_target_name

__all__ = ["choose_protocol", "chosen_findings", "protocol_findings"]

Facts = Mapping[str, Any]
CENTRAL_MM = 20.0
AIRWAY = ("ProxBronchialTree", "Trachea", "Bronchus_Main")


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
    known = {**facts, "site": protocol.site, "central": _central(lesions, measurer)}
    findings = list(_missing(protocol, lesions, measurer, known))
    for lesion in lesions:
        own = measurer.about(lesion)
        lesion_facts = {**known, "ptv_cc": lesion.volume_cc}
        for rule in protocol.target:
            findings += _judged(rule, own, lesion_facts, governs=True, lesion=lesion.name)
    findings += _organs(protocol.governs, lesions, measurer, known, governs=True)
    taken = {(finding.pack, finding.constraint) for finding in findings}
    beside = _organs(protocol.beside, lesions, measurer, known, governs=False)
    return (*findings, *(item for item in beside if (item.pack, item.constraint) not in taken))


def chosen_findings(
    packs: Sequence[Pack], lesions: Sequence[Lesion], measurer: Measurer, facts: Facts, own: frozenset[str]
) -> tuple[Finding, ...]:
    """Judge packs that the user chose: they govern.

    Rows of a pack of the user's own (its id is in `own`) are asked of every study; of a shipped table, which
    covers the whole body, an organ that is not contoured is only listed.
    """
    findings: list[Finding] = []
    for pack in packs:
        for row in (*pack.constraints, *_conformity(pack, lesions)):
            about = [*lesions] if is_target_name(row.structure) or _is_index(row) else [None]
            for lesion in about or [None]:
                these = {**facts, "ptv_cc": lesion.volume_cc, "site": lesion.site} if lesion else dict(facts)
                governs = pack.id in own or measurer.about(lesion).has(row.structure)
                findings += judge_constraint(
                    pack,
                    row,
                    measurer.about(lesion),
                    fractions=measurer.fractions,
                    facts=these,
                    governs=governs,
                    lesion=lesion.name if lesion else "",
                )
    return tuple(findings)


def _conformity(pack: Pack, lesions: Sequence[Lesion]) -> tuple[Constraint, ...]:
    return constraints_at(pack, lesions[0].volume_cc) if len(lesions) == 1 else ()


def _is_index(row: Constraint) -> bool:
    return row.metric is not None and row.metric.kind.value == "index"


def _organs(
    rules: Sequence[Rule], lesions: Sequence[Lesion], measurer: Measurer, facts: Facts, *, governs: bool
) -> list[Finding]:
    """Judge organ rules in order; an organ named by a rule is not taken again by a later "whatever is left"."""
    findings: list[Finding] = []
    taken: set[str] = set()
    for rule in rules:
        found: list[Finding] = []
        skip = taken if rule.structures is None and governs else set()
        about = [measurer.about(lesions[0], dict(rule.measure_as))] if lesions else []
        for own in about:
            found += _judged(rule, own, facts, governs=governs, skip=frozenset(skip))
        if governs:
            taken.update(name for item in found for name in _names(item.structure))
        findings += found
    return findings


def _judged(
    rule: Rule, measurer: Measurer, facts: Facts, *, governs: bool, lesion: str = "", skip: frozenset[str] = frozenset()
) -> list[Finding]:
    fractions = measurer.fractions
    if rule.fractions is not None and fractions is not None and fractions not in rule.fractions:
        return []
    if any(facts.get(key) != value for key, value in rule.when.items()):
        return []
    pack = load_pack(rule.pack)
    findings: list[Finding] = []
    volume = facts.get("ptv_cc") if lesion else None
    for row in (*pack.constraints, *constraints_at(pack, volume)):
        if not row.computable or not _is_asked(rule, row, skip):
            continue
        if not (_is_index(row) or measurer.has(row.structure)):
            continue
        organ = not (is_target_name(row.structure) or _is_index(row))
        found = judge_constraint(
            pack,
            _levelled(row, rule),
            measurer,
            fractions=fractions,
            facts=facts,
            governs=governs,
            lesion="" if organ else lesion or (measurer.lesion.name if measurer.lesion else ""),
        )
        findings += [_noted(item, rule) for item in found]
    return findings


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


def _missing(protocol: Protocol, lesions: Sequence[Lesion], measurer: Measurer, facts: Facts) -> list[Finding]:
    wanted = list(protocol.required)
    if facts.get("central"):
        wanted += protocol.required_if_central
    for near in protocol.nearby:
        if _lies_near(near, lesions, measurer):
            wanted += near.structures
    absent = [item for item in dict.fromkeys(wanted) if not _is_there(item, measurer)]
    return [_required(protocol, item) for item in absent]


def _is_there(alternatives: str, measurer: Measurer) -> bool:
    return any(measurer.anatomy.find(name).tree is not None for name in _names(alternatives))


def _required(protocol: Protocol, structure: str) -> Finding:
    text = " or ".join(_names(structure))
    reason = f"{text} is required for {protocol.title} and is not contoured"
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
    found = [measurer.anatomy.find(name) for name in near.landmarks]
    points = [
        stack.vertices_mm
        for item in measurer.anatomy.structures
        if item.standard_name in near.landmarks and (stack := measurer.anatomy.stack(item)) is not None
    ]
    return bool(found) and any(_distance_mm(lesion, points, measurer) <= near.within_mm for lesion in lesions)


def _distance_mm(lesion: Lesion, points: list[Any], measurer: Measurer) -> float:
    stack = measurer.anatomy.stack(lesion.structure)
    if stack is None or not points:
        return float("inf")
    own = cKDTree(stack.vertices_mm)
    return float(min(own.query(cloud)[0].min() for cloud in points))


def _central(lesions: Sequence[Lesion], measurer: Measurer) -> bool | None:
    """Whether a lesion lies within 2 cm of the airway; None where no airway is contoured."""
    airway: list[Structure] = [item for item in measurer.anatomy.structures if item.standard_name in AIRWAY]
    points = [stack.vertices_mm for item in airway if (stack := measurer.anatomy.stack(item)) is not None]
    if not points:
        return None
    return any(_distance_mm(lesion, points, measurer) <= CENTRAL_MM for lesion in lesions)
