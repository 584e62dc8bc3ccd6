"""From a region and a dose to a DVH with its alternatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from rtplan.geometry.layout import CAUSE_BETWEEN, CAUSE_CAPS, Alternative, Layout, lay_out
from rtplan.geometry.occupancy import Between
from rtplan.geometry.profile import Caps
from rtplan.geometry.regions import Fineness, Region
from rtplan.model import Dose

from .curves import DVH, Change, Samples, Variant, merged_samples
from .sampling import Box, Kernel, sample_box, sample_points
from .tails import Split, centroids, differences, split_tails
from .within import spreads

__all__ = ["CAUSE_BETWEEN", "CAUSE_CAPS", "CAUSE_CONTOUR", "CAUSE_DOSE", "Models", "compute_dvh", "face_maximum"]

Array = NDArray[np.float64]

CAUSE_DOSE = "dose between the grid points"
CAUSE_CONTOUR = "how finely the contours are drawn"
# How much of the difference between two models counts as the reach of either side: the better model's own error
# is a part of what it corrects. Found on solids with closed forms; the bounds of the ends count in full.
SHARE = {CAUSE_CAPS: 1.0, CAUSE_BETWEEN: 0.5, CAUSE_DOSE: 0.5, CAUSE_CONTOUR: 1.0}
# A cell that is filled to within this share is no cell of the border: areas are met to a little less.
SLIVER = 1e-3
MOST_SURFACE_POINTS = 4_000
# A cell counts as within where its centre is: from half coverage on.
WITHIN = 0.5
# A border is placed in its cell as if it were straight: that errs by a small share of the cell.
CELL_SHARE = 0.05
# The spline's coefficients cost a pass over the block; a large structure's border is dense enough for linear.
CUBIC_SURFACE_CC = 200.0


@dataclass(frozen=True, slots=True)
class Models:
    """The conventions a DVH is computed by; the defaults are the best estimate."""

    between: Between = "shape"
    caps: Caps = "auto"
    kernel: Kernel = "cubic"
    fineness: Fineness = field(default_factory=Fineness)


_Key = tuple[str, int]
_BEST: _Key = ("", 0)


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """The cells of one layout that hold any of the region, by any reading, where the dose is known.

    `volume_cc` is what the best reading puts into each cell, `changes` what another reading adds to it; `within`
    marks the cells whose centre lies in the region by the best reading (their doses count as extremes), `deep`
    those that lie in it as a whole.
    """

    layout: Layout
    cells: NDArray[np.int64]
    linear: Array
    cubic: Array
    within: NDArray[np.bool_]
    deep: NDArray[np.bool_]
    volume_cc: Array
    changes: dict[_Key, Change]
    outside_cc: float
    tips: dict[_Key, tuple[Array, Array]]

    def reached(self, key: _Key, kernel: Kernel) -> Array:
        """Doses where the body ends by a reading; where a reading does not say, it ends like the best."""
        ends = self.tips.get(key) or self.tips.get(_BEST)
        return ends[kernel == "cubic"] if ends else np.zeros(0)

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
        Its variants vary one choice each: where the structure ends, what lies between the contours, the dose
        interpolation, and how exactly the contours are drawn.
    """
    models = models or Models()
    fineness = Fineness(min(models.fineness.coarsest_mm, *dose.grid.spacing_mm), models.fineness.cells)
    layouts = lay_out(region, fineness, between=models.between, caps=models.caps)
    parts = [_sampled(layout, region, dose) for layout in layouts]
    other: Kernel = "linear" if models.kernel == "cubic" else "cubic"
    located = _readings(parts, models.kernel, region, dose)
    variants = [Variant(key[0], samples, SHARE[key[0]]) for key, samples in located.items() if key != _BEST]
    turned = _readings(parts, other, region, dose, best_only=True)
    variants.append(Variant(CAUSE_DOSE, turned[_BEST], SHARE[CAUSE_DOSE]))
    outside = float(sum(part.outside_cc for part in parts))
    return DVH(located[_BEST], tuple(variants), outside, face_maximum(dose) if outside > 0 else 0.0)


def face_maximum(dose: Dose) -> float:
    """Largest value on the six faces of a dose grid."""
    faces = [np.take(dose.values, end, axis=axis) for axis in range(3) for end in (0, -1)]
    return float(max(face.max() for face in faces))


