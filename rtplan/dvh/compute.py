"""From a region and a dose to a DVH with its alternatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rtplan.geometry.occupancy import Between, Layers
from rtplan.geometry.profile import Caps
from rtplan.geometry.regions import Fineness, Region, layer_sets
from rtplan.model import Dose

from .curves import DVH, Samples
from .sampling import Box, Kernel, sample_box, sample_points

__all__ = ["CAUSE_CAPS", "CAUSE_DOSE", "Models", "compute_dvh", "face_maximum"]

Array = NDArray[np.float64]

CAUSE_CAPS = "where the structure ends beyond its last contour"
CAUSE_DOSE = "dose between the grid points"
MOST_SURFACE_POINTS = 4_000
# The spline's coefficients cost a pass over the block; a large structure's border is dense enough for linear.
CUBIC_SURFACE_CC = 200.0


@dataclass(frozen=True, slots=True)
class Models:
    """The conventions a DVH is computed by; the defaults are the best estimate."""

    between: Between = "shape"
    caps: Caps = "auto"
    kernel: Kernel = "cubic"
    fineness: Fineness = field(default_factory=Fineness)


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Samples of one set of layers: flat arrays over the cells that hold any of the region.

    `within` marks the cells whose centre lies in the region: their doses count as extremes.
    """

    layers: Layers
    cells: NDArray[np.int64]
    volume_cc: Array
    linear: Array
    cubic: Array
    within: NDArray[np.bool_]
    outside_cc: float

    def doses(self, kernel: Kernel) -> Array:
        return self.cubic if kernel == "cubic" else self.linear


def compute_dvh(region: Region, dose: Dose, *, models: Models | None = None) -> DVH:
    """Compute the DVH of a region.

    Parameters
    ----------
    region : Region
    dose : Dose
        In Gy.
    models : Models, optional

    Returns
    -------
    DVH
        Its variants vary one choice each: the ends (half a spacing; run out), the dose interpolation
        (linear for cubic, cubic for linear).
    """
    models = models or Models()
    fineness = Fineness(min(models.fineness.coarsest_mm, *dose.grid.spacing_mm), models.fineness.cells)
    rules: tuple[Caps, ...] = tuple(dict.fromkeys((models.caps, "half", "round", "auto")))
    inner: list[_Part] = []
    ends: dict[Caps, list[_Part]] = {rule: [] for rule in rules}
    for fixed, completed in layer_sets(region, fineness, between=models.between):
        first, *others = _sampled([fixed, *(completed(rule) for rule in rules)], region.frame, dose)
        inner.append(first)
        for rule, part in zip(rules, others, strict=True):
            ends[rule].append(part)
    border = {kernel: _surface(region, dose, kernel) for kernel in ("linear", "cubic")}

    def samples(rule: Caps, kernel: Kernel, *, located: bool = False) -> Samples:
        return _merged([*inner, *ends[rule]], kernel, region.frame, border[kernel], located=located)

    other: Kernel = "linear" if models.kernel == "cubic" else "cubic"
    variants = [(CAUSE_CAPS, samples(rule, models.kernel)) for rule in rules if rule != models.caps]
    variants.append((CAUSE_DOSE, samples(models.caps, other)))
    outside = sum(part.outside_cc for part in (*inner, *ends[models.caps]))
    return DVH(
        samples(models.caps, models.kernel, located=True),
        tuple(variants),
        float(outside),
        face_maximum(dose) if outside > 0 else 0.0,
    )


def face_maximum(dose: Dose) -> float:
    """Largest value on the six faces of a dose grid."""
    faces = [np.take(dose.values, end, axis=axis) for axis in range(3) for end in (0, -1)]
    return float(max(face.max() for face in faces))


def _sampled(sets: Sequence[Layers], frame: Array, dose: Dose) -> list[_Part]:
    """Sample the dose of several sets of layers on one raster, each height once."""
    raster = sets[0].raster
    heights = np.unique(np.concatenate([layers.nodes.offsets_mm for layers in sets]))
    if len(heights) == 0:
        return [_part(layers, None, np.zeros(0, dtype=np.int64)) for layers in sets]
    box = sample_box(dose, frame, raster.u_mm, raster.v_mm, heights)
    return [_part(layers, box, np.searchsorted(heights, layers.nodes.offsets_mm)) for layers in sets]


def _part(layers: Layers, box: Box | None, heights: NDArray[np.int64]) -> _Part:
    raster, nodes = layers.raster, layers.nodes
    size = raster.rows * raster.columns
    cells = np.flatnonzero(layers.coverage * (nodes.thickness_mm > 0)[:, None, None])
    if box is None or len(cells) == 0:
        nothing = np.zeros(0)
        return _Part(layers, cells[:0], nothing, nothing, nothing, np.zeros(0, dtype=np.bool_), 0.0)
    filled = layers.coverage.ravel()[cells]
    volume = filled * nodes.thickness_mm[cells // size] * raster.cell_mm**2 / 1000.0
    sampled = heights[cells // size] * size + cells % size
    known = box.known.ravel()[sampled]
    outside = float(volume[~known].sum())
    sampled = sampled[known]
    return _Part(
        layers,
        cells[known],
        volume[known],
        box.linear.ravel()[sampled],
        box.cubic.ravel()[sampled],
        filled[known] >= 0.5,
        outside,
    )


def _merged(parts: Sequence[_Part], kernel: Kernel, frame: Array, surface_gy: Array, *, located: bool) -> Samples:
    dose = np.concatenate([part.doses(kernel) for part in parts])
    volume = np.concatenate([part.volume_cc for part in parts])
    within = np.concatenate([part.within for part in parts])
    starts = np.cumsum([0, *(len(part.cells) for part in parts)])

    def locate(numbers: NDArray[np.int64]) -> Array:
        points = np.zeros((len(numbers), 3))
        for part, start, end in zip(parts, starts[:-1], starts[1:], strict=True):
            own = (numbers >= start) & (numbers < end)
            points[own] = _points(part, numbers[own] - start, frame)
        return points

    inside = np.concatenate([dose[within], surface_gy])
    extremes = (float(inside.min()), float(inside.max())) if len(inside) else None
    return Samples.sorted(dose, volume, locate=locate if located else None, extremes_gy=extremes)


def _points(part: _Part, numbers: NDArray[np.int64], frame: Array) -> Array:
    raster = part.layers.raster
    height, row, column = np.unravel_index(part.cells[numbers], part.layers.coverage.shape)
    local = np.column_stack([raster.u_mm[column], raster.v_mm[row], part.layers.nodes.offsets_mm[height]])
    points: Array = local @ frame.T
    return points


def _surface(region: Region, dose: Dose, kernel: Kernel) -> Array:
    """Doses at the drawn vertices: the border itself, which no cell centre reaches."""
    vertices = region.vertices_mm
    if len(vertices) == 0:
        return np.zeros(0)
    vertices = vertices[:: max(1, len(vertices) // MOST_SURFACE_POINTS)]
    size_cc = float(np.ptp(vertices, axis=0).prod()) / 1000.0
    values, known = sample_points(dose, vertices, kernel=kernel if size_cc < CUBIC_SURFACE_CC else "linear")
    return values[known]
