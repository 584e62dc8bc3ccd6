"""Exact area coverage of rings on a raster of square cells.

Every edge is cut where it crosses a cell border; each piece adds the signed area to its right, and a running
sum along the row turns the pieces into coverage. All planes of a structure go through one pass of array code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .stack import polygon_area, ring_areas

__all__ = ["Raster", "cover", "inside", "ring_signs"]

Array = NDArray[np.float64]

# A cut this close to an edge's end makes no piece worth having, and must not be taken for the next edge's.
LAST_CUT = 1.0 - 1e-10

SAME_VERTEX_MM = 1e-3
ROUNDING = 1e-12
CACHED_CELLS = 1 << 17


@dataclass(frozen=True, slots=True)
class Raster:
    """`columns` x `rows` square cells of side `cell_mm`, the first corner at `corner_mm` (u, v)."""

    corner_mm: tuple[float, float]
    cell_mm: float
    columns: int
    rows: int

    @classmethod
    def around(
        cls,
        low: Array,
        high: Array,
        cell_mm: float,
        *,
        margin_mm: float = 0.0,
        phase_mm: tuple[float, float] | None = None,
    ) -> Raster:
        """Cells around a box, centred on it, with at least two cells to spare on every side.

        Centred, so that a mirrored or turned structure meets the mirrored or turned cells; or with the centre of
        one of them at a phase (u, v).
        """
        if phase_mm is not None:
            first = np.floor((low - margin_mm - phase_mm) / cell_mm + 0.5).astype(int) - 2
            last = np.ceil((high + margin_mm - phase_mm) / cell_mm - 0.5).astype(int) + 2
            corner = phase_mm + (first - 0.5) * cell_mm
            columns, rows = last - first + 1
            return cls((float(corner[0]), float(corner[1])), cell_mm, int(columns), int(rows))
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
    edges = _edges(planes, raster)
    filled = np.zeros((len(planes), raster.rows, raster.columns))
    if edges is None:
        return filled
    start, end, sign, firsts = edges
    # As many planes at a time as stay in the processor's cache: the passes below are bound by memory.
    step = max(1, CACHED_CELLS // (raster.rows * (raster.columns + 1)))
    for low in range(0, len(planes), step):
        high = min(low + step, len(planes))
        own = slice(firsts[low], firsts[high])
        plane = np.repeat(np.arange(high - low), np.diff(firsts[low : high + 1]))
        _cover(start[own], end[own], sign[own], plane, filled[low:high])
    return filled


def _cover(start: Array, end: Array, sign: Array, plane: NDArray[np.int64], filled: Array) -> None:
    """Fill the coverage of some planes from their edges, which are in cell units."""
    count, rows, columns = filled.shape
    if len(start) == 0:
        return
    edge, first, last = _cut(start, end)
    delta = (end - start)[edge]
    middle = start[edge] + delta * ((first + last) / 2)[:, None]
    corner = np.floor(middle).astype(np.int64)
    # An edge may lie on the raster's very border.
    np.clip(corner, 0, (columns - 1, rows - 1), out=corner)
    rise = delta[:, 1] * (last - first) * -sign[edge]
    right = (middle[:, 0] - corner[:, 0]) * rise
    index = (plane[edge] * rows + corner[:, 1]) * (columns + 1) + corner[:, 0]
    size = count * rows * (columns + 1)
    area = np.bincount(index, rise - right, size)
    area[1:] += np.bincount(index, right, size - 1)
    area = area.reshape(count, rows, columns + 1)
    np.cumsum(area, axis=2, out=area)
    # Rounding leaves 1e-15; a crossed ring leaves a negative lobe, two overlapping rings leave 2.
    np.minimum(np.abs(area[:, :, :-1], out=filled), 1.0, out=filled)
    filled[filled < ROUNDING] = 0.0


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
    """All edges of all planes in cell units, the sign of their ring, and where each plane's edges begin."""
    rings = [ring for plane in planes for ring in plane]
    if not rings:
        return None
    signs = _signs(planes, rings)
    lengths = np.array([len(ring) for ring in rings])
    start = (np.concatenate(rings) - raster.corner_mm) / raster.cell_mm
    ends = np.cumsum(lengths)
    following = np.arange(1, len(start) + 1)
    following[ends - 1] = ends - lengths
    firsts = np.append(0, ends)[np.cumsum([0, *map(len, planes)])]
    return start, start[following], np.repeat(signs, lengths), firsts


def _signs(planes: Sequence[Sequence[Array]], rings: Sequence[Array]) -> Array:
    """Signs of all rings; only planes with several rings can have holes."""
    signs = np.where(ring_areas(rings) >= 0, 1.0, -1.0)
    first = 0
    for plane in planes:
        if len(plane) > 1:
            signs[first : first + len(plane)] = ring_signs(plane)
        first += len(plane)
    return signs


def _cut(start: Array, end: Array) -> tuple[NDArray[np.int64], Array, Array]:
    """Cut edges at every cell border; give each piece its edge and the parameters where it starts and ends."""
    # Edge number plus parameter in one value: one plain sort brings the pieces of every edge into their order.
    # Each of the three parts is sorted already, so a stable sort only merges them.
    cuts: list[Array] = [np.arange(len(start), dtype=np.float64)]
    for axis in (0, 1):
        edge, at = _crossings(start[:, axis], end[:, axis])
        inner = at < LAST_CUT
        cuts.append(np.asarray(edge[inner] + at[inner], dtype=np.float64))
    keys = np.concatenate(cuts)
    keys.sort(kind="stable")
    edge = keys.astype(np.int64)
    at = keys - edge
    following = np.append(at[1:], 1.0)
    following[np.flatnonzero(edge[1:] != edge[:-1])] = 1.0
    return edge, at, following


def _crossings(start: Array, end: Array) -> tuple[NDArray[np.int64], Array]:
    """Edges and rising parameters at which a coordinate passes a whole number."""
    low = np.floor(np.minimum(start, end)) + 1
    high = np.ceil(np.maximum(start, end)) - 1
    count = np.maximum(high - low + 1, 0).astype(np.int64)
    edge = np.repeat(np.arange(len(start)), count)
    rank = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
    begin, whole = start[edge], (end - start)[edge]
    at = (np.where(whole > 0, low[edge] + rank, high[edge] - rank) - begin) / whole
    return edge, np.clip(at, 0.0, 1.0)
