"""The hottest and the coldest cells of a coarse layout, taken apart.

A large organ is laid out in cells as wide as the dose grid, which is fine for its mean and its V20 but not for
the hottest 0.035 cc beside a target. There the dose within a cell matters, and so does which part of a cell the
organ holds: each such cell becomes samples half a millimetre apart, with the dose by its slopes and bends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rtplan.geometry.booleans import differences, steps_beside

from .cells import Cells

__all__ = ["Split", "split_tails"]

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]
_Value = TypeVar("_Value", bound=np.generic)

# Cells below this size are fine as they are; larger ones become samples half a millimetre apart.
COARSE_MM = 0.6
FINE_MM = 0.5
MOST_PARTS = 4
SAME_DEPTH = 1e-9
# How many of the hottest and of the coldest cells are taken apart, and into how many samples at the most: beyond
# them the cells are many enough as they are.
MOST_CELLS = 160
MOST_SAMPLES = 6_000


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """How cells become samples: those of whole cells first, in their order, then those of the cells taken apart.

    `cells` is how many there are, `tails` numbers (rising) those that are taken apart, `counts` says into how many
    samples each. `offsets` (v, u, w) says where these lie in their cell: in cells along v and u, in mm along w.
    """

    cells: int
    tails: Numbers
    counts: Numbers
    offsets: Array

    @property
    def parent(self) -> Numbers:
        """The cell of each sample of the cells taken apart."""
        return np.repeat(self.tails, self.counts)

    def doses(self, box: Array, cells: Cells) -> Array:
        """Doses of the samples of the cells taken apart, from the box of doses at the cells' centres."""
        return _within_cells(box, cells.heights_mm, cells.in_box[self.parent], self.offsets)

    def joined(self, values: NDArray[_Value], of_tails: NDArray[_Value]) -> NDArray[_Value]:
        """Put what whole cells have and what the samples of the others have into one array."""
        return np.concatenate([np.delete(values, self.tails), of_tails])

    def of(self, values: NDArray[_Value]) -> NDArray[_Value]:
        """Return what the cells have, sample by sample."""
        return self.joined(values, values[self.parent])

    def volumes(self, volumes_cc: Array) -> Array:
        """Volumes of the samples: the parts of a cell are equal."""
        return self.joined(volumes_cc, np.repeat(volumes_cc[self.tails] / self.counts, self.counts))

    def spread(self, at: Numbers, values: Array) -> tuple[Numbers, Array]:
        """Spread values of some cells over their samples: the samples' numbers and the values of each."""
        before = np.searchsorted(self.tails, at)
        apart = self.tails[np.minimum(before, len(self.tails) - 1)] == at
        own = before[apart]
        many = self.counts[own]
        starts = self.cells - len(self.tails) + np.cumsum(self.counts) - self.counts
        samples = np.repeat(starts[own] - np.cumsum(many) + many, many) + np.arange(many.sum())
        return (
            np.concatenate([at[~apart] - before[~apart], samples]),
            np.concatenate([values[~apart], np.repeat(values[apart] / many, many)]),
        )


