"""The cells of a layout that hold any of a region, as flat lists: where they lie, how full they are, their dose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtplan.geometry.booleans import differences
from rtplan.geometry.layout import Layout

__all__ = ["LEAST_COVERAGE", "Cells", "centroids"]

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]

# Coverage is met to rounding; less than this is none.
LEAST_COVERAGE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Cells of a layout.

    Attributes
    ----------
    layout : Layout
    numbers : ndarray of int, shape (n,)
        Flat numbers in the layout's coverage, rising.
    layer : ndarray of int, shape (n,)
    in_box : ndarray of int, shape (n,)
        Flat numbers in the box of doses, which has each height once.
    filled : ndarray, shape (n,)
        Share that the cell's own layer fills.
    heights_mm : ndarray, shape (m,)
        Heights of the box.
    """

    layout: Layout
    numbers: Numbers
    layer: Numbers
    in_box: Numbers
    filled: Array
    heights_mm: Array

    @classmethod
    def of(cls, layout: Layout, numbers: Numbers, heights_mm: Array, place: Numbers) -> Cells:
        """Return cells by number; `place` says which height of the box each layer has."""
        size = layout.raster.rows * layout.raster.columns
        layer = numbers // size
        in_box = numbers + (place - np.arange(len(place)))[layer] * size
        return cls(layout, numbers, layer, in_box, layout.coverage.ravel()[numbers], heights_mm)

    @property
    def volume_cc(self) -> Array:
        """What the best reading puts into each cell, shape (n,)."""
        per_share = self.layout.thickness_mm * (self.layout.raster.cell_mm**2 / 1000.0)
        volume: Array = self.filled * per_share[self.layer]
        return volume

    @property
    def best(self) -> NDArray[np.bool_]:
        """Which cells the best reading uses, shape (n,)."""
        used: NDArray[np.bool_] = (self.layout.thickness_mm > 0)[self.layer]
        return used

    def neighbours(self, which: Numbers) -> tuple[Array, Array]:
        """Coverage below and above some cells, by the layers of the best reading; none beyond its ends."""
        used = np.flatnonzero(self.layout.thickness_mm > 0)
        padded = np.concatenate([[-1], used, [-1]])
        layer = self.layer[which]
        own = np.searchsorted(used, layer)
        size = self.layout.raster.rows * self.layout.raster.columns
        place, flat = self.numbers[which] - layer * size, self.layout.coverage.ravel()

        def at(beside: Numbers) -> Array:
            return np.asarray(np.where(beside >= 0, flat[place + beside * size], 0.0))

        return at(padded[own]), at(padded[np.minimum(own + 2, len(padded) - 1)])

    def points_mm(self, which: Numbers) -> Array:
        """Centres of some cells along u, v and w, shape (k, 3)."""
        raster = self.layout.raster
        row, column = np.divmod(self.numbers[which] % (raster.rows * raster.columns), raster.columns)
        height = self.layout.heights_mm[self.layer[which]]
        return np.column_stack([raster.u_mm[column], raster.v_mm[row], height])


def centroids(coverage: Array, cells: Numbers, filled: Array) -> tuple[Array, Array]:
    """Find the centroids (v, u) of what cells hold: half the empty share away from the border, along its normal."""
    inward_v, inward_u = differences(coverage, cells)
    length = np.hypot(inward_v, inward_u)
    partly = (length > 0.05) & (filled < 1)
    reach = np.divide(0.5 * (1.0 - filled), length, out=np.zeros(len(cells)), where=partly)
    return inward_v * reach, inward_u * reach
