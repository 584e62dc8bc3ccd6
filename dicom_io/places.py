"""Whether objects lie where they would have to lie if they belonged together."""

from __future__ import annotations

import numpy as np

from rtplan.model import Dose, Image, StructureSet

from .numbers import Array

__all__ = ["lies_in", "on_planes"]

ON_PLANE_MM = 0.1
# Contours added by hand or by margin may lie between the planes; most do not.
MOST = 0.9
LOOKED_AT = 2_000


def on_planes(structures: StructureSet, image: Image) -> bool:
    """Say whether nine of ten contours lie on a plane of the image, within its borders."""
    points = _first_points(structures)
    if not len(points):
        return False
    index = image.grid.to_index(points)
    columns, rows, planes = image.grid.axis_coordinates
    nearest = planes[np.abs(index[:, 2:] - planes).argmin(axis=1)]
    step_mm = float(np.linalg.norm(image.grid.index_to_patient[:3, 2]))
    near = np.abs(index[:, 2] - nearest) * step_mm <= ON_PLANE_MM
    inside = (index[:, :2] >= (columns[0] - 1, rows[0] - 1)) & (index[:, :2] <= (columns[-1] + 1, rows[-1] + 1))
    return bool((near & inside.all(axis=1)).mean() >= MOST)


def lies_in(structures: StructureSet, dose: Dose) -> bool:
    """Say whether the middle of some structure lies within the dose grid."""
    drawn = (one for one in structures.structures if one.contours)
    middles = [np.mean([ring.points_mm[0] for ring in one.contours], axis=0) for one in drawn]
    if not middles:
        return False
    index = dose.grid.to_index(np.array(middles))
    low = [axis[0] for axis in dose.grid.axis_coordinates]
    high = [axis[-1] for axis in dose.grid.axis_coordinates]
    return bool(((index >= low) & (index <= high)).all(axis=1).any())


def _first_points(structures: StructureSet) -> Array:
    """Return the first point of contours, evenly picked where there are very many, shape (n, 3)."""
    rings = [ring for one in structures.structures for ring in one.contours if ring.kind != "POINT"]
    picked = rings[:: max(1, len(rings) // LOOKED_AT)]
    return np.array([ring.points_mm[0] for ring in picked]).reshape(-1, 3)
