"""Lay a region out: which share of each cell it fills, at which heights, and what else the contours would allow.

A plain structure is laid out body by body, each on a raster of its own fineness. An expression is evaluated
cell by cell on one raster that holds all its parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .bodies import bodies
from .booleans import shared
from .expression import Combination, Expression, Margin, Name, names_in
from .occupancy import COARSE, Between, Nodes, Occupancy, Tip, divided, occupy
from .profile import Caps
from .raster import Raster
from .regions import Fineness, Region
from .stack import Stack

__all__ = ["CAUSE_BETWEEN", "CAUSE_CAPS", "Alternative", "Layout", "lay_out", "volume_mm3"]

Array = NDArray[np.float64]

CAUSE_CAPS = "where the structure ends beyond its last contour"
CAUSE_BETWEEN = "what lies between two contours"
# A margin is taken from distances on a raster: fine enough that its rounding stays below a tenth of a millimetre.
MARGIN_CELL_MM = 1.0
# A margin within a large structure would else fill the memory.
MOST_MARGIN_CELLS = 6_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Alternative:
    """Another reading of the contours: what replaces the best one in some layers.

    `at` numbers the layers; `coverage` has shape (len(at), rows, columns), or is None where the layers keep theirs
    and only their thickness is another; `tips` are where the body ends.
    """

    cause: str
    at: NDArray[np.int64]
    thickness_mm: Array
    coverage: Array | None = None
    tips: tuple[Tip, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """A body (or an expression) on a raster, in layers.

    Attributes
    ----------
    raster : Raster
    heights_mm : ndarray, shape (m,)
        Rising; two layers of one height belong to different readings.
    thickness_mm : ndarray, shape (m,)
        What each layer stands for by the best reading; zero where only an alternative reaches.
    coverage : ndarray, shape (m, rows, columns)
    alternatives : tuple of Alternative
    tips : tuple of Tip
        Where the body ends beyond its last contours by the best reading; none for an expression.
    """

    raster: Raster
    heights_mm: Array
    thickness_mm: Array
    coverage: Array
    alternatives: tuple[Alternative, ...] = ()
    tips: tuple[Tip, ...] = ()

    @property
    def volume_mm3(self) -> float:
        """Volume by the best reading."""
        areas = self.coverage.sum(axis=(1, 2)) * self.raster.cell_mm**2
        return float(areas @ self.thickness_mm)

    def part(self, slices: Sequence[slice]) -> Layout:
        """Return some of the layers, rows and columns, without tips; readings keep their order."""
        layers, rows, columns = slices
        raster = self.raster
        corner = (
            raster.corner_mm[0] + columns.start * raster.cell_mm,
            raster.corner_mm[1] + rows.start * raster.cell_mm,
        )
        coverage = self.coverage[layers, rows, columns]
        others = []
        for other in self.alternatives:
            own = (other.at >= layers.start) & (other.at < layers.stop)
            replaced = None if other.coverage is None else other.coverage[own][:, rows, columns]
            others.append(Alternative(other.cause, other.at[own] - layers.start, other.thickness_mm[own], replaced))
        return Layout(
            Raster(corner, raster.cell_mm, coverage.shape[2], coverage.shape[1]),
            self.heights_mm[layers],
            self.thickness_mm[layers],
            coverage,
            tuple(others),
        )


def lay_out(
    region: Region, fineness: Fineness, *, between: Between = "shape", caps: Caps = "auto", alternatives: bool = True
) -> list[Layout]:
    """Lay a region out.

    Parameters
    ----------
    region : Region
    fineness : Fineness
    between : {"shape", "slab"}
    caps : {"auto", "none", "half"}
    alternatives : bool
        Whether to add what else the contours would allow.

    Returns
    -------
    list of Layout
        One for each body of a plain structure, one for an expression.
    """
    if isinstance(region.tree, Name):
        stack = region.stacks[region.tree.name]
        return [_body(body, region, fineness, between, caps, alternatives) for body in bodies(stack)]
    return [_expression(region, fineness, between, caps, alternatives)]


def volume_mm3(region: Region, fineness: Fineness) -> float:
    """Return the volume of a region by the best reading."""
    return sum(layout.volume_mm3 for layout in lay_out(region, fineness, alternatives=False))


def _rough_volume_mm3(stack: Stack, spacing_mm: float) -> float:
    return stack.area_mm2 * (stack.spacing_mm or spacing_mm)


def _body(body: Stack, region: Region, fineness: Fineness, between: Between, caps: Caps, alternatives: bool) -> Layout:
    spacing = body.spacing_mm or region.spacing_mm
    cell = fineness.cell_mm(_rough_volume_mm3(body, spacing))
    raster = Raster.around(*body.bounds_mm, cell, phase_mm=fineness.phase_mm(cell))
    occupancy = occupy(body, raster, spacing_mm=spacing, between=between)
    rules: tuple[Caps, ...] = (caps, "short", "long") if alternatives else (caps,)
    inner = occupancy.inner_nodes(cell)
    ends = [occupancy.cap_nodes(cell, rule) for rule in rules]
    asked = [(nodes.offsets_mm, rule) for rule, pair in zip(rules, ends, strict=True) for nodes in pair]
    asked += [(occupancy.ends_mm(rule), rule) for rule in rules]
    if not occupancy.plane_nodes(cell):
        asked.append((inner.offsets_mm, caps))
    filled = occupancy.at_each(asked)
    tips = [occupancy.tips(rule, own) for rule, own in zip(rules, filled[2 * len(rules) :], strict=False)]
    below, above = (
        _sorted([pair[end].offsets_mm for pair in ends], filled[end : 2 * len(rules) : 2]) for end in (0, 1)
    )
    middle = occupancy.planes if occupancy.plane_nodes(cell) else filled[-1]
    heights = np.concatenate([below.heights_mm, inner.offsets_mm, above.heights_mm])
    coverage = np.concatenate([below.coverage, middle, above.coverage])
    within = len(below.heights_mm) + np.arange(len(inner.offsets_mm))
    upper_start = len(heights) - len(above.heights_mm)
    beyond = np.concatenate(
        [np.arange(within[0] if len(within) else upper_start), np.arange(upper_start, len(heights))]
    )

    def thickness(lower: int, upper: int) -> Array:
        """Thickness of every layer where the body ends by one rule below and by another above."""
        whole = np.zeros(len(heights))
        whole[within] = inner.thickness_mm
        whole[below.place[lower]] = ends[lower][0].thickness_mm
        whole[upper_start + above.place[upper]] = ends[upper][1].thickness_mm
        return whole

    # Each end may be short or long whatever the other is.
    others = [
        Alternative(CAUSE_CAPS, beyond, thickness(lower, upper)[beyond], tips=_some(tips[lower][0], tips[upper][1]))
        for lower in range(1, len(rules))
        for upper in range(1, len(rules))
    ]
    if alternatives and between == "shape" and len(within) and not occupancy.plane_nodes(cell):
        slabs = occupancy.slabs(inner.offsets_mm)
        others.append(Alternative(CAUSE_BETWEEN, within, inner.thickness_mm, slabs))
    return Layout(occupancy.raster, heights, thickness(0, 0), coverage, tuple(others), _some(*tips[0]))


@dataclass(frozen=True, slots=True, eq=False)
class _End:
    """The layers of one end by several rules: rising, and which of them belong to each rule."""

    heights_mm: Array
    coverage: Array
    place: list[NDArray[np.int64]]


def _sorted(heights_mm: Sequence[Array], coverage: Sequence[Array]) -> _End:
    every = np.concatenate(heights_mm)
    order = np.argsort(every, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    own = np.split(place, np.cumsum([len(heights) for heights in heights_mm])[:-1])
    return _End(every[order], np.concatenate(coverage)[order], own)


def _some(*tips: Tip | None) -> tuple[Tip, ...]:
    return tuple(tip for tip in tips if tip)


def _expression(region: Region, fineness: Fineness, between: Between, caps: Caps, alternatives: bool) -> Layout:
    used = {name: region.stacks[name] for name in names_in(region.tree)}
    margin = _widest_margin(region.tree)
    cell = fineness.cell_mm(max(_rough_volume_mm3(stack, region.spacing_mm) for stack in used.values()))
    low = np.min([stack.bounds_mm[0] for stack in used.values()], axis=0)
    high = np.max([stack.bounds_mm[1] for stack in used.values()], axis=0)
    if margin:
        ends = [stack.offsets_mm[[0, -1]] for stack in used.values()]
        box = [*(high - low), max(end[1] for end in ends) - min(end[0] for end in ends)]
        roomy = float(np.prod(np.array(box) + 2 * margin) / MOST_MARGIN_CELLS) ** (1 / 3)
        cell = min(cell, max(MARGIN_CELL_MM, roomy))
    raster = Raster.around(low, high, cell, margin_mm=margin)
    parts = {
        name: [
            occupy(body, raster, spacing_mm=body.spacing_mm or region.spacing_mm, between=between)
            for body in bodies(stack)
        ]
        for name, stack in used.items()
    }
    nodes = _common_nodes([part for found in parts.values() for part in found], cell, margin)
    best = _filled(region.tree, parts, nodes, raster, caps)
    every = np.arange(len(nodes.offsets_mm))
    bounds: tuple[Caps, ...] = ("short", "long") if alternatives else ()
    others = tuple(
        Alternative(CAUSE_CAPS, every, nodes.thickness_mm, _filled(region.tree, parts, nodes, raster, rule))
        for rule in bounds
    )
    return Layout(raster, nodes.offsets_mm, nodes.thickness_mm, best, others)


def _common_nodes(parts: list[Occupancy], cell_mm: float, margin_mm: float) -> Nodes:
    """Nodes that suit every part: its planes where they lie closely, else cut between all planes and ends."""
    reach = max(part.spacing_mm for part in parts) + margin_mm
    offsets = np.unique(np.round(np.concatenate([part.stack.offsets_mm for part in parts]), 4))
    low, high = offsets[0] - reach, offsets[-1] + reach
    if margin_mm:
        count = int(np.ceil((high - low) / cell_mm))
        step = (high - low) / count
        return Nodes(low + (np.arange(count) + 0.5) * step, np.full(count, step))
    # A flat end lies half a spacing beyond its last plane: a border there keeps it from being rounded to a node.
    ends = [end for part in parts for end in part.stack.offsets_mm[[0, -1]] + np.array([-0.5, 0.5]) * part.spacing_mm]
    if all(part.spacing_mm <= COARSE * cell_mm for part in parts):
        borders = np.concatenate([[min(ends)], (offsets[:-1] + offsets[1:]) / 2, [max(ends)]])
        return Nodes(offsets, np.diff(borders))
    return divided(np.unique(np.concatenate([[low], offsets, ends, [high]])), cell_mm)


def _filled(tree: Expression, parts: Mapping[str, list[Occupancy]], nodes: Nodes, raster: Raster, rule: Caps) -> Array:
    """Coverage of an expression at the nodes."""
    if isinstance(tree, Name):
        total = sum(part.at(nodes.offsets_mm, rule) for part in parts[tree.name])
        return np.minimum(np.asarray(total, dtype=np.float64), 1.0)
    if isinstance(tree, Margin):
        inner = _filled(tree.inner, parts, nodes, raster, rule)
        return _grown(inner, tree.margin_mm, raster.cell_mm, float(nodes.thickness_mm[0]))
    left = _filled(tree.left, parts, nodes, raster, rule)
    right = _filled(tree.right, parts, nodes, raster, rule)
    both = shared(left, right)
    if tree.sign == "-":
        return np.asarray(left - both)
    return np.asarray(left + right - both) if tree.sign == "|" else both


def _grown(coverage: Array, margin_mm: float, cell_mm: float, step_mm: float) -> Array:
    """Grow (or shrink) coverage by a distance; a cell's own coverage places the border within it."""
    grown = np.zeros_like(coverage)
    inside = coverage >= 0.5
    if inside.any():
        reach = [max(margin_mm, 0.0) / size + 2 for size in (step_mm, cell_mm, cell_mm)]
        part = tuple(_around(inside, axis, int(np.ceil(cells))) for axis, cells in enumerate(reach))
        outer = _beyond(coverage[part], margin_mm < 0, cell_mm, (step_mm, cell_mm, cell_mm))
        grown[part] = np.clip(0.5 + (margin_mm - outer) / cell_mm, 0.0, 1.0)
    return grown


