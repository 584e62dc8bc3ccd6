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

from rtplan.geometry.layout import Layout

__all__ = ["Split", "centroids", "differences", "split_tails"]

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]
_Value = TypeVar("_Value", bound=np.generic)

# Cells below this size are fine as they are; larger ones become samples half a millimetre apart.
COARSE_MM = 0.6
FINE_MM = 0.5
MOST_PARTS = 4
# The hottest and the coldest volume to take apart, and the most cells for either.
TAIL_CC = 4.0
MOST_CELLS = 1_500


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

    def doses(self, box: Array, layout: Layout, cells: Numbers) -> Array:
        """Doses of the samples of the cells taken apart, from the box of doses at the cells' centres."""
        return _within_cells(box, layout.heights_mm, cells[self.parent], self.offsets)

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


def split_tails(layout: Layout, cells: Numbers, filled: Array, doses: Array, volumes_cc: Array) -> Split | None:
    """Decide which cells to take apart, and how.

    Parameters
    ----------
    layout : Layout
    cells : ndarray of int, shape (n,)
        Flat numbers of the cells that hold any of the region.
    filled : ndarray, shape (n,)
        Coverage of each.
    doses, volumes_cc : ndarray, shape (n,)

    Returns
    -------
    Split or None
        None where the cells are fine enough as they are.
    """
    raster = layout.raster
    if raster.cell_mm < COARSE_MM or len(cells) == 0:
        return None
    parts = min(int(np.ceil(raster.cell_mm / FINE_MM)), MOST_PARTS)
    tails = np.union1d(_tail(-doses, volumes_cc), _tail(doses, volumes_cc))
    places, kept = _positions(layout.coverage, cells[tails], filled[tails], parts)
    size = raster.rows * raster.columns
    thickness = layout.thickness_mm[cells[tails] // size]
    layers = (np.arange(parts) + 0.5) / parts - 0.5
    of_cell, place = np.nonzero(kept)
    heights = thickness[of_cell][:, None] * layers[None, :]
    in_plane = np.repeat(places[of_cell, place], parts, axis=0)
    offsets = np.concatenate([in_plane, heights.reshape(-1, 1)], axis=1)
    return Split(len(cells), tails, kept.sum(axis=1) * parts, offsets)


def _tail(keys: Array, volumes_cc: Array) -> Numbers:
    """Return the cells with the smallest keys that make up the tail's volume."""
    most = min(MOST_CELLS, len(keys) - 1)
    if most < 1:
        return np.arange(len(keys))
    first = np.argpartition(keys, most)[:most]
    first = first[np.argsort(keys[first])]
    enough = int(np.searchsorted(np.cumsum(volumes_cc[first]), TAIL_CC)) + 1
    return np.asarray(first[:enough])


def _positions(coverage: Array, cells: Numbers, filled: Array, parts: int) -> tuple[Array, NDArray[np.bool_]]:
    """Positions (v, u) within each cell, and which of them lie in the region.

    A border cell holds the positions furthest inward, as many as its coverage says, moved together until their
    mean is the centroid of what it holds.
    """
    steps = (np.arange(parts) + 0.5) / parts - 0.5
    v, u = (axis.ravel() for axis in np.meshgrid(steps, steps, indexing="ij"))
    inward_v, inward_u = differences(coverage, cells)
    depth = inward_v[:, None] * v[None] + inward_u[:, None] * u[None]
    rank = np.argsort(np.argsort(-depth, axis=1), axis=1)
    kept = rank < np.maximum(np.round(filled * parts**2), 1)[:, None]
    places = np.broadcast_to(np.column_stack([v, u]), (len(cells), parts**2, 2))
    mean = (places * kept[:, :, None]).sum(axis=1) / kept.sum(axis=1)[:, None]
    centre = np.column_stack(centroids(coverage, cells, filled))
    return places + (centre - mean)[:, None, :], kept


def centroids(coverage: Array, cells: Numbers, filled: Array) -> tuple[Array, Array]:
    """Find the centroids (v, u) of what cells hold: half the empty share away from the border, along its normal."""
    inward_v, inward_u = differences(coverage, cells)
    length = np.hypot(inward_v, inward_u)
    partly = (length > 0.05) & (filled < 1)
    reach = np.divide(0.5 * (1.0 - filled), length, out=np.zeros(len(cells)), where=partly)
    return inward_v * reach, inward_u * reach


def differences(values: Array, cells: Numbers) -> tuple[Array, Array]:
    """Return central differences along v and u at cells; a raster has cells to spare on every side."""
    flat, row = values.ravel(), values.shape[2]
    return (flat[cells + row] - flat[cells - row]) / 2, (flat[cells + 1] - flat[cells - 1]) / 2


def _within_cells(box: Array, heights_mm: Array, cells: Numbers, offsets: Array) -> Array:
    """Doses at places within cells: Taylor's series to the second order around each centre."""
    flat, row = box.ravel(), box.shape[2]
    size = box.shape[1] * row
    v, u, w = offsets.T
    centre = flat[cells]
    north, south, east, west = flat[cells + row], flat[cells - row], flat[cells + 1], flat[cells - 1]
    mixed = (flat[cells + row + 1] - flat[cells + row - 1] - flat[cells - row + 1] + flat[cells - row - 1]) / 4
    doses = centre + v * (north - south) / 2 + u * (east - west) / 2 + u * v * mixed
    doses += v * v * (north - 2 * centre + south) / 2 + u * u * (east - 2 * centre + west) / 2
    low = np.minimum.reduce([centre, north, south, east, west])
    high = np.maximum.reduce([centre, north, south, east, west])
    height = cells // size
    above = np.minimum(height + 1, len(heights_mm) - 1)
    below = np.maximum(height - 1, 0)
    over, under = flat[cells + (above - height) * size], flat[cells - (height - below) * size]
    up, down = heights_mm[above] - heights_mm[height], heights_mm[height] - heights_mm[below]
    rise = np.divide(over - centre, up, out=np.zeros(len(cells)), where=up > 0)
    fall = np.divide(centre - under, down, out=np.zeros(len(cells)), where=down > 0)
    both = (up > 0) & (down > 0)
    slope = np.where(both, (rise * down + fall * up) / np.maximum(up + down, 1e-12), rise + fall)
    bend = np.where(both, (rise - fall) / np.maximum(up + down, 1e-12), 0.0)
    # A series goes astray beside a step: no dose within a cell lies beyond those of the cells around.
    reached = doses + w * slope + w * w * bend
    return np.asarray(np.clip(reached, np.minimum.reduce([low, over, under]), np.maximum.reduce([high, over, under])))