def _sampled(layout: Layout, region: Region, dose: Dose) -> _Part:
    held = (layout.coverage > 0) & (layout.thickness_mm > 0)[:, None, None]
    for other in layout.alternatives:
        held[other.at] |= (other.coverage > 0) & (other.thickness_mm > 0)[:, None, None]
    if not held.any():
        cells = np.zeros(0, dtype=np.int64)
        nothing = np.zeros(0)
        none = np.zeros(0, dtype=np.bool_)
        return _Part(layout, cells, nothing, nothing, none, none, nothing, {}, 0.0, {})
    box, tips = _with_tips(layout, region, dose)
    cells = np.flatnonzero(held & box.known)
    filled, volume = _filled(layout, cells)
    outside = float(_filled(layout, np.flatnonzero(held & ~box.known))[1].sum())
    changes = {
        (other.cause, number): _change(layout, other, cells, volume) for number, other in enumerate(layout.alternatives)
    }
    spread = spreads(box.cubic, layout, cells, filled)
    border = np.flatnonzero((filled > SLIVER) & (filled < 1 - SLIVER))
    changes[CAUSE_CONTOUR, 0] = _shell(layout, region, cells, border)
    middles = centroids(layout.coverage, cells[border], filled[border])
    linear, cubic = (_at_centroids(sampled, cells, border, middles) + spread for sampled in (box.linear, box.cubic))
    deep = filled >= 1 - SLIVER
    part = _Part(layout, cells, linear, cubic, filled >= WITHIN, deep, volume, changes, outside, tips)
    split = split_tails(layout, cells, filled, cubic, volume)
    if split is None:
        return part
    fine = (split.doses(box.linear, layout, cells), split.doses(box.cubic, layout, cells))
    # A box may be the largest thing in memory: it goes before its successor's arrays come.
    del box
    return _split(part, split, *fine)


