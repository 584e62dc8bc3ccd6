"""Distances on rasters, all planes at once and exact: how far each cell lies from the border of what is filled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["signed_distances"]

Array = NDArray[np.float64]

# The border runs where a cell is half full; two levels around the half place it within cells.
BORDER_LEVELS = (0.25, 0.75)
LEAST_SHARE = 1e-9


def signed_distances(coverage: Array) -> Array:
    """Distance of each cell from the border of its own plane, in cells, inside positive.

    The mean over two levels of coverage. No cell asks which border cell is the nearest, since of two equally near
    ones a turned patient would pick the other.

    Parameters
    ----------
    coverage : ndarray, shape (planes, rows, columns)
        0 to 1.

    Returns
    -------
    ndarray, shape (planes, rows, columns)

    Examples
    --------
    >>> signed_distances(np.array([[[0.0, 0.0, 1.0, 1.0]]]))[0, 0]
    array([-1.5, -0.5,  0.5,  1.5])
    >>> signed_distances(np.zeros((0, 4, 4))).shape
    (0, 4, 4)
    """
    if coverage.size == 0:
        return np.zeros(coverage.shape)
    fullest = coverage.max(axis=(1, 2), keepdims=True)
    levels = [coverage >= np.clip(fullest, LEAST_SHARE, level) for level in BORDER_LEVELS]
    inside = np.concatenate(levels)
    squared = _squared_distances(np.concatenate([inside, ~inside]))
    outer, inner = np.split(np.sqrt(squared), 2)
    # One of the two is zero at every cell, and the border lies half a cell before the next one's centre.
    signed = inner - outer + np.where(inside, -0.5, 0.5)
    mean: Array = signed.reshape(len(levels), *coverage.shape).mean(axis=0)
    return mean


def _squared_distances(wanted: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Squared distance (cells) to the nearest wanted cell of the plane: along the columns first, then across rows."""
    _, rows, columns = wanted.shape
    far = rows + columns
    place = np.arange(columns, dtype=np.int32)
    before = np.maximum.accumulate(np.where(wanted, place, np.int32(-far)), axis=2)
    after = np.minimum.accumulate(np.where(wanted, place, np.int32(columns + far))[..., ::-1], axis=2)[..., ::-1]
    along = np.minimum(np.minimum(place - before, after - place), far) ** 2
    nearest: NDArray[np.int32] = along.copy()
    for step in range(1, rows):
        if step * step >= int(nearest.max()):
            break
        shifted = along + step * step
        np.minimum(nearest[:, step:], shifted[:, :-step], out=nearest[:, step:])
        np.minimum(nearest[:, :-step], shifted[:, step:], out=nearest[:, :-step])
    return nearest
