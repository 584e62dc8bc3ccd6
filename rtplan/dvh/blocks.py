"""Large bodies: cells gathered into blocks where the dose hardly varies, left apart where it does.

A body of millions of cells needs few of them for its DVH. A block keeps what its cells hold exactly: their volume,
the mean and the spread of their doses. Blocks with a steep dose, and the hottest and coldest ones, stay cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rtplan.geometry.layout import Layout

__all__ = ["MANY_CELLS", "Blocks", "gathered", "windows"]

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]
Doses = Callable[[slice], Array]

# From this many cells on a body is gathered into blocks; from the second number on into larger ones.
MANY_CELLS = 40_000
VERY_MANY_CELLS = 400_000
# The side of a block in cells is odd, so that a body can be cut alike from both ends.
SMALL_SIDE, LARGE_SIDE = 3, 5
# Blocks whose doses spread by more than this share of the largest stay cells, as long as these are not too many.
STEEP = 0.005
MOST_FINE_CELLS = 20_000
# The hottest and the coldest volume that stays cells, by mean and two spreads.
TAIL_CC = 1.0
SLIVER = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """A body cut into blocks; arrays of shape (layers, rows, columns) of blocks.

    Attributes
    ----------
    layout : Layout
    edges : tuple of ndarray
        Where the blocks begin along each axis of the layout, and where the last ones end.
    volume_cc, mean_gy, spread_gy : ndarray
        By the best reading; the spread is a standard deviation.
    border_cc : ndarray
        Volume of the cells that the border crosses, were they full.
    fine : ndarray of bool
        Blocks that stay cells.
    """

    layout: Layout
    edges: tuple[Numbers, Numbers, Numbers]
    volume_cc: Array
    mean_gy: Array
    spread_gy: Array
    border_cc: Array
    fine: NDArray[np.bool_]

    def by_block(self, layer: int) -> Array:
        """Area (mm2) of one layer in each column of blocks, shape (rows, columns)."""
        area: Array = _summed(self.layout.coverage[layer][None], self.edges)[0] * self.layout.raster.cell_mm**2
        return area

    def points_mm(self, which: Numbers) -> Array:
        """Centres of blocks by flat number along u, v and w, shape (k, 3)."""
        raster = self.layout.raster
        axes = (self.layout.heights_mm, raster.v_mm, raster.u_mm)
        at = np.unravel_index(which, self.volume_cc.shape)
        w, v, u = (
            (along[edges[own]] + along[edges[own + 1] - 1]) / 2
            for along, edges, own in zip(axes, self.edges, at, strict=True)
        )
        return np.column_stack([u, v, w])


def gathered(layout: Layout, doses: Doses, count: int) -> Blocks:
    """Gather the cells of a layout into blocks.

    Parameters
    ----------
    layout : Layout
        Whose readings differ in the thickness of layers only.
    doses : callable
        Gives the doses (Gy) at the cells of some layers, shape (k, rows, columns).
    count : int
        How many cells it has.

    Returns
    -------
    Blocks
    """
    side = SMALL_SIDE if count < VERY_MANY_CELLS else LARGE_SIDE
    layers, rows, columns = (_edges(length, side) for length in layout.coverage.shape)
    edges = (layers, rows, columns)
    parts = [_moments(layout, doses, slice(low, high), edges) for low, high in pairwise(layers)]
    volume, first, second, border = (np.stack(own) for own in zip(*parts, strict=True))
    cell_cc = layout.raster.cell_mm**2 / 1000.0
    held = volume > 0
    mean = np.divide(first, volume, out=np.zeros_like(first), where=held)
    spread = np.sqrt(np.maximum(np.divide(second, volume, out=np.zeros_like(second), where=held) - mean**2, 0.0))
    volume *= cell_cc
    blocks = Blocks(layout, edges, volume, mean, spread, border * cell_cc, np.zeros(held.shape, dtype=np.bool_))
    return replace(blocks, fine=_fine(blocks, count))


def _moments(layout: Layout, doses: Doses, layers: slice, edges: tuple[Numbers, ...]) -> tuple[Array, ...]:
    """Sum over one layer of blocks: of volume, of volume times dose and dose squared, and of the border's cells."""
    coverage, thickness = layout.coverage[layers], layout.thickness_mm[layers]
    weights = coverage * thickness[:, None, None]
    dose = doses(layers)
    first = weights * dose
    second = first * dose
    crossed = (coverage > SLIVER) & (coverage < 1 - SLIVER)
    # At most five layers make one of blocks, so a byte holds the count.
    border = np.add.reduce(crossed.view(np.int8), axis=0, dtype=np.int8) * float(thickness.mean())
    sums = np.stack([weights.sum(axis=0), first.sum(axis=0), second.sum(axis=0), border])
    return tuple(_summed(sums, edges))


