"""From analytic solids and fields to what the engine is given: contours on planes, a dose on a grid."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rtplan.geometry import Region, stack_contours
from rtplan.model import Contour, Dose, Grid

from .solids import Solid

__all__ = ["contours_of", "dose_on", "region_of", "sampled"]

Array = NDArray[np.float64]


def contours_of(solid: Solid, spacing_mm: float, *, phase: float = 0.0, snap_mm: float = 0.0) -> tuple[Contour, ...]:
    """Cut a solid by the planes ``z = (k + phase) * spacing_mm``.

    `snap_mm` moves every vertex to the nearest corner of pixels of that size, as systems do that draw on pixels.
    """
    low, high = solid.extent_mm[:, 2] / spacing_mm - phase
    heights = (np.arange(np.floor(low), np.ceil(high) + 1) + phase) * spacing_mm
    rings = [(_snapped(ring, snap_mm), float(z)) for z in heights for ring in solid.rings(float(z))]
    return tuple(Contour(np.column_stack([ring, np.full(len(ring), z)])) for ring, z in rings if len(ring) >= 3)


def region_of(contours: tuple[Contour, ...], spacing_mm: float) -> Region:
    """Return the region of contours that were drawn on planes `spacing_mm` apart.

    Raises
    ------
    ValueError
        Where no contour is left.
    """
    stack = stack_contours(contours, spacing_mm=spacing_mm)
    if stack is None:
        raise ValueError("no plane meets the solid")
    return Region.of(stack, spacing_mm=spacing_mm)


def dose_on(
    dose_gy: Callable[[Array], Array], box_mm: Array, spacing_mm: float, *, shift: float = 0.0, room_mm: float = 6.0
) -> Dose:
    """Sample a field on the points ``(k + shift) * spacing_mm`` that cover a box (2, 3) and `room_mm` around it."""
    first = np.floor((box_mm[0] - room_mm) / spacing_mm - shift)
    last = np.ceil((box_mm[1] + room_mm) / spacing_mm - shift)
    columns, rows, planes = (last - first).astype(int) + 1
    matrix = np.diag([spacing_mm, spacing_mm, spacing_mm, 1.0])
    matrix[:3, 3] = (first + shift) * spacing_mm
    return sampled(dose_gy, Grid((planes, rows, columns), matrix))


def sampled(dose_gy: Callable[[Array], Array], grid: Grid) -> Dose:
    """Sample a field on a grid."""
    column, row, plane = grid.axis_coordinates
    index = np.stack(np.meshgrid(plane, row, column, indexing="ij")[::-1], axis=-1)
    return Dose(grid, dose_gy(grid.to_patient(index)))


def _snapped(ring: Array, snap_mm: float) -> Array:
    if snap_mm == 0.0:
        return ring
    corners = np.round(ring / snap_mm) * snap_mm
    return np.asarray(corners[(corners != np.roll(corners, 1, axis=0)).any(axis=1)])
