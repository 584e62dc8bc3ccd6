"""Solids with a closed-form volume, and the rings they leave in a plane of slices.

Every solid answers four questions: how large it is (`volume_cc`), where it lies (`extent_mm`), which points are
`inside`, and which `rings` a plane z = constant cuts out of it. A fifth, `place`, maps the unit cube onto the
solid so that equal volumes stay equal; this makes an exact quadrature out of any even set of points.

Coordinates are mm in LPS; slices are planes of constant z.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rtplan.units import MM3_PER_CC

from .polygons import ellipse, stadium

__all__ = ["Box", "Capsule", "Ellipsoid", "Solid", "Tube", "Union", "Without", "sphere"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Triple = tuple[float, float, float]


class Solid(Protocol):
    """What every solid answers; see the module's description."""

    @property
    def volume_cc(self) -> float:
        """Exact volume in cc."""

    @property
    def extent_mm(self) -> Array:
        """Lowest and highest corner, shape (2, 3)."""

    def inside(self, points_mm: Array) -> Mask:
        """Say which of ``(..., 3)`` points lie in the solid, its surface included."""

    def rings(self, z_mm: float) -> tuple[Array, ...]:
        """Return the rings, each (n, 2), that the plane cuts; empty where it misses the solid."""

    def place(self, unit: Array) -> tuple[Array, Array]:
        """Map ``(n, 3)`` points of the unit cube to points in mm and the cc that a share of one stands for."""


def sphere(centre_mm: Triple, radius_mm: float) -> Ellipsoid:
    """Return a ball.

    Examples
    --------
    >>> round(sphere((0, 0, 0), 10).volume_cc, 4)
    4.1888
    """
    return Ellipsoid(centre_mm, (radius_mm, radius_mm, radius_mm))


@dataclass(frozen=True, slots=True)
class Ellipsoid:
    """An ellipsoid with its axes along x, y and z.

    Examples
    --------
    >>> Ellipsoid((0, 0, 0), (3, 2, 1)).rings(1.5)
    ()
    """

    centre_mm: Triple
    semi_axes_mm: Triple

    @property
    def volume_cc(self) -> float:
        """4/3 pi abc."""
        return 4 / 3 * math.pi * math.prod(self.semi_axes_mm) / MM3_PER_CC

    @property
    def extent_mm(self) -> Array:
        """Centre minus and plus the semi-axes."""
        return _around(self.centre_mm, self.semi_axes_mm)

    def inside(self, points_mm: Array) -> Mask:
        """Compare the scaled radius with one."""
        return np.asarray(self.scaled_radius(points_mm) <= 1.0)

    def scaled_radius(self, points_mm: Array) -> Array:
        """Return the distance from the centre in semi-axes: one on the surface."""
        scaled = (np.asarray(points_mm) - self.centre_mm) / self.semi_axes_mm
        return np.asarray(np.sqrt(np.einsum("...i,...i", scaled, scaled)))

    def rings(self, z_mm: float) -> tuple[Array, ...]:
        """Return one ellipse, or none."""
        height = (z_mm - self.centre_mm[2]) / self.semi_axes_mm[2]
        if abs(height) >= 1:
            return ()
        shrink = math.sqrt(1 - height**2)
        a, b = self.semi_axes_mm[0] * shrink, self.semi_axes_mm[1] * shrink
        return (ellipse(self.centre_mm[:2], (a, b)),)

    def place(self, unit: Array) -> tuple[Array, Array]:
        """Take the first coordinate to a cubed radius, the others to a direction even on the sphere."""
        direction = _direction(2 * unit[:, 1] - 1, 2 * math.pi * unit[:, 2])
        points = self.centre_mm + np.cbrt(unit[:, :1]) * direction * self.semi_axes_mm
        return points, np.full(len(unit), self.volume_cc)


