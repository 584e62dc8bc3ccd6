"""Where a body ends beyond its last contour, and how large it is between two of them.

No contour on the next plane means that the body ends before it. The trend of the areas says where: a sphere's
area runs out, a cylinder's does not (half a spacing, then). Between planes a cubic follows the areas; both are
exact for ellipsoids, whose cross-section is quadratic along any axis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Cap", "Caps", "area_between", "caps_of"]

Array = NDArray[np.float64]
Caps = Literal["auto", "none", "half", "round"]

# A sphere's area bends by 2 pi per mm2 whatever its radius: the assumption where one or two planes tell nothing.
SPHERE_BEND = -np.pi
# The next contour may be missing because it would be tiny, so an area may run out a little beyond the next plane.
RUNS_OUT_WITHIN = 1.25
OVERSHOOT = 0.5


@dataclass(frozen=True, slots=True)
class Cap:
    """The part beyond an end plane: `length_mm` long, with area ``a0 + a1 s + a2 s^2`` at distance s."""

    length_mm: float
    coefficients: tuple[float, float, float]

    def area(self, distance_mm: Array) -> Array:
        """Area in mm2 at distances beyond the end plane."""
        a0, a1, a2 = self.coefficients
        area: Array = np.maximum(a0 + distance_mm * (a1 + distance_mm * a2), 0.0)
        return area

    @property
    def volume_mm3(self) -> float:
        """Volume of the cap."""
        at = (np.arange(64) + 0.5) / 64 * self.length_mm
        return float(self.area(at).mean() * self.length_mm)


def caps_of(offsets_mm: Array, areas_mm2: Array, spacing_mm: float, rule: Caps) -> tuple[Cap, Cap]:
    """Caps below the first and above the last plane.

    Parameters
    ----------
    offsets_mm, areas_mm2 : ndarray, shape (n,)
        Rising offsets of the planes and the area of each.
    spacing_mm : float
        Distance within which the next plane would have been drawn.
    rule : {"auto", "none", "half", "round"}
        ``none`` ends at the last contour, ``half`` goes on for half a spacing, ``round`` lets the area run
        out within one spacing whatever its trend, ``auto`` follows the trend.

    Returns
    -------
    tuple of Cap
    """
    below = _cap(-offsets_mm[::-1], areas_mm2[::-1], spacing_mm, rule)
    return below, _cap(offsets_mm, areas_mm2, spacing_mm, rule)


def area_between(offsets_mm: Array, areas_mm2: Array, at_mm: Array) -> Array:
    """Area at offsets between the first and the last plane, by a cubic through the planes' areas.

    Shapes: (n,), (n,), (m,) -> (m,). Exact where the areas follow a parabola.
    """
    count = len(offsets_mm)
    at = np.clip(np.searchsorted(offsets_mm, at_mm, side="right") - 1, 0, count - 2)
    gap = (offsets_mm[1:] - offsets_mm[:-1])[at]
    t = (at_mm - offsets_mm[at]) / gap
    first, second = areas_mm2[at], areas_mm2[at + 1]
    if count == 2:
        area = first + (second - first) * t - SPHERE_BEND * gap**2 * t * (1 - t)
    else:
        slope = np.gradient(areas_mm2, offsets_mm, edge_order=2)
        area = (
            (1 + 2 * t) * (1 - t) ** 2 * first
            + t * (1 - t) ** 2 * gap * slope[at]
            + t**2 * (3 - 2 * t) * second
            - t**2 * (1 - t) * gap * slope[at + 1]
        )
    low, high = np.minimum(first, second), np.maximum(first, second)
    bounded: Array = np.clip(area, (1 - OVERSHOOT) * low, (1 + OVERSHOOT) * high)
    return bounded


def _cap(offsets_mm: Array, areas_mm2: Array, spacing_mm: float, rule: Caps) -> Cap:
    last = float(areas_mm2[-1])
    if rule == "none":
        return Cap(0.0, (last, 0.0, 0.0))
    if rule == "half":
        return Cap(spacing_mm / 2, (last, 0.0, 0.0))
    slope, bend = _trend(offsets_mm, areas_mm2)
    end = _runs_out(last, slope, bend)
    if end <= RUNS_OUT_WITHIN * spacing_mm:
        return Cap(min(end, spacing_mm), (last, slope, bend))
    if rule == "round":
        return Cap(spacing_mm, (last, 0.0, -last / spacing_mm**2))
    return Cap(spacing_mm / 2, (last, min(slope, 0.0), min(bend, 0.0)))


def _trend(offsets_mm: Array, areas_mm2: Array) -> tuple[float, float]:
    """Slope and bend of the area beyond the last plane (second-order, through the last three)."""
    if len(offsets_mm) == 1:
        return 0.0, SPHERE_BEND
    if len(offsets_mm) == 2:
        gap = offsets_mm[1] - offsets_mm[0]
        return float((areas_mm2[1] - areas_mm2[0]) / gap + SPHERE_BEND * gap), SPHERE_BEND
    s = offsets_mm[-3:] - offsets_mm[-1]
    bend, slope, _ = np.polyfit(s, areas_mm2[-3:], 2)
    return float(slope), float(bend)


def _runs_out(last: float, slope: float, bend: float) -> float:
    """Distance at which the area is gone; infinite where it never is."""
    roots = np.roots([bend, slope, last]) if abs(bend) > 1e-12 else np.array([-last / slope if slope else np.inf])
    ahead = [float(root.real) for root in roots if abs(root.imag) < 1e-9 and root.real > 0]
    return min(ahead, default=np.inf)
