"""Where a body ends beyond its last contour, and how large it is between two of them.

No contour on the next plane means that the body ends before it. The trend of the areas says where: a sphere's
area runs out, a cylinder's does not (half a spacing, then). Between planes a cubic follows the areas. Both follow
the areas themselves, which are quadratic for every ellipsoid along any axis, or their squares, which are quadratic
for a cylinder that lies down and for a torus, or their power of two thirds, which runs out in a straight line for a
cone that lies down: whichever of them is closest to a parabola in these planes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Cap", "Caps", "Trend", "area_between", "cap_of", "caps_of", "trends_of"]

Array = NDArray[np.float64]
Caps = Literal["auto", "none", "half", "short", "long"]

# A sphere's area bends by 2 pi per mm2 whatever its radius: the assumption where one or two planes tell nothing.
SPHERE_BEND = -np.pi
# The next contour may be missing because it would be tiny, so an area may run out a little beyond the next plane.
RUNS_OUT_WITHIN = 1.25
OVERSHOOT = 0.5
# How far the trend may mislead: an end that runs out in 0.7 of the distance it foretells, or in 1.5 of it.
SHORTEST = 0.7
LONGEST = 1.5
# Other powers are followed only where their third differences are clearly the smaller ones.
OTHER_POWERS = (2.0, 2.0 / 3.0)
CLEARLY = 0.5
# Areas that stray less than this from a parabola follow it: what is left to compare is rounding.
STRAYS = 1e-3
TOUCHES = 1e-6


@dataclass(frozen=True, slots=True)
class Cap:
    """The part beyond an end plane: `length_mm` long, its area to a power quadratic in the distance s.

    ``area^power = a0 + a1 s + a2 s^2``.
    """

    length_mm: float
    coefficients: tuple[float, float, float]
    power: float = 1.0

    def area(self, distance_mm: Array) -> Array:
        """Area in mm2 at distances beyond the end plane."""
        a0, a1, a2 = self.coefficients
        raised: Array = np.maximum(a0 + distance_mm * (a1 + distance_mm * a2), 0.0)
        return raised if self.power == 1 else np.asarray(raised ** (1 / self.power))

    @property
    def volume_mm3(self) -> float:
        """Volume of the cap."""
        at = (np.arange(64) + 0.5) / 64 * self.length_mm
        return float(self.area(at).mean() * self.length_mm)


@dataclass(frozen=True, slots=True)
class Trend:
    """How the area runs on beyond an end plane: the last area, and its power's value, slope and bend there.

    `runs_out_mm` is the distance at which it is gone; infinite where it never is.
    """

    last_mm2: float
    power: float
    slope: float
    bend: float
    runs_out_mm: float


def caps_of(offsets_mm: Array, areas_mm2: Array, spacing_mm: float, rule: Caps) -> tuple[Cap, Cap]:
    """Caps below the first and above the last plane.

    Parameters
    ----------
    offsets_mm, areas_mm2 : ndarray, shape (n,)
        Rising offsets of the planes and the area of each.
    spacing_mm : float
        Distance within which the next plane would have been drawn.
    rule : {"auto", "none", "half", "short", "long"}
        ``none`` ends at the last contour, ``half`` goes on for half a spacing, ``auto`` follows the trend;
        ``short`` and ``long`` are the bounds of what the trend leaves open: nothing and a whole spacing for a
        flat end.

    Returns
    -------
    tuple of Cap
    """
    below, above = trends_of(offsets_mm, areas_mm2)
    return cap_of(below, spacing_mm, rule), cap_of(above, spacing_mm, rule)


def trends_of(offsets_mm: Array, areas_mm2: Array) -> tuple[Trend, Trend]:
    """Trends below the first and above the last plane; arrays of shape (n,), offsets rising."""
    return _trend(-offsets_mm[3::-1], areas_mm2[3::-1]), _trend(offsets_mm[-4:], areas_mm2[-4:])


def area_between(offsets_mm: Array, areas_mm2: Array, at_mm: Array) -> Array:
    """Area at offsets between the first and the last plane, by a cubic through the planes' areas or their squares.

    Shapes: (n,), (n,), (m,) -> (m,). Exact where either follows a parabola.
    """
    count = len(offsets_mm)
    if count == 1:
        return np.full(len(at_mm), areas_mm2[0])
    at = np.clip(np.searchsorted(offsets_mm, at_mm, side="right") - 1, 0, count - 2)
    first, second = areas_mm2[at], areas_mm2[at + 1]
    if count == 2:
        gap = (offsets_mm[1:] - offsets_mm[:-1])[at]
        t = (at_mm - offsets_mm[at]) / gap
        area = first + (second - first) * t - SPHERE_BEND * gap**2 * t * (1 - t)
    else:
        power = _power(offsets_mm, areas_mm2)
        area = np.maximum(_cubic(offsets_mm, areas_mm2**power, at, at_mm), 0.0) ** (1 / power)
    low, high = np.minimum(first, second), np.maximum(first, second)
    bounded: Array = np.clip(area, (1 - OVERSHOOT) * low, (1 + OVERSHOOT) * high)
    return bounded


def _cubic(offsets_mm: Array, values: Array, at: NDArray[np.int64], at_mm: Array) -> Array:
    """Hermite cubic with slopes of second order, which repeats every parabola."""
    gap = (offsets_mm[1:] - offsets_mm[:-1])[at]
    t = (at_mm - offsets_mm[at]) / gap
    slope = np.gradient(values, offsets_mm, edge_order=2)
    cubic: Array = (
        (1 + 2 * t) * (1 - t) ** 2 * values[at]
        + t * (1 - t) ** 2 * gap * slope[at]
        + t**2 * (3 - 2 * t) * values[at + 1]
        - t**2 * (1 - t) * gap * slope[at + 1]
    )
    return cubic


def _power(offsets_mm: Array, areas_mm2: Array) -> float:
    """Which power of the areas follows a parabola most closely, by third differences; the areas in doubt."""
    if len(offsets_mm) < 4:
        return 1.0
    strays = {power: _strays(offsets_mm, areas_mm2, power) for power in (1.0, *OTHER_POWERS)}
    closest = min(strays, key=strays.__getitem__)
    return closest if strays[1.0] > STRAYS and strays[closest] < CLEARLY * strays[1.0] else 1.0


def _strays(offsets_mm: Array, areas_mm2: Array, power: float) -> float:
    """How far a power of the areas strays from a parabola, in terms of the areas, as a share of the largest."""
    raised = (areas_mm2 / areas_mm2.max()) ** power
    return float(np.abs(_third_differences(offsets_mm, raised)).sum() / power)


def _third_differences(offsets_mm: Array, values: Array) -> Array:
    """Third divided differences, in the values' unit over one usual spacing."""
    found = values
    for order in (1, 2, 3):
        found = (found[1:] - found[:-1]) / (offsets_mm[order:] - offsets_mm[:-order])
    gaps = np.sort(offsets_mm[1:] - offsets_mm[:-1])
    return np.asarray(found * gaps[len(gaps) // 2] ** 3)


def cap_of(trend: Trend, spacing_mm: float, rule: Caps) -> Cap:
    """Cap beyond an end plane by a rule; see :func:`caps_of`."""
    last, end = trend.last_mm2, trend.runs_out_mm
    if rule == "none":
        return Cap(0.0, (last, 0.0, 0.0))
    if rule == "half":
        return Cap(spacing_mm / 2, (last, 0.0, 0.0))
    raised, slope, bend = last**trend.power, trend.slope, trend.bend
    if end > RUNS_OUT_WITHIN * spacing_mm:
        length = {"short": 0.0, "long": spacing_mm}.get(rule, spacing_mm / 2)
        falling = (raised, 0.0, 0.0) if rule == "long" else (raised, min(slope, 0.0), min(bend, 0.0))
        return Cap(length, falling, trend.power)
    if rule == "short":
        return Cap(min(SHORTEST * end, spacing_mm), (raised, slope / SHORTEST, bend / SHORTEST**2), trend.power)
    if rule == "long":
        length = min(LONGEST * end, spacing_mm)
        return Cap(length, (last, 0.0, -last / length**2))
    return Cap(min(end, spacing_mm), (raised, slope, bend), trend.power)


def _trend(offsets_mm: Array, areas_mm2: Array) -> Trend:
    """Trend beyond the last plane, of second order through the last three."""
    power = _power(offsets_mm, areas_mm2)
    values = areas_mm2**power
    if len(offsets_mm) == 1:
        slope, bend = 0.0, SPHERE_BEND
    elif len(offsets_mm) == 2:
        gap = offsets_mm[1] - offsets_mm[0]
        slope, bend = float((values[1] - values[0]) / gap + SPHERE_BEND * gap), SPHERE_BEND
    else:
        slope, bend = _parabola(offsets_mm[-3:] - offsets_mm[-1], values[-3:])
    last = float(areas_mm2[-1])
    return Trend(last, power, slope, bend, _runs_out(last**power, slope, bend))


def _parabola(at_mm: Array, values: Array) -> tuple[float, float]:
    """Slope at zero and bend of the parabola through three points, the last of them at zero."""
    first, second = (values[:2] - values[2]) / at_mm[:2]
    bend = float((first - second) / (at_mm[0] - at_mm[1]))
    return float(second - bend * at_mm[1]), bend


def _runs_out(last: float, slope: float, bend: float) -> float:
    """Distance at which ``last + slope s + bend s^2`` is gone; infinite where it never is."""
    if abs(bend) <= 1e-12:
        return -last / slope if slope < 0 else np.inf
    root = slope * slope - 4 * bend * last
    # A cone's area touches zero and turns: rounding must not make it miss.
    if root < -TOUCHES * slope * slope:
        return np.inf
    ends = [(-slope + sign * np.sqrt(max(root, 0.0))) / (2 * bend) for sign in (-1.0, 1.0)]
    return float(min((end for end in ends if end > 0), default=np.inf))
