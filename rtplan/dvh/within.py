"""How doses spread within a cell: a cell is not a point.

Where isodoses run along the rows of cells, all cells of a row have one dose, and the next row's lies a whole cell
away; a curve drawn through such samples has steps. A quarter of the cells each therefore stand for the coldest, the
two middle and the hottest quarters of what a cell holds, in a pattern that every row of any direction passes through.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rtplan.geometry.layout import Layout

from .tails import differences

__all__ = ["spreads"]

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]

# Of more cells a plane than this, each is small beside the structure: what varies within it does not show.
MOST_A_PLANE = 6_000
# The middles of the quarters of an even spread, in standard deviations; neighbours make up for one another.
QUARTERS = np.array([-3.0, 1.0, -1.0, 3.0]) * np.sqrt(3.0) / 4


def spreads(doses_gy: Array, layout: Layout, cells: Numbers, filled: Array) -> Array:
    """Return how far (Gy) each cell stands from its mean dose, shape (n,).

    Parameters
    ----------
    doses_gy : ndarray, shape (m, rows, columns)
        At the cells' centres.
    layout : Layout
    cells : ndarray of int, shape (n,)
        Flat numbers of the cells that are looked at.
    filled : ndarray, shape (n,)
        Coverage of each: a cell that is partly filled spans less.
    """
    if doses_gy[0].size > MOST_A_PLANE:
        return np.zeros(len(cells))
    height, row, column = np.unravel_index(cells, doses_gy.shape)
    along_v, along_u = differences(doses_gy, cells)
    flat, size, last = doses_gy.ravel(), doses_gy[0].size, len(layout.heights_mm) - 1
    above, below = np.minimum(height + 1, last), np.maximum(height - 1, 0)
    apart = layout.heights_mm[above] - layout.heights_mm[below]
    rise = flat[cells + (above - height) * size] - flat[cells - (height - below) * size]
    along_w = np.divide(rise, apart, out=np.zeros(len(cells)), where=apart > 0) * layout.thickness_mm[height]
    deviation = np.sqrt((filled * (along_v**2 + along_u**2) + along_w**2) / 12)
    # Counted from the nearer end of each axis, so that a mirrored structure has the same pattern.
    places = zip((height, row, column), doses_gy.shape, strict=True)
    pattern = sum(np.minimum(place, count - 1 - place) for place, count in places)
    return np.asarray(deviation * QUARTERS[pattern % 4])
