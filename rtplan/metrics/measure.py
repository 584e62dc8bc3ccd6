"""Measure a metric on a DVH: the best estimate, the interval, what widens it, and the point that decides it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rtplan.dvh.compute import CAUSE_CONTOUR
from rtplan.dvh.curves import DVH, Samples
from rtplan.model import Measured, NotMeasured, Point
from rtplan.radiobiology import bed_gy, eqd2_gy, geud_gy
from rtplan.units import CC, PERCENT, PERCENT_RX

from .notation import Kind, Metric, Twin
from .plugins import PluginFailure, evaluate

__all__ = ["CAUSE_OUTSIDE", "Reach", "measure", "spread"]

CAUSE_OUTSIDE = "volume outside the dose grid"
# Volumes compared with a volume asked for agree to this share: rounding, not geometry.
SAME_VOLUME = 1e-9
# A border may stand further in as well as further out; only one of the two is computed.
TWO_SIDED = frozenset({CAUSE_CONTOUR})
# What the cells themselves leave open, as a share of the value; measured on solids with closed forms.
RESOLUTION = 6e-4


def measure(
    dvh: DVH, metric: Metric, *, prescription_gy: float | None = None, fractions: int | None = None
) -> Measured | NotMeasured:
    """Measure one metric.

    Parameters
    ----------
    dvh : DVH
    metric : Metric
        Any but a plan index.
    prescription_gy : float, optional
        For metrics relative to the prescription.
    fractions : int, optional
        For biological twins.

    Returns
    -------
    Measured or NotMeasured
        Not measured where nothing is known of the structure's dose, where the structure is smaller than the
        volume asked for, or where a prescription or fraction count is missing.
    """
    if reason := _obstacle(dvh, metric, prescription_gy, fractions):
        return reason
    try:
        return _measured(dvh, metric, prescription_gy, fractions)
    except PluginFailure as failure:
        return NotMeasured(str(failure), metric.unit)


def _measured(dvh: DVH, metric: Metric, prescription_gy: float | None, fractions: int | None) -> Measured:
    scale = prescription_gy or 0.0
    best = _value(_prepared(dvh.best, metric, fractions), metric, scale, dvh.total_cc)
    others: list[Reach] = []
    for variant in dvh.variants:
        prepared = _prepared(variant.samples, metric, fractions)
        value = _value(prepared, metric, scale, prepared.total_cc + dvh.outside_cc)
        others.append(Reach(variant.cause, value, variant.share))
    dose = _dose_of(metric, best, scale)
    where = _prepared(dvh.best, metric, fractions).point_of(dose) if dose is not None else None
    found = spread(best, others, metric.unit, where_mm=where)
    if dvh.outside_cc > 0:
        found = _with_outside(found, dvh, metric, scale, fractions)
    return found if metric.kind is Kind.VOLUME else _possible(found, dvh)


@dataclass(frozen=True, slots=True)
class Reach:
    """What another choice gives; with a `share` below one, that share of the difference counts to both sides."""

    cause: str
    value: float
    share: float = 1.0


def spread(best: float, others: Sequence[Reach], unit: str, *, where_mm: Point | None = None) -> Measured:
    """Join a best estimate and what other choices give into an interval that names its causes, widest first.

    Within one cause the widest choice counts; the causes are independent of one another and add in quadrature.
    """
    reaches: dict[str, tuple[float, float]] = {}
    for other in others:
        difference = other.value - best
        down, up = max(-difference, 0.0), max(difference, 0.0)
        if other.share < 1.0 or other.cause in TWO_SIDED:
            down = up = other.share * abs(difference)
        known = reaches.get(other.cause, (0.0, 0.0))
        reaches[other.cause] = (max(known[0], down), max(known[1], up))
    floor = RESOLUTION * abs(best)
    low = best - math.hypot(floor, *(down for down, _ in reaches.values()))
    high = best + math.hypot(floor, *(up for _, up in reaches.values()))
    # Rounding is no cause: what reaches no further is not named.
    least = 1e-9 * max(abs(best), 1.0)
    causes = sorted(
        (cause for cause, reach in reaches.items() if max(reach) > least), key=lambda cause: -max(reaches[cause])
    )
    return Measured(best, min(low, best), max(high, best), unit, tuple(causes), where_mm)


def _with_outside(found: Measured, dvh: DVH, metric: Metric, prescription_gy: float, fractions: int | None) -> Measured:
    """Widen an interval by the two bounds for volume where no dose is known: none of it, or the largest on a face."""
    if metric.kind is Kind.VOLUME:
        return found
    bounds = []
    for dose_gy in (0.0, dvh.face_gy):
        samples = _prepared(_filled_up(dvh.best, dvh.outside_cc, dose_gy), metric, fractions)
        bounds.append(_value(samples, metric, prescription_gy, samples.total_cc))
    low, high = min(found.low, *bounds), max(found.high, *bounds)
    wider = (low, high) != (found.low, found.high)
    causes = (CAUSE_OUTSIDE, *found.causes) if wider else found.causes
    return Measured(found.value, low, high, found.unit, causes, found.where_mm)


def _possible(found: Measured, dvh: DVH) -> Measured:
    """Cut an interval where no value can be: below zero, beyond the whole of a structure by its largest reading."""
    largest_cc = max(samples.total_cc for samples in (dvh.best, *(variant.samples for variant in dvh.variants)))
    most = {PERCENT: 100.0, CC: largest_cc + dvh.outside_cc}.get(found.unit, math.inf)
    low, high = max(found.low, min(0.0, found.value)), min(found.high, max(most, found.value))
    return replace(found, low=low, high=high)


def _filled_up(samples: Samples, volume_cc: float, dose_gy: float) -> Samples:
    # A thin sample on either side keeps the step sharp: the curve is straight from middle to middle.
    at = int(np.searchsorted(-samples.dose_gy, -dose_gy))
    shares = np.array([1e-9, 1.0 - 2e-9, 1e-9])
    return Samples(
        np.insert(samples.dose_gy, [at] * 3, dose_gy),
        np.insert(samples.volume_cc, [at] * 3, shares * volume_cc),
        min(samples.minimum_gy, dose_gy),
        max(samples.maximum_gy, dose_gy),
    )


def _obstacle(dvh: DVH, metric: Metric, prescription_gy: float | None, fractions: int | None) -> NotMeasured | None:
    if metric.kind is Kind.VOLUME:
        return None
    if len(dvh.best.dose_gy) == 0:
        return NotMeasured("no part of the structure lies inside the dose grid", metric.unit)
    if metric.needs_prescription and not prescription_gy:
        return NotMeasured("no prescription is known for it", metric.unit)
    if metric.twin and not fractions:
        return NotMeasured("no fraction count is known, so dose cannot be converted", metric.unit)
    asked = metric.at or 0.0
    if metric.at_unit == "cc" and asked > dvh.total_cc * (1 + SAME_VOLUME):
        if metric.kind is Kind.DOSE_AT_VOLUME:
            reason = f"the structure has {dvh.total_cc:.3g} cc, less than the {asked:g} cc asked for"
            return NotMeasured(reason, metric.unit, "too_small")
        if metric.kind is Kind.COLD_DOSE:
            reason = f"the structure has {dvh.total_cc:.4g} cc: {asked:g} cc of it cannot be spared"
            return NotMeasured(reason, metric.unit, "cannot_be_spared")
    return None


def _prepared(samples: Samples, metric: Metric, fractions: int | None) -> Samples:
    if metric.twin is None or not fractions:
        return samples
    twin: Twin = metric.twin
    convert = eqd2_gy if twin.name == "EQD2" else bed_gy
    return samples.converted(lambda dose: convert(dose, fractions, alpha_beta_gy=twin.alpha_beta_gy))


def _value(samples: Samples, metric: Metric, prescription_gy: float, total_cc: float) -> float:
    if metric.kind is Kind.PLUGIN:
        return evaluate(metric.plugin, samples)
    value = _raw(samples, metric, prescription_gy, total_cc)
    return 100.0 * value / prescription_gy if metric.unit == PERCENT_RX else value


def _raw(samples: Samples, metric: Metric, prescription_gy: float, total_cc: float) -> float:
    at = metric.at or 0.0
    match metric.kind:
        case Kind.VOLUME:
            return total_cc
        case Kind.MINIMUM:
            return samples.minimum_gy
        case Kind.MAXIMUM:
            return samples.maximum_gy
        case Kind.MEAN:
            return samples.mean_gy
        case Kind.GEUD:
            return geud_gy(samples.dose_gy, samples.volume_cc, exponent=at)
        case Kind.DOSE_AT_VOLUME | Kind.COLD_DOSE:
            volume = at / 100.0 * samples.total_cc if metric.at_unit == PERCENT else at
            if metric.kind is Kind.COLD_DOSE:
                volume = max(samples.total_cc - volume, 0.0)
            return samples.dose_at(min(volume, samples.total_cc))
        case Kind.VOLUME_AT_DOSE | Kind.COLD_VOLUME:
            dose = at / 100.0 * prescription_gy if metric.at_unit == PERCENT_RX else at
            volume = samples.volume_at(dose)
            if metric.kind is Kind.COLD_VOLUME:
                volume = samples.total_cc - volume
            return 100.0 * volume / samples.total_cc if metric.unit == PERCENT else volume
    raise ValueError(f"{metric} is measured on a plan, not on a DVH")


def _dose_of(metric: Metric, value: float, prescription_gy: float) -> float | None:
    """Dose whose place in the patient decides the metric; none for means and volumes."""
    if metric.kind in {Kind.MEAN, Kind.GEUD, Kind.VOLUME, Kind.PLUGIN}:
        return None
    if metric.kind in {Kind.VOLUME_AT_DOSE, Kind.COLD_VOLUME}:
        if metric.twin is not None:
            return metric.at
        at = metric.at or 0.0
        return at / 100.0 * prescription_gy if metric.at_unit == PERCENT_RX else at
    return value / 100.0 * prescription_gy if metric.unit == PERCENT_RX else value
