"""Exact area coverage of rings on a raster of square cells.

Every edge is cut where it crosses a cell border; each piece adds the signed area to its right, and a running
sum along the row turns the pieces into coverage. All planes of a structure go through one pass of array code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .stack import polygon_area

__all__ = ["Raster", "cover", "inside", "ring_signs"]

Array = NDArray[np.float64]

# A cut this close to an edge's end makes no piece worth having, and must not be taken for the next edge's.
LAST_CUT = 1.0 - 1e-10

SAME_VERTEX_MM = 1e-3


@dataclass(frozen=True, slots=True)
class Raster:
    """`columns` x `rows` square cells of side `cell_mm`, the first corner at `corner_mm` (u, v)."""

    corner_mm: tuple[float, float]
    cell_mm: float
    columns: int
    rows: int

    @classmethod
    def around(cls, low: Array, high: Array, cell_mm: float, *, margin_mm: float = 0.0) -> Raster:
        """Cells around a box, centred on it, with at least two cells to spare on every side.

        Centred, so that a mirrored or turned structure meets the mirrored or turned cells.
        """
        counts = np.ceil((high - low + 2 * margin_mm) / cell_mm).astype(int) + 4
        corner = (low + high) / 2 - counts * cell_mm / 2
        return cls((float(corner[0]), float(corner[1])), cell_mm, int(counts[0]), int(counts[1]))

    @property
    def u_mm(self) -> Array:
        """Centres of the columns."""
        return np.asarray(self.corner_mm[0] + (np.arange(self.columns) + 0.5) * self.cell_mm, dtype=np.float64)

    @property
    def v_mm(self) -> Array:
        """Centres of the rows."""
        return np.asarray(self.corner_mm[1] + (np.arange(self.rows) + 0.5) * self.cell_mm, dtype=np.float64)


def cover(planes: Sequence[Sequence[Array]], raster: Raster) -> Array:
    """Share of each cell that lies inside the rings of each plane.

    Parameters
    ----------
    planes : sequence of sequences of ndarray, shape (n, 2)
        The rings of each plane, mm; a ring inside another is a hole, one inside a hole an island.
    raster : Raster
        Holds every ring.

    Returns
    -------
    ndarray, shape (planes, rows, columns)
        0 to 1; its sum times the cell's area is the exact area. Rings that overlap without one holding
        the other count as their union.

    Examples
    --------
    >>> ring = np.array([[0.5, 0.5], [1.5, 0.5], [1.5, 1.5], [0.5, 1.5]])
    >>> cover([[ring]], Raster((0.0, 0.0), 1.0, 2, 2))[0]
    array([[0.25, 0.25],
           [0.25, 0.25]])
    >>> cover([[]], Raster((0.0, 0.0), 1.0, 2, 2)).sum()
    np.float64(0.0)
    """
    shape = (len(planes), raster.rows, raster.columns + 1)
    edges = _edges(planes, raster)
    if edges is None:
        return np.zeros((len(planes), raster.rows, raster.columns))
    start, end, sign, plane = edges
    piece_edge, first, second = _cut(start, end)
    delta = end[piece_edge] - start[piece_edge]
    origin = start[piece_edge]
    middle = origin + delta * ((first + second) / 2)[:, None]
    column = np.clip(np.floor(middle[:, 0]).astype(np.int64), 0, raster.columns - 1)
    row = np.clip(np.floor(middle[:, 1]).astype(np.int64), 0, raster.rows - 1)
    rise = delta[:, 1] * (second - first) * -sign[piece_edge]
    right = middle[:, 0] - column
    index = (plane[piece_edge] * shape[1] + row) * shape[2] + column
    size = shape[0] * shape[1] * shape[2]
    shares = np.concatenate([rise * (1 - right), rise * right])
    area = np.bincount(np.concatenate([index, index + 1]), shares, size).reshape(shape)
    np.cumsum(area, axis=2, out=area)
    # Rounding leaves 1e-15; a crossed ring leaves a negative lobe, two overlapping rings leave 2.
    filled: Array = np.minimum(np.abs(area, out=area)[:, :, :-1], 1.0)
    filled[filled < 1e-12] = 0.0
    return filled


def ring_signs(rings: Sequence[Array]) -> list[float]:
    """Sign that makes each ring add (+) or take away (-) area: even nesting depth adds.

    The sign already undoes the ring's own winding. A ring that was written twice counts once: its copy has zero.
    """
    copies = [any(_repeats(ring, earlier) for earlier in rings[:own]) for own, ring in enumerate(rings)]
    signs = []
    for own, ring in enumerate(rings):
        holders = (other for at, other in enumerate(rings) if at != own and not copies[at])
        depth = sum(_holds(other, ring) for other in holders)
        winding = 1.0 if polygon_area(ring) >= 0 else -1.0
        signs.append(0.0 if copies[own] else winding * (-1.0 if depth % 2 else 1.0))
    return signs


def _repeats(ring: Array, other: Array) -> bool:
    """Whether two rings have the same vertices, wherever they start and whichever way they go."""
    if (np.abs(ring.min(axis=0) - other.min(axis=0)) > SAME_VERTEX_MM).any():
        return False
    one, two = (np.unique(np.round(points, 4), axis=0) for points in (ring, other))
    return one.shape == two.shape and bool((np.abs(one - two) <= SAME_VERTEX_MM).all())


def _holds(outer: Array, inner: Array) -> bool:
    """Whether a ring lies inside another: by most of a few of its vertices (one may touch the border)."""
    if (inner.min(axis=0) < outer.min(axis=0)).any() or (inner.max(axis=0) > outer.max(axis=0)).any():
        return False
    return bool(inside(inner[:: max(1, len(inner) // 8)], outer).mean() > 0.5)


def inside(points: Array, ring: Array) -> NDArray[np.bool_]:
    """Say of each point, shape (n, 2), whether an odd number of the ring's windings encloses it."""
    after = np.roll(ring, -1, axis=0)
    rising = (ring[:, 1] <= points[:, 1, None]) != (after[:, 1] <= points[:, 1, None])
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (after[:, 0] - ring[:, 0]) / (after[:, 1] - ring[:, 1])
    crossing = ring[:, 0] + (points[:, 1, None] - ring[:, 1]) * np.where(rising, slope, 0.0)
    return np.asarray((rising & (crossing > points[:, 0, None])).sum(axis=1) % 2 == 1)