def split_tails(cells: Cells, doses: Array, volumes_cc: Array) -> Split | None:
    """Decide which cells to take apart, and how.

    Parameters
    ----------
    cells : Cells
    doses, volumes_cc : ndarray, shape (n,)

    Returns
    -------
    Split or None
        None where the cells are fine enough as they are.
    """
    layout = cells.layout
    if layout.raster.cell_mm < COARSE_MM or len(doses) == 0:
        return None
    parts = min(int(np.ceil(layout.raster.cell_mm / FINE_MM)), MOST_PARTS)
    used = np.flatnonzero(volumes_cc > 0)
    most = min(MOST_CELLS, MOST_SAMPLES // parts**3)
    tails = np.unique(np.concatenate([used[_smallest(keys, most)] for keys in (-doses[used], doses[used])]))
    places, kept = _positions(cells, tails, parts)
    of_cell, place = np.nonzero(kept)
    offsets = places[of_cell, place]
    offsets[:, 2] *= layout.thickness_mm[cells.layer[tails]][of_cell]
    return Split(len(doses), tails, kept.sum(axis=1), offsets)


def _smallest(keys: Array, most: int) -> Numbers:
    """Return the numbers of the smallest keys."""
    if len(keys) <= most:
        return np.arange(len(keys))
    return np.asarray(np.argpartition(keys, most)[:most])


def _positions(cells: Cells, tails: Numbers, parts: int) -> tuple[Array, NDArray[np.bool_]]:
    """Positions (v, u, w) within each cell, in cells and layers, and which of them lie in the region.

    A border cell holds the positions furthest inward, as many as its coverage and that of the layers above and
    below say, moved together until their mean is the centroid of what it holds.
    """
    steps = (np.arange(parts) + 0.5) / parts - 0.5
    grid = np.stack([axis.ravel() for axis in np.meshgrid(steps, steps, steps, indexing="ij")], axis=1)
    filled = cells.filled[tails]
    below, above = cells.neighbours(tails)
    inward = np.column_stack([*differences(cells.layout.coverage, cells.numbers[tails]), (above - below) / 2])
    # Coverage runs straight from layer to layer: this is its mean over the layer's thickness.
    held = np.clip(0.75 * filled + (above + below) / 8, 1.0 / len(grid), 1.0)
    depth = inward @ grid.T
    least = np.sort(depth, axis=1)[np.arange(len(tails)), len(grid) - np.round(held * len(grid)).astype(np.int64)]
    # Of equally deep ones a turned patient would pick others: all of them count, or none.
    kept = depth >= least[:, None] - SAME_DEPTH
    length = np.linalg.norm(inward, axis=1)
    reach = np.divide(0.5 * (1.0 - held), length, out=np.zeros(len(tails)), where=(length > 0.05) & (held < 1))
    mean = (kept @ grid) / kept.sum(axis=1)[:, None]
    return grid[None] + (inward * reach[:, None] - mean)[:, None, :], kept


def _within_cells(box: Array, heights_mm: Array, cells: Numbers, offsets: Array) -> Array:
    """Doses at places within cells: Taylor's series to the second order around each centre.

    Parameters
    ----------
    box : ndarray, shape (m, rows, columns)
        Doses at the cells' centres.
    heights_mm : ndarray, shape (m,)
        Rising.
    cells : ndarray of int, shape (n,)
        Flat numbers of cells that are not at the rim of a layer.
    offsets : ndarray, shape (n, 3)
        Along v and u in cells, along w in mm.

    Returns
    -------
    ndarray, shape (n,)
    """
    flat, size = box.ravel(), box.shape[1] * box.shape[2]
    v, u, w = offsets.T
    centre = flat[cells]
    up, down, right, left = steps_beside(box.shape, cells)
    north, south, east, west = flat[cells + up], flat[cells - down], flat[cells + right], flat[cells - left]
    rising = flat[cells + up + right] - flat[cells + up - left]
    mixed = (rising - flat[cells - down + right] + flat[cells - down - left]) / 4
    doses = centre + v * (north - south) / 2 + u * (east - west) / 2 + u * v * mixed
    doses += v * v * (north - 2 * centre + south) / 2 + u * u * (east - 2 * centre + west) / 2
    low = np.minimum.reduce([centre, north, south, east, west])
    high = np.maximum.reduce([centre, north, south, east, west])
    height = cells // size
    above = np.minimum(height + 1, len(heights_mm) - 1)
    below = np.maximum(height - 1, 0)
    over, under = flat[cells + (above - height) * size], flat[cells - (height - below) * size]
    rise_mm, fall_mm = heights_mm[above] - heights_mm[height], heights_mm[height] - heights_mm[below]
    rise = np.divide(over - centre, rise_mm, out=np.zeros(len(cells)), where=rise_mm > 0)
    fall = np.divide(centre - under, fall_mm, out=np.zeros(len(cells)), where=fall_mm > 0)
    both = (rise_mm > 0) & (fall_mm > 0)
    slope = np.where(both, (rise * fall_mm + fall * rise_mm) / np.maximum(rise_mm + fall_mm, 1e-12), rise + fall)
    bend = np.where(both, (rise - fall) / np.maximum(rise_mm + fall_mm, 1e-12), 0.0)
    # A series goes astray beside a step: no dose within a cell lies beyond those of the cells around.
    reached = doses + w * slope + w * w * bend
    return np.asarray(np.clip(reached, np.minimum.reduce([low, over, under]), np.maximum.reduce([high, over, under])))
