"""What governs: from lesions and their protocols to the findings that decide, and those that stand beside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from constraints.conformity import constraints_at
from constraints.conversion import converted_pack
from constraints.judge import judge_constraint
from constraints.language import LESIONS, MONTHS_SINCE_PRIOR
from constraints.pack import load_pack
from constraints.protocol import Protocol, Rule, protocols
from constraints.rules import Constraint, Pack
from rtplan.metrics.notation import Kind
from rtplan.model import Finding, Issue

from .lesions import Lesion
from .location import advice, airway_facts
from .measuring import Measurer, is_target_name
from .required import missing_organs, names_of

__all__ = ["ALPHA_BETA", "choose_protocol", "chosen_findings", "protocol_findings", "unruled_findings"]

ALPHA_BETA = "alpha_beta_gy"
"""The fact that holds a person's own values of alpha/beta, by tissue or structure, Gy."""

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
    known = {**facts, "site": protocol.site, **airway_facts(protocol, lesions, measurer, facts)}
    issues += advice(protocol, lesions, measurer, known)
    governing: list[Finding] = []
    for rule in protocol.target:
        governing += _judged(rule, lesions, measurer, known, governs=True)
    governing += _in_order(protocol.governs, lesions, measurer, known)
    taken = {(finding.pack, finding.constraint) for finding in governing}
    beside = [
        item
        for rule in protocol.beside
        for item in _judged(rule, lesions, measurer, known, governs=False)
        if rule.measure_as or (item.pack, item.constraint) not in taken
    ]
    ruled = {name for rule in protocol.governs for name in _ruled(rule, measurer.fractions, known)}
    judged = {name for item in governing for name in names_of(item.structure)}
    return (
        *missing_organs(protocol, lesions, measurer, known, ruled=ruled, judged=judged),
        *governing,
        *beside,
    )


def unruled_findings(lesion: Lesion, measurer: Measurer, facts: Facts) -> tuple[Finding, ...]:
    """Return what the packs of a lesion's site convert to its fraction count where no protocol has it: beside only."""
    of_site = [item for item in protocols() if (item.site, item.technique) == (lesion.site, lesion.technique)]
    packs = dict.fromkeys(rule.pack for item in of_site for rule in item.governs)
    found: list[Finding] = []
    for name in packs if lesion.fractions is not None else ():
        found += _converted(Rule(name), measurer, facts, frozenset())
    return tuple(found)


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
            these = _facts_of(lesion, facts, measurer)
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
        findings += _converted(Rule(pack.id), measurer, facts, frozenset(), pack)
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
    if row.metric is not None and row.metric.index in {LESIONS, MONTHS_SINCE_PRIOR}:
        return False
    return is_target_name(row.structure) or (row.metric is not None and row.metric.kind is Kind.INDEX)


def _facts_of(lesion: Lesion | None, facts: Facts, measurer: Measurer) -> dict[str, Any]:
    if lesion is None:
        return dict(facts)
    size = {"diameter_mm": measurer.diameter_mm(lesion)} if lesion.site == "brain" else {}
    return {**facts, "ptv_cc": lesion.volume_cc, "site": lesion.site, **size}


def _in_order(rules: Sequence[Rule], lesions: Sequence[Lesion], measurer: Measurer, facts: Facts) -> list[Finding]:
    """Judge rules in order; an organ that one has taken is not taken again by a later "whatever is left"."""
    findings: list[Finding] = []
    taken: set[str] = set()
    for rule in rules:
        skip = frozenset(taken) if rule.structures is None else frozenset[str]()
        found = _judged(rule, lesions, measurer, facts, governs=True, skip=skip)
        taken.update(name for item in found for name in names_of(item.structure))
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
            facts=_facts_of(lesion, facts, measurer),
            governs=governs,
            lesion=lesion.name if lesion else "",
        )
    if not governs:
        findings += _converted(rule, measurer, facts, skip)
    return [_noted(item, rule) for item in findings]


def _converted(
    rule: Rule, measurer: Measurer, facts: Facts, skip: frozenset[str], pack: Pack | None = None
) -> list[Finding]:
    """Judge what a pack does not print for this fraction count, converted; it never governs."""
    converted = converted_pack(pack or load_pack(rule.pack), measurer.fractions, facts.get(ALPHA_BETA) or {})
    about = measurer.about(None, dict(rule.measure_as))
    findings: list[Finding] = []
    for row in converted.constraints:
        if _is_asked(rule, row, skip) and about.has(row.structure):
            findings += judge_constraint(
                converted, row, about, fractions=measurer.fractions, facts=facts, governs=False
            )
    return findings


def _is_asked(rule: Rule, row: Constraint, skip: frozenset[str]) -> bool:
    names = names_of(row.structure)
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
            yield from names_of(row.structure)
