"""Makers that tests of the numerical core share: contours cut from a solid, a dose sampled from a function."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from rtplan.geometry import Region, Stack, stack_contours
from rtplan.model import Contour, Dose, Grid
from sample_data.solids import Solid


def cut_contours(solid: Solid, spacing_mm: float, *, phase: float = 0.5) -> list[Contour]:
    """Cut a solid by planes of constant z; the first lies `phase` spacings above its lowest point."""
    (_, _, low), (_, _, high) = solid.extent_mm
    contours = []
    for z in np.arange(low + phase * spacing_mm, high, spacing_mm):
        contours += [Contour(np.column_stack([ring, np.full(len(ring), z)])) for ring in solid.rings(float(z))]
    return contours


def cut_stack(solid: Solid, spacing_mm: float, *, phase: float = 0.5) -> Stack:
    """Cut a solid and stack what was cut."""
    stack = stack_contours(cut_contours(solid, spacing_mm, phase=phase), spacing_mm=spacing_mm)
    assert stack is not None
    return stack


def cut_region(solid: Solid, spacing_mm: float, *, phase: float = 0.5) -> Region:
    """Cut a solid and make it a region of its own."""
    return Region.of(cut_stack(solid, spacing_mm, phase=phase))


def sampled_dose(field: Callable, reach_mm: float, spacing_mm: float, *, shift_mm: float = 0.0) -> Dose:
    """Sample `field`, a function of (..., 3) points, on a cube of grid points around the origin.

    `shift_mm` moves the points off the origin, so that nothing lies on them by luck.
    """
    count = int(np.ceil(reach_mm / spacing_mm)) * 2 + 1
    matrix = np.diag([spacing_mm, spacing_mm, spacing_mm, 1.0])
    matrix[:3, 3] = shift_mm - spacing_mm * (count // 2)
    grid = Grid((count, count, count), matrix)
    plane, row, column = np.meshgrid(*[np.arange(count, dtype=float)] * 3, indexing="ij")
    return Dose(grid, np.asarray(field(grid.to_patient(np.stack([column, row, plane], axis=-1)))))


@pytest.fixture(scope="session")
def contours_of() -> Callable:
    return cut_contours


@pytest.fixture(scope="session")
def stack_of() -> Callable:
    return cut_stack


@pytest.fixture(scope="session")
def region_of() -> Callable:
    return cut_region


@pytest.fixture(scope="session")
def dose_of() -> Callable:
    return sampled_dose
