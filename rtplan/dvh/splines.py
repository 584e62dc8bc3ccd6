"""Weights of a dose's samples along one axis, linear and spline, and their products with a block of samples.

The spline passes through every sample and has not-a-knot ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["EDGE", "REACH", "Axis", "product", "window"]

Array = NDArray[np.float64]

# The cardinal spline falls by a factor 3.7 a sample: 12 samples away nothing above 1e-7 is left.
REACH = 12
# Sample centres are where dose is known; beyond the outermost ones by more than rounding it is not.
EDGE = 1e-4
# What a cubic is held within looks two samples back and one ahead.
NEAR = 2
# Knots whose gaps differ by less than this share are evenly spaced.
UNEVEN = 1e-9
CHUNK = 24
SMALL_PRODUCT = 400_000
NEGLIGIBLE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Axis:
    """Wanted positions along one axis of a block, as index coordinates within its knots.

    `first` and `last` say which of the dose's samples the block holds along this axis.
    """

    index: Array
    knots: Array
    first: int
    last: int
    known: NDArray[np.bool_]

    @property
    def left(self) -> NDArray[np.int64]:
        """Sample before each position."""
        return np.clip(np.searchsorted(self.knots, self.index, side="right") - 1, 0, max(len(self.knots) - 2, 0))

    @property
    def samples(self) -> slice | None:
        """The samples that the positions are themselves, one after another; None where any lies between two."""
        first = round(float(np.interp(self.index[0], self.knots, np.arange(len(self.knots)))))
        own = slice(first, first + len(self.index))
        same = len(self.knots[own]) == len(self.index) and np.abs(self.knots[own] - self.index).max() < EDGE
        return own if same else None

    @property
    def linear(self) -> Array:
        """Weight of every sample in every position, shape (positions, samples)."""
        weights = np.zeros((len(self.index), len(self.knots)))
        wanted, left = np.arange(len(self.index)), self.left
        if len(self.knots) == 1:
            weights[:, 0] = 1.0
            return weights
        share = np.clip((self.index - self.knots[left]) / (self.knots[left + 1] - self.knots[left]), 0.0, 1.0)
        weights[wanted, left], weights[wanted, left + 1] = 1.0 - share, share
        return weights

    @property
    def cubic(self) -> Array | None:
        """Weights of the spline, as those of `linear`; None where it needs more knots."""
        if len(self.knots) < 4:
            return None
        left = self.left
        gap = self.knots[left + 1] - self.knots[left]
        before, after = self.index - self.knots[left], self.knots[left + 1] - self.index
        bends = _bends(self.knots)
        weights: Array = ((after**3 / gap - after * gap) / 6)[:, None] * bends[left]
        weights += ((before**3 / gap - before * gap) / 6)[:, None] * bends[left + 1]
        wanted = np.arange(len(self.index))
        weights[wanted, left] += after / gap
        weights[wanted, left + 1] += before / gap
        return weights

    def only(self, which: slice | NDArray[np.int64]) -> Axis:
        """Keep some of the positions."""
        return Axis(self.index[which], self.knots, self.first, self.last, self.known[which])

    def near(self) -> tuple[slice, Axis]:
        """Keep the part of the axis that is close to the wanted positions."""
        left = self.left
        low = max(int(left.min(initial=0)) - NEAR, 0)
        high = min(int(left.max(initial=0)) + NEAR + 2, len(self.knots))
        return slice(low, high), Axis(self.index, self.knots[low:high], self.first, self.last, self.known)


def window(index: Array, knots: Array) -> tuple[int, int]:
    """Range of samples that matter for the wanted positions."""
    if len(index) == 0:
        return 0, min(len(knots), 4)
    first = int(np.searchsorted(knots, index.min(), side="right")) - 1 - REACH
    last = int(np.searchsorted(knots, index.max(), side="left")) + 1 + REACH
    return max(first, 0), min(last, len(knots))


def _bends(knots: Array) -> Array:
    """Second derivatives at the knots of the splines that are one at a knot and zero at all others, in its column."""
    gaps = np.diff(knots)
    gap = float(gaps[0])
    if (np.abs(gaps - gap) <= UNEVEN * abs(gap)).all():
        return _even_bends(len(knots)) / gap**2
    return _solved_bends(gaps)


@lru_cache(maxsize=128)
def _even_bends(count: int) -> Array:
    """Second derivatives for knots that are one apart."""
    found = _solved_bends(np.ones(count - 1))
    found.setflags(write=False)
    return found


def _solved_bends(gaps: Array) -> Array:
    """Second derivatives for any gaps between the knots.

    Slopes agree at every inner knot; the third derivative does so at the second and the last but one (not-a-knot).
    """
    count = len(gaps) + 1
    inner = np.arange(1, count - 1)
    before, after = gaps[:-1], gaps[1:]
    system, right = np.zeros((count, count)), np.zeros((count, count))
    system[inner, inner - 1], system[inner, inner], system[inner, inner + 1] = before, 2 * (before + after), after
    right[inner, inner - 1], right[inner, inner + 1] = 6 / before, 6 / after
    right[inner, inner] = -6 / before - 6 / after
    system[0, :3] = gaps[1], -(gaps[0] + gaps[1]), gaps[0]
    system[-1, -3:] = gaps[-1], -(gaps[-2] + gaps[-1]), gaps[-2]
    return np.asarray(np.linalg.solve(system, right), dtype=np.float64)


def product(block: Array, along: Sequence[Array]) -> Array:
    """Product of a (w, v, u) block with a matrix along each axis, the most shrinking axis first."""
    for axis in _order(block, [len(weights) for weights in along]):
        block = _along_axis(block, axis, along[axis])
    return block


def _along_axis(block: Array, axis: int, weights: Array) -> Array:
    """Multiply one axis by a matrix whose rows are narrow: in chunks, each with the samples that matter to it."""
    shape = list(block.shape)
    shape[axis] = len(weights)
    result = np.empty(shape)
    for start in range(0, len(weights), CHUNK):
        rows = weights[start : start + CHUNK]
        used = np.flatnonzero(np.abs(rows).max(axis=0) > NEGLIGIBLE)
        first, last = int(used[0]), int(used[-1]) + 1
        narrow = rows[:, first:last]
        end = start + len(rows)
        if axis == 2:
            np.matmul(block[:, :, first:last], narrow.T, out=result[:, :, start:end])
        elif axis == 1:
            np.matmul(narrow, block[:, first:last], out=result[:, start:end])
        else:
            _times(narrow, block[first:last].reshape(last - first, -1), result[start:end].reshape(len(rows), -1))
    return result


def _times(weights: Array, values: Array, out: Array) -> None:
    """Multiply two matrices, a few columns at a time.

    Beyond about a million multiplications a BLAS may set up buffers that cost more than the product.
    """
    step = max(1, SMALL_PRODUCT // weights.size)
    for start in range(0, values.shape[1], step):
        own = slice(start, start + step)
        np.matmul(weights, values[:, own], out=out[:, own])


def _order(block: Array, wanted: list[int]) -> list[int]:
    return sorted(range(3), key=lambda axis: wanted[axis] / block.shape[axis])
