"""How much of each cell a body fills at any height: the model between and beyond the drawn planes.

``shape``: on a plane, the exact coverage of its contours; between two planes, the level of the blended distance
maps that has the area which the trend of the areas asks for; beyond the last plane, its distance map worn down
to the cap's area. ``slab``: every plane stands for everything up to half way to its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .distance import signed_distances
from .profile import Cap, Caps, Trend, area_between, cap_of, trends_of
from .raster import Raster, cover
from .stack import Stack

__all__ = ["Between", "Nodes", "Occupancy", "Tip", "divided", "occupy"]

Array = NDArray[np.float64]
Between = Literal["shape", "slab"]

# At one node a plane the planes themselves are the nodes (the midpoint rule), so nothing is interpolated.
COARSE = 1.25
# What Gregory's rule adds to the trapezoid's weights at either end, in gaps: exact for areas that are parabolas.
GREGORY = np.array([-1 / 8, 1 / 6, -1 / 24])
EVEN = 1e-3
MOST_NODES_A_GAP = 24
MOST_STEPS = 12
AREA_TOLERANCE = 1e-6
# A cap that runs out has no area at its very end: its shape is taken just before.
NEARLY = 0.999


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

    `planes` is the coverage of the drawn planes; `maps` are their distance maps by plane and `ends` the caps by
    rule, made when first asked for; `trends` is how the areas run on below and above.
    """

    stack: Stack
    raster: Raster
    spacing_mm: float
    between: Between
    planes: Array
    areas_mm2: Array
    trends: tuple[Trend, Trend]
    maps: dict[int, Array]
    ends: dict[Caps, tuple[Cap, Cap]]

    def caps(self, rule: Caps) -> tuple[Cap, Cap]:
        """Caps below the first and above the last plane."""
        if rule not in self.ends:
            below, above = self.trends
            self.ends[rule] = (cap_of(below, self.spacing_mm, rule), cap_of(above, self.spacing_mm, rule))
        return self.ends[rule]

    def inner_nodes(self, step_mm: float) -> Nodes:
        """Nodes from the first to the last plane, about `step_mm` apart; the planes where they lie that close."""
        offsets = self.stack.offsets_mm
        gaps = np.diff(offsets)
        if self.plane_nodes(step_mm):
            thickness = np.zeros(len(offsets))
            thickness[:-1] += gaps / 2
            thickness[1:] += gaps / 2
            for order in (slice(None), slice(None, None, -1)):
                own = gaps[order]
                if len(offsets) >= 2 * len(GREGORY) and np.ptp(own[:2]) < EVEN * own[0]:
                    thickness[order][: len(GREGORY)] += GREGORY * own[0]
            return Nodes(offsets, thickness)
        return divided(offsets, step_mm)

    def cap_nodes(self, step_mm: float, rule: Caps) -> tuple[Nodes, Nodes]:
        """Nodes below the first and above the last plane."""
        offsets = self.stack.offsets_mm
        below, above = self.caps(rule)
        step = max(min(step_mm, self.spacing_mm / 4), step_mm / 2)
        return (
            divided(np.array([offsets[0] - below.length_mm, offsets[0]]), step),
            divided(np.array([offsets[-1], offsets[-1] + above.length_mm]), step),
        )

    def ends_mm(self, rule: Caps) -> Array:
        """Heights just before the outermost ones, shape (2,)."""
        below, above = self.caps(rule)
        return self.stack.offsets_mm[[0, -1]] + NEARLY * np.array([-below.length_mm, above.length_mm])

    def tips(self, rule: Caps, filled: Array) -> tuple[Tip | None, Tip | None]:
        """Where the body ends below and above, from its coverage just before; None where it ends on a plane."""
        ends = self.ends_mm(rule)
        return self._tip(0, float(ends[0]), filled[0]), self._tip(-1, float(ends[1]), filled[1])

    def _tip(self, end: int, nearly_mm: float, filled: Array) -> Tip | None:
        last = float(self.stack.offsets_mm[end])
        if nearly_mm == last:
            return None
        # An end smaller than any share of a cell leaves nothing: it lies where the last plane is fullest.
        shape = filled if filled.any() else self.planes[end]
        return Tip(last + (nearly_mm - last) / NEARLY, shape >= min(0.5, float(shape.max()) / 2))

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
        return self.at_each([(offsets_mm, rule)])[0]

    def at_each(self, wanted: Sequence[tuple[Array, Caps]]) -> list[Array]:
        """Coverage at the heights of several rules at once."""
        planes = self.stack.offsets_mm
        offsets = np.concatenate([heights for heights, _ in wanted])
        counts = [len(heights) for heights, _ in wanted]
        caps = [self.caps(rule) for _, rule in wanted]
        reach = np.repeat([(below.length_mm, above.length_mm) for below, above in caps], counts, axis=0)
        within = (offsets > planes[0] - reach[:, 0] - 1e-9) & (offsets < planes[-1] + reach[:, 1] + 1e-9)
        nearest = np.abs(planes[:, None] - offsets[None]).argmin(axis=0)
        drawn = np.abs(planes[nearest] - offsets) < 1e-6
        exact = drawn | (within & (self.between == "slab"))
        filled = np.take(self.planes, nearest, axis=0)
        filled[~(within | drawn)] = 0.0
        if (rest := np.flatnonzero(within & ~exact)).size:
            areas = np.where(within, area_between(planes, self.areas_mm2, offsets), 0.0)
            for start, count, (below, above) in zip(np.cumsum([0, *counts]), counts, caps, strict=False):
                own = slice(start, start + count)
                areas[own] = _capped(offsets[own], areas[own], planes, below, above)
            filled[rest] = _level(self._blended(offsets[rest]), areas[rest], self.raster.cell_mm)
        return np.split(filled, np.cumsum(counts)[:-1])

    def _blended(self, offsets_mm: Array) -> Array:
        """Distance maps (mm) at heights: those of the planes around, or of the end plane beyond it."""
        planes = self.stack.offsets_mm
        held = np.clip(offsets_mm, planes[0], planes[-1])
        lower = np.clip(np.searchsorted(planes, held, side="right") - 1, 0, max(len(planes) - 2, 0))
        upper = np.minimum(lower + 1, len(planes) - 1)
        share = np.divide(
            held - planes[lower], planes[upper] - planes[lower], out=np.zeros(len(held)), where=upper > lower
        )
        maps, place = self._maps(np.concatenate([lower[share < 1], upper[share > 0]]))
        blended = np.take(maps, place[lower], axis=0)
        mixed = np.flatnonzero(share > 0)
        blended[mixed] += share[mixed, None, None] * (maps[place[upper[mixed]]] - blended[mixed])
        return blended

    def _maps(self, wanted: NDArray[np.int64]) -> tuple[Array, NDArray[np.int64]]:
        """Distance maps (mm) of planes, and where each plane's lies among them."""
        used = np.unique(wanted)
        if missing := [plane for plane in used.tolist() if plane not in self.maps]:
            made = signed_distances(self.planes[missing]) * self.raster.cell_mm
            self.maps.update(zip(missing, made, strict=True))
        place = np.zeros(len(self.planes), dtype=np.int64)
        place[used] = np.arange(len(used))
        return np.stack([self.maps[plane] for plane in used.tolist()]), place


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
    return Occupancy(stack, raster, spacing_mm, between, planes, areas, trends_of(stack.offsets_mm, areas), {}, {})


