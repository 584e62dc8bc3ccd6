"""How much of each cell two regions share, told from how much of it either fills.

Coverage alone leaves that open where the borders of both cross one cell: two halves may be the same half, or two that
do not touch. There each region counts as what lies on the inner side of a straight border.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["differences", "shared", "steps_beside"]

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]

# Positions along each side of a cell at which two borders are compared.
POSITIONS = 8
SLIVER = 1e-6


def shared(one: Array, other: Array) -> Array:
    """Coverage of what two regions share.

    Parameters
    ----------
    one, other : ndarray, shape (layers, rows, columns)
        0 to 1; empty in the outermost cells of every layer.

    Returns
    -------
    ndarray, shape (layers, rows, columns)
        Between what both must share and the smaller of the two.

    Examples
    --------
    >>> left = np.zeros((1, 5, 5))
    >>> left[0, 1:4, 1:3] = [1.0, 0.5]
    >>> right = left[:, :, ::-1]
    >>> float(shared(left, right)[0, 2].sum()), float(shared(left, left)[0, 2].sum())
    (0.0, 1.5)
    """
    found = np.minimum(one, other)
    partly = (found > SLIVER) & (np.maximum(one, other) < 1 - SLIVER)
    cells = np.flatnonzero(partly)
    if cells.size == 0:
        return found
    shares = one.ravel()[cells], other.ravel()[cells]
    held = [_inner_side(coverage, cells, filled) for coverage, filled in zip((one, other), shares, strict=True)]
    both = (held[0] & held[1]).sum(axis=1)
    # Of two borders that run alike one lies within the other: they share the whole of the smaller.
    fewer = np.minimum(*(positions.sum(axis=1) for positions in held))
    smaller = np.minimum(*shares)
    least = np.maximum(shares[0] + shares[1] - 1.0, 0.0)
    found.ravel()[cells] = np.clip(smaller * (both / fewer), least, smaller)
    return found


def steps_beside(shape: tuple[int, ...], cells: Numbers) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Return steps to the next and the last cell along v and along u, in flat numbers; none beyond a layer's rim."""
    _, rows, columns = shape
    row, column = np.divmod(cells % (rows * columns), columns)
    return (
        np.where(row < rows - 1, columns, 0),
        np.where(row > 0, columns, 0),
        (column < columns - 1).astype(np.int64),
        (column > 0).astype(np.int64),
    )


def differences(values: Array, cells: Numbers) -> tuple[Array, Array]:
    """Return central differences along v and u at cells by flat number; one-sided at the rim of a layer."""
    flat, columns = values.ravel(), values.shape[2]
    north, south, east, west = steps_beside(values.shape, cells)
    across = (flat[cells + north] - flat[cells - south]) * columns / np.maximum(north + south, 1)
    along = (flat[cells + east] - flat[cells - west]) / np.maximum(east + west, 1)
    return across, along


def _inner_side(coverage: Array, cells: Numbers, filled: Array) -> NDArray[np.bool_]:
    """Say which positions of each cell a region holds: those furthest inward, as many as its coverage says."""
    steps = (np.arange(POSITIONS) + 0.5) / POSITIONS - 0.5
    grid = np.stack([axis.ravel() for axis in np.meshgrid(steps, steps, indexing="ij")])
    depth = np.column_stack(differences(coverage, cells)) @ grid
    count = np.clip(np.round(filled * POSITIONS**2), 1, POSITIONS**2).astype(np.int64)
    least = np.sort(depth, axis=1)[np.arange(len(cells)), POSITIONS**2 - count]
    inner: NDArray[np.bool_] = depth >= least[:, None] - 1e-9
    return inner
