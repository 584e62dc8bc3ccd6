"""The regular points at which a study is sampled, before it is turned, and the ways to store them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .orientation import Matrix
from .solids import Union
from .study import Study

__all__ = ["Lattice", "Storage", "dose_lattice", "image_lattice", "storage"]

Array = NDArray[np.float64]
Triple = tuple[float, float, float]
Axes = tuple[int, int, int]

_DOSE_MARGIN_MM = 10.0
_IMAGE_MARGIN_PIXELS = 4
_IMAGE_MARGIN_PLANES = 2


@dataclass(frozen=True, slots=True, eq=False)
class Lattice:
    """Sample positions along x, y and z, in mm, each evenly spaced and rising."""

    axes_mm: tuple[Array, Array, Array]

    @property
    def shape(self) -> Axes:
        """Number of samples along x, y and z."""
        x, y, z = self.axes_mm
        return len(x), len(y), len(z)

    def plane_mm(self, z_index: int) -> Array:
        """Return the points of one plane, shape (x, y, 3)."""
        x, y, z = self.axes_mm
        columns, rows = np.meshgrid(x, y, indexing="ij")
        return np.stack([columns, rows, np.full_like(columns, z[z_index])], axis=-1)


@dataclass(frozen=True, slots=True, eq=False)
class Storage:
    """How a lattice is stored as frames of rows of columns.

    Attributes
    ----------
    first_mm : ndarray, shape (3,)
        The first stored point.
    steps_mm : tuple of float
        From column to column, row to row, frame to frame.
    order, signs : tuple of int
        Along which axis of the lattice columns, rows and frames run, and in which sense.
    """

    first_mm: Array
    steps_mm: Triple
    order: Axes
    signs: Axes

    def arrange(self, values: Array) -> Array:
        """Bring values of shape (x, y, z) into (frame, row, column)."""
        column, row, frame = self.order
        backwards = tuple(axis for axis, sign in zip(self.order, self.signs, strict=True) if sign < 0)
        return np.asarray(np.flip(values, backwards).transpose(frame, row, column))


def storage(lattice: Lattice, axes: Matrix) -> Storage:
    """Store a lattice with its columns, rows and frames along the columns of `axes`."""
    matrix = np.array(axes)
    column, row, frame = np.abs(matrix).argmax(axis=0).tolist()
    signs = (axes[column][0], axes[row][1], axes[frame][2])
    first = np.zeros(3)
    for axis, sign in zip((column, row, frame), signs, strict=True):
        first[axis] = lattice.axes_mm[axis][0 if sign > 0 else -1]
    steps = [float(along[1] - along[0]) for along in lattice.axes_mm]
    return Storage(first, (steps[column], steps[row], steps[frame]), (column, row, frame), signs)


def image_lattice(study: Study) -> Lattice:
    """Cover the whole outline, with empty planes at both ends."""
    sampling = study.sampling
    low, high = study.shapes[0].solid.extent_mm
    steps = (sampling.pixel_mm, sampling.pixel_mm, sampling.plane_mm)
    margins = (_IMAGE_MARGIN_PIXELS, _IMAGE_MARGIN_PIXELS, _IMAGE_MARGIN_PLANES)
    return _cover(low, high, steps=steps, margins=margins)


def dose_lattice(study: Study) -> Lattice:
    """Cover every organ and target with a centimetre to spare; the outline may reach beyond."""
    step = study.sampling.dose_mm
    within = Union(tuple(shape.solid for shape in study.shapes if shape.role != "EXTERNAL"))
    low, high = within.extent_mm
    return _cover(low - _DOSE_MARGIN_MM, high + _DOSE_MARGIN_MM, steps=(step, step, step), margins=(0, 0, 0))


def _cover(low: Array, high: Array, *, steps: Triple, margins: Axes) -> Lattice:
    x, y, z = (
        step * np.arange(np.floor(low[i] / step) - margin, np.ceil(high[i] / step) + margin + 1)
        for i, (step, margin) in enumerate(zip(steps, margins, strict=True))
    )
    return Lattice((x, y, z))
