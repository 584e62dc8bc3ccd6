"""Put the rows of a pack to measured values: ``judge(pack, measure)`` gives one :class:`Finding` a value.

How a verdict follows from an interval: the required limit inside it is indeterminate; only the preferred one
inside or before it is acceptable; a risk band reports where the value lies and passes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from rtplan.model import Finding, Measured, NotMeasured, Verdict
from rtplan.units import GY

from .conformity import FACT, constraints_at
from .facts import holds, measured_for
from .language import Limit, Side, judge_limit, split_limit, table_name
from .measurement import Measure, Measurement, Standing
from .rules import Band, Constraint, Pack

__all__ = ["Measure", "Measurement", "Standing", "judge", "judge_constraint"]


_NO_FACTS: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class _Opinion:
    """What one value comes to, before it is written into a finding."""

    verdict: Verdict
    reason: str | None = None
    rank_as: Verdict | None = None


def judge(
    pack: Pack,
    measure: Measure,
    *,
    fractions: int | None,
    facts: Mapping[str, object] = _NO_FACTS,
    only: Collection[str] | None = None,
    governs: bool = True,
    lesion: str = "",
) -> tuple[Finding, ...]:
    """Judge every row of a pack that applies.

    Parameters
    ----------
    pack : Pack
    measure : callable
        Takes a constraint and a metric; returns a sequence of Measurement, empty where the structure set
        has nothing to measure.
    fractions : int or None
        The fraction count of the plan; None where it is not known: then no dose limit is judged.
    facts : mapping
        What rows may depend on (``sex``, ``site``, ``disease``, ``central``, ``ptv_cc``, ...); None stands
        for not known.
    only : collection of str, optional
        The ids of the rows to judge; all of them where it is left out.
    governs : bool
        Whether the findings decide a verdict or stand beside it.
    lesion : str
        The lesion the values belong to.

    Returns
    -------
    tuple of Finding
        In the pack's order. Empty where no row is for this fraction count and these facts.
    """
    rows = (*pack.constraints, *constraints_at(pack, _volume_cc(facts)))
    chosen = [row for row in rows if only is None or row.id in only]
    findings = [
        judge_constraint(pack, row, measure, fractions=fractions, facts=facts, governs=governs, lesion=lesion)
        for row in chosen
    ]
    return tuple(finding for group in findings for finding in group)


def judge_constraint(
    pack: Pack,
    constraint: Constraint,
    measure: Measure,
    *,
    fractions: int | None,
    facts: Mapping[str, object] = _NO_FACTS,
    governs: bool = True,
    lesion: str = "",
) -> tuple[Finding, ...]:
    """Judge one row; parameters as for `judge`.

    Returns
    -------
    tuple of Finding
        Empty where the row does not apply: superseded, for another fraction count, or for other facts. One
        for each measured structure otherwise, and one not_judged where there is none.
    """
    conditions = _conditions(pack, constraint)
    if constraint.superseded or not _is_for(pack, constraint, fractions) or _contradicted(conditions, facts):
        return ()
    blank = _blank(pack, constraint, governs=governs, lesion=lesion)
    metric = constraint.metric
    if metric is None or constraint.obstacle:
        return (_not_judged(blank, constraint.obstacle),)
    measurements = measured_for(constraint, metric, measure, facts)
    if not measurements:
        return (_not_judged(blank, f"there is no structure {blank.structure}"),)
    doubt = _doubt(pack, constraint, conditions, fractions=fractions, facts=facts)
    return tuple(_finding(blank, constraint, item, doubt) for item in measurements)


# --- whether a row applies --------------------------------------------------------------------------------


def _volume_cc(facts: Mapping[str, object]) -> float | None:
    value = facts.get(FACT)
    return float(value) if isinstance(value, int | float) else None


def _conditions(pack: Pack, constraint: Constraint) -> Mapping[str, tuple[object, ...]]:
    return {**pack.applies.facts, **constraint.when}


def _is_for(pack: Pack, constraint: Constraint, fractions: int | None) -> bool:
    counts = (pack.applies.fractions, constraint.fractions)
    return fractions is None or all(fractions in count for count in counts if count is not None)


def _contradicted(conditions: Mapping[str, tuple[object, ...]], facts: Mapping[str, object]) -> bool:
    return any(
        facts.get(key) is not None and not any(holds(facts[key], value) for value in allowed)
        for key, allowed in conditions.items()
    )


def _doubt(
    pack: Pack,
    constraint: Constraint,
    conditions: Mapping[str, tuple[object, ...]],
    *,
    fractions: int | None,
    facts: Mapping[str, object],
) -> str:
    """Say what has to be known before the row may be judged; empty where nothing is missing."""
    missing = sorted(key for key in conditions if facts.get(key) is None)
    if missing:
        return f"the row depends on {' and '.join(missing)}, which is not known"
    by_count = constraint.fractions or pack.applies.fractions or any(map(_is_dose_limit, constraint.limits))
    return "no fraction count is known" if fractions is None and by_count else ""


def _is_dose_limit(limit: Limit) -> bool:
    return GY in (limit.unit, limit.metric.at_unit)


# --- findings ---------------------------------------------------------------------------------------------


def _blank(pack: Pack, constraint: Constraint, *, governs: bool, lesion: str) -> Finding:
    unjudged = NotMeasured("not measured")
    return Finding(
        pack=pack.id,
        constraint=constraint.id,
        governs=governs and not constraint.information,
        structure=constraint.structure or constraint.organ,
        roi="",
        metric=_metric_text(constraint),
        limit=_limit_text(constraint),
        verdict=Verdict.NOT_JUDGED,
        measured=unjudged,
        endpoint=constraint.endpoint,
        cite=constraint.cite,
        trust=constraint.trust,
        lesion=lesion,
        note=constraint.note,
    )


def _not_judged(blank: Finding, reason: str) -> Finding:
    return replace(blank, measured=NotMeasured(reason), reason=reason)


def _finding(blank: Finding, constraint: Constraint, item: Measurement, doubt: str) -> Finding:
    notes = "; ".join(note for note in (blank.note, item.note) if note)
    structure = item.structure or blank.structure
    placed = replace(
        blank, structure=structure, roi=item.roi, measured=item.value, overlap_cc=item.overlap_cc, note=notes
    )
    if isinstance(item.value, NotMeasured):
        # A critical volume larger than the whole organ cannot be spared: that breaks the limit whatever the dose.
        lost = item.value.code == "cannot_be_spared" and not doubt and item.standing is Standing.EXACT
        return replace(
            placed, verdict=Verdict.EXCEEDED if lost else Verdict.NOT_JUDGED, reason=doubt or item.value.reason
        )
    placed = _with_margin(placed, constraint, item.value, item.prescription_gy)
    if doubt:
        return replace(placed, reason=doubt)
    opinion = _credible(_opinion(constraint, item.value, item.prescription_gy), item)
    return replace(placed, verdict=opinion.verdict, reason=opinion.reason, rank_as=opinion.rank_as)


def _with_margin(
    finding: Finding, constraint: Constraint, measured: Measured, prescription_gy: float | None
) -> Finding:
    decisive = constraint.require or constraint.prefer
    scaled = decisive.in_metric_unit(prescription_gy) if decisive else None
    if not isinstance(scaled, Limit):
        return finding
    value = measured.value
    return replace(finding, bound=scaled.nearest_bound(value), margin_pct=scaled.margin_pct(value))


def _metric_text(constraint: Constraint) -> str:
    if constraint.unmeasurable:
        return split_limit(constraint.unmeasurable).metric
    return constraint.to_transcribe or str(constraint.metric)


def _limit_text(constraint: Constraint) -> str:
    if constraint.unmeasurable:
        return constraint.unmeasurable.removeprefix(_metric_text(constraint)).strip()
    if constraint.obstacle:
        return ""
    if constraint.bands:
        return f"bands {', '.join(band.limit.comparison for band in constraint.bands)}"
    prefer = f"prefer {constraint.prefer.comparison}" if constraint.prefer else ""
    if not constraint.require:
        return prefer
    return f"{constraint.require.comparison} ({prefer})" if prefer else constraint.require.comparison


# --- verdicts ---------------------------------------------------------------------------------------------


def _opinion(constraint: Constraint, measured: Measured, prescription_gy: float | None) -> _Opinion:
    if constraint.bands:
        return _band_opinion(constraint, measured, prescription_gy)
    require = _side(constraint.require, measured, prescription_gy)
    prefer = _side(constraint.prefer, measured, prescription_gy)
    for side in (require, prefer):
        if isinstance(side, NotMeasured):
            return _Opinion(Verdict.NOT_JUDGED, side.reason)
    if require is Side.BEYOND:
        return _Opinion(Verdict.EXCEEDED)
    if require is Side.STRADDLES:
        return _Opinion(Verdict.INDETERMINATE, _straddle_text(constraint.require, measured))
    return _Opinion(Verdict.MET if prefer is Side.WITHIN else Verdict.ACCEPTABLE)


def _side(limit: Limit | None, measured: Measured, prescription_gy: float | None) -> Side | NotMeasured:
    return judge_limit(limit, measured, prescription_gy=prescription_gy) if limit else Side.WITHIN


def _straddle_text(limit: Limit | None, measured: Measured) -> str:
    causes = f": {', '.join(measured.causes)}" if measured.causes else ""
    span = f"{measured.low:.4g} to {measured.high:.4g} {measured.unit}".strip()
    return f"the limit {limit.comparison if limit else ''} lies within the interval {span}{causes}"


def _credible(opinion: _Opinion, item: Measurement) -> _Opinion:
    """Take back what the standing of a value cannot prove."""
    if item.standing is Standing.EXACT or opinion.verdict is Verdict.NOT_JUDGED:
        return opinion
    proven = {Standing.CONSERVATIVE: Verdict.MET, Standing.LENIENT: Verdict.EXCEEDED}[item.standing]
    if opinion.verdict is proven:
        return opinion
    shown = "met" if proven is Verdict.MET else "exceeded"
    proxy = item.note or f"a {item.standing} value"
    return _Opinion(Verdict.NOT_JUDGED, f"{proxy}: it can only show that a limit is {shown}, and does not")


def _band_opinion(constraint: Constraint, measured: Measured, prescription_gy: float | None) -> _Opinion:
    """Name the band a value lies in, or all the bands its interval touches."""
    sides = [_side(band.limit, measured, prescription_gy) for band in constraint.bands]
    for side in sides:
        if isinstance(side, NotMeasured):
            return _Opinion(Verdict.NOT_JUDGED, side.reason)
    first = next((number for number, side in enumerate(sides) if side is not Side.BEYOND), len(sides))
    last = next((number for number, side in enumerate(sides) if side is Side.WITHIN), len(sides))
    texts = [_band_text(constraint, number) for number in range(first, last + 1)]
    rank = Verdict.INDETERMINATE if last == len(sides) else Verdict.ACCEPTABLE
    return _Opinion(Verdict.BAND, "; or ".join(texts), rank)


def _band_text(constraint: Constraint, number: int) -> str:
    bands = constraint.bands
    if number == len(bands):
        beyond = constraint.beyond or "beyond the last published edge"
        return f"{_name(bands[-1])} beyond {_edge(bands[-1])}: {beyond}"
    if number == 0:
        return f"{_name(bands[0])} {bands[0].limit.comparison}: {bands[0].risk}"
    low, high = sorted(band.limit.bound for band in bands[number - 1 : number + 1])
    span = f"{low:g} and {high:g} {bands[number].limit.unit}".rstrip()
    return f"{_name(bands[number])} between {span}: {bands[number].risk}"


def _name(band: Band) -> str:
    return table_name(band.limit.metric)


def _edge(band: Band) -> str:
    return f"{band.limit.bound:g} {band.limit.unit}".rstrip()
