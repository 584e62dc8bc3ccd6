"""The best value that a metric of an organ can have while the target takes a part of it."""

from __future__ import annotations

from rtplan.metrics.notation import Kind, Metric
from rtplan.units import CC, GY, PERCENT, PERCENT_RX

__all__ = ["best_despite_overlap"]


def best_despite_overlap(metric: Metric, overlap_cc: float, total_cc: float, prescription_gy: float | None) -> str:
    """Say which value is left at best: the overlap at the prescription, the rest of the organ without dose.

    Parameters
    ----------
    metric : Metric
    overlap_cc, total_cc : float
        Of the organ within the target, and of the whole organ.
    prescription_gy : float or None

    Returns
    -------
    str
        Empty without an overlap, a prescription, or a metric that this argument reaches.

    Examples
    --------
    >>> from rtplan.metrics.notation import parse
    >>> best_despite_overlap(parse("D5cc"), 6.0, 50.0, 45.0)
    'with the overlap at the prescription and no dose elsewhere, D5cc would be 45 Gy'
    >>> best_despite_overlap(parse("D5cc"), 0.0, 50.0, 45.0)
    ''
    """
    if not overlap_cc > 0 or prescription_gy is None or metric.twin is not None or total_cc <= 0:
        return ""
    value = _best(metric, min(overlap_cc, total_cc), total_cc, prescription_gy)
    if value is None:
        return ""
    text = f"{metric} would be {value:.4g} {metric.unit}".rstrip()
    return f"with the overlap at the prescription and no dose elsewhere, {text}"


def _best(metric: Metric, overlap_cc: float, total_cc: float, rx_gy: float) -> float | None:
    if metric.unit == GY:
        hot_cc = _hot_cc(metric, total_cc)
        if metric.kind is Kind.MEAN:
            return rx_gy * overlap_cc / total_cc
        return None if hot_cc is None else rx_gy if overlap_cc >= hot_cc else 0.0
    if metric.kind is Kind.VOLUME_AT_DOSE and metric.at is not None and metric.unit in {CC, PERCENT}:
        threshold = metric.at * rx_gy / 100 if metric.at_unit == PERCENT_RX else metric.at
        reached = overlap_cc if rx_gy >= threshold else 0.0
        return reached if metric.unit == CC else 100 * reached / total_cc
    return None


def _hot_cc(metric: Metric, total_cc: float) -> float | None:
    """Return the volume that has to be hot before a dose metric is; None for a metric that is none of these."""
    if metric.kind is Kind.MAXIMUM:
        return 0.0
    if metric.at is None or metric.kind not in {Kind.DOSE_AT_VOLUME, Kind.COLD_DOSE}:
        return None
    volume = metric.at if metric.at_unit == CC else metric.at / 100 * total_cc
    return volume if metric.kind is Kind.DOSE_AT_VOLUME else total_cc - volume