def _around(inside: NDArray[np.bool_], axis: int, cells: int) -> slice:
    """Where along an axis a region lies, with some cells to spare."""
    used = np.flatnonzero(inside.any(axis=tuple({0, 1, 2} - {axis})))
    return slice(max(int(used[0]) - cells, 0), min(int(used[-1]) + cells + 1, inside.shape[axis]))


def _beyond(coverage: Array, within: bool, cell_mm: float, sampling_mm: tuple[float, float, float]) -> Array:
    """How far each cell lies beyond the border, mm; inside negative, exactly so only where `within` asks for it."""
    from scipy import ndimage  # noqa: PLC0415 -- half of the time a short command takes to start

    inside = coverage >= 0.5
    away, nearest = ndimage.distance_transform_edt(~inside, sampling=sampling_mm, return_indices=True)
    outer = away - (coverage[tuple(nearest)] - 0.5) * cell_mm
    if not within:
        return np.asarray(np.where(inside, -cell_mm, outer))
    away, nearest = ndimage.distance_transform_edt(inside, sampling=sampling_mm, return_indices=True)
    return np.asarray(np.where(inside, -(away - (0.5 - coverage[tuple(nearest)]) * cell_mm), outer))


def _widest_margin(tree: Expression) -> float:
    if isinstance(tree, Name):
        return 0.0
    if isinstance(tree, Margin):
        return abs(tree.margin_mm) + _widest_margin(tree.inner)
    if isinstance(tree, Combination):
        return max(_widest_margin(tree.left), _widest_margin(tree.right))
    raise TypeError(tree)
