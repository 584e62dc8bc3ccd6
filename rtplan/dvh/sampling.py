"""Dose between the grid points: one small matrix per axis, linear or cubic.

Interpolation on a grid is linear in the grid's values, so a box of samples is three matrix products whatever
the kernel. The cubic is an interpolating spline with not-a-knot ends: it passes through every stored value and
follows a steep fall-off that the linear rule blunts. Its overshoot beside a step is held within the values
around.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from rtplan.model import Dose, Grid

__all__ = ["Box", "Kernel", "axes_in_frame", "sample_box", "sample_points"]

Array = NDArray[np.float64]
Kernel = Literal["linear", "cubic"]
_Lerp = tuple[NDArray[np.int64], Array]

# The cardinal spline falls by a factor 3.7 a sample: 12 samples away nothing above 1e-7 is left.
REACH = 12
# Sample centres are where dose is known; beyond the outermost ones by more than rounding it is not.
EDGE = 1e-4
# How far a cubic may leave the range of the stored values around it, as a share of that range.
OVERSHOOT = 0.15
# Above this many grid points a structure is large, and its cubic is held within the range of the whole block.
LARGE = 1_500_000
CHUNK = 24
NEGLIGIBLE = 1e-9
# About this many samples are taken at a time: what is worked on then stays in the processor's cache.
SLAB = 1 << 18


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """Doses at the nodes of a raster: `linear` and `cubic` of shape (m, rows, columns), and where dose is known."""

    linear: Array
    cubic: Array
    known: NDArray[np.bool_]


def axes_in_frame(grid: Grid, frame: Array) -> tuple[int, int, int] | None:
    """Which grid axis (0 column, 1 row, 2 plane) runs along each axis of a frame; None where the grid is oblique."""
    match = np.abs(frame.T @ grid.directions)
    axes = tuple(int(axis) for axis in match.argmax(axis=1))
    aligned = sorted(axes) == [0, 1, 2] and (match.max(axis=1) > 1 - 1e-7).all()
    return (axes[0], axes[1], axes[2]) if aligned else None


def sample_box(dose: Dose, frame: Array, u_mm: Array, v_mm: Array, w_mm: Array) -> Box:
    """Sample a dose on the product of three rising coordinates of a frame.

    Parameters
    ----------
    dose : Dose
    frame : ndarray, shape (3, 3)
        Columns are the axes u, v and w in the patient.
    u_mm, v_mm, w_mm : ndarray
        Coordinates along them.

    Returns
    -------
    Box
        Arrays of shape (len(w), len(v), len(u)).
    """
    axes = axes_in_frame(dose.grid, frame)
    if axes is None:
        w, v, u = np.meshgrid(w_mm, v_mm, u_mm, indexing="ij")
        points = np.stack([u, v, w], axis=-1) @ frame.T
        straight, where = sample_points(dose, points, kernel="linear")
        return Box(straight, sample_points(dose, points, kernel="cubic")[0], where)
    block = np.transpose(dose.values, [2 - axis for axis in reversed(axes)])
    linear: list[_Lerp] = []
    cubic: list[Array | None] = []
    inside_axes: list[NDArray[np.bool_]] = []
    for position, coordinates in enumerate((u_mm, v_mm, w_mm)):
        index, knots = _along(dose.grid, frame, position, axes[position], coordinates)
        inside = (index >= knots[0] - EDGE) & (index <= knots[-1] + EDGE)
        first, last = _window(index[inside], knots)
        block = block[_part(2 - position, slice(first, last))]
        held = np.clip(index, knots[first], knots[last - 1])
        linear.insert(0, _linear_weights(held, knots[first:last]))
        cubic.insert(0, _cubic_weights(held, knots[first:last]))
        inside_axes.insert(0, inside)
    known = inside_axes[0][:, None, None] & inside_axes[1][None, :, None] & inside_axes[2][None, None, :]
    return _sampled(np.ascontiguousarray(block, dtype=np.float64), linear, cubic, known)


def sample_points(dose: Dose, points_mm: Array, *, kernel: Kernel = "cubic") -> tuple[Array, NDArray[np.bool_]]:
    """Sample a dose at points of the patient.

    Parameters
    ----------
    dose : Dose
    points_mm : ndarray, shape (..., 3)
    kernel : {"cubic", "linear"}

    Returns
    -------
    values : ndarray, shape (...)
        Zero where the dose is not known.
    known : ndarray of bool, shape (...)
    """
    index = dose.grid.to_index(points_mm)[..., ::-1].copy()
    if dose.grid.plane_offsets_mm is not None:
        offsets = dose.grid.plane_offsets_mm
        outside = (index[..., 0] < offsets[0] - EDGE) | (index[..., 0] > offsets[-1] + EDGE)
        index[..., 0] = np.interp(index[..., 0], offsets, np.arange(len(offsets)))
        index[..., 0][outside] = -1.0
    last = np.array(dose.values.shape) - 1.0
    known: NDArray[np.bool_] = np.asarray(((index >= -EDGE) & (index <= last + EDGE)).all(axis=-1))
    values: Array = np.zeros(np.shape(known))
    if known.any():
        wanted = np.clip(index[known], 0.0, last)
        low = np.maximum(np.floor(wanted.min(axis=0)).astype(int) - REACH, 0)
        high = np.minimum(np.ceil(wanted.max(axis=0)).astype(int) + REACH + 1, dose.values.shape)
        block = dose.values[tuple(slice(a, b) for a, b in zip(low, high, strict=True))].astype(np.float64)
        values[known] = _interpolated(block, (wanted - low).T, kernel)
    return values, known


def _interpolated(block: Array, at: Array, kernel: Kernel) -> Array:
    """Values of a block at (3, n) index positions."""
    if kernel == "linear":
        linear: Array = map_coordinates(block, at, order=1, mode="nearest")
        return linear
    low, high = (map_coordinates(limit, at, order=1, mode="nearest") for limit in _limits(block))
    cubic: Array = np.clip(map_coordinates(block, at, order=3, mode="mirror"), low, high)
    return cubic


def _along(grid: Grid, frame: Array, position: int, axis: int, coordinates: Array) -> tuple[Array, Array]:
    """Index coordinates along one grid axis, and the positions of its samples."""
    inverse = np.linalg.inv(grid.index_to_patient)
    slope = float(inverse[axis, :3] @ frame[:, position])
    index: Array = coordinates * slope + inverse[axis, 3]
    return index, grid.axis_coordinates[axis]


def _window(index: Array, knots: Array) -> tuple[int, int]:
    """Range of samples that matter for the wanted positions."""
    if len(index) == 0:
        return 0, min(len(knots), 4)
    first = int(np.searchsorted(knots, index.min(), side="right")) - 1 - REACH
    last = int(np.searchsorted(knots, index.max(), side="left")) + 1 + REACH
    return max(first, 0), min(last, len(knots))


def _linear_weights(index: Array, knots: Array) -> _Lerp:
    """Left neighbour of every wanted position, and the share of the right one."""
    if len(knots) == 1:
        return np.zeros(len(index), dtype=np.int64), np.zeros(len(index))
    left = np.clip(np.searchsorted(knots, index, side="right") - 1, 0, len(knots) - 2)
    return left, np.clip((index - knots[left]) / (knots[left + 1] - knots[left]), 0.0, 1.0)


def _cubic_weights(index: Array, knots: Array) -> Array | None:
    """Weight of every sample in every wanted position, shape (wanted, samples); None where a cubic needs more."""
    if len(knots) < 4:
        return None
    left = np.clip(np.searchsorted(knots, index, side="right") - 1, 0, len(knots) - 2)
    gap = knots[left + 1] - knots[left]
    before, after = index - knots[left], knots[left + 1] - index
    bends = _bends(knots)
    weights: Array = ((after**3 / gap - after * gap) / 6)[:, None] * bends[left]
    weights += ((before**3 / gap - before * gap) / 6)[:, None] * bends[left + 1]
    wanted = np.arange(len(index))
    weights[wanted, left] += after / gap
    weights[wanted, left + 1] += before / gap
    return weights


def _bends(knots: Array) -> Array:
    """Second derivatives at the knots of the splines that are one at a knot and zero at all others, in its column.

    Slopes agree at every inner knot; the third derivative does so at the second and the last but one (not-a-knot).
    """
    gaps = np.diff(knots)
    count = len(knots)
    inner = np.arange(1, count - 1)
    before, after = gaps[:-1], gaps[1:]
    system, right = np.zeros((count, count)), np.zeros((count, count))
    system[inner, inner - 1], system[inner, inner], system[inner, inner + 1] = before, 2 * (before + after), after
    right[inner, inner - 1], right[inner, inner + 1] = 6 / before, 6 / after
    right[inner, inner] = -6 / before - 6 / after
    system[0, :3] = gaps[1], -(gaps[0] + gaps[1]), gaps[0]
    system[-1, -3:] = gaps[-1], -(gaps[-2] + gaps[-1]), gaps[-2]
    return np.asarray(np.linalg.solve(system, right), dtype=np.float64)


def _sampled(block: Array, linear: list[_Lerp], cubic: list[Array | None], known: NDArray[np.bool_]) -> Box:
    """Sample a (w, v, u) block by both kernels, slab by slab along w.

    The cubic is held within the stored values around, with some room for a true peak between them.
    """
    straight = np.empty(known.shape)
    weights = [own for own in cubic if own is not None]
    curved = np.empty(known.shape) if len(weights) == 3 else straight
    limits = _limits(block) if len(weights) == 3 and block.size <= LARGE else None
    low, high = float(block.min()), float(block.max())
    step = max(1, SLAB // max(1, known[0].size))
    for start in range(0, len(known), step):
        slab = slice(start, start + step)
        along = [(linear[0][0][slab], linear[0][1][slab]), *linear[1:]]
        straight[slab] = _lerp(block, along)
        if len(weights) == 3:
            values = _product(block, [weights[0][slab], *weights[1:]])
            held = (_lerp(limit, along) for limit in limits) if limits else (low, high + OVERSHOOT * (high - low))
            np.clip(values, *held, out=curved[slab])
    return Box(straight, curved, known)


def _lerp(block: Array, along: list[_Lerp]) -> Array:
    """Linear interpolation of a (w, v, u) block along each axis, the most shrinking axis first."""
    for axis in _order(block, [len(left) for left, _ in along]):
        block = _lerp_axis(block, axis, *along[axis])
    return block


def _lerp_axis(block: Array, axis: int, left: NDArray[np.int64], share: Array) -> Array:
    shape = [1, 1, 1]
    shape[axis] = -1
    right = np.minimum(left + 1, block.shape[axis] - 1)
    low: Array = np.take(block, left, axis=axis)
    high: Array = np.take(block, right, axis=axis)
    high -= low
    high *= share.reshape(shape)
    high += low
    return high


def _product(block: Array, along: list[Array]) -> Array:
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
            flat = block[first:last].reshape(last - first, -1)
            np.matmul(narrow, flat, out=result[start:end].reshape(len(rows), -1))
    return result


def _order(block: Array, wanted: list[int]) -> list[int]:
    return sorted(range(3), key=lambda axis: wanted[axis] / block.shape[axis])


def _limits(block: Array) -> tuple[Array, Array]:
    """Lowest and highest dose that a cubic may reach around each sample; never below the lowest stored one."""
    low_near, high_near = _of_four(np.minimum, block), _of_four(np.maximum, block)
    room = OVERSHOOT * (high_near - low_near)
    return np.maximum(low_near - room, block.min()), high_near + room


def _of_four(extreme: np.ufunc, values: Array) -> Array:
    """Lowest or highest of a sample, the two before it and the one after it, along every axis."""
    for axis in range(3):
        first, last = values[_part(axis, slice(0, 1))], values[_part(axis, slice(-1, None))]
        padded = np.concatenate([first, first, values, last], axis=axis)
        pairs = extreme(padded[_part(axis, slice(None, -1))], padded[_part(axis, slice(1, None))])
        values = extreme(pairs[_part(axis, slice(None, -2))], pairs[_part(axis, slice(2, None))])
    return values


def _part(axis: int, part: slice) -> tuple[slice, ...]:
    """Index of a part along one of three axes."""
    return tuple(part if own == axis else slice(None) for own in range(3))
