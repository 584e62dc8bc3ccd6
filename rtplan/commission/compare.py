"""One metric of one DVH beside its true value."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtplan.dvh import DVH
from rtplan.metrics.measure import measure
from rtplan.metrics.notation import parse
from rtplan.model import Measured, NotMeasured

from .truth import Truth

__all__ = ["Comparison", "Summary", "beside", "compare", "summarise", "values_of"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A measured metric and its true value; `case` says of what, in words.

    A metric that could not be measured errs without bound: it never counts as agreement.
    """

    case: str
    metric: str
    truth: float
    found: Measured | NotMeasured

    @property
    def error_pct(self) -> float:
        """The best estimate's deviation in per cent of the true value; infinite where there is none."""
        return 100.0 * (self.found.value / self.truth - 1.0) if isinstance(self.found, Measured) else math.inf

    @property
    def half_width_pct(self) -> float:
        """Half the interval in per cent of the true value."""
        return 50.0 * (self.found.high - self.found.low) / self.truth if isinstance(self.found, Measured) else math.inf

    @property
    def covered(self) -> bool:
        """Whether the interval holds the true value."""
        return isinstance(self.found, Measured) and self.found.low <= self.truth <= self.found.high


@dataclass(frozen=True, slots=True)
class Summary:
    """How a set of comparisons went; errors by size, in per cent. Of nothing, `count` is 0 and the rest NaN."""

    count: int
    mean_pct: float
    median_pct: float
    worst_pct: float
    covered_pct: float
    half_width_pct: float


def compare(case: str, dvh: DVH, truth: Truth, metrics: Sequence[str]) -> list[Comparison]:
    """Measure metrics on a DVH and put each beside the truth."""
    return beside(case, dvh, {metric: truth.value(parse(metric)) for metric in metrics})


def beside(case: str, dvh: DVH, expected: Mapping[str, float]) -> list[Comparison]:
    """Measure metrics on a DVH and put each beside the value that is expected of it."""
    return [Comparison(case, metric, value, measure(dvh, parse(metric))) for metric, value in expected.items()]


def values_of(dvh: DVH, metrics: Sequence[str]) -> dict[str, float]:
    """Return the best estimates of metrics; NaN where there is none, which agrees with nothing."""
    found = {metric: measure(dvh, parse(metric)) for metric in metrics}
    return {metric: item.value if isinstance(item, Measured) else math.nan for metric, item in found.items()}


def summarise(comparisons: Iterable[Comparison]) -> Summary:
    """Return the mean error, median and worst size of error, share inside the interval and its median half-width.

    Examples
    --------
    >>> summarise([Comparison("ball", "Dmean", 20.0, Measured(20.2, 19.9, 20.5, "Gy"))]).covered_pct
    100.0
    >>> summarise([]).count
    0
    """
    items = list(comparisons)
    if not items:
        return Summary(0, *(math.nan,) * 5)
    errors: NDArray[np.float64] = np.array([item.error_pct for item in items])
    return Summary(
        count=len(items),
        mean_pct=float(errors.mean()),
        median_pct=float(np.median(np.abs(errors))),
        worst_pct=float(errors[np.abs(errors).argmax()]),
        covered_pct=100.0 * float(np.mean([item.covered for item in items])),
        half_width_pct=float(np.median([item.half_width_pct for item in items])),
    )