def _capped(offsets_mm: Array, areas_mm2: Array, planes_mm: Array, below: Cap, above: Cap) -> Array:
    """Areas at heights, with those of the caps beyond the first and the last plane."""
    lower, upper = offsets_mm < planes_mm[0], offsets_mm > planes_mm[-1]
    areas = areas_mm2.copy()
    if lower.any():
        areas[lower] = below.area(planes_mm[0] - offsets_mm[lower])
    if upper.any():
        areas[upper] = above.area(offsets_mm[upper] - planes_mm[-1])
    return areas


def _level(maps_mm: Array, areas_mm2: Array, cell_mm: float) -> Array:
    """Coverage of each map above the level at which it has the wanted area (Newton within a bracket)."""
    flat = maps_mm.reshape(len(maps_mm), -1) / cell_mm
    wanted = areas_mm2 / cell_mm**2
    low = np.minimum(flat.min(axis=1), 0.0) - 1.0
    deepest = flat.max(axis=1)
    high = deepest + 1.0
    # A disc shrinks in proportion: where its map's zero is known to hold a larger area, this is close.
    area = np.clip(0.5 + flat, 0.0, 1.0).sum(axis=1)
    level = deepest * (1 - np.sqrt(np.minimum(np.divide(wanted, area, out=np.ones(len(area)), where=area > 0), 1.0)))
    close = AREA_TOLERANCE * max(float(wanted.max()), 1.0)
    filled = np.empty_like(flat)
    open_ = np.arange(len(flat))
    for _ in range(MOST_STEPS):
        own = flat[open_] if len(open_) < len(flat) else flat
        above = own - level[open_, None]
        found = np.clip(above + 0.5, 0.0, 1.0)
        filled[open_] = found
        surplus = found.sum(axis=1) - wanted[open_]
        going = np.abs(surplus) > close
        if not going.any():
            break
        over = surplus > 0
        low[open_], high[open_] = np.where(over, level[open_], low[open_]), np.where(over, high[open_], level[open_])
        # The border's length, from the cells within one cell of it: a straight one has two on every unit.
        border = (np.abs(above) < 1.0).sum(axis=1) / 2
        step = level[open_] + surplus / np.maximum(border, 1.0)
        inside = (step > low[open_]) & (step < high[open_])
        moved = np.where(inside, step, (low[open_] + high[open_]) / 2)
        # A level that is found stays: halving its bracket again would throw it away.
        level[open_] = np.where(going, moved, level[open_])
        open_ = open_[going]
    total = filled.sum(axis=1)
    # What is left (a vanishing tip smaller than a cell, a plateau of equal distances) is made up by scaling.
    scale = np.divide(wanted, total, out=np.zeros_like(total), where=total > 0)
    scaled = np.minimum(filled * scale[:, None], 1.0)
    return np.asarray(scaled.reshape(maps_mm.shape))
