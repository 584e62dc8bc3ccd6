"""An audit as it is shown to a person: one page of ready words that the terminal and the HTML report lay out.

Both outputs take their order, words and digits from here, so they cannot disagree. Every text on a page has
been through the sanitiser; what is unrounded or raw is in the JSON document.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rtplan.model import (
    AuditReport,
    Curve,
    Finding,
    Issue,
    LesionReport,
    Measured,
    NotMeasured,
    PlanFacts,
    Reading,
    Severity,
    Verdict,
)

from . import numbers
from .conflicts import Others, conflicts, others_of
from .facts import Facts, plan_facts, provenance_facts
from .names import display_name, display_text
from .outcomes import PanelView, panel_view
from .plot import Bar, bar
from .words import MARKS, SENTENCES, SEVERITIES, TRUST, Mark, rank

__all__ = [
    "Gap",
    "Group",
    "Lesion",
    "Note",
    "Page",
    "Row",
    "StructureRow",
    "Value",
    "notes",
    "page",
    "structure_row",
]


@dataclass(frozen=True, slots=True)
class Value:
    """A metric with its value and interval, or the reason why there is none."""

    metric: str
    value: str
    interval: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One finding; `notes` are the sentences beneath it."""

    mark: Mark
    metric: str
    value: str
    interval: str
    limit: str
    margin: str
    endpoint: str
    cite: str
    trust: str
    source: str
    notes: tuple[str, ...]
    bar: Bar | None


@dataclass(frozen=True, slots=True)
class Group:
    """The findings of one organ or lesion, the worst first; `roi` as written where it differs."""

    name: str
    roi: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """A reason, and everything that went unjudged because of it."""

    reason: str
    what: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lesion:
    """One lesion: what it is, what was prescribed, what it gets."""

    name: str
    site: str
    prescription: str
    bed10: str
    caveats: tuple[str, ...]
    evidence: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class StructureRow:
    """One structure of the DVH plot."""

    number: int
    name: str
    standard_name: str
    volume: Value
    outside: str
    values: tuple[Value, ...]
    issues: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """An issue with the input."""

    severity: str
    word: str
    code: str
    message: str
    where: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Page:
    """The whole report, in the order in which it is read."""

    mark: Mark
    sentence: str
    counts: tuple[tuple[Mark, int], ...]
    audited: tuple[str, ...]
    gaps: tuple[Gap, ...]
    lesions: tuple[Lesion, ...]
    groups: tuple[Group, ...]
    comparisons: tuple[Group, ...]
    panels: tuple[PanelView, ...]
    trust: Facts
    structures: tuple[StructureRow, ...]
    issues: tuple[Note, ...]
    plans: tuple[Facts, ...]
    provenance: Facts


def page(report: AuditReport, *, most_listed: int = 20) -> Page:
    """Lay out an audit for reading.

    Parameters
    ----------
    report : AuditReport
    most_listed : int
        Entries to show of each list in the provenance; how many more there are is said.

    Returns
    -------
    Page
        An audit without findings gives a page without groups, whose verdict still stands.
    """
    governing = [finding for finding in report.findings if finding.governs]
    beside = [finding for finding in report.findings if not finding.governs]
    return Page(
        mark=MARKS[report.verdict],
        sentence=SENTENCES[report.verdict],
        counts=_counts(governing),
        audited=_audited(report, governing, len(beside)),
        gaps=_gaps(report, governing),
        lesions=tuple(map(_lesion, report.lesions)),
        groups=_groups(governing, others_of(beside)),
        comparisons=_groups(beside, {}),
        panels=tuple(map(panel_view, report.panels)),
        trust=_trust(report),
        structures=tuple(map(structure_row, report.curves)),
        issues=notes(report.issues),
        plans=tuple(map(plan_facts, report.plans)),
        provenance=provenance_facts(report.provenance, most_listed=most_listed),
    )


def structure_row(curve: Curve) -> StructureRow:
    """Lay out one structure with its volume and readings."""
    return StructureRow(
        number=curve.number,
        name=display_name(curve.name),
        standard_name=display_text(curve.standard_name or ""),
        volume=_value("Volume", curve.volume_cc),
        outside=f"{numbers.number(curve.outside_cc, 'cc')} cc" if curve.outside_cc > 0 else "",
        values=_values(curve.readings),
        issues=tuple(map(display_text, curve.issues)),
    )


def notes(issues: Iterable[Issue]) -> tuple[Note, ...]:
    """Lay out issues with the input, the gravest first."""
    order = list(SEVERITIES)
    return tuple(
        Note(
            issue.severity.value,
            SEVERITIES[issue.severity],
            *map(display_text, (issue.code, issue.message, issue.where, issue.remedy)),
        )
        for issue in sorted(issues, key=lambda issue: order.index(issue.severity))
    )


def _counts(findings: Sequence[Finding]) -> tuple[tuple[Mark, int], ...]:
    verdicts = [finding.verdict for finding in findings]
    return tuple((mark, verdicts.count(verdict)) for verdict, mark in MARKS.items() if verdict in verdicts)


def _audited(report: AuditReport, governing: Sequence[Finding], beside: int) -> tuple[str, ...]:
    lines = [_plan_line(plan) for plan in report.plans] or ["No plan was read."]
    packs = ", ".join(sorted({display_text(finding.pack) for finding in governing}))
    source = f" from {packs}" if packs else ""
    lines.append(f"{_plural(len(report.lesions), 'lesion')} · {_plural(len(report.curves), 'structure')}")
    lines.append(f"{_plural(len(governing), 'governing limit')}{source} · {beside} for comparison")
    return tuple(lines)


