"""What a dose does to a solid, from the analytic functions alone: no grid, no contour, no interpolation.

Volumes are closed forms. Dose metrics come from a quadrature over the unit cube, which `Solid.place` maps onto
the solid evenly in volume; cells at the hot end are split until the smallest volume asked for holds thousands of
them. Extremes are sought on a lattice that includes the surface and is drawn together around the best point.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .fields import Bell, Field
from .solids import Ellipsoid, Solid

__all__ = ["Histogram", "common_metrics", "extreme_gy", "histogram", "target_indices"]

Array = NDArray[np.float64]

_SIDE = 36
_SPLIT = 3
_ROUNDS = 3
_HOT_SHARE = 1 / 20
_CLOSER = 7
_POINTS = 21

_DOSE_AT_CC = (0.03, 0.035, 0.1, 0.2, 0.35, 0.5, 1, 1.2, 3, 4, 5, 10, 15, 20, 30)
_DOSE_AT_PCT = (2, 10, 50, 95, 98)
_VOLUME_AT_GY = (5, 12, 20, 24, 30)
_COLD_CC = (200, 700, 1000, 1500)


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """A solid's volume sorted by dose: `dose_gy` falls, `hot_cc` is the volume down to the middle of each cell."""

    volume_cc: float
    dose_gy: Array
    hot_cc: Array
    lowest_gy: float
    highest_gy: float
    mean_gy: float

    def dose_at_cc(self, volume_cc: float) -> float:
        """Return the least dose in the hottest `volume_cc`.

        Raises
        ------
        ValueError
            If the solid is smaller than that.
        """
        if not 0 < volume_cc <= self.volume_cc:
            raise ValueError(f"a solid of {self.volume_cc:g} cc has no hottest {volume_cc:g} cc")
        return float(np.interp(volume_cc, self.hot_cc, self.dose_gy))

    def volume_at_gy(self, dose_gy: float) -> float:
        """Return the volume in cc that receives `dose_gy` or more."""
        return float(np.interp(-dose_gy, -self.dose_gy, self.hot_cc))


def histogram(solid: Solid, field: Field) -> Histogram:
    """Sort the volume of a solid by dose.

    Examples
    --------
    >>> from .fields import Uniform
    >>> from .solids import sphere
    >>> histogram(sphere((0, 0, 0), 10), Uniform(20.0)).dose_at_cc(1.0)
    20.0
    """
    dose, volume = _samples(solid, field)
    order = np.argsort(-dose, kind="stable")
    dose, volume = dose[order], volume[order]
    volume = volume * (solid.volume_cc / volume.sum())
    lowest, highest = extreme_gy(solid, field, -1), extreme_gy(solid, field, +1)
    return Histogram(
        volume_cc=solid.volume_cc,
        dose_gy=np.concatenate([[highest], dose, [lowest]]),
        hot_cc=np.concatenate([[0.0], np.cumsum(volume) - volume / 2, [solid.volume_cc]]),
        lowest_gy=lowest,
        highest_gy=highest,
        mean_gy=float(dose @ volume / solid.volume_cc),
    )


def extreme_gy(solid: Solid, field: Field, sign: int) -> float:
    """Return the highest (`sign` +1) or lowest (-1) dose in a solid, its surface included."""
    low, high = np.zeros(3), np.ones(3)
    best = -np.inf
    for _ in range(_CLOSER):
        unit = _lattice([np.linspace(low[i], high[i], _POINTS) for i in range(3)])
        points, volume = solid.place(unit)
        value = np.where(volume > 0, sign * field.dose_gy(points), -np.inf)
        found = int(np.argmax(value))
        best = max(best, float(value[found]))
        centre, reach = unit[found % len(unit)], (high - low) / 8
        low, high = np.clip(centre - reach, 0, 1), np.clip(centre + reach, 0, 1)
    return sign * best


