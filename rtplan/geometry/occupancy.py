"""How much of each cell a body fills at any height: the model between and beyond the drawn planes.

``shape``: on a plane, the exact coverage of its contours; between two planes, the level of the blended distance
maps that has the area which the trend of the areas asks for; beyond the last plane, its distance map worn down
to the cap's area. ``slab``: every plane stands for everything up to half way to its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .profile import Cap, Caps, area_between, caps_of
from .raster import Raster, cover
from .stack import Stack

__all__ = ["Between", "Nodes", "Occupancy", "Tip", "divided", "occupy"]

Array = NDArray[np.float64]
Between = Literal["shape", "slab"]

# At one node a plane the planes themselves are the nodes (the midpoint rule), so nothing is interpolated.
COARSE = 1.25
MOST_NODES_A_GAP = 24
MOST_STEPS = 12
AREA_TOLERANCE = 1e-6
# A cap that runs out has no area at its very end: its shape is taken just before.
NEARLY = 0.999
BORDER_LEVELS = (0.25, 0.75)


@dataclass(frozen=True, slots=True, eq=False)
class Nodes:
    """Heights at which a body is looked at, and the thickness each stands for (mm, shape (m,))."""

    offsets_mm: Array
    thickness_mm: Array


@dataclass(frozen=True, slots=True, eq=False)
class Tip:
    """The outermost height that a body reaches (mm), and the cells (rows, columns) in which it does."""

    height_mm: float
    cells: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Occupancy:
    """A body on a raster, ready to be asked for its coverage at any height.

    `planes` is the coverage of the drawn planes; `maps` are their distance maps and `ends` the caps by rule, made
    when first asked for.
    """

    stack: Stack
    raster: Raster
    spacing_mm: float
    between: Between
    planes: Array
    areas_mm2: Array
    maps: list[Array | None]
    ends: dict[Caps, tuple[Cap, Cap]]

    def caps(self, rule: Caps) -> tuple[Cap, Cap]:
        """Caps below the first and above the last plane."""
        if rule not in self.ends:
            self.ends[rule] = caps_of(self.stack.offsets_mm, self.areas_mm2, self.spacing_mm, rule)
        return self.ends[rule]

    def inner_nodes(self, step_mm: float) -> Nodes:
        """Nodes from the first to the last plane, about `step_mm` apart; the planes where they lie that close."""
        offsets = self.stack.offsets_mm
        gaps = np.diff(offsets)
        if self.plane_nodes(step_mm):
            thickness = np.zeros(len(offsets))
            thickness[:-1] += gaps / 2
            thickness[1:] += gaps / 2
            return Nodes(offsets, thickness)
        return divided(offsets, step_mm)

    def cap_nodes(self, step_mm: float, rule: Caps) -> tuple[Nodes, Nodes]:
        """Nodes below the first and above the last plane."""
        offsets = self.stack.offsets_mm
        below, above = self.caps(rule)
        if self.plane_nodes(step_mm):
            areas = np.maximum(self.areas_mm2[[0, -1]], 1e-9)
            thickness = np.array([below.volume_mm3, above.volume_mm3]) / areas
            return Nodes(offsets[:1], thickness[:1]), Nodes(offsets[-1:], thickness[1:])
        step = min(step_mm, self.spacing_mm / 4)
        return (
            divided(np.array([offsets[0] - below.length_mm, offsets[0]]), step),
            divided(np.array([offsets[-1], offsets[-1] + above.length_mm]), step),
        )

    def tips(self, rule: Caps) -> tuple[Tip | None, Tip | None]:
        """Where the body ends below and above; None where it ends on its last plane."""
        below, above = self.caps(rule)
        return self._tip(0, -below.length_mm, rule), self._tip(-1, above.length_mm, rule)

    def _tip(self, end: int, length_mm: float, rule: Caps) -> Tip | None:
        if length_mm == 0.0:
            return None
        last = self.stack.offsets_mm[end]
        filled = self.at(np.array([last + NEARLY * length_mm]), rule)[0]
        # An end smaller than any share of a cell leaves nothing: it lies where the last plane is fullest.
        shape = filled if filled.any() else self.planes[end]
        return Tip(float(last + length_mm), shape >= min(0.5, float(shape.max()) / 2))

    def plane_nodes(self, step_mm: float) -> bool:
        """Whether the planes lie close enough together to be the nodes themselves."""
        gaps = np.diff(self.stack.offsets_mm)
        return len(gaps) > 1 and float(np.median(gaps)) <= COARSE * step_mm

    def slabs(self, offsets_mm: Array) -> Array:
        """Coverage at heights by the other model: each height takes the plane that is nearest, or both of two."""
        distance = np.abs(self.stack.offsets_mm[:, None] - offsets_mm[None])
        nearest = distance <= distance.min(axis=0) + 1e-9
        first = nearest.argmax(axis=0)
        last = len(nearest) - 1 - nearest[::-1].argmax(axis=0)
        found: Array = (self.planes[first] + self.planes[last]) / 2
        return found

    def at(self, offsets_mm: Array, rule: Caps) -> Array:
        """Coverage (m, rows, columns) at heights (m,); zero beyond the caps."""
        planes = self.stack.offsets_mm
        caps = self.caps(rule)
        within = (offsets_mm > planes[0] - caps[0].length_mm - 1e-9) & (
            offsets_mm < planes[-1] + caps[1].length_mm + 1e-9
        )
        nearest = np.abs(planes[:, None] - offsets_mm[None]).argmin(axis=0)
        drawn = np.abs(planes[nearest] - offsets_mm) < 1e-6
        exact = drawn | (within & (self.between == "slab"))
        if exact.all():
            return np.asarray(np.take(self.planes, nearest, axis=0))
        filled = np.zeros((len(offsets_mm), *self.planes.shape[1:]))
        filled[exact] = self.planes[nearest[exact]]
        rest = np.flatnonzero(within & ~exact)
        if len(rest):
            filled[rest] = self._shaped(offsets_mm[rest], caps)
        return filled

    def _map(self, plane: int) -> Array:
        found = self.maps[plane]
        if found is None:
            found = self.maps[plane] = _signed_distance(self.planes[plane]) * self.raster.cell_mm
        return found

    def _shaped(self, offsets_mm: Array, caps: tuple[Cap, Cap]) -> Array:
        planes = self.stack.offsets_mm
        targets = np.empty(len(offsets_mm))
        blended = np.empty((len(offsets_mm), *self.planes.shape[1:]))
        below, above = offsets_mm < planes[0], offsets_mm > planes[-1]
        middle = ~(below | above)
        targets[below] = caps[0].area(planes[0] - offsets_mm[below])
        targets[above] = caps[1].area(offsets_mm[above] - planes[-1])
        if middle.any():
            targets[middle] = area_between(planes, self.areas_mm2, offsets_mm[middle])
        for index, offset in enumerate(offsets_mm):
            if not middle[index]:
                blended[index] = self._map(0 if below[index] else -1)
                continue
            lower = min(int(np.searchsorted(planes, offset, side="right")) - 1, len(planes) - 2)
            share = (offset - planes[lower]) / (planes[lower + 1] - planes[lower])
            blended[index] = (1 - share) * self._map(lower) + share * self._map(lower + 1)
        return _level(blended, targets, self.raster.cell_mm)


def divided(borders_mm: Array, step_mm: float) -> Nodes:
    """Cut each interval between borders into equal nodes no thicker than `step_mm` (24 at the most)."""
    heights: list[Array] = []
    thicknesses: list[Array] = []
    for start, end in pairwise(borders_mm):
        if end - start < 1e-9:
            continue
        count = min(max(int(np.ceil((end - start) / step_mm - 1e-6)), 1), MOST_NODES_A_GAP)
        heights.append(start + (np.arange(count) + 0.5) * (end - start) / count)
        thicknesses.append(np.full(count, (end - start) / count))
    if not heights:
        return Nodes(np.zeros(0), np.zeros(0))
    return Nodes(np.concatenate(heights), np.concatenate(thicknesses))


def occupy(stack: Stack, raster: Raster, *, spacing_mm: float, between: Between = "shape") -> Occupancy:
    """Prepare a body on a raster that holds it.

    Parameters
    ----------
    stack : Stack
        One body (see :func:`rtplan.geometry.bodies.bodies`).
    raster : Raster
    spacing_mm : float
        Within which the next plane would have been drawn: the caps' scale.
    between : {"shape", "slab"}

    Returns
    -------
    Occupancy
    """
    planes = cover([plane.rings for plane in stack.planes], raster)
    areas = planes.sum(axis=(1, 2)) * raster.cell_mm**2
    return Occupancy(stack, raster, spacing_mm, between, planes, areas, [None] * len(planes), {})


def _signed_distance(coverage: Array) -> Array:
    """Distance to the border in cells, inside positive: the mean over levels of coverage, which places it within cells.

    No cell asks which border cell is the nearest, since of two equally near ones a turned patient would pick the other.
    """
    signed = np.zeros_like(coverage)
    for level in BORDER_LEVELS:
        inside = coverage >= min(level, float(coverage.max()))
        inner = ndimage.distance_transform_edt(inside) - 0.5
        outer = ndimage.distance_transform_edt(~inside) - 0.5
        signed += np.where(inside, inner, -outer) / len(BORDER_LEVELS)
    return signed


def _level(maps_mm: Array, areas_mm2: Array, cell_mm: float) -> Array:
    """Coverage of each map above the level at which it has the wanted area (Newton within a bracket)."""
    low = np.minimum(maps_mm.min(axis=(1, 2)), 0.0) - cell_mm
    high = maps_mm.max(axis=(1, 2)) + cell_mm
    level = np.zeros(len(maps_mm))
    filled = maps_mm
    for _ in range(MOST_STEPS):
        above = maps_mm - level[:, None, None]
        filled = np.clip(0.5 + above / cell_mm, 0.0, 1.0)
        surplus = filled.sum(axis=(1, 2)) * cell_mm**2 - areas_mm2
        settled = np.abs(surplus) <= AREA_TOLERANCE * max(float(areas_mm2.max()), cell_mm**2)
        if settled.all():
            break
        low, high = np.where(surplus > 0, level, low), np.where(surplus > 0, high, level)
        # The border's length, from the cells within one cell of it: a straight one has two on every unit.
        border = (np.abs(above) < cell_mm).sum(axis=(1, 2)) * cell_mm / 2
        step = level + surplus / np.maximum(border, cell_mm)
        moved = np.where((step > low) & (step < high), step, (low + high) / 2)
        # A level that is found stays: halving its bracket again would throw it away.
        level = np.where(settled, level, moved)
    total = filled.sum(axis=(1, 2)) * cell_mm**2
    # What is left (a vanishing tip smaller than a cell, a plateau of equal distances) is made up by scaling.
    scale = np.divide(areas_mm2, total, out=np.zeros_like(total), where=total > 0)
    scaled: Array = np.minimum(filled * scale[:, None, None], 1.0)
    return scaled
