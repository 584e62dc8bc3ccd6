"""The 24 turns of a cube onto itself, the eight patient positions among them, and studies written under them.

A phantom that lies still while the scanner is told another patient position gets coordinates that are turned
rigidly; its doses and volumes stay what they were. All matrices hold only 0, 1 and -1, so a coordinate changes
place and sign but never a digit.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .study import Study

__all__ = ["IDENTITY", "PATIENT_POSITIONS", "ROTATIONS", "Matrix", "position_of", "reoriented", "turned"]

Matrix = tuple[tuple[int, int, int], tuple[int, int, int], tuple[int, int, int]]

IDENTITY: Matrix = ((1, 0, 0), (0, 1, 0), (0, 0, 1))


def _all_rotations() -> tuple[Matrix, ...]:
    """Every signed permutation of the axes that keeps the right hand right."""
    found: list[Matrix] = []
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1, -1), repeat=3):
            rows = [[signs[i] * int(order[i] == j) for j in range(3)] for i in range(3)]
            if round(float(np.linalg.det(np.array(rows)))) == 1:
                (a, b, c), (d, e, f), (g, h, i) = rows
                found.append(((a, b, c), (d, e, f), (g, h, i)))
    return tuple(found)


ROTATIONS = _all_rotations()

# Columns: where the image's column direction, row direction and stacking direction point in the patient (LPS).
PATIENT_POSITIONS = MappingProxyType(
    {
        "HFS": IDENTITY,
        "HFP": ((-1, 0, 0), (0, -1, 0), (0, 0, 1)),
        "FFS": ((-1, 0, 0), (0, 1, 0), (0, 0, -1)),
        "FFP": ((1, 0, 0), (0, -1, 0), (0, 0, -1)),
        "HFDR": ((0, -1, 0), (1, 0, 0), (0, 0, 1)),
        "HFDL": ((0, 1, 0), (-1, 0, 0), (0, 0, 1)),
        "FFDR": ((0, -1, 0), (-1, 0, 0), (0, 0, -1)),
        "FFDL": ((0, 1, 0), (1, 0, 0), (0, 0, -1)),
    }
)


def position_of(rotation: Matrix) -> str:
    """Return the patient position that a rotation stands for; HFS where it is none of the eight."""
    return next((name for name, matrix in PATIENT_POSITIONS.items() if matrix == rotation), "HFS")


def turned(points_mm: NDArray[np.float64], rotation: Matrix) -> NDArray[np.float64]:
    """Turn ``(..., 3)`` points about the origin.

    Examples
    --------
    >>> turned(np.array([1.0, 2.0, 3.0]), PATIENT_POSITIONS["HFP"]).tolist()
    [-1.0, -2.0, 3.0]
    """
    # Adding zero turns -0.0 into 0.0, which would otherwise be written as another decimal.
    return np.asarray(np.asarray(points_mm) @ np.array(rotation, dtype=np.float64).T + 0.0)


def reoriented(study: Study, rotation: Matrix | str) -> Study:
    """Return the same study turned by one of `ROTATIONS` or into one of `PATIENT_POSITIONS`.

    Raises
    ------
    ValueError
        If the rotation is none of these.
    """
    matrix = PATIENT_POSITIONS.get(rotation) if isinstance(rotation, str) else rotation
    if matrix not in ROTATIONS:
        raise ValueError(f"{rotation!r} is neither a patient position nor one of the 24 rotations")
    return replace(study, rotation=matrix)
