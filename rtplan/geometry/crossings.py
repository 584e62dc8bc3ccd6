"""Rings that cut one another or themselves: where a drawing does not say plainly what it encloses."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from .raster import Raster, cover, inside

__all__ = ["enclosed_mm2", "rings_cut", "turns", "union_and_odd_mm2"]

Array = NDArray[np.float64]

CELLS_ACROSS = 200
# A vertex or two on the other's border is no overlap.
SOME, MOST = 0.02, 0.98


def rings_cut(rings: Sequence[Array]) -> bool:
    """Say whether two rings of one plane overlap without one holding the other.

    Examples
    --------
    >>> ring = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]])
    >>> rings_cut([ring, ring + 2.0]), rings_cut([ring, 1.0 + ring / 2]), rings_cut([ring])
    (True, False, False)
    """
    if len(rings) < 2:
        return False
    low = [ring.min(axis=0) for ring in rings]
    high = [ring.max(axis=0) for ring in rings]
    return any(
        _are_mixed(rings[one], rings[other])
        for one, other in combinations(range(len(rings)), 2)
        if (np.maximum(low[one], low[other]) < np.minimum(high[one], high[other])).all()
    )


def turns(ring: Array) -> float:
    """How often the tangent of a ring turns: once, one way or the other, where it does not cross itself (Hopf).

    Examples
    --------
    >>> square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    >>> turns(square), turns(square[[0, 2, 1, 3]])
    (1.0, 0.0)
    """
    edges = np.roll(ring, -1, axis=0) - ring
    edges = edges[np.abs(edges).max(axis=1) > 1e-6]
    if len(edges) < 3:
        return 1.0
    angles = np.arctan2(edges[:, 1], edges[:, 0])
    turned = (np.roll(angles, -1) - angles + np.pi) % (2 * np.pi) - np.pi
    return round(float(turned.sum() / (2 * np.pi)), 6)


def enclosed_mm2(rings: Sequence[Array]) -> float:
    """Area that rings of one plane enclose as they are measured: holes taken away, overlaps counted once."""
    raster = _raster(rings)
    return float(cover([list(rings)], raster).sum() * raster.cell_mm**2)


def union_and_odd_mm2(rings: Sequence[Array]) -> tuple[float, float]:
    """Return the area of the union of rings, and of what lies in an odd number of them, to about a per cent."""
    raster = _raster(rings)
    odd = np.zeros((raster.rows, raster.columns))
    for ring in rings:
        own = cover([[ring]], raster)[0]
        odd = odd + own - 2 * odd * own
    return enclosed_mm2(rings), float(odd.sum() * raster.cell_mm**2)


def _are_mixed(one: Array, other: Array) -> bool:
    return any(SOME < inside(a, b).mean() < MOST for a, b in ((one, other), (other, one)))


def _raster(rings: Sequence[Array]) -> Raster:
    points = np.concatenate(list(rings))
    low, high = points.min(axis=0), points.max(axis=0)
    return Raster.around(low, high, max(float((high - low).max()) / CELLS_ACROSS, 0.01))
