"""Dose between the grid points: one small matrix per axis, linear or cubic.

Interpolation on a grid is linear in the grid's values, so a box of samples is three matrix products whatever
the kernel. The cubic is an interpolating spline with not-a-knot ends: it passes through every stored value and
follows a steep fall-off that the linear rule blunts. Its overshoot beside a step is held within the values
around.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rtplan.model import Dose, Grid

from .splines import EDGE, REACH, Axis, product, window

__all__ = ["Box", "Kernel", "Layers", "axes_in_frame", "lattice_of", "sample_box", "sample_layers", "sample_points"]

Array = NDArray[np.float64]
Kernel = Literal["linear", "cubic"]
Layers = Callable[[slice], Array]

# How far a cubic may leave the range of the stored values around it, as a share of that range.
OVERSHOOT = 0.15
# A cubic that leaves the straight line by a smaller share of the block's range is not looked at twice.
HARMLESS = 2e-3
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


def lattice_of(dose: Dose, frame: Array, low_mm: Array, high_mm: Array) -> tuple[float, float, float] | None:
    """Return the spacing of a dose grid in the frame's first two axes and where one sample lies (u, v), mm.

    None where the grid is oblique to the frame, where its spacings differ, and where it does not hold the box from
    `low_mm` to `high_mm` (u, v): half of a cell around an outermost sample lies where no dose is known.
    """
    axes = axes_in_frame(dose.grid, frame)
    if axes is None or dose.grid.plane_offsets_mm is not None:
        return None
    spacing = [dose.grid.spacing_mm[axis] for axis in axes[:2]]
    if abs(spacing[0] - spacing[1]) > EDGE * spacing[0]:
        return None
    origin = dose.grid.to_patient(np.zeros(3)) @ frame
    counts = [dose.grid.axis_coordinates[axis][-1] for axis in axes[:2]]
    signs = [np.sign(frame[:, own] @ dose.grid.directions[:, axis]) for own, axis in enumerate(axes[:2])]
    ends = origin[:2] + np.array(counts) * spacing * np.array(signs)
    if (low_mm < np.minimum(origin[:2], ends)).any() or (high_mm > np.maximum(origin[:2], ends)).any():
        return None
    return float(spacing[0]), float(origin[0]), float(origin[1])


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
    field = _Field.of(dose, frame)
    if field is None:
        w, v, u = np.meshgrid(w_mm, v_mm, u_mm, indexing="ij")
        points = np.stack([u, v, w], axis=-1) @ frame.T
        straight, where = sample_points(dose, points, kernel="linear")
        return Box(straight, sample_points(dose, points, kernel="cubic")[0], where)
    axes = [field.along(position, mm) for position, mm in ((2, w_mm), (1, v_mm), (0, u_mm))]
    block = field.block(axes)
    known = axes[0].known[:, None, None] & axes[1].known[None, :, None] & axes[2].known[None, None, :]
    return _sampled(block, axes, known)


def sample_layers(
    dose: Dose, frame: Array, u_mm: Array, v_mm: Array, w_mm: Array
) -> tuple[Layers, tuple[NDArray[np.bool_], ...]] | None:
    """Sample a dose layer by layer with the linear kernel, for bodies of more cells than should be held at once.

    Parameters
    ----------
    dose : Dose
    frame : ndarray, shape (3, 3)
    u_mm, v_mm, w_mm : ndarray
        Coordinates along its axes.

    Returns
    -------
    tuple, or None
        A function that gives the doses of a slice of layers, shape (k, len(v), len(u)), and where along w, v and u
        the dose is known; None for a dose grid that runs along no axis of the frame.
    """
    field = _Field.of(dose, frame)
    if field is None:
        return None
    w, v, u = axes = [field.along(position, mm) for position, mm in ((2, w_mm), (1, v_mm), (0, u_mm))]
    block = field.values[tuple(slice(axis.first, axis.last) for axis in axes)]
    rows, columns = v.samples, u.samples
    left = w.left
    right = np.minimum(left + 1, len(w.knots) - 1)
    gap = w.knots[right] - w.knots[left]
    share = np.divide(w.index - w.knots[left], gap, out=np.zeros(len(left)), where=gap > 0)
    share[np.abs(share - np.round(share)) < EDGE] = np.round(share)[np.abs(share - np.round(share)) < EDGE]

    def layers(which: slice) -> Array:
        own = np.arange(len(left))[which]
        picked = []
        for at in own:
            before, after = block[left[at]], block[right[at]]
            mixed = before if share[at] == 0 else after if share[at] == 1 else before + share[at] * (after - before)
            picked.append(mixed[rows][:, columns] if rows is not None and columns is not None else mixed)
        found = np.asarray(np.stack(picked), dtype=np.float64)
        if rows is None or columns is None:
            found = np.matmul(v.linear, found) @ u.linear.T
        return found

    return layers, (w.known, v.known, u.known)


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
        values[known] = _trilinear(dose.values, wanted) if kernel == "linear" else _tricubic(dose.values, wanted)
    return values, known


def _trilinear(values: NDArray[np.floating], at: Array) -> Array:
    """Values between the eight samples around each (n, 3) index position."""
    before = np.clip(np.floor(at).astype(np.int64), 0, np.maximum(np.array(values.shape) - 2, 0))
    share = at - before
    after = np.minimum(before + 1, np.array(values.shape) - 1)
    found = np.zeros(len(at))
    for corner in np.ndindex(2, 2, 2):
        sample = np.where(corner, after, before)
        weight = np.where(corner, share, 1.0 - share).prod(axis=1)
        found += weight * values[sample[:, 0], sample[:, 1], sample[:, 2]]
    return found


def _tricubic(values: NDArray[np.floating], at: Array) -> Array:
    """Values of the spline at (n, 3) index positions, for grids that run along no axis of the frame."""
    from scipy.ndimage import map_coordinates  # noqa: PLC0415 -- half of the time a short command takes to start

    first = np.maximum(np.floor(at.min(axis=0)).astype(int) - REACH, 0)
    last = np.minimum(np.ceil(at.max(axis=0)).astype(int) + REACH + 1, values.shape)
    block = values[tuple(slice(a, b) for a, b in zip(first, last, strict=True))].astype(np.float64)
    wanted = at - first
    held = (_trilinear(limit, wanted) for limit in _limits(block, float(block.min())))
    cubic: Array = np.clip(map_coordinates(block, wanted.T, order=3, mode="mirror"), *held)
    return cubic


@dataclass(frozen=True, slots=True, eq=False)
class _Field:
    """A dose whose grid runs along the axes of a frame, as a (w, v, u) view."""

    values: NDArray[np.floating]
    grid: Grid
    frame: Array
    axes: tuple[int, int, int]

    @classmethod
    def of(cls, dose: Dose, frame: Array) -> _Field | None:
        axes = axes_in_frame(dose.grid, frame)
        if axes is None:
            return None
        return cls(np.transpose(dose.values, [2 - axis for axis in reversed(axes)]), dose.grid, frame, axes)

    def along(self, position: int, wanted_mm: Array) -> Axis:
        """Wanted coordinates along one axis of the frame, with the samples that matter to them."""
        index, knots = _along(self.grid, self.frame, position, self.axes[position], wanted_mm)
        known = (index >= knots[0] - EDGE) & (index <= knots[-1] + EDGE)
        first, last = window(index[known], knots)
        return Axis(np.clip(index, knots[first], knots[last - 1]), knots[first:last], first, last, known)

    def block(self, axes: Sequence[Axis]) -> Array:
        """Return the dose's samples that matter to positions along w, v and u."""
        return np.ascontiguousarray(self.values[tuple(slice(a.first, a.last) for a in axes)], dtype=np.float64)


