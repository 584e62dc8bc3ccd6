"""What rows depend on beyond the dose: conditions that hold or not, and facts that a value is joined with.

A fact is what a person or the study says: a sex, whether a lesion is a metastasis, the dose of an earlier course.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from rtplan.metrics.notation import Kind, Metric
from rtplan.model import Measured, NotMeasured
from rtplan.units import CC, GY, NONE, PERCENT

from .language import MONTHS_SINCE_PRIOR, OF_TOTAL, WITH_PRIOR
from .measurement import Measure, Measurement
from .rules import Constraint

__all__ = ["MONTHS", "NATIVE_CC", "PRIOR_GY", "holds", "measured_for"]

PRIOR_GY = "prior_eqd2_gy"
"""The fact that holds the EQD2 (alpha/beta 2 Gy) that an earlier course gave to the same place, in Gy."""
MONTHS = "months_since_prior"
NATIVE_CC = "native_cc"
"""The fact that holds, by structure, the volume an organ had before it was resected or shrank, in cc."""

_RANGE = re.compile(r"(\d+(?:\.\d+)?)\.\.(\d+(?:\.\d+)?)")


def holds(fact: object, wanted: object) -> bool:
    """Whether a fact is what a condition asks for.

    A text is compared without case; ``"20..30"`` asks for a number from 20 up to, not including, 30.

    Examples
    --------
    >>> holds("Female", "female"), holds(20.0, "20..30"), holds(30.0, "20..30"), holds(True, False)
    (True, True, False, False)
    """
    if isinstance(wanted, str) and isinstance(fact, int | float) and not isinstance(fact, bool):
        match = _RANGE.fullmatch(wanted)
        return bool(match) and float(match[1]) <= fact < float(match[2]) if match else False
    if isinstance(wanted, str) and isinstance(fact, str):
        return wanted.casefold() == fact.casefold()
    return type(fact) is type(wanted) and fact == wanted


def measured_for(
    constraint: Constraint, metric: Metric, measure: Measure, facts: Mapping[str, object]
) -> Sequence[Measurement]:
    """Measure a row, with what its limit is put to beyond the dose: an earlier course, a share of the organ."""
    if metric.index == MONTHS_SINCE_PRIOR:
        return [Measurement("course", _number(facts, MONTHS))]
    if metric.index in {WITH_PRIOR, OF_TOTAL} and metric.kind is not Kind.INDEX:
        prior = _number(facts, PRIOR_GY)
        found = measure(constraint, replace(metric, index="", unit=GY))
        return [replace(item, value=_with_prior(item.value, prior, metric.index)) for item in found]
    found = measure(constraint, metric)
    if constraint.or_share_pct is None or not found:
        return found
    share = _share(constraint, constraint.or_share_pct, metric, facts)
    of_share = {item.roi: item.value for item in measure(constraint, share)}
    return [replace(item, value=_greater(item.value, of_share.get(item.roi))) for item in found]


def _number(facts: Mapping[str, object], key: str) -> Measured | NotMeasured:
    value = facts.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return NotMeasured(f"{key} is not known: the sheet gives it under [patient]", NONE)
    return Measured(float(value), float(value), float(value), NONE)


def _with_prior(value: Measured | NotMeasured, prior: Measured | NotMeasured, how: str) -> Measured | NotMeasured:
    """Join the dose of this plan with that of an earlier course: their sum, or this plan's share of it."""
    if isinstance(value, NotMeasured):
        return value
    if isinstance(prior, NotMeasured):
        return replace(prior, unit=GY if how == WITH_PRIOR else NONE)
    earlier = prior.value
    if how == WITH_PRIOR:
        return replace(value, value=value.value + earlier, low=value.low + earlier, high=value.high + earlier)
    best, low, high = (dose / (dose + earlier) if dose > 0 else 0.0 for dose in (value.value, value.low, value.high))
    return replace(value, value=best, low=low, high=high, unit=NONE)


def _share(constraint: Constraint, share_pct: float, metric: Metric, facts: Mapping[str, object]) -> Metric:
    """Return the critical volume that is a share of the organ: as contoured, or as it was before a resection."""
    native = facts.get(NATIVE_CC)
    whole = native.get(constraint.structure) if isinstance(native, Mapping) else None
    if isinstance(whole, int | float):
        return replace(metric, kind=Kind.COLD_DOSE, at=share_pct / 100 * whole, at_unit=CC)
    return replace(metric, kind=Kind.COLD_DOSE, at=share_pct, at_unit=PERCENT)


def _greater(value: Measured | NotMeasured, other: Measured | NotMeasured | None) -> Measured | NotMeasured:
    """Return the dose below which the larger of two volumes stays: the greater of the two doses."""
    if isinstance(value, NotMeasured):
        return value
    if not isinstance(other, Measured):
        return other or NotMeasured("the share of the organ was not measured", value.unit)
    larger = max(value, other, key=lambda item: item.value)
    return replace(larger, low=max(value.low, other.low), high=max(value.high, other.high))