def _plan_line(plan: PlanFacts) -> str:
    fractions = _plural(plan.fractions, "fraction") if plan.fractions else "number of fractions unknown"
    parts = [f"Plan {display_name(plan.label)}", fractions, f"dose {display_name(plan.dose)}"]
    return " · ".join([*parts, *filter(None, map(display_text, (plan.dose_type, plan.summation)))])


def _gaps(report: AuditReport, governing: Sequence[Finding]) -> tuple[Gap, ...]:
    refused = [issue for issue in report.issues if issue.severity is Severity.REFUSE]
    told = {_sentence(display_text(issue.message)): [display_text(f"input: {issue.code}")] for issue in refused}
    for finding in governing:
        if Verdict.NOT_JUDGED in {finding.verdict, finding.counts_as}:
            told.setdefault(_sentence(_reason(finding) or "No reason was recorded"), []).append(_asked(finding))
    if not governing:
        told.setdefault("No governing limit was put to this plan.", []).append("the whole plan")
    return tuple(Gap(reason, tuple(what)) for reason, what in told.items())


def _asked(finding: Finding) -> str:
    subject = display_name(finding.lesion or finding.structure)
    shown = numbers.value(finding.measured, against=finding.bound)
    found = "" if shown == numbers.ABSENT else f" (value {shown})"
    return f"{subject} {display_text(finding.metric)} {_limit(finding)}{found}"


def _reason(finding: Finding) -> str:
    missing = finding.measured.reason if isinstance(finding.measured, NotMeasured) else ""
    return display_text(finding.reason or missing)


def _lesion(lesion: LesionReport) -> Lesion:
    fractions = f" in {lesion.fractions}" if lesion.fractions else ""
    bed10 = numbers.ABSENT if lesion.bed10_gy is None else f"{numbers.number(lesion.bed10_gy, 'Gy')} Gy"
    return Lesion(
        name=display_name(lesion.name),
        site=display_text(lesion.site or "site unknown"),
        prescription=numbers.dose(lesion.prescription_gy) + fractions,
        bed10=bed10,
        caveats=tuple(map(display_text, lesion.caveats)),
        evidence=" · ".join(filter(None, map(display_text, (lesion.protocol, lesion.evidence)))),
        values=_values(lesion.readings),
    )


def _values(readings: Iterable[Reading]) -> tuple[Value, ...]:
    return tuple(_value(reading.metric, reading.value) for reading in readings)


def _value(metric: str, measured: Measured | NotMeasured) -> Value:
    reason = display_text(measured.reason) if isinstance(measured, NotMeasured) else ""
    return Value(display_text(metric), numbers.value(measured), numbers.interval(measured), reason)


def _groups(findings: Iterable[Finding], others: Others) -> tuple[Group, ...]:
    gathered: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in sorted(findings, key=_badness):
        gathered.setdefault((finding.lesion, finding.structure, finding.roi), []).append(finding)
    return tuple(_group(*subject, rows, others) for subject, rows in gathered.items())


def _group(lesion: str, structure: str, roi: str, findings: Iterable[Finding], others: Others) -> Group:
    names = [display_name(name) for name in dict.fromkeys((lesion, structure)) if name]
    as_written = display_name(roi) if roi and roi not in {lesion, structure} else ""
    return Group(" · ".join(names) or display_name(""), as_written, tuple(_row(item, others) for item in findings))


def _badness(finding: Finding) -> tuple[int, float, str, str]:
    margin = float("inf") if finding.margin_pct is None else finding.margin_pct
    return rank(finding.counts_as), margin, finding.structure, finding.constraint


def _row(finding: Finding, others: Others) -> Row:
    return Row(
        mark=MARKS[finding.verdict],
        metric=display_text(finding.metric),
        value=numbers.value(finding.measured, against=finding.bound),
        interval=numbers.interval(finding.measured, against=finding.bound),
        limit=_limit(finding),
        margin=numbers.share(finding.margin_pct),
        endpoint=display_text(finding.endpoint),
        cite=display_text(finding.cite),
        trust=display_text(finding.trust),
        source=display_text(f"{finding.pack} / {finding.constraint}"),
        notes=(*_notes(finding), *conflicts(finding, others)),
        bar=bar(finding),
    )


def _limit(finding: Finding) -> str:
    return display_text(finding.limit).replace("<=", "≤").replace(">=", "≥")


def _notes(finding: Finding) -> Iterable[str]:
    if reason := _reason(finding):
        yield _sentence(reason)
    if finding.counts_as is not finding.verdict:
        yield f"Counts as {MARKS[finding.counts_as].word}."
    if finding.overlap_cc > 0:
        yield f"Overlaps the target by {numbers.number(finding.overlap_cc, 'cc')} cc."
    if finding.note:
        yield _sentence(display_text(finding.note))
    if finding.verdict is not Verdict.MET:
        yield from _origins(finding)


def _origins(finding: Finding) -> Iterable[str]:
    """Yield what widens the interval and where the value arises: questions that only a value in doubt raises."""
    if isinstance(finding.measured, Measured) and finding.measured.causes:
        yield f"Interval from: {display_text('; '.join(finding.measured.causes))}."
    if finding.where_mm is not None:
        yield f"Decided at {numbers.place(finding.where_mm)}."


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _trust(report: AuditReport) -> Facts:
    used = {finding.trust for finding in report.findings}
    used |= {outcome.trust for panel in report.panels for outcome in panel.outcomes}
    known = [(tag, meaning) for tag, meaning in TRUST.items() if tag in used]
    strange = sorted(display_text(tag) for tag in used - TRUST.keys() if tag)
    return (*known, *((tag, "not one of the known tags") for tag in strange))


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
