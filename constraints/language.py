"""The limit language: ``D5cc <= 17.7 Gy`` to :class:`Limit`, and how a limit stands against an interval.

A limit is a metric, a comparison (``< <= > >=``, ``in`` a range with its ends, ``inside`` a range without
them), one number or two, and a unit: ``V12Gy[cc] <= 5 cc``, ``Dmax < 105 %Rx``, ``PITV in 1.0..2.0``,
``BED(10){Rx} >= 100 Gy`` for the biologically effective dose of the prescription itself, ``Rx <= 18 Gy`` for the
prescription, ``EQD2(2){Dmax} + prior <= 70 Gy`` and ``EQD2(2){Dmax} / total <= 0.5`` for a plan after an earlier one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from rtplan.errors import MetricError
from rtplan.metrics.notation import Kind, Metric, Twin, parse
from rtplan.model import Measured, NotMeasured
from rtplan.units import CC, GY, NONE, PERCENT, PERCENT_RX

__all__ = [
    "LESIONS",
    "MONTHS_SINCE_PRIOR",
    "OF_TOTAL",
    "PRESCRIPTION",
    "WITH_PRIOR",
    "Limit",
    "LimitParts",
    "Side",
    "judge_limit",
    "parse_limit",
    "parse_metric",
    "split_limit",
    "table_name",
]

PRESCRIPTION = "Rx"
"""The index of a metric that asks for the prescription itself, as in ``BED(10){Rx}``."""
WITH_PRIOR, OF_TOTAL = "+ prior", "/ total"
"""What a dose metric is put to: the dose of an earlier course added to it, or its share of both."""
MONTHS_SINCE_PRIOR = "MonthsSincePrior"
LESIONS = "Lesions"
_BARE = {PRESCRIPTION: GY, MONTHS_SINCE_PRIOR: NONE, LESIONS: NONE}

_NUMBER = r"\d+(?:\.\d+)?"
_COMPARISON = re.compile(r"\s*(<=|>=|<|>|\bin\b|\binside\b)\s*")
_BOUND = re.compile(rf"({_NUMBER})(?:\.\.({_NUMBER}))?\s*(%Rx|%|Gy|cc|mm)?(?=\s|$)\s*(.*)")
_OF_RX = re.compile(rf"(EQD2|BED)\(({_NUMBER})\)\{{{PRESCRIPTION}\}}")
_AFTER = re.compile(r"(EQD2\(.+\)\{.+\})\s*(\+|/)\s*(prior|total)")
_RANGES = frozenset({"in", "inside"})
_FITTING = {GY: (GY, PERCENT_RX), PERCENT_RX: (PERCENT_RX, PERCENT), PERCENT: (PERCENT,), CC: (CC,), NONE: (NONE,)}


class Side(StrEnum):
    """Where an interval lies: all of it within the limit, all of it beyond, or on both sides."""

    WITHIN = "within"
    STRADDLES = "straddles"
    BEYOND = "beyond"


@dataclass(frozen=True, slots=True)
class LimitParts:
    """A limit text taken apart, its metric not yet read."""

    metric: str
    op: str
    bound: float
    upper: float | None
    unit: str


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit.

    Attributes
    ----------
    metric : Metric
    op : str
        ``<``, ``<=``, ``>``, ``>=``, ``in`` (the ends of the range are good) or ``inside`` (they are not).
    bound : float
        The bound, or the lower end of a range.
    upper : float or None
        The upper end of a range.
    unit : str
        Of the bounds: the metric's own, or ``"%Rx"`` where a dose is limited as a share of the prescription.
    """

    metric: Metric
    op: str
    bound: float
    upper: float | None
    unit: str

    def __str__(self) -> str:
        return f"{self.metric} {self.comparison}"

    @property
    def comparison(self) -> str:
        """The text after the metric, for example ``"< 17.7 Gy"``."""
        number = f"{self.bound:g}" if self.upper is None else f"{self.bound:g}..{self.upper:g}"
        return f"{self.op} {number} {self.unit}".rstrip()

    @property
    def needs_prescription(self) -> bool:
        """Whether the bound has to be multiplied by the prescription before it can be compared."""
        return self.unit == PERCENT_RX and self.metric.unit == GY

    def in_metric_unit(self, prescription_gy: float | None) -> Limit | NotMeasured:
        """Return the limit with its bounds in the unit the metric is measured in."""
        if not self.needs_prescription:
            return self
        if prescription_gy is None:
            return NotMeasured(f"{self.comparison} needs a prescription, and none is known", GY)
        upper = None if self.upper is None else self.upper * prescription_gy / 100
        return replace(self, bound=self.bound * prescription_gy / 100, upper=upper, unit=GY)

    def margin_pct(self, value: float) -> float | None:
        """Say how far `value` is on the good side, in per cent of the nearest bound; negative beyond it."""
        margins = [100 * (value - end if rising else end - value) / end for end, rising in self._ends() if end > 0]
        return min(margins, default=None)

    def nearest_bound(self, value: float) -> float:
        """Return the bound that decides over `value`: of a range, the end that is nearer."""
        return min((end for end, _ in self._ends()), key=lambda end: abs(end - value))

    def side(self, low: float, high: float) -> Side:
        """Say where the interval from `low` to `high` (in the metric's unit) lies."""
        sides = [self._side_of_end(low, high, end=end, rising=rising) for end, rising in self._ends()]
        for side in (Side.BEYOND, Side.STRADDLES):
            if side in sides:
                return side
        return Side.WITHIN

    def _ends(self) -> tuple[tuple[float, bool], ...]:
        if self.upper is not None:
            return (self.bound, True), (self.upper, False)
        return ((self.bound, self.op.startswith(">")),)

    def _side_of_end(self, low: float, high: float, *, end: float, rising: bool) -> Side:
        worst, best = (low, high) if rising else (high, low)
        if self._holds(worst, end, rising=rising):
            return Side.WITHIN
        return Side.STRADDLES if self._holds(best, end, rising=rising) else Side.BEYOND

    def _holds(self, value: float, end: float, *, rising: bool) -> bool:
        if value == end:
            return self.op in {"<=", ">=", "in"}
        return value > end if rising else value < end