def _summed(planes: Array, edges: tuple[Numbers, ...]) -> Array:
    """Sum (k, rows, columns) over the rows and columns of blocks."""
    along = np.add.reduceat(planes, edges[1][:-1], axis=1)
    return np.asarray(np.add.reduceat(along, edges[2][:-1], axis=2))


def _edges(length: int, side: int) -> Numbers:
    """Where blocks begin and end, the same from both ends: what is left over lies half at either."""
    whole = length // side
    if (length - whole * side) % 2:
        whole -= 1
    over = (length - whole * side) // 2
    return np.unique([0, *range(over, length - over + 1, side), length])


def _fine(blocks: Blocks, count: int) -> NDArray[np.bool_]:
    """Mark the blocks that stay cells: the steepest, the hottest and the coldest."""
    volume, mean, spread = (array.ravel() for array in (blocks.volume_cc, blocks.mean_gy, blocks.spread_gy))
    held = np.flatnonzero(volume > 0)
    share = MOST_FINE_CELLS / count
    steep = STEEP * float((mean + 2 * spread)[held].max())
    order = held[np.argsort(-spread[held])]
    within = int(np.searchsorted(np.cumsum(volume[order]), share * volume.sum()))
    if within < len(order):
        steep = max(steep, float(spread[order[within]]))
    fine = spread > steep
    for keys in (-(mean + 2 * spread), mean - 2 * spread):
        tail = held[np.argsort(keys[held])]
        last = min(int(np.searchsorted(np.cumsum(volume[tail]), TAIL_CC)), len(tail) - 1)
        # A plateau is no tail: where many blocks are as cold as the coldest, one of them says it all.
        if keys[tail[last]] - keys[tail[0]] > 1e-3 * max(abs(float(keys[tail[0]])), steep):
            fine[held] |= keys[held] <= keys[tail[last]]
    fine &= volume > 0
    return fine.reshape(blocks.fine.shape)


def windows(blocks: Blocks) -> Iterator[tuple[Layout, NDArray[np.bool_]]]:
    """Cut out the blocks that stay cells: layouts around them, and which of their cells belong to such blocks."""
    for box in _boxes(blocks.fine):
        yield _window(blocks, box)


def _window(blocks: Blocks, box: tuple[slice, ...]) -> tuple[Layout, NDArray[np.bool_]]:
    layout, shape = blocks.layout, blocks.layout.coverage.shape
    inner = [slice(int(edges[own.start]), int(edges[own.stop])) for edges, own in zip(blocks.edges, box, strict=True)]
    # Slopes are taken between neighbours, so one cell more is kept around.
    outer = [slice(max(own.start - 1, 0), min(own.stop + 1, length)) for own, length in zip(inner, shape, strict=True)]
    sizes = [np.diff(edges)[own] for edges, own in zip(blocks.edges, box, strict=True)]
    mask = blocks.fine[box]
    for axis, counts in enumerate(sizes):
        mask = np.repeat(mask, counts, axis=axis)
    whole = np.zeros([own.stop - own.start for own in outer], dtype=np.bool_)
    whole[tuple(slice(i.start - o.start, i.stop - o.start) for i, o in zip(inner, outer, strict=True))] = mask
    return layout.part(outer), whole


def _boxes(marked: NDArray[np.bool_]) -> list[tuple[slice, ...]]:
    """Boxes around what is marked, cut apart wherever a whole layer, row or column is free."""
    found: list[tuple[slice, ...]] = []
    pending = [tuple(slice(0, length) for length in marked.shape)]
    while pending:
        box = pending.pop()
        cut = marked[box]
        runs = [_runs(np.any(cut, axis=tuple({0, 1, 2} - {axis})), box[axis].start) for axis in range(3)]
        if not runs[0]:
            continue
        tight = tuple(slice(own[0].start, own[-1].stop) for own in runs)
        axis = max(range(3), key=lambda own: len(runs[own]))
        if len(runs[axis]) == 1:
            found.append(tight)
        else:
            pending += [(*tight[:axis], run, *tight[axis + 1 :]) for run in runs[axis]]
    return found


def _runs(marked: NDArray[np.bool_], start: int) -> list[slice]:
    """Find the runs of marked positions."""
    steps = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]]).astype(np.int8)))
    return [slice(start + int(low), start + int(high)) for low, high in zip(steps[::2], steps[1::2], strict=True)]
