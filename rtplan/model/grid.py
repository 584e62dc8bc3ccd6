"""One type of grid for CT, MR and dose: a box of samples placed in the patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Grid"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Where the samples of an array lie in the patient.

    Attributes
    ----------
    shape : tuple of int
        ``(planes, rows, columns)``, the order of the array's axes.
    index_to_patient : ndarray, shape (4, 4)
        Takes ``(column, row, w, 1)`` to mm in LPS. Without `plane_offsets_mm`, ``w`` is the plane index;
        with it, ``w`` is the distance in mm from the first plane and the third column has length one.
    plane_offsets_mm : ndarray, shape (planes,), or None
        Strictly rising distances of the planes from the first one; None where they are equally spaced.
    frame_uid : str
        FrameOfReferenceUID; empty where the source named none.
    """

    shape: tuple[int, int, int]
    index_to_patient: Array
    frame_uid: str = ""
    plane_offsets_mm: Array | None = None

    def __post_init__(self) -> None:
        if len(self.shape) != 3 or any(count < 1 for count in self.shape):
            raise ValueError(f"a grid has three axes of one sample or more, not {self.shape}")
        matrix = np.array(self.index_to_patient, dtype=np.float64)
        if matrix.shape != (4, 4) or not np.isfinite(matrix).all():
            raise ValueError("index_to_patient is a finite 4 x 4 matrix")
        if abs(np.linalg.det(matrix[:3, :3])) < 1e-12:
            raise ValueError("index_to_patient has no inverse: two axes are parallel or a spacing is zero")
        matrix.setflags(write=False)
        object.__setattr__(self, "index_to_patient", matrix)
        if self.plane_offsets_mm is not None:
            offsets = np.array(self.plane_offsets_mm, dtype=np.float64)
            rising = np.isfinite(offsets).all() and (np.diff(offsets) > 0).all()
            if offsets.shape != (self.shape[0],) or not rising:
                raise ValueError("plane_offsets_mm rises strictly, one offset a plane")
            offsets.setflags(write=False)
            object.__setattr__(self, "plane_offsets_mm", offsets)

    @property
    def axis_coordinates(self) -> tuple[Array, Array, Array]:
        """Sample positions along the column, row and plane axes in index units (planes: ``w``)."""
        planes = np.arange(self.shape[0], dtype=np.float64)
        return (
            np.arange(self.shape[2], dtype=np.float64),
            np.arange(self.shape[1], dtype=np.float64),
            planes if self.plane_offsets_mm is None else self.plane_offsets_mm,
        )

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance between neighbouring columns, rows and planes (the median where they vary)."""
        lengths = np.linalg.norm(self.index_to_patient[:3, :3], axis=0)
        step = 1.0
        if self.plane_offsets_mm is not None and self.shape[0] > 1:
            step = float(np.median(np.diff(self.plane_offsets_mm)))
        return float(lengths[0]), float(lengths[1]), float(lengths[2] * step)

    @property
    def directions(self) -> Array:
        """Unit vectors of the column, row and plane axes, as the columns of a 3 x 3 matrix."""
        columns = self.index_to_patient[:3, :3]
        unit: Array = columns / np.linalg.norm(columns, axis=0)
        return unit

    def to_patient(self, index: Array) -> Array:
        """Take ``(..., 3)`` points ``(column, row, w)`` to mm in LPS."""
        points: Array = index @ self.index_to_patient[:3, :3].T + self.index_to_patient[:3, 3]
        return points

    def to_index(self, points_mm: Array) -> Array:
        """Take ``(..., 3)`` points in mm (LPS) to ``(column, row, w)``."""
        inverse = np.linalg.inv(self.index_to_patient)
        index: Array = points_mm @ inverse[:3, :3].T + inverse[:3, 3]
        return index