def parse_limit(text: str) -> Limit:
    """Read one limit.

    Parameters
    ----------
    text : str
        In the language above; spaces before a unit are optional.

    Returns
    -------
    Limit

    Raises
    ------
    MetricError
        With one sentence: a metric without a unit, a unit that does not fit, words after the limit, ...

    Examples
    --------
    >>> parse_limit("V20Gy < 30%").comparison
    '< 30 %'
    >>> parse_limit("V20Gy <= 30 Gy")
    Traceback (most recent call last):
    rtplan.errors.MetricError: V20Gy <= 30 Gy: V20Gy is measured in %, not in Gy
    >>> parse_limit("")
    Traceback (most recent call last):
    rtplan.errors.MetricError: a limit is missing: the text is empty
    """
    parts = split_limit(text)
    metric = parse_metric(parts.metric)
    return Limit(metric, parts.op, parts.bound, parts.upper, _unit(text.strip(), metric, parts))


def parse_metric(text: str) -> Metric:
    """Read the metric of a limit: the whole notation, and ``BED(10){Rx}`` of the prescription itself."""
    if match := _OF_RX.fullmatch(text.strip()):
        if float(match[2]) <= 0:
            raise MetricError(f"{text}: alpha/beta is positive")
        return Metric(Kind.INDEX, unit=GY, index=PRESCRIPTION, twin=Twin(match[1], float(match[2])))
    if text.strip() in _BARE:
        return Metric(Kind.INDEX, unit=_BARE[text.strip()], index=text.strip())
    if (match := _AFTER.fullmatch(text.strip())) and f"{match[2]} {match[3]}" in {WITH_PRIOR, OF_TOTAL}:
        index = f"{match[2]} {match[3]}"
        return replace(parse(match[1]), index=index, unit=GY if index == WITH_PRIOR else NONE)
    return parse(text)


