"""Solids that are not balls: what a plane z = constant cuts out of each, which points it holds, its volume.

They stand beside those of :mod:`sample_data.solids`. Rings are closed forms, drawn with vertices on the true curve
about as densely as a planning system draws them. Coordinates are mm in LPS; slices are planes of constant z.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from rtplan.units import MM3_PER_CC

__all__ = ["Frustum", "Kidney", "Solid", "TiltedEllipsoid", "Torus"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Triple = tuple[float, float, float]

ROUND = 180
STRAIGHT_MM = 0.5
# A ring narrower than this is a point, which nobody draws.
SMALLEST_MM = 0.02


class Solid(Protocol):
    """What every solid answers."""

    @property
    def volume_cc(self) -> float:
        """Exact volume in cc."""

    @property
    def extent_mm(self) -> Array:
        """Lowest and highest corner, shape (2, 3)."""

    def inside(self, points_mm: Array) -> Mask:
        """Say which of ``(..., 3)`` points lie in the solid."""

    def rings(self, z_mm: float) -> tuple[Array, ...]:
        """Return the rings, each (n, 2), that the plane cuts; empty where it misses the solid."""


@dataclass(frozen=True, slots=True)
class Frustum:
    """A cylinder or a cone, upright (along +z) or lying (along -y, from posterior to anterior).

    Attributes
    ----------
    centre_mm : tuple of float
        Half way up the axis.
    height_mm : float
    radii_mm : tuple of float
        At the start and the end of the axis: equal for a cylinder, zero first for a cone.
    along : {"z", "-y"}

    Examples
    --------
    >>> cone = Frustum((0, 0, 0), 24.0, (0.0, 12.0), "z")
    >>> round(cone.volume_cc, 3), cone.rings(12.5)
    (3.619, ())
    """

    centre_mm: Triple
    height_mm: float
    radii_mm: tuple[float, float]
    along: Literal["z", "-y"]

    @property
    def volume_cc(self) -> float:
        """Pi h (a^2 + ab + b^2) / 3."""
        a, b = self.radii_mm
        return math.pi * self.height_mm * (a * a + a * b + b * b) / 3 / MM3_PER_CC

    @property
    def extent_mm(self) -> Array:
        """The box around it."""
        wide, half = max(self.radii_mm), self.height_mm / 2
        reach = (wide, wide, half) if self.along == "z" else (wide, half, wide)
        return _around(self.centre_mm, reach)

    def inside(self, points_mm: Array) -> Mask:
        """Compare the distance from the axis with the radius at that height."""
        x, y, z = np.moveaxis(np.asarray(points_mm) - self.centre_mm, -1, 0)
        across, height = (y, z) if self.along == "z" else (z, -y)
        up = height + self.height_mm / 2
        within = (up >= 0) & (up <= self.height_mm)
        return np.asarray(within & (np.hypot(x, across) <= self._radius(up)))

    def rings(self, z_mm: float) -> tuple[Array, ...]:
        """Return a circle, a rectangle or the branch of a hyperbola; a flat end is drawn on its own plane."""
        height = z_mm - self.centre_mm[2]
        if self.along == "z":
            up = height + self.height_mm / 2
            radius = float(self._radius(up))
            drawn = -1e-9 <= up <= self.height_mm + 1e-9 and radius > SMALLEST_MM
            return (_circle(self.centre_mm[:2], radius),) if drawn else ()
        widest = math.sqrt(max(max(self.radii_mm) ** 2 - height**2, 0.0))
        return (self._lying(abs(height)),) if widest > SMALLEST_MM else ()

    def _radius(self, up_mm: Array | float) -> Array:
        first, last = self.radii_mm
        return np.asarray(first + (last - first) * np.asarray(up_mm) / self.height_mm)

    def _lying(self, height_mm: float) -> Array:
        first, last = self.radii_mm
        start = 0.0 if first > height_mm else self.height_mm * (height_mm - first) / (last - first)
        # Points crowd towards the tip of a hyperbola, where it bends.
        count = int(self.height_mm / STRAIGHT_MM) + 2
        up = start + (self.height_mm - start) * np.linspace(0, 1, count) ** (2 if start > 0 or first == 0 else 1)
        wide = np.sqrt(np.maximum(self._radius(up) ** 2 - height_mm**2, 0.0))
        half = np.column_stack([wide, -(up - self.height_mm / 2)])
        outline = np.concatenate([half, _edge(half[-1]), (half * (-1, 1))[::-1], _edge(half[0] * (-1, 1))])
        return _distinct(outline + self.centre_mm[:2])


@dataclass(frozen=True, slots=True)
class TiltedEllipsoid:
    """An ellipsoid around the origin whose axes are the columns of a rotation matrix.

    Examples
    --------
    >>> ball = TiltedEllipsoid((5.0, 5.0, 5.0), ((1, 0, 0), (0, 1, 0), (0, 0, 1)))
    >>> ball.extent_mm[1].tolist(), ball.rings(5.0)
    ([5.0, 5.0, 5.0], ())
    """

    semi_axes_mm: Triple
    turn: tuple[Triple, Triple, Triple]

    @property
    def volume_cc(self) -> float:
        """4/3 pi abc."""
        return 4 / 3 * math.pi * math.prod(self.semi_axes_mm) / MM3_PER_CC

    @property
    def extent_mm(self) -> Array:
        """The box around it."""
        return _around((0.0, 0.0, 0.0), tuple(np.linalg.norm(np.array(self.turn) * self.semi_axes_mm, axis=1)))

    def inside(self, points_mm: Array) -> Mask:
        """Compare the scaled radius with one."""
        own = np.asarray(points_mm) @ np.array(self.turn) / self.semi_axes_mm
        return np.asarray(np.einsum("...i,...i", own, own) <= 1.0)

    def rings(self, z_mm: float) -> tuple[Array, ...]:
        """Return one ellipse, or none: the quadratic form of the solid at this z."""
        axes = np.array(self.turn) / self.semi_axes_mm
        form = axes @ axes.T
        flat, mixed = form[:2, :2], form[:2, 2]
        middle = -np.linalg.solve(flat, mixed) * z_mm
        left = 1 - z_mm**2 * (form[2, 2] - mixed @ np.linalg.solve(flat, mixed))
        if left < (SMALLEST_MM / max(self.semi_axes_mm)) ** 2:
            return ()
        values, vectors = np.linalg.eigh(flat)
        return (_circle((0.0, 0.0), 1.0) * np.sqrt(left / values) @ vectors.T + middle,)


@dataclass(frozen=True, slots=True)
class Torus:
    """A ring around the z axis: every point within `small_mm` of a circle of radius `large_mm`."""

    large_mm: float
    small_mm: float

    @property
    def volume_cc(self) -> float:
        """2 pi^2 R a^2."""
        return 2 * math.pi**2 * self.large_mm * self.small_mm**2 / MM3_PER_CC

    @property
    def extent_mm(self) -> Array:
        """The box around it."""
        wide = self.large_mm + self.small_mm
        return _around((0.0, 0.0, 0.0), (wide, wide, self.small_mm))

    def inside(self, points_mm: Array) -> Mask:
        """Compare the distance from the circle with the small radius."""
        x, y, z = np.moveaxis(np.asarray(points_mm), -1, 0)
        return np.asarray(np.hypot(np.hypot(x, y) - self.large_mm, z) <= self.small_mm)

    def rings(self, z_mm: float) -> tuple[Array, ...]:
        """Return the outer circle and the hole, or none."""
        half = math.sqrt(max(self.small_mm**2 - z_mm**2, 0.0))
        if half < SMALLEST_MM:
            return ()
        return _circle((0.0, 0.0), self.large_mm + half), _circle((0.0, 0.0), self.large_mm - half)


@dataclass(frozen=True, slots=True)
class Kidney:
    """Half a torus with round ends: an arch over the x axis, its two feet on the plane z = 0.

    Low planes cut two lobes, high ones a single bent one.
    """

    large_mm: float
    small_mm: float

    @property
    def volume_cc(self) -> float:
        """Pi^2 R a^2 and two half balls."""
        shaft = math.pi**2 * self.large_mm * self.small_mm**2
        return (shaft + 4 / 3 * math.pi * self.small_mm**3) / MM3_PER_CC

    @property
    def extent_mm(self) -> Array:
        """The box around it."""
        wide = self.large_mm + self.small_mm
        return np.array([[-wide, -self.small_mm, -self.small_mm], [wide, self.small_mm, wide]])

    def inside(self, points_mm: Array) -> Mask:
        """Compare the distance from the half circle with the small radius."""
        x, y, z = np.moveaxis(np.asarray(points_mm), -1, 0)
        arch = np.hypot(np.hypot(x, z) - self.large_mm, y)
        foot = np.sqrt((np.abs(x) - self.large_mm) ** 2 + y**2 + z**2)
        return np.asarray(np.where(z >= 0, arch, foot) <= self.small_mm)

    def rings(self, z_mm: float) -> tuple[Array, ...]:
        """Return two circles, two ovals, one bent oval, or none."""
        if z_mm < 0:
            radius = math.sqrt(max(self.small_mm**2 - z_mm**2, 0.0))
            ring = _circle((self.large_mm, 0.0), radius)
            return (ring, ring * (-1, 1)) if radius > SMALLEST_MM else ()
        if z_mm > self.large_mm + self.small_mm - SMALLEST_MM / 100:
            return ()
        low = max(self.large_mm - self.small_mm, z_mm)
        middle = (low + self.large_mm + self.small_mm) / 2
        # Points crowd towards both ends of the range of distances, where the outline turns around.
        distance = middle - (middle - low) * np.cos(np.linspace(0, math.pi, ROUND // 2))
        x = np.sqrt(np.maximum(distance**2 - z_mm**2, 0.0))
        y = np.sqrt(np.maximum(self.small_mm**2 - (distance - self.large_mm) ** 2, 0.0))
        upper = np.column_stack([x, y])
        lobe = np.concatenate([upper, (upper * (1, -1))[::-1]])
        if z_mm < self.large_mm - self.small_mm:
            ring = _distinct(lobe)
            return ring, ring * (-1, 1)
        return (_distinct(np.concatenate([upper, (upper * (1, -1))[::-1], upper * (-1, -1), (upper * (-1, 1))[::-1]])),)


def _around(centre_mm: tuple[float, ...], reach_mm: tuple[float, ...]) -> Array:
    centre, reach = np.array(centre_mm, dtype=np.float64), np.array(reach_mm, dtype=np.float64)
    return np.array([centre - reach, centre + reach])


def _circle(centre_mm: tuple[float, ...], radius_mm: float) -> Array:
    angle = 2 * math.pi * (np.arange(ROUND) + 0.5) / ROUND
    return np.asarray(np.column_stack([np.cos(angle), np.sin(angle)]) * radius_mm + centre_mm)


def _edge(corner_mm: Array) -> Array:
    """Points between a corner and its mirror image across the axis, both left out."""
    count = int(2 * abs(corner_mm[0]) / STRAIGHT_MM) + 2
    return np.linspace(corner_mm, corner_mm * (-1, 1), count)[1:-1]


def _distinct(ring: Array) -> Array:
    """Drop a vertex that repeats the one before it."""
    fresh = np.abs(ring - np.roll(ring, 1, axis=0)).max(axis=1) > 1e-9
    return np.asarray(ring[fresh])
