"""The benchmark of Nelms and others (`nelms2015`), rebuilt from its closed forms.

Five solids, 24 mm high and as wide, lie in two linear fields of 1 Gy/mm, one from anterior to posterior (AP), one
from superior to inferior (SI). Test 1 draws contours every 0.2 mm and varies the dose grid; test 2 draws them as
coarsely as the grid. The benchmark holds that a flat end drawn on its own plane reaches half a contour spacing
beyond it, and its closed forms say so.

In the formulas u is the distance (mm, towards higher dose) of the plane of a dose from the solid's centre, and
h the contour spacing; each gives the volume beyond u.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rtplan.dvh import compute_dvh
from sample_data.solids import sphere

from .compare import Comparison, compare
from .drawing import contours_of, dose_on, region_of
from .solids import Frustum, Solid
from .truth import Truth, closed_form

__all__ = ["FIELDS", "SOLIDS", "SPACINGS_MM", "TEST_1_MM", "comparisons"]

Array = NDArray[np.float64]
FieldName = Literal["AP", "SI"]

RADIUS_MM = 12.0
HEIGHT_MM = 24.0
CENTRE_MM = (0.0, -6.0, 6.0)
CENTRE_GY = 16.0
TEST_1_MM = 0.2
SPACINGS_MM = (1.0, 2.0, 3.0)
DOSE_METRICS = ("Dmin", "Dmax", "Dmean", "D99%", "D95%", "D5%", "D1%", "D0.03cc")


def anterior_posterior(points_mm: Array) -> Array:
    """Return max(0, 10 - y) Gy."""
    return np.maximum(10.0 - points_mm[..., 1], 0.0)


def superior_inferior(points_mm: Array) -> Array:
    """Return max(0, 10 + z) Gy."""
    return np.maximum(10.0 + points_mm[..., 2], 0.0)


FIELDS: dict[FieldName, Callable[[Array], Array]] = {"AP": anterior_posterior, "SI": superior_inferior}


@dataclass(frozen=True, slots=True)
class _Form:
    """A solid and the volume beyond u in each field, as a function of u and h; `flat` where its ends are drawn."""

    solid: Solid
    beyond: dict[FieldName, Callable[[Array, float], Array]]
    flat: bool = False

    def truth(self, field: FieldName, spacing_mm: float) -> Truth:
        # Only a flat end that faces along the field reaches beyond the solid itself.
        cap = spacing_mm / 2 if self.flat and field == "SI" else 0.0
        lower = cap if self.solid.rings(CENTRE_MM[2] - HEIGHT_MM / 2) else 0.0
        half = HEIGHT_MM / 2
        return closed_form(
            lambda dose: self.beyond[field](dose - CENTRE_GY, spacing_mm),
            CENTRE_GY - half - lower,
            CENTRE_GY + half + cap,
        )


def segment(u: Array) -> Array:
    """Area (mm2) of a disc of radius R beyond a chord at u."""
    held = np.clip(u, -RADIUS_MM, RADIUS_MM)
    return np.asarray(RADIUS_MM**2 * np.arccos(held / RADIUS_MM) - held * np.sqrt(RADIUS_MM**2 - held**2))


def _ball(u: Array, _h: float) -> Array:
    held = np.clip(u, -RADIUS_MM, RADIUS_MM)
    return np.asarray(math.pi * (2 * RADIUS_MM**3 / 3 - RADIUS_MM**2 * held + held**3 / 3))


def _cylinder_across(u: Array, h: float) -> Array:
    return np.asarray((HEIGHT_MM + h) * segment(u))


def _cylinder_along(u: Array, h: float) -> Array:
    return np.asarray(math.pi * RADIUS_MM**2 * np.clip(HEIGHT_MM / 2 + h / 2 - u, 0.0, HEIGHT_MM + h))


def _cone_across(u: Array, h: float) -> Array:
    t = np.clip(u / RADIUS_MM, -1.0, 1.0)
    size = np.abs(t)
    # t^3 arsech|t| goes to zero with t.
    tip = t**3 * np.arccosh(1 / np.where(size > 0, size, 1.0))
    share = 0.5 + (-2 * t * np.sqrt(1 - t**2) - np.arcsin(t) + tip) / math.pi
    return np.asarray(math.pi * RADIUS_MM**2 * HEIGHT_MM / 3 * share + h / 2 * segment(u))


def _cone_along(u: Array, h: float) -> Array:
    up = np.clip(u + HEIGHT_MM / 2, 0.0, HEIGHT_MM)
    base = np.clip(HEIGHT_MM / 2 + h / 2 - u, 0.0, h / 2)
    return np.asarray(math.pi * RADIUS_MM**2 * ((HEIGHT_MM**3 - up**3) / (3 * HEIGHT_MM**2) + base))


def _without_caps(form: Callable[[Array, float], Array]) -> Callable[[Array, float], Array]:
    return lambda u, _h: form(u, 0.0)


def _frustum(first_mm: float, along: Literal["z", "-y"]) -> Frustum:
    return Frustum(CENTRE_MM, HEIGHT_MM, (first_mm, RADIUS_MM), along)


SOLIDS = {
    "sphere": _Form(sphere(CENTRE_MM, RADIUS_MM), {"AP": _ball, "SI": _ball}),
    "axial cylinder": _Form(_frustum(RADIUS_MM, "z"), {"AP": _cylinder_across, "SI": _cylinder_along}, flat=True),
    "rotated cylinder": _Form(
        _frustum(RADIUS_MM, "-y"), {"AP": _without_caps(_cylinder_along), "SI": _without_caps(_cylinder_across)}
    ),
    "axial cone": _Form(_frustum(0.0, "z"), {"AP": _cone_across, "SI": _cone_along}, flat=True),
    "rotated cone": _Form(_frustum(0.0, "-y"), {"AP": _without_caps(_cone_along), "SI": _without_caps(_cone_across)}),
}


def comparisons(
    *, contour_spacing_mm: float | None = None, spacings_mm: tuple[float, ...] = SPACINGS_MM
) -> Iterator[Comparison]:
    """Compare every solid, dose grid and metric with its closed form.

    Parameters
    ----------
    contour_spacing_mm : float, optional
        0.2 in test 1; without it contours are drawn as coarsely as the dose grid (test 2).
    spacings_mm : tuple of float
        Of the dose grid.

    Yields
    ------
    Comparison
        For each solid and grid the volume once, and eight doses in each of two fields: 51 a solid with three grids.
    """
    for name, form in SOLIDS.items():
        for spacing in spacings_mm:
            h = contour_spacing_mm or spacing
            region = region_of(contours_of(form.solid, h), h)
            for field, dose_gy in FIELDS.items():
                dvh = compute_dvh(region, dose_on(dose_gy, form.solid.extent_mm, spacing))
                asked = ("Volume", *DOSE_METRICS) if field == "AP" else DOSE_METRICS
                yield from compare(f"{name}, {field}, {spacing:g} mm", dvh, form.truth(field, h), asked)
