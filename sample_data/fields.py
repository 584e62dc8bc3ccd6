"""Dose functions of position, in Gy, whose level sets are known in closed form.

A `Bell` is the dose around one target: every isodose is an ellipsoid of the same shape. A `Dip` spares a capsule
in an even dose. `Hottest` and `Coolest` put several together without disturbing their level sets where they do
not meet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .solids import Capsule, Ellipsoid

__all__ = ["Bell", "Coolest", "Dip", "Field", "Gradient", "Hottest", "Uniform"]

Array = NDArray[np.float64]
Triple = tuple[float, float, float]


class Field(Protocol):
    """A dose in Gy at every point of space."""

    def dose_gy(self, points_mm: Array) -> Array:
        """Return the dose at ``(..., 3)`` points."""


@dataclass(frozen=True, slots=True)
class Uniform:
    """The same dose everywhere."""

    level_gy: float

    def dose_gy(self, points_mm: Array) -> Array:
        """Return the level at every point."""
        return np.full(np.shape(points_mm)[:-1], self.level_gy)


@dataclass(frozen=True, slots=True)
class Gradient:
    """A dose that changes linearly: `origin_gy` at the origin, `slope_gy_per_mm` along each axis."""

    origin_gy: float
    slope_gy_per_mm: Triple

    def dose_gy(self, points_mm: Array) -> Array:
        """Return the dose of the plane through each point."""
        return np.asarray(self.origin_gy + np.asarray(points_mm) @ np.array(self.slope_gy_per_mm))


@dataclass(frozen=True, slots=True)
class Bell:
    """``peak / (1 + (peak/edge - 1) rho^steepness)``, where rho is the scaled radius of `edge`.

    Attributes
    ----------
    edge : Ellipsoid
        The isodose surface of `edge_gy`.
    edge_gy, peak_gy : float
        Dose on that surface and at its centre.
    steepness : float
        The exponent: far away the dose falls with this power of the distance.

    Examples
    --------
    >>> from .solids import sphere
    >>> bell = Bell(sphere((0, 0, 0), 10), 50.0, 65.0, 4.0)
    >>> round(float(bell.dose_gy(np.array([10.0, 0, 0]))), 6)
    50.0
    """

    edge: Ellipsoid
    edge_gy: float
    peak_gy: float
    steepness: float

    def dose_gy(self, points_mm: Array) -> Array:
        """Return the dose from the scaled radius alone."""
        fall = (self.peak_gy / self.edge_gy - 1) * self.edge.scaled_radius(points_mm) ** self.steepness
        return np.asarray(self.peak_gy / (1 + fall))

    def isodose(self, level_gy: float) -> Ellipsoid | None:
        """Return the ellipsoid that receives `level_gy` or more; None at the peak and above."""
        if level_gy >= self.peak_gy:
            return None
        fall = (self.peak_gy / level_gy - 1) / (self.peak_gy / self.edge_gy - 1)
        a, b, c = (axis * fall ** (1 / self.steepness) for axis in self.edge.semi_axes_mm)
        return Ellipsoid(self.edge.centre_mm, (a, b, c))


@dataclass(frozen=True, slots=True)
class Dip:
    """`around_gy` less a bell-shaped dip down to `floor_gy` on the axis of a capsule.

    Half of the dip is left at `half_depth_mm` from the axis.
    """

    spared: Capsule
    floor_gy: float
    around_gy: float
    half_depth_mm: float
    steepness: float

    def dose_gy(self, points_mm: Array) -> Array:
        """Return the dose from the distance to the capsule's axis alone."""
        rise = (self.spared.distance_mm(points_mm) / self.half_depth_mm) ** self.steepness
        return np.asarray(self.around_gy - (self.around_gy - self.floor_gy) / (1 + rise))


@dataclass(frozen=True, slots=True)
class Hottest:
    """The largest of several fields at each point."""

    fields: tuple[Field, ...]

    def dose_gy(self, points_mm: Array) -> Array:
        """Return the maximum over the fields."""
        return np.asarray(np.max([field.dose_gy(points_mm) for field in self.fields], axis=0))


@dataclass(frozen=True, slots=True)
class Coolest:
    """The least of several fields at each point."""

    fields: tuple[Field, ...]

    def dose_gy(self, points_mm: Array) -> Array:
        """Return the minimum over the fields."""
        return np.asarray(np.min([field.dose_gy(points_mm) for field in self.fields], axis=0))