def split_limit(text: str) -> LimitParts:
    """Take a limit apart without reading its metric; errors as in `parse_limit`."""
    text = text.strip()
    if not text:
        raise MetricError("a limit is missing: the text is empty")
    pieces = _COMPARISON.split(text, maxsplit=1)
    if len(pieces) != 3:
        raise MetricError(f"{text}: a comparison is missing, one of < <= > >= in inside")
    metric, op, rest = pieces
    match = _BOUND.fullmatch(rest)
    if not match:
        raise MetricError(f"{text}: {rest!r} is not a number with a unit")
    if match[4]:
        raise MetricError(f"{text}: {match[4]!r} does not belong to a limit")
    bound, upper = float(match[1]), None if match[2] is None else float(match[2])
    _check_range(text, op, bound, upper)
    return LimitParts(metric, op, bound, upper, match[3] or NONE)


def judge_limit(limit: Limit, measured: Measured, *, prescription_gy: float | None = None) -> Side | NotMeasured:
    """Say how one limit stands against a measured interval, on unrounded numbers.

    Parameters
    ----------
    limit : Limit
    measured : Measured
        In the unit of the limit's metric.
    prescription_gy : float or None
        What ``%Rx`` is a share of, in Gy.

    Returns
    -------
    Side or NotMeasured
        NotMeasured where the limit is a share of a prescription that is not known.

    Raises
    ------
    ValueError
        Where `measured` is in another unit than the metric: a mistake of the caller.

    Examples
    --------
    >>> judge_limit(parse_limit("Dmax < 14 Gy"), Measured(13.9, 13.8, 14.0, "Gy"))
    <Side.STRADDLES: 'straddles'>
    """
    if measured.unit != limit.metric.unit:
        raise ValueError(f"{limit.metric} is measured in {limit.metric.unit!r}, not in {measured.unit!r}")
    scaled = limit.in_metric_unit(prescription_gy)
    return scaled if isinstance(scaled, NotMeasured) else scaled.side(measured.low, measured.high)


def table_name(metric: Metric) -> str:
    """Write a metric as tables print it: ``V12Gy``, its unit standing with the bound.

    Examples
    --------
    >>> table_name(parse("V12Gy[cc]"))
    'V12Gy'
    """
    if metric.kind in {Kind.VOLUME_AT_DOSE, Kind.COLD_VOLUME}:
        return str(metric).removesuffix(f"[{metric.unit}]")
    return str(metric)


def _check_range(text: str, op: str, bound: float, upper: float | None) -> None:
    if (op in _RANGES) != (upper is not None):
        raise MetricError(f"{text}: 'in' and 'inside' take a range such as 1.0..2.0, other comparisons one number")
    if upper is not None and not (bound < upper or (bound == upper and op == "in")):
        raise MetricError(f"{text}: a range rises")


def _unit(text: str, metric: Metric, parts: LimitParts) -> str:
    fitting = _FITTING[metric.unit]
    of_rx_twin = parts.unit == PERCENT_RX and metric.twin is not None
    if parts.unit in fitting and not of_rx_twin:
        return fitting[0] if metric.unit == PERCENT_RX else parts.unit
    if parts.unit == NONE:
        raise MetricError(f"{text}: {parts.bound:g} what? Write {' or '.join(fitting)} after the number")
    if parts.unit == PERCENT and metric.unit == GY:
        raise MetricError(f"{text}: per cent of what? Write {parts.bound:g} %Rx for a share of the prescription")
    own = metric.unit or "no unit"
    hint = f"; write {parts.metric}[cc] for cc" if (metric.unit, parts.unit) == (PERCENT, CC) else ""
    raise MetricError(f"{text}: {parts.metric} is measured in {own}, not in {parts.unit}{hint}")