def _along(grid: Grid, frame: Array, position: int, axis: int, coordinates: Array) -> tuple[Array, Array]:
    """Index coordinates along one grid axis, and the positions of its samples."""
    inverse = np.linalg.inv(grid.index_to_patient)
    slope = float(inverse[axis, :3] @ frame[:, position])
    index: Array = coordinates * slope + inverse[axis, 3]
    return index, grid.axis_coordinates[axis]


def _sampled(block: Array, axes: Sequence[Axis], known: NDArray[np.bool_]) -> Box:
    """Sample a (w, v, u) block by both kernels, slab by slab along w.

    The cubic is held within the stored values around, with some room for a true peak between them.
    """
    linear = [axis.linear for axis in axes]
    cubic = [weights for axis in axes if (weights := axis.cubic) is not None]
    straight = np.empty(known.shape)
    step = max(1, SLAB // max(1, known[0].size))
    slabs = [slice(start, start + step) for start in range(0, len(known), step)]
    for slab in slabs:
        straight[slab] = product(block, [linear[0][slab], *linear[1:]])
    if len(cubic) < 3:
        return Box(straight, straight, known)
    curved = np.empty(known.shape)
    for slab in slabs:
        curved[slab] = product(block, [cubic[0][slab], *cubic[1:]])
    _hold(curved, straight, block, axes)
    return Box(straight, curved, known)


def _hold(curved: Array, straight: Array, block: Array, axes: Sequence[Axis]) -> None:
    """Hold a cubic within its limits where it strays from the straight line by enough to matter."""
    low, high = float(block.min()), float(block.max())
    astray = np.abs(curved - straight) > HARMLESS * (high - low)
    if not astray.any():
        return
    spans = [np.flatnonzero(astray.any(axis=tuple({0, 1, 2} - {axis}))) for axis in range(3)]
    part = tuple(slice(int(span[0]), int(span[-1]) + 1) for span in spans)
    near, close = _near(block, [axis.only(own) for axis, own in zip(axes, part, strict=True)])
    weights = [axis.linear for axis in close]
    held = (product(limit, weights) for limit in _limits(near, low))
    np.clip(curved[part], *held, out=curved[part])


def _near(block: Array, axes: Sequence[Axis]) -> tuple[Array, list[Axis]]:
    """Keep the part of a block that is close to the wanted positions."""
    parts = [axis.near() for axis in axes]
    return block[tuple(own for own, _ in parts)], [axis for _, axis in parts]


def _limits(block: Array, lowest: float) -> tuple[Array, Array]:
    """Lowest and highest dose that a cubic may reach around each sample; never below the lowest stored one."""
    low_near, high_near = _of_four(np.minimum, block), _of_four(np.maximum, block)
    room = OVERSHOOT * (high_near - low_near)
    return np.maximum(low_near - room, lowest), high_near + room


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
