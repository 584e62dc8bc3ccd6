"""Measure what the model between and beyond the contours does to volume and D95; run it as it is.

``python docs/compare_models.py`` prints the tables of decision 0003, ``python docs/compare_models.py kernels`` that
of the dose between grid points. The solids and their closed forms come from
`sample_data`; the planes are cut at six phases, so that no model is helped by where a plane happens to lie.
"""  # noqa: INP001 - a script, not a package

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

from rtplan.dvh import Models, compute_dvh
from rtplan.geometry import Region, stack_contours
from rtplan.model import Contour, Dose, Grid
from sample_data.solids import Solid, Tube, sphere

Field = Callable[[np.ndarray], np.ndarray]
MODELS = {
    "slab, half": Models(between="slab", caps="half"),
    "shape, none": Models(between="shape", caps="none"),
    "shape, half": Models(between="shape", caps="half"),
    "shape, auto": Models(between="shape", caps="auto"),
}
SOLIDS: dict[str, Solid] = {
    "sphere, 6 mm across": sphere((0.1, 0.2, 0.0), 3.0),
    "sphere, 10 mm across": sphere((0.1, 0.2, 0.0), 5.0),
    "sphere, 20 mm across": sphere((0.1, 0.2, 0.0), 10.0),
    "cylinder, 16 x 25 mm": Tube((0.1, 0.2), (8.0, 8.0), -12.5, 12.5),
}
SPACINGS_MM = (1.0, 2.0, 3.0)
REACH_MM = 20.0
PHASES = (np.arange(6) + 0.5) / 6
FINE_MM = 0.5  # so fine a dose grid that what is left is the model's own error


KERNELS = {"linear": Models(kernel="linear"), "cubic": Models(kernel="cubic")}
GRIDS_MM = (1.0, 2.0, 2.5, 3.0)


def kernels() -> None:
    """Print the error of D95 and D50 of spheres on planes of 1 mm, by dose grid and interpolation."""
    sys.stdout.write(
        "| solid | dose grid | D95, linear | D95, cubic | D50, linear | D50, cubic |\n|---|---|---|---|---|---|\n"
    )
    for name, solid in list(SOLIDS.items())[:3]:
        field, region = _bell(solid), _cut(solid, 1.0, 0.5)
        for grid_mm in GRIDS_MM:
            doses = [_sampled(field, spacing_mm=grid_mm, shift_mm=shift * grid_mm) for shift in (0.1, 0.3, 0.5)]
            cells = []
            for share in (0.95, 0.5):
                truth = _true_dose_at(solid, field, share)
                for models in KERNELS.values():
                    curves = [compute_dvh(region, dose, models=models) for dose in doses]
                    cells.append(_cell([dvh.dose_at(share * dvh.total_cc) / truth - 1 for dvh in curves]))
            sys.stdout.write(f"| {name} | {grid_mm:g} mm | {' | '.join(cells)} |\n")


def main() -> None:
    """Print both tables."""
    rows = [(name, spacing, _errors(solid, spacing)) for name, solid in SOLIDS.items() for spacing in SPACINGS_MM]
    for title, column in (("Error of the volume, % (mean, and largest in size)", 0), ("Error of D95, %", 1)):
        sys.stdout.write(f"\n{title}\n\n| solid | planes | {' | '.join(MODELS)} |\n|---|---|{'---|' * len(MODELS)}\n")
        for name, spacing, errors in rows:
            cells = " | ".join(_cell(errors[model][column]) for model in MODELS)
            sys.stdout.write(f"| {name} | {spacing:g} mm | {cells} |\n")


def _cell(errors: list[float]) -> str:
    mean, worst = (round(100 * value, 1) + 0.0 for value in (float(np.mean(errors)), max(errors, key=abs)))
    return f"{mean:+.1f} ({worst:+.1f})"


def _errors(solid: Solid, spacing_mm: float) -> dict[str, tuple[list[float], list[float]]]:
    """Relative errors of volume and D95 at every phase, by model."""
    field = _bell(solid)
    dose, truth = _sampled(field), _true_dose_at(solid, field, 0.95)
    found: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in MODELS}
    for phase in PHASES:
        region = _cut(solid, spacing_mm, float(phase))
        for name, models in MODELS.items():
            dvh = compute_dvh(region, dose, models=models)
            found[name][0].append(dvh.total_cc / solid.volume_cc - 1)
            found[name][1].append(dvh.dose_at(0.95 * dvh.total_cc) / truth - 1)
    return found


def _cut(solid: Solid, spacing_mm: float, phase: float) -> Region:
    low, high = solid.extent_mm[:, 2]
    heights = np.arange(low + phase * spacing_mm, high, spacing_mm)
    rings = [(ring, z) for z in heights for ring in solid.rings(float(z))]
    contours = [Contour(np.column_stack([ring, np.full(len(ring), z)])) for ring, z in rings]
    stack = stack_contours(contours, spacing_mm=spacing_mm)
    if stack is None:
        raise ValueError("no plane meets the solid")
    return Region.of(stack)


def _bell(solid: Solid) -> Field:
    """Return a Gaussian dose of 50 Gy, as wide (one sigma) as the solid: its surface gets about 30 Gy."""
    sigma_mm = float(np.ptp(solid.extent_mm, axis=0).min()) / 2
    return lambda points_mm: np.asarray(50.0 * np.exp(-(points_mm**2).sum(axis=-1) / (2 * sigma_mm**2)))


def _sampled(field: Field, *, spacing_mm: float = FINE_MM, shift_mm: float = 0.0) -> Dose:
    count = int(2 * REACH_MM / spacing_mm) + 1
    matrix = np.diag([spacing_mm, spacing_mm, spacing_mm, 1.0])
    matrix[:3, 3] = shift_mm - REACH_MM
    grid = Grid((count, count, count), matrix)
    plane, row, column = np.meshgrid(*[np.arange(count, dtype=float)] * 3, indexing="ij")
    return Dose(grid, field(grid.to_patient(np.stack([column, row, plane], axis=-1))))


def _true_dose_at(solid: Solid, field: Field, share: float) -> float:
    """Dose at a share of the solid itself, from points that fill it evenly in volume."""
    side = (np.arange(60) + 0.5) / 60
    unit = np.stack(np.meshgrid(side, side, side, indexing="ij"), axis=-1).reshape(-1, 3)
    points, volume = solid.place(unit)
    dose = field(points)
    order = np.argsort(-dose)
    middles = (np.cumsum(volume[order]) - volume[order] / 2) / volume.sum()
    return float(np.interp(share, middles, dose[order]))


if __name__ == "__main__":
    kernels() if sys.argv[1:] == ["kernels"] else main()
