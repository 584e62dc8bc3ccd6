"""The suites beside the benchmark: balls, other solids, snapped contours, a phantom, and all orientations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import permutations, product

import numpy as np
from numpy.typing import NDArray

from rtplan.dvh import compute_dvh
from rtplan.model import Contour, Dose, Grid
from sample_data.solids import Ellipsoid, Tube, Union, sphere

from .compare import Comparison, beside, compare, values_of
from .drawing import contours_of, dose_on, region_of
from .fields import Field, Gaussian, Linear, Sigmoid, in_ball
from .nelms import SOLIDS as NELMS_SOLIDS
from .solids import Frustum, Kidney, Solid, TiltedEllipsoid, Torus
from .truth import counted

__all__ = ["balls", "orientations", "other_solids", "phantom", "small_balls", "snapped", "turns"]

Array = NDArray[np.float64]
Triple = tuple[float, float, float]

METRICS = ("Volume", "D95%", "D50%", "D2%", "D0.03cc", "Dmean")
RADII_MM = (3.0, 5.0, 8.0, 12.0)
SLICES_MM = (1.0, 2.0, 3.0)
PHASES = (0.0, 0.37)
DOSE_GRIDS_MM = (1.0, 2.0, 2.5)
# Off the origin, so that no slice, pixel or grid point lies in a solid's centre by luck.
OFF_MM: Triple = (1.37, -2.11, 0.53)
SHIFT = 0.3


def balls(*, quick: bool = False) -> Iterator[Comparison]:
    """Compare balls the size of metastases in a linear and a sigmoid field with closed forms.

    The sigmoid is ``24 / (1 + exp((d - r - 1) / 1.5))`` Gy at the distance d (mm) from the centre of a ball of
    radius r. `quick` takes two radii and the coarser half of slices and grids.
    """
    radii, slices, grids = ((5.0, 8.0), SLICES_MM[1:], (2.5,)) if quick else (RADII_MM, SLICES_MM, DOSE_GRIDS_MM)
    for radius in radii:
        solid = sphere(OFF_MM, radius)
        fields: dict[str, Field] = {"linear": Linear(), "sigmoid": Sigmoid(radius + 1, at_mm=OFF_MM)}
        truths = {name: in_ball(field, OFF_MM, radius) for name, field in fields.items()}
        for spacing, phase in product(slices, PHASES):
            region = region_of(contours_of(solid, spacing, phase=phase), spacing)
            for grid, (name, field) in product(grids, fields.items()):
                dvh = compute_dvh(region, dose_on(field.dose_gy, solid.extent_mm, grid, shift=SHIFT))
                case = f"radius {radius:g} mm, {name}, slices {spacing:g} mm, phase {phase:g}, grid {grid:g} mm"
                yield from compare(case, dvh, truths[name], METRICS)


# A rotation that leaves no axis of a solid along one of ours.
TILT: tuple[Triple, Triple, Triple] = ((2 / 3, -1 / 3, 2 / 3), (2 / 3, 2 / 3, -1 / 3), (-1 / 3, 2 / 3, 2 / 3))
OTHER_SOLIDS: dict[str, Solid] = {
    "ellipsoid 6 x 9 x 5 mm": Ellipsoid((0.0, 0.0, 0.0), (6.0, 9.0, 5.0)),
    "ellipsoid 5 x 5 x 12 mm": Ellipsoid((0.0, 0.0, 0.0), (5.0, 5.0, 12.0)),
    "tilted ellipsoid 5 x 8 x 12 mm": TiltedEllipsoid((5.0, 8.0, 12.0), TILT),
    "tube cut by the scan": Tube((0.0, 0.0), (6.0, 6.0), -9.3, 8.1),
    "lying cylinder": Frustum((0.0, 0.0, 0.0), 20.0, (7.0, 7.0), "-y"),
    "upright cone": Frustum((0.0, 0.0, 0.0), 18.0, (0.0, 9.0), "z"),
    "torus": Torus(9.0, 4.0),
    "kidney": Kidney(10.0, 4.5),
    "ball beside a ball": Union((sphere((9.0, 0.0, 1.3), 6.0), sphere((-9.0, 0.0, -1.7), 4.8))),
}
SNAPPED_SOLIDS: dict[str, Solid] = {
    "ball 6 mm": sphere((0.0, 0.0, 0.0), 6.0),
    "ellipsoid 6 x 9 x 5 mm": OTHER_SOLIDS["ellipsoid 6 x 9 x 5 mm"],
    "kidney": OTHER_SOLIDS["kidney"],
}


def _fields_around(solid: Solid) -> dict[str, Field]:
    reach = float(np.abs(solid.extent_mm).max())
    return {
        "linear": Linear(),
        "Gaussian": Gaussian(0.8 * reach + 1.5, at_mm=(2.0, 0.0, 0.0)),
        "sigmoid": Sigmoid(reach + 1),
    }


def _around(
    solids: dict[str, Solid],
    *,
    slices_mm: Sequence[float],
    phases: Sequence[float],
    grids_mm: Sequence[float],
    snap_mm: Sequence[float] = (0.0,),
) -> Iterator[Comparison]:
    for name, solid in solids.items():
        fields = _fields_around(solid)
        truths = {key: counted(solid, field.dose_gy) for key, field in fields.items()}
        for spacing, phase, snap in product(slices_mm, phases, snap_mm):
            region = region_of(contours_of(solid, spacing, phase=phase, snap_mm=snap), spacing)
            drawn = f", snapped to {snap:g} mm" if snap else ""
            for grid, (key, field) in product(grids_mm, fields.items()):
                dvh = compute_dvh(region, dose_on(field.dose_gy, solid.extent_mm, grid, shift=SHIFT))
                case = f"{name}{drawn}, {key}, slices {spacing:g} mm, phase {phase:g}, grid {grid:g} mm"
                yield from compare(case, dvh, truths[key], METRICS)


def other_solids(*, quick: bool = False) -> Iterator[Comparison]:
    """Compare solids that are not balls, in three fields, with closed-form volumes and counted doses."""
    if quick:
        few = {name: OTHER_SOLIDS[name] for name in ("tilted ellipsoid 5 x 8 x 12 mm", "torus")}
        return _around(few, slices_mm=(2.0,), phases=(0.6,), grids_mm=(2.5,))
    return _around(OTHER_SOLIDS, slices_mm=SLICES_MM, phases=(0.2, 0.6), grids_mm=(1.0, 2.5))


def snapped(*, quick: bool = False) -> Iterator[Comparison]:
    """Compare solids whose vertices were moved to pixels of 0.5 and 1 mm."""
    if quick:
        few = {"ball 6 mm": SNAPPED_SOLIDS["ball 6 mm"]}
        return _around(few, slices_mm=(2.0,), phases=(0.37,), grids_mm=(2.0,), snap_mm=(0.5, 1.0))
    return _around(SNAPPED_SOLIDS, slices_mm=(2.0,), phases=PHASES, grids_mm=(2.0,), snap_mm=(0.5, 1.0))


STANLEY_DIAMETERS_MM = (3.0, 5.0, 7.0, 10.0, 15.0, 20.0)
STANLEY_PLACES = 10


def small_balls(*, quick: bool = False) -> Iterator[Comparison]:
    """Compare the volumes of balls of 3 to 20 mm, placed anywhere between slices of 1 mm (after `stanley2021`)."""
    for diameter in STANLEY_DIAMETERS_MM[:: 3 if quick else 1]:
        for place in range(0, STANLEY_PLACES, 5 if quick else 1):
            # Multiples of the golden section fall evenly on an interval.
            centre = (0.3, -0.4, place * 0.6180339887 % 1.0)
            solid = sphere(centre, diameter / 2)
            dose = dose_on(Linear().dose_gy, solid.extent_mm, 1.0, shift=SHIFT)
            dvh = compute_dvh(region_of(contours_of(solid, 1.0), 1.0), dose)
            yield from compare(f"{diameter:g} mm", dvh, in_ball(Linear(), centre, diameter / 2), ("Volume",))


PHANTOM_DIAMETERS_MM = (5.0, 7.0, 10.0, 15.0, 20.0, 30.0)
PHANTOM_CENTRES_MM: tuple[Triple, ...] = ((0.31, -0.74, 0.18), (-0.52, 0.23, 0.87), (0.66, 0.41, -0.39))
PHANTOM_METRICS = ("Volume", "D95%", "D98%", "D2%", "D0.03cc", "Dmean")


def phantom(*, slices_mm: float, quick: bool = False) -> Iterator[Comparison]:
    """Compare balls of 5 to 30 mm in a Gaussian of their own width (0.8 D + 1.5 mm) on a dose grid of 2.5 mm.

    The phantom on which other programs were measured.
    """
    for diameter, centre in product(
        PHANTOM_DIAMETERS_MM[::3] if quick else PHANTOM_DIAMETERS_MM, PHANTOM_CENTRES_MM[: 1 if quick else 3]
    ):
        field, solid = Gaussian(0.8 * diameter + 1.5, at_mm=centre), sphere(centre, diameter / 2)
        dvh = compute_dvh(
            region_of(contours_of(solid, slices_mm), slices_mm), dose_on(field.dose_gy, solid.extent_mm, 2.5)
        )
        yield from compare(f"{diameter:g} mm", dvh, in_ball(field, centre, diameter / 2), PHANTOM_METRICS)


def turns() -> list[Array]:
    """Return the 24 rotations that take axes to axes."""
    found = []
    for axes, signs in product(permutations(range(3)), product((1.0, -1.0), repeat=3)):
        matrix = np.zeros((3, 3))
        matrix[range(3), axes] = signs
        if np.linalg.det(matrix) > 0:
            found.append(matrix)
    return found


def orientations(*, whole: bool, quick: bool = False) -> Iterator[Comparison]:
    """Compare the metrics of one solid in each of the 24 orientations with those in the first.

    `whole` turns the patient: contours and dose together. Otherwise only the dose array is stored along other
    axes, and the dose in space stays what it was. `quick` takes every sixth.
    """
    solid = NELMS_SOLIDS["rotated cone"].solid
    contours = contours_of(solid, 2.0, phase=0.37)
    dose = dose_on(Gaussian(12.0, at_mm=(1.0, -4.0, 7.0)).dose_gy, solid.extent_mm, 2.5, shift=SHIFT)
    expected: dict[str, float] = {}
    for number, turn in enumerate(turns()[:: 6 if quick else 1]):
        drawn = tuple(Contour(contour.points_mm @ turn.T) for contour in contours) if whole else contours
        placed = _moved(dose, turn) if whole else _stored_along(dose, turn)
        dvh = compute_dvh(region_of(drawn, 2.0), placed)
        expected = expected or values_of(dvh, METRICS)
        yield from beside(f"orientation {number + 1}", dvh, expected)


def _moved(dose: Dose, turn: Array) -> Dose:
    """Turn a dose in space; the array stays as it is."""
    matrix = np.eye(4)
    matrix[:3, :3] = turn
    return replace(dose, grid=Grid(dose.grid.shape, matrix @ dose.grid.index_to_patient))


def _stored_along(dose: Dose, turn: Array) -> Dose:
    """Store the same dose along turned axes: the array transposed and flipped, and a grid that says so."""
    axes, signs = np.abs(turn).argmax(axis=1), turn.sum(axis=1)
    # The array's axes are (plane, row, column), those of the grid's matrix (column, row, plane).
    values = dose.values.transpose(2, 1, 0).transpose(axes)
    matrix = dose.grid.index_to_patient.copy()
    matrix[:3, :3] = dose.grid.index_to_patient[:3, axes] * signs
    for axis in np.flatnonzero(signs < 0):
        values = np.flip(values, axis=int(axis))
        matrix[:3, 3] -= matrix[:3, axis] * (values.shape[axis] - 1)
    stored = np.ascontiguousarray(values.transpose(2, 1, 0))
    return replace(dose, grid=Grid(stored.shape, matrix), values=stored)