@dataclass(frozen=True, slots=True)
class Tube:
    """An elliptic cylinder along z with flat ends.

    Examples
    --------
    >>> round(Tube((0, 0), (5, 5), -10, 10).volume_cc, 4)
    1.5708
    """

    centre_mm: tuple[float, float]
    semi_axes_mm: tuple[float, float]
    low_z_mm: float
    high_z_mm: float

    @property
    def volume_cc(self) -> float:
        """Pi ab times the length."""
        area = math.pi * math.prod(self.semi_axes_mm)
        return area * (self.high_z_mm - self.low_z_mm) / MM3_PER_CC

    @property
    def extent_mm(self) -> Array:
        """The box around the tube."""
        middle = (self.low_z_mm + self.high_z_mm) / 2
        return _around((*self.centre_mm, middle), (*self.semi_axes_mm, self.high_z_mm - middle))

    def inside(self, points_mm: Array) -> Mask:
        """Compare the scaled distance from the axis with one, and z with the ends."""
        points = np.asarray(points_mm)
        scaled = (points[..., :2] - self.centre_mm) / self.semi_axes_mm
        z = points[..., 2]
        within = (z >= self.low_z_mm) & (z <= self.high_z_mm)
        return np.asarray((np.einsum("...i,...i", scaled, scaled) <= 1.0) & within)

    def rings(self, z_mm: float) -> tuple[Array, ...]:
        """Return the same ellipse between the ends."""
        if not self.low_z_mm < z_mm < self.high_z_mm:
            return ()
        return (ellipse(self.centre_mm, self.semi_axes_mm),)

    def place(self, unit: Array) -> tuple[Array, Array]:
        """Take the first coordinate to a squared radius, the second to an angle, the third to z."""
        angle = 2 * math.pi * unit[:, 1]
        disc = np.sqrt(unit[:, :1]) * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        z = self.low_z_mm + unit[:, 2:] * (self.high_z_mm - self.low_z_mm)
        points = np.hstack([self.centre_mm + disc * self.semi_axes_mm, z])
        return points, np.full(len(unit), self.volume_cc)


@dataclass(frozen=True, slots=True)
class Box:
    """A box with its edges along x, y and z."""

    low_mm: Triple
    high_mm: Triple

    @property
    def volume_cc(self) -> float:
        """Product of the edges."""
        return float(np.prod(np.subtract(self.high_mm, self.low_mm))) / MM3_PER_CC

    @property
    def extent_mm(self) -> Array:
        """The two corners."""
        return np.array([self.low_mm, self.high_mm], dtype=np.float64)

    def inside(self, points_mm: Array) -> Mask:
        """Compare with both corners."""
        points = np.asarray(points_mm)
        return np.asarray(((points >= self.low_mm) & (points <= self.high_mm)).all(axis=-1))

    def rings(self, z_mm: float) -> tuple[Array, ...]:
        """Return the same rectangle between the ends."""
        (x0, y0, z0), (x1, y1, z1) = self.low_mm, self.high_mm
        if not z0 < z_mm < z1:
            return ()
        return (np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], dtype=np.float64),)

    def place(self, unit: Array) -> tuple[Array, Array]:
        """Scale the unit cube."""
        low, high = self.extent_mm
        return low + unit * (high - low), np.full(len(unit), self.volume_cc)


@dataclass(frozen=True, slots=True)
class Capsule:
    """Every point within `radius_mm` of a segment along y: a margin around it is again a capsule.

    Examples
    --------
    >>> Capsule((0, 0, 0), 30, 5).grown(5).radius_mm
    10
    """

    centre_mm: Triple
    length_mm: float
    radius_mm: float

    def grown(self, margin_mm: float) -> Capsule:
        """Return the capsule with a margin in every direction."""
        return Capsule(self.centre_mm, self.length_mm, self.radius_mm + margin_mm)

    @property
    def volume_cc(self) -> float:
        """A cylinder and two half balls."""
        return (self._shaft_mm3 + 4 / 3 * math.pi * self.radius_mm**3) / MM3_PER_CC

    @property
    def _shaft_mm3(self) -> float:
        return math.pi * self.radius_mm**2 * self.length_mm

    @property
    def extent_mm(self) -> Array:
        """The box around the capsule."""
        radius = self.radius_mm
        return _around(self.centre_mm, (radius, radius + self.length_mm / 2, radius))

    def distance_mm(self, points_mm: Array) -> Array:
        """Return the distance of points from the segment."""
        offset = np.asarray(points_mm) - self.centre_mm
        half = self.length_mm / 2
        beyond = offset[..., 1] - np.clip(offset[..., 1], -half, half)
        return np.asarray(np.sqrt(offset[..., 0] ** 2 + beyond**2 + offset[..., 2] ** 2))

    def inside(self, points_mm: Array) -> Mask:
        """Compare the distance from the segment with the radius."""
        return np.asarray(self.distance_mm(points_mm) <= self.radius_mm)

    def rings(self, z_mm: float) -> tuple[Array, ...]:
        """Return one stadium, or none."""
        height = z_mm - self.centre_mm[2]
        if abs(height) >= self.radius_mm:
            return ()
        radius = math.sqrt(self.radius_mm**2 - height**2)
        return (stadium(self.centre_mm[:2], self.length_mm, radius),)

    def place(self, unit: Array) -> tuple[Array, Array]:
        """Give the shaft and the ends the share of the second coordinate that they have of the volume."""
        shaft = self._shaft_mm3 / (self.volume_cc * MM3_PER_CC)
        in_shaft = unit[:, 1] < shaft
        along = np.where(in_shaft, unit[:, 1] / shaft, (unit[:, 1] - shaft) / (1 - shaft))
        angle = 2 * math.pi * unit[:, 2]
        rod = np.sqrt(unit[:, 0]) * [np.cos(angle), 0 * angle, np.sin(angle)]
        rod[1] = (along - 0.5) * self.length_mm / self.radius_mm
        ball = np.cbrt(unit[:, 0]) * _direction(2 * along - 1, angle).T[[0, 2, 1]]
        ball[1] += np.sign(ball[1]) * self.length_mm / 2 / self.radius_mm
        offset = np.where(in_shaft, rod, ball).T
        return self.centre_mm + self.radius_mm * offset, np.full(len(unit), self.volume_cc)


