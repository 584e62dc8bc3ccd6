"""Contours of one structure as a stack of parallel planes, in a frame of their own.

The frame's third axis is the planes' normal; its first two lie in the plane, along patient axes where the
planes allow. Offsets come from the contours themselves: no slice thickness is ever believed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtplan.model import Contour

__all__ = ["NotPlanarError", "Plane", "Stack", "polygon_area", "ring_areas", "stack_contours", "turned"]

Array = NDArray[np.float64]

# Contours of one plane differ by rounding only; two drawn planes are never this close.
SAME_PLANE_MM = 0.05
FLAT_MM = 0.1
# Vertices that all lie on a lattice were snapped to pixels; the border is then known to a share of one.
COARSE_LATTICE_MM = 0.2
LATTICE_SHARE = 0.3
DRAWN_AT_BEST_MM = 0.02
CORNER_RAD = np.pi / 5


class NotPlanarError(ValueError):
    """The contours do not lie in parallel planes."""


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """The rings of one plane: each (n, 2) in mm along the frame's first two axes."""

    offset_mm: float
    rings: tuple[Array, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Planes in rising order of offset.

    Attributes
    ----------
    frame : ndarray, shape (3, 3)
        Columns are the unit vectors u, v and n in the patient (LPS).
    planes : tuple of Plane
    spacing_mm : float or None
        The distance at which the structure was drawn: the smallest usual gap between its planes; for a
        single plane that of the image, None where that is unknown.
    """

    frame: Array
    planes: tuple[Plane, ...]
    spacing_mm: float | None

    @property
    def rings(self) -> list[Array]:
        """Every ring, plane by plane."""
        return [ring for plane in self.planes for ring in plane.rings]

    @property
    def area_mm2(self) -> float:
        """Sum of the areas of all rings, holes taken for full."""
        return float(np.abs(ring_areas(self.rings)).sum())

    @property
    def offsets_mm(self) -> Array:
        """Offsets of the planes along the normal."""
        return np.array([plane.offset_mm for plane in self.planes])

    @property
    def bounds_mm(self) -> tuple[Array, Array]:
        """Smallest and largest (u, v) of any vertex."""
        u, v = np.concatenate(self.rings).T
        return np.array([u.min(), v.min()]), np.array([u.max(), v.max()])

    @property
    def drawn_within_mm(self) -> float:
        """How far the drawn border may stand from the one that was meant, at the least.

        A share of the pixels that vertices were snapped to, or of what chords cut off a curve.
        """
        rings = [ring for plane in self.planes[:: max(1, len(self.planes) // 8)] for ring in plane.rings]
        flat = np.concatenate(rings)
        lattice = max(_lattice_mm(flat[:, 0]), _lattice_mm(flat[:, 1]))
        chords = _sagittas_mm(rings)
        return max(LATTICE_SHARE * lattice, float(np.median(chords)), DRAWN_AT_BEST_MM)

    @property
    def vertices_mm(self) -> Array:
        """Every vertex in the patient, shape (n, 3)."""
        flat = np.concatenate(self.rings)
        counts = [sum(map(len, plane.rings)) for plane in self.planes]
        heights = np.repeat(self.offsets_mm, counts)
        return turned(np.column_stack([flat, heights]), self.frame.T)


def _lattice_mm(values: Array) -> float:
    """Step of the lattice that all coordinates lie on; 0 where they lie on none coarser than 0.2 mm."""
    steps = np.diff(np.unique(np.round(values, 3)))
    if len(steps) < 3 or (step := float(steps.min())) < COARSE_LATTICE_MM:
        return 0.0
    counts = steps / step
    return step if float(np.abs(counts - np.round(counts)).max()) < 0.05 else 0.0


def _sagittas_mm(rings: Sequence[Array]) -> Array:
    """How far the chords of rings cut the curve that runs through their vertices (mean, two thirds of the sagitta).

    A sharp turn is a corner, not a curve: the sides of a box are straight.
    """
    counts = np.array([len(ring) for ring in rings])
    starts = np.cumsum(counts) - counts
    following = np.arange(1, counts.sum() + 1)
    following[starts + counts - 1] = starts
    points = np.concatenate(rings)
    edges = points[following] - points
    lengths = np.hypot(edges[:, 0], edges[:, 1])
    turned = np.arctan2(edges[:, 1], edges[:, 0])
    turns = np.abs((turned[following] - turned + np.pi) % (2 * np.pi) - np.pi)
    curved = np.where(turns < CORNER_RAD, lengths * turns, 0.0)
    weights = np.maximum(lengths, 1e-9)
    return np.asarray(np.add.reduceat(curved * weights, starts) / np.add.reduceat(weights, starts) / 12.0)


def stack_contours(contours: Sequence[Contour], *, spacing_mm: float | None = None) -> Stack | None:
    """Sort closed planar contours into a stack.

    Parameters
    ----------
    contours : sequence of Contour
        Contours that are no closed ring of three points or more are left out.
    spacing_mm : float, optional
        Spacing of the image the contours were drawn on; used where a single plane gives none.

    Returns
    -------
    Stack or None
        None where no ring is left.

    Raises
    ------
    NotPlanarError
        Where a ring bends by more than 0.1 mm or two rings are not parallel.

    Examples
    --------
    >>> square = np.array([[0, 0, 5], [10, 0, 5], [10, 10, 5], [0, 10, 5]], float)
    >>> stack_contours([Contour(square)], spacing_mm=2).offsets_mm
    array([5.])
    >>> stack_contours([]) is None
    True
    """
    rings = [contour.points_mm for contour in contours if _is_ring(contour)]
    if not rings:
        return None
    drawn = np.concatenate(rings)
    starts = np.cumsum([0, *map(len, rings)])
    frame = _frame(max(rings, key=len), drawn, starts[:-1])
    points = turned(drawn, frame)
    heights = points[:, 2]
    lowest = np.minimum.reduceat(heights, starts[:-1])
    highest = np.maximum.reduceat(heights, starts[:-1])
    if (bend := float((highest - lowest).max())) > 2 * FLAT_MM:
        raise NotPlanarError(f"a contour leaves its plane by {bend / 2:.2f} mm")
    middles = (lowest + highest) / 2
    order = np.argsort(middles, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(middles[order]) > SAME_PLANE_MM) + 1)
    flat = points[:, :2]
    planes = tuple(
        Plane(float(middles[group].mean()), tuple(flat[starts[i] : starts[i + 1]] for i in group)) for group in groups
    )
    return Stack(frame, planes, _spacing(planes, spacing_mm))


def turned(points_mm: Array, frame: Array) -> Array:
    """Return ``points_mm @ frame`` for points of shape (n, 3); most frames only exchange axes, exactly."""
    leading = np.abs(frame).argmax(axis=0)
    if np.array_equal(np.abs(frame), np.eye(3)[:, leading]):
        return np.asarray(points_mm[:, leading] * frame[leading, np.arange(3)])
    return np.asarray(sum(points_mm[:, axis, None] * frame[axis] for axis in range(3)))


def polygon_area(ring: Array) -> float:
    """Signed area of a ring, mm2 (counter-clockwise positive)."""
    x, y = (ring - ring[0]).T
    # The ring starts at the origin, so the edge that closes it adds nothing.
    return float(x[:-1] @ y[1:] - x[1:] @ y[:-1]) / 2


def ring_areas(rings: Sequence[Array]) -> Array:
    """Signed areas of many rings, mm2, shape (n,)."""
    lengths = np.array([len(ring) for ring in rings])
    starts = np.cumsum(lengths) - lengths
    points = np.concatenate(rings)
    # Each ring starts at the origin, so the edge that closes it adds nothing.
    x, y = (points - np.repeat(points[starts], lengths, axis=0)).T
    crossed = np.append(x[:-1] * y[1:] - x[1:] * y[:-1], 0.0)
    crossed[starts[1:] - 1] = 0.0
    return np.asarray(np.add.reduceat(crossed, starts) / 2)


def _is_ring(contour: Contour) -> bool:
    closed = contour.kind.startswith("CLOSED") or contour.kind == "INTERPOLATED_PLANAR"
    return closed and len(contour.points_mm) >= 3


def _normal(ring: Array) -> Array | None:
    """Newell's normal: right for any simple ring, None for one without area."""
    shifted = ring - ring.mean(axis=0)
    normal = np.cross(shifted, np.roll(shifted, -1, axis=0)).sum(axis=0)
    length = float(np.linalg.norm(normal))
    return normal / length if length > 1e-9 else None


def _frame(guide: Array, points: Array, starts: NDArray[np.int64]) -> Array:
    """Frame of the planes; exact patient axes where the planes are square to one."""
    spread = np.maximum.reduceat(points, starts) - np.minimum.reduceat(points, starts)
    flat_axes = np.flatnonzero((spread <= 2 * FLAT_MM).all(axis=0))
    if len(flat_axes):
        third = int(flat_axes[-1])
        frame = np.zeros((3, 3))
        for column, axis in enumerate(((third + 1) % 3, (third + 2) % 3, third)):
            frame[axis, column] = 1.0
        return frame
    normal = _normal(guide)
    if normal is None:
        raise NotPlanarError("a contour has no area, so its plane is unknown")
    leading = int(np.argmax(np.abs(normal)))
    normal = normal * np.sign(normal[leading])
    first = np.zeros(3)
    first[(leading + 1) % 3] = 1.0
    first -= normal * (first @ normal)
    first /= np.linalg.norm(first)
    return np.column_stack([first, np.cross(normal, first), normal])


def _spacing(planes: Sequence[Plane], image_spacing_mm: float | None) -> float | None:
    """Take the spacing that most gaps share; a skipped plane makes some gaps larger, never smaller."""
    gaps = np.diff([plane.offset_mm for plane in planes])
    return float(np.percentile(gaps, 25, method="nearest")) if len(gaps) else image_spacing_mm
