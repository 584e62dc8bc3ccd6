"""Planes placed in the patient: the one place where position, orientation and spacing become a `Grid`.

Slice thickness and stated slice spacing are never looked at; where the planes lie is what counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from rtplan.model import Grid

from .faults import Unusable
from .numbers import Array, numbers, tag_name

__all__ = ["Frame", "frame_of", "grid_of", "rising"]

ORTHONORMAL_TOLERANCE = 1e-3
EVEN_TOLERANCE_MM = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """How a plane is turned: unit vectors along a row, down a column and across, and its two spacings.

    `along_row` points to the next column of samples, `down_column` to the next row. `between_rows_mm` and
    `between_columns_mm` are PixelSpacing in its order.
    """

    along_row: Array
    down_column: Array
    normal: Array
    between_rows_mm: float
    between_columns_mm: float

    def same_as(self, other: Frame) -> bool:
        """Say whether two planes are turned and spaced alike."""
        mine, others = self._numbers(), other._numbers()
        return bool(np.allclose(mine, others, rtol=0.0, atol=ORTHONORMAL_TOLERANCE))

    def _numbers(self) -> Array:
        spacing = (self.between_rows_mm, self.between_columns_mm)
        return np.concatenate((self.along_row, self.down_column, spacing))


def frame_of(orientation: Dataset, spacing: Dataset) -> Frame:
    """Read ImageOrientationPatient of one data set and PixelSpacing of another (often the same).

    Raises
    ------
    Unusable
        A value is missing, the spacing is not positive, or the axes are not orthonormal within 1e-3.
    """
    cosines = numbers(orientation, "ImageOrientationPatient", count=6)
    along_row, down_column = cosines[:3], cosines[3:]
    lengths = float(np.linalg.norm(along_row)), float(np.linalg.norm(down_column))
    worst = max(abs(lengths[0] - 1), abs(lengths[1] - 1), abs(float(along_row @ down_column)))
    if worst > ORTHONORMAL_TOLERANCE:
        message = f"the row and column directions are not orthonormal (off by {worst:.3g})"
        raise Unusable("orientation-not-orthonormal", message, tag_name("ImageOrientationPatient"))
    along_row, down_column = along_row / lengths[0], down_column / lengths[1]
    normal = np.cross(along_row, down_column)
    between_rows_mm, between_columns_mm = numbers(spacing, "PixelSpacing", count=2)
    if not min(between_rows_mm, between_columns_mm) > 0:
        raise Unusable("value-out-of-range", "PixelSpacing is not positive", tag_name("PixelSpacing"))
    unit = normal / np.linalg.norm(normal)
    return Frame(along_row, down_column, unit, float(between_rows_mm), float(between_columns_mm))


def rising(offsets_mm: Array) -> NDArray[np.intp]:
    """Return the order that sorts plane offsets, refusing two planes in one place.

    Raises
    ------
    Unusable
        Two offsets are the same within 0.01 mm.
    """
    order = np.argsort(offsets_mm, kind="stable")
    if (np.diff(offsets_mm[order]) <= EVEN_TOLERANCE_MM).any():
        raise Unusable("planes-repeated", "two planes lie in the same place")
    return order


def grid_of(frame: Frame, origin_mm: Array, offsets_mm: Array, *, rows: int, columns: int, frame_uid: str) -> Grid:
    """Build the grid of a stack of planes.

    Parameters
    ----------
    frame : Frame
    origin_mm : ndarray, shape (3,)
        Centre of the first sample of the plane with the lowest offset.
    offsets_mm : ndarray, shape (planes,)
        Rising positions of the planes along the normal; only their differences count.
    rows, columns : int
    frame_uid : str

    Returns
    -------
    Grid
        With `plane_offsets_mm` where the planes are not equally spaced within 0.01 mm. A single plane has
        a third axis of 1 mm, which says nothing about its thickness.
    """
    relative = offsets_mm - offsets_mm[0]
    count = relative.size
    step = float(relative[-1]) / (count - 1) if count > 1 else 1.0
    even = bool((np.abs(relative - step * np.arange(count)) <= EVEN_TOLERANCE_MM).all())
    matrix = np.eye(4)
    matrix[:3, 0] = frame.along_row * frame.between_columns_mm
    matrix[:3, 1] = frame.down_column * frame.between_rows_mm
    matrix[:3, 2] = frame.normal * (step if even else 1.0)
    matrix[:3, 3] = origin_mm
    return Grid((count, rows, columns), matrix, frame_uid, None if even else relative)