@dataclass(frozen=True, slots=True)
class Union:
    """Several solids that do not touch: their volumes add."""

    parts: tuple[Solid, ...]

    @property
    def volume_cc(self) -> float:
        """Sum of the parts."""
        return sum(part.volume_cc for part in self.parts)

    @property
    def extent_mm(self) -> Array:
        """The box around all parts."""
        corners = np.array([part.extent_mm for part in self.parts])
        return np.array([corners[:, 0].min(axis=0), corners[:, 1].max(axis=0)])

    def inside(self, points_mm: Array) -> Mask:
        """Inside any part."""
        return np.asarray(np.any([part.inside(points_mm) for part in self.parts], axis=0))

    def rings(self, z_mm: float) -> tuple[Array, ...]:
        """Return the rings of every part."""
        return tuple(ring for part in self.parts for ring in part.rings(z_mm))

    def place(self, unit: Array) -> tuple[Array, Array]:
        """Place the same points in every part."""
        points, volumes = zip(*(part.place(unit) for part in self.parts), strict=True)
        return np.concatenate(points), np.concatenate(volumes)


@dataclass(frozen=True, slots=True)
class Without:
    """A solid less holes that lie wholly in it and apart from one another."""

    outer: Solid
    holes: tuple[Solid, ...]

    @property
    def volume_cc(self) -> float:
        """The outer volume less the holes."""
        return self.outer.volume_cc - sum(hole.volume_cc for hole in self.holes)

    @property
    def extent_mm(self) -> Array:
        """That of the outer solid."""
        return self.outer.extent_mm

    def inside(self, points_mm: Array) -> Mask:
        """Inside the outer solid and in no hole; the surface of a hole still belongs to the solid."""
        in_hole = np.any([hole.inside(points_mm) for hole in self.holes], axis=0)
        return np.asarray(self.outer.inside(points_mm) & ~in_hole)

    def rings(self, z_mm: float) -> tuple[Array, ...]:
        """Return the outer rings, then those of the holes: what lies in two rings is out."""
        return tuple(ring for solid in (self.outer, *self.holes) for ring in solid.rings(z_mm))

    def place(self, unit: Array) -> tuple[Array, Array]:
        """Place the points in the outer solid; those in a hole count for nothing."""
        points, volumes = self.outer.place(unit)
        in_hole = np.any([hole.inside(points) for hole in self.holes], axis=0)
        return points, np.where(in_hole, 0.0, volumes)


def _around(centre_mm: tuple[float, ...], half_mm: tuple[float, ...]) -> Array:
    centre, half = np.array(centre_mm, dtype=np.float64), np.array(half_mm, dtype=np.float64)
    return np.array([centre - half, centre + half])


def _direction(cosine: Array, angle: Array) -> Array:
    sine = np.sqrt(np.clip(1 - cosine**2, 0, None))
    return np.stack([sine * np.cos(angle), sine * np.sin(angle), cosine], axis=1)