def _filled(layout: Layout, cells: NDArray[np.int64]) -> tuple[Array, Array]:
    """Return the coverage of cells and the volume (cc) that it stands for."""
    raster = layout.raster
    filled = layout.coverage.ravel()[cells]
    thickness = layout.thickness_mm[cells // (raster.rows * raster.columns)]
    return filled, filled * thickness * (raster.cell_mm**2 / 1000.0)


def _split(part: _Part, split: Split, linear: Array, cubic: Array) -> _Part:
    """Take the hottest and the coldest cells apart; what a reading changes in a cell is spread over its samples."""
    return _Part(
        part.layout,
        split.of(part.cells),
        split.joined(part.linear, linear),
        split.joined(part.cubic, cubic),
        split.of(part.within),
        split.of(part.deep),
        split.volumes(part.volume_cc),
        {key: Change(*split.spread(change.at, change.volume_cc)) for key, change in part.changes.items()},
        part.outside_cc,
        part.tips,
    )


def _at_centroids(
    sampled: Array, cells: NDArray[np.int64], border: NDArray[np.int64], middles: tuple[Array, Array]
) -> Array:
    """Doses at the cells' centres, moved to the centroids where the border crosses a cell."""
    doses = sampled.ravel()[cells]
    slope_v, slope_u = differences(sampled, cells[border])
    doses[border] += slope_v * middles[0] + slope_u * middles[1]
    return doses


def _change(layout: Layout, other: Alternative, cells: NDArray[np.int64], best: Array) -> Change:
    """Return what an alternative adds to the best volumes, at the heights that it replaces."""
    size = layout.raster.rows * layout.raster.columns
    place = np.full(len(layout.heights_mm), -1)
    place[other.at] = np.arange(len(other.at))
    heights = cells // size
    own = np.flatnonzero(place[heights] >= 0)
    at = place[heights[own]]
    filled = other.coverage.ravel()[at * size + cells[own] % size]
    volume = filled * other.thickness_mm[at] * (layout.raster.cell_mm**2 / 1000.0)
    return Change(own, volume - best[own])


def _shell(layout: Layout, region: Region, cells: NDArray[np.int64], border: NDArray[np.int64]) -> Change:
    """Return what a border that stands a drawing error further out adds: a shell over the cells it crosses.

    A border of any direction crosses 4/pi cells on the length of one.
    """
    raster = layout.raster
    thickness = layout.thickness_mm[cells[border] // (raster.rows * raster.columns)]
    error_mm = np.hypot(region.drawn_within_mm, CELL_SHARE * raster.cell_mm)
    return Change(border, np.pi / 4 * raster.cell_mm * thickness * error_mm / 1000.0)


def _readings(
    parts: Sequence[_Part], kernel: Kernel, region: Region, dose: Dose, *, best_only: bool = False
) -> dict[_Key, Samples]:
    """Return the samples of each reading; all of them share one order of doses."""
    starts = np.cumsum([0, *(len(part.cells) for part in parts)])
    doses = _joined([part.doses(kernel) for part in parts])
    volume = _joined([part.volume_cc for part in parts])
    changes: dict[_Key, Change] = {}
    for key in dict.fromkeys(key for part in parts for key in part.changes if not best_only):
        pairs = [(part.changes[key], start) for part, start in zip(parts, starts, strict=False) if key in part.changes]
        at = np.concatenate([change.at + start for change, start in pairs])
        changes[key] = Change(at, np.concatenate([change.volume_cc for change, _ in pairs]))

    def locate(numbers: NDArray[np.int64]) -> Array:
        points = np.zeros((len(numbers), 3))
        for part, start, end in zip(parts, starts[:-1], starts[1:], strict=True):
            own = (numbers >= start) & (numbers < end)
            points[own] = _points(part, numbers[own] - start, region.frame)
        return points

    inside = _extremes(*(part.doses(kernel)[part.within] for part in parts), _surface(region, dose, kernel))
    reached = {}
    for key in (_BEST, *changes):
        if known := _extremes(np.array(inside or ()), *(part.reached(key, kernel) for part in parts)):
            reached[key] = known
    extremes = reached.get(_BEST)
    finder = None if best_only else locate
    found = merged_samples(doses, {_BEST: volume}, best=_BEST, changes=changes, locate=finder, reached_gy=reached)
    contour = (CAUSE_CONTOUR, 0)
    if contour in found and extremes is not None:
        deep = np.concatenate([part.doses(kernel)[part.deep] for part in parts])
        found[contour] = _drawn_in(found[contour], extremes, deep)
    return found


def _joined(arrays: Sequence[Array]) -> Array:
    """Join arrays; a single one, which may be large, is not copied."""
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _extremes(*known: Array) -> tuple[float, float] | None:
    """Return the smallest and the largest of all values; None where there is none."""
    filled = [values for values in known if len(values)]
    return (float(min(map(np.min, filled))), float(max(map(np.max, filled)))) if filled else None


def _drawn_in(samples: Samples, extremes: tuple[float, float], deep_gy: Array) -> Samples:
    """Move the extremes half way to those of the cells that lie inside as a whole: the border holds them."""
    if len(deep_gy) == 0:
        return samples
    low, high = extremes
    return replace(
        samples,
        minimum_gy=low + max(float(deep_gy.min()) - low, 0.0) / 2,
        maximum_gy=high - max(high - float(deep_gy.max()), 0.0) / 2,
    )


def _with_tips(layout: Layout, region: Region, dose: Dose) -> tuple[Box, dict[_Key, tuple[Array, Array]]]:
    """Sample a layout's cells, and where the body ends beyond its last contour by each reading (linear, cubic).

    No vertex and no cell's centre reaches there.
    """
    ends = {_BEST: layout.tips}
    ends |= {(other.cause, number): other.tips for number, other in enumerate(layout.alternatives)}
    heights = np.union1d(layout.heights_mm, [tip.height_mm for tips in ends.values() for tip in tips])
    box = sample_box(dose, region.frame, layout.raster.u_mm, layout.raster.v_mm, heights)
    found = {}
    for key, tips in ends.items():
        if tips:
            at = np.searchsorted(heights, [tip.height_mm for tip in tips])
            where = np.stack([tip.cells for tip in tips]) & box.known[at]
            found[key] = (box.linear[at][where], box.cubic[at][where])
    at = np.searchsorted(heights, layout.heights_mm)
    # Most often only ends are left out: a view then, and no copy of what may be large.
    own = slice(at[0], at[-1] + 1) if at[-1] - at[0] < len(at) else at
    return Box(box.linear[own], box.cubic[own], box.known[own]), found


def _points(part: _Part, numbers: NDArray[np.int64], frame: Array) -> Array:
    raster = part.layout.raster
    height, row, column = np.unravel_index(part.cells[numbers], part.layout.coverage.shape)
    local = np.column_stack([raster.u_mm[column], raster.v_mm[row], part.layout.heights_mm[height]])
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
