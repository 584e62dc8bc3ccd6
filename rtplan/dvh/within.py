"""How doses spread within a cell: a cell is not a point.

Where isodoses run along the rows of cells, all cells of a row have one dose, and the next row's lies a whole cell
away; a curve drawn through such samples has steps. An eighth of the cells each therefore stands for one eighth of what
a cell holds, from the coldest to the hottest, in a pattern that every row of any direction passes through.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rtplan.geometry.booleans import differences

from .cells import Cells

__all__ = ["parts_of_spread", "spreads"]

Array = NDArray[np.float64]

# Of more cells a plane than this, each is small beside the structure: what varies within it does not show.
MOST_A_PLANE = 6_000
# The middles of the eighths of an even spread, in standard deviations; neighbours make up for one another.
PARTS = np.array([-7.0, 1.0, -3.0, 5.0, -1.0, 7.0, -5.0, 3.0]) * np.sqrt(3.0) / 8


def spreads(doses_gy: Array, cells: Cells) -> Array:
    """Return how far (Gy) each cell stands from its mean dose, shape (n,).

    Parameters
    ----------
    doses_gy : ndarray, shape (m, rows, columns)
        At the cells' centres, each height once.
    cells : Cells
        A cell that is partly filled spans less.
    """
    if doses_gy[0].size > MOST_A_PLANE:
        return np.zeros(len(cells.numbers))
    flat, size, last = doses_gy.ravel(), doses_gy[0].size, len(doses_gy) - 1
    height, place = np.divmod(cells.in_box, size)
    along_v, along_u = differences(doses_gy, cells.in_box)
    above, below = np.minimum(height + 1, last), np.maximum(height - 1, 0)
    apart = cells.heights_mm[above] - cells.heights_mm[below]
    rise = flat[place + above * size] - flat[place + below * size]
    thickness = cells.layout.thickness_mm[cells.layer]
    along_w = np.divide(rise * thickness, apart, out=np.zeros(len(height)), where=apart > 0)
    deviation = np.sqrt((cells.filled * (along_v**2 + along_u**2) + along_w**2) / 12)
    return np.asarray(deviation * parts_of_spread(doses_gy.shape).ravel()[cells.in_box])


def parts_of_spread(shape: tuple[int, ...]) -> Array:
    """Which part of its spread each of (layers, rows, columns) stands for, in standard deviations from the mean.

    Counted from the nearer end of each axis, so that a mirrored structure has the same pattern.
    """
    ends = [np.minimum(np.arange(count), np.arange(count)[::-1]) for count in shape]
    return np.asarray(PARTS[(ends[0][:, None, None] + ends[1][None, :, None] + ends[2][None, None, :]) % len(PARTS)])