def _edges(planes: Sequence[Sequence[Array]], raster: Raster) -> tuple[Array, Array, Array, NDArray[np.int64]] | None:
    """All edges of all planes in cell units, with the sign of their ring and the index of their plane."""
    rings = [ring for plane in planes for ring in plane]
    if not rings:
        return None
    signs = np.concatenate([ring_signs(plane) for plane in planes])
    lengths = np.array([len(ring) for ring in rings])
    start = (np.concatenate(rings) - raster.corner_mm) / raster.cell_mm
    ends = np.cumsum(lengths)
    following = np.arange(1, len(start) + 1)
    following[ends - 1] = ends - lengths
    which = np.repeat(np.arange(len(planes)), [len(plane) for plane in planes])
    return start, start[following], np.repeat(signs, lengths), np.repeat(which, lengths)


def _cut(start: Array, end: Array) -> tuple[NDArray[np.int64], Array, Array]:
    """Cut edges at every cell border; give each piece its edge and the parameters where it starts and ends."""
    # Edge number plus parameter in one value: one plain sort brings the pieces of every edge into their order.
    cuts: list[Array] = [np.arange(len(start), dtype=np.float64)]
    for axis in (0, 1):
        edge, at = _crossings(start[:, axis], end[:, axis])
        inner = at < LAST_CUT
        cuts.append(np.asarray(edge[inner] + at[inner], dtype=np.float64))
    keys = np.sort(np.concatenate(cuts))
    edge = keys.astype(np.int64)
    at = keys - edge
    following = np.append(at[1:], 1.0)
    following[np.flatnonzero(np.diff(edge))] = 1.0
    return edge, at, following


def _crossings(start: Array, end: Array) -> tuple[NDArray[np.int64], Array]:
    """Edges and parameters at which a coordinate passes a whole number."""
    low = np.floor(np.minimum(start, end)) + 1
    count = np.maximum(np.ceil(np.maximum(start, end)) - low, 0).astype(np.int64)
    edge = np.repeat(np.arange(len(start)), count)
    rank = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    at = (low[edge] + rank - start[edge]) / (end[edge] - start[edge])
    return edge, np.clip(at, 0.0, 1.0)