def common_metrics(curve: Histogram) -> dict[str, float]:
    """Return the metrics that limits commonly use, under their TG-263 names.

    A volume larger than the solid has no entry: nothing is extrapolated.
    """
    total = curve.volume_cc
    metrics = {"Dmin": curve.lowest_gy, "Dmax": curve.highest_gy, "Dmean": curve.mean_gy}
    metrics |= {f"D{cc:g}cc": curve.dose_at_cc(cc) for cc in _DOSE_AT_CC if cc < total}
    metrics |= {f"D{pct:g}%": curve.dose_at_cc(pct / 100 * total) for pct in _DOSE_AT_PCT}
    metrics["D100%"] = curve.lowest_gy
    for level in _VOLUME_AT_GY:
        metrics[f"V{level:g}Gy[cc]"] = volume = curve.volume_at_gy(level)
        metrics[f"V{level:g}Gy[%]"] = 100 * volume / total
    metrics |= {f"CV{cc:g}cc": curve.dose_at_cc(total - cc) for cc in _COLD_CC if cc < total}
    return metrics


def target_indices(target: Ellipsoid, bell: Bell, rx_gy: float) -> dict[str, float]:
    """Return the plan indices of a target in the dose of its own bell, all closed forms.

    The prescription isodose has the target's centre and shape and holds the target. `D2cm` (per cent of the
    prescription) is given for balls only.
    """
    full, half = _isodose_cc(bell, rx_gy), _isodose_cc(bell, rx_gy / 2)
    volume = target.volume_cc
    indices = {
        "PITV": full / volume,
        "R100": full / volume,
        "R50": half / volume,
        "GI": half / full,
        "PaddickCI": min(volume, full) / max(volume, full),
        "MDPD": bell.peak_gy / rx_gy,
    }
    if len(set(target.semi_axes_mm)) == 1:
        away = np.add(target.centre_mm, (0.0, 0.0, target.semi_axes_mm[2] + 20.0))
        indices["D2cm[%]"] = 100 * float(bell.dose_gy(away)) / rx_gy
    return indices


def _isodose_cc(bell: Bell, level_gy: float) -> float:
    isodose = bell.isodose(level_gy)
    return isodose.volume_cc if isodose else 0.0


def _lattice(axes: Iterable[Array]) -> Array:
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)


def _samples(solid: Solid, field: Field) -> tuple[Array, Array]:
    """Return dose and volume of cells; the hottest were split again and again."""
    cells = _lattice([(np.arange(_SIDE) + 0.5) / _SIDE] * 3)
    width = 1 / _SIDE
    measured: list[tuple[Array, Array]] = []
    for _ in range(_ROUNDS - 1):
        hot = _hottest(solid, field, cells)
        measured.append(_measure(solid, field, cells[~hot], width))
        cells, width = _split(cells[hot], width), width / _SPLIT
    measured.append(_measure(solid, field, cells, width))
    dose, volume = (np.concatenate(column) for column in zip(*measured, strict=True))
    return dose[volume > 0], volume[volume > 0]


def _hottest(solid: Solid, field: Field, cells: Array) -> NDArray[np.bool_]:
    """Say which cells to split, by the dose at their middles.

    The choice must not look at the points that are measured: a cell would be split because its point fell on a
    hot place, and the histogram would be biased.
    """
    points, volume = solid.place(cells)
    dose = np.where(volume > 0, field.dose_gy(points), -np.inf)
    # A union places every cell once in each of its parts.
    peak = dose.reshape(-1, len(cells)).max(axis=0)
    hot = np.zeros(len(cells), dtype=bool)
    hot[np.argsort(-peak, kind="stable")[: int(len(cells) * _HOT_SHARE)]] = True
    return hot


def _measure(solid: Solid, field: Field, cells: Array, width: float) -> tuple[Array, Array]:
    points, volume = solid.place(cells + (_even(len(cells)) - 0.5) * width)
    return field.dose_gy(points), volume * width**3


def _even(count: int) -> Array:
    """Return points that fill the unit cube evenly in every projection, not only at the middles of cells.

    Multiples of powers of the root of x^4 = x + 1, modulo one.
    """
    root = 1.2207440846057596
    multiples = np.outer(np.arange(1, count + 1), root ** -np.arange(1.0, 4.0))
    return np.asarray(multiples % 1.0)


def _split(cells: Array, width: float) -> Array:
    shifts = (np.arange(_SPLIT) - (_SPLIT - 1) / 2) * width / _SPLIT
    return np.concatenate([cells + shift for shift in itertools.product(shifts, repeat=3)])
