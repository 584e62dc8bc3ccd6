"""Lay a region out: which share of each cell it fills, at which heights, and what else the contours would allow.

A plain structure is laid out body by body, each on a raster of its own fineness. An expression is evaluated
cell by cell on one raster that holds all its parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .bodies import bodies
from .expression import Combination, Expression, Margin, Name, names_in
from .occupancy import COARSE, Between, Nodes, Occupancy, Tip, divided, occupy
from .profile import Caps
from .raster import Raster
from .regions import Fineness, Region
from .stack import Stack, polygon_area

__all__ = ["CAUSE_BETWEEN", "CAUSE_CAPS", "Alternative", "Layout", "lay_out", "volume_mm3"]

Array = NDArray[np.float64]

CAUSE_CAPS = "where the structure ends beyond its last contour"
CAUSE_BETWEEN = "what lies between two contours"
# A margin is taken from distances on a raster: fine enough that its rounding stays below a tenth of a millimetre.
MARGIN_CELL_MM = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Alternative:
    """Another reading of the contours: what replaces the best one at some heights.

    `at` numbers the heights; `coverage` has shape (len(at), rows, columns); `tips` are where it ends.
    """

    cause: str
    at: NDArray[np.int64]
    thickness_mm: Array
    coverage: Array
    tips: tuple[Tip, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """A body (or an expression) on a raster.

    Attributes
    ----------
    raster : Raster
    heights_mm : ndarray, shape (m,)
        Rising.
    thickness_mm : ndarray, shape (m,)
        What each height stands for; zero where only an alternative reaches.
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
    areas = [abs(sum(polygon_area(ring) for ring in plane.rings)) for plane in stack.planes]
    return float(sum(areas) * (stack.spacing_mm or spacing_mm))


def _body(body: Stack, region: Region, fineness: Fineness, between: Between, caps: Caps, alternatives: bool) -> Layout:
    spacing = body.spacing_mm or region.spacing_mm
    cell = fineness.cell_mm(_rough_volume_mm3(body, spacing))
    occupancy = occupy(body, Raster.around(*body.bounds_mm, cell), spacing_mm=spacing, between=between)
    inner = occupancy.inner_nodes(cell)
    rules: tuple[Caps, ...] = (caps, "short", "long") if alternatives else (caps,)
    ends = {rule: occupancy.cap_nodes(cell, rule) for rule in rules}
    tips = {rule: occupancy.tips(rule) for rule in rules}
    of_ends = [nodes.offsets_mm for pair in ends.values() for nodes in pair]
    heights = np.unique(np.concatenate([inner.offsets_mm, *of_ends]))
    thickness, coverage = np.zeros(len(heights)), occupancy.at(heights, "none")
    within = np.searchsorted(heights, inner.offsets_mm)
    thickness[within] = inner.thickness_mm
    at = np.unique(np.searchsorted(heights, np.concatenate(of_ends))) if of_ends else np.zeros(0, dtype=np.int64)
    bare = Alternative(CAUSE_CAPS, at, thickness[at], coverage[at])
    # Each end may be short or long whatever the other is.
    others = [
        _ended(
            bare,
            heights[at],
            occupancy,
            (lower, upper),
            (ends[lower][0], ends[upper][1]),
            (tips[lower][0], tips[upper][1]),
        )
        for lower in rules[1:]
        for upper in rules[1:]
    ]
    best = _ended(bare, heights[at], occupancy, (caps, caps), ends[caps], tips[caps])
    thickness[at], coverage[at] = best.thickness_mm, best.coverage
    if alternatives and between == "shape" and len(within) and not occupancy.plane_nodes(cell):
        others.append(Alternative(CAUSE_BETWEEN, within, inner.thickness_mm, occupancy.slabs(inner.offsets_mm)))
    return Layout(occupancy.raster, heights, thickness, coverage, tuple(others), best.tips)


def _ended(
    bare: Alternative,
    heights_mm: Array,
    occupancy: Occupancy,
    rules: tuple[Caps, Caps],
    ends: tuple[Nodes, Nodes],
    tips: tuple[Tip | None, Tip | None],
) -> Alternative:
    """Add both ends to a body without any: on a plane that is an end itself, to the plane's own thickness."""
    thickness, coverage = bare.thickness_mm.copy(), bare.coverage.copy()
    for rule, nodes in zip(rules, ends, strict=True):
        at = np.searchsorted(heights_mm, nodes.offsets_mm)
        np.add.at(thickness, at, nodes.thickness_mm)
        coverage[at] = occupancy.at(nodes.offsets_mm, rule)
    return Alternative(CAUSE_CAPS, bare.at, thickness, coverage, tuple(tip for tip in tips if tip))


def _expression(region: Region, fineness: Fineness, between: Between, caps: Caps, alternatives: bool) -> Layout:
    used = {name: region.stacks[name] for name in names_in(region.tree)}
    margin = _widest_margin(region.tree)
    cell = fineness.cell_mm(max(_rough_volume_mm3(stack, region.spacing_mm) for stack in used.values()))
    if margin:
        cell = min(cell, MARGIN_CELL_MM)
    low = np.min([stack.bounds_mm[0] for stack in used.values()], axis=0)
    high = np.max([stack.bounds_mm[1] for stack in used.values()], axis=0)
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
    if tree.sign == "-":
        return np.asarray(left - np.minimum(left, right))
    return np.maximum(left, right) if tree.sign == "|" else np.minimum(left, right)


def _grown(coverage: Array, margin_mm: float, cell_mm: float, step_mm: float) -> Array:
    """Grow (or shrink) coverage by a distance; a cell's own coverage places the border within it."""
    inside = coverage >= 0.5
    if not inside.any():
        return np.zeros_like(coverage)
    sampling = (step_mm, cell_mm, cell_mm)
    away, nearest = ndimage.distance_transform_edt(~inside, sampling=sampling, return_indices=True)
    outer = away - (coverage[tuple(nearest)] - 0.5) * cell_mm
    if margin_mm < 0:
        away, nearest = ndimage.distance_transform_edt(inside, sampling=sampling, return_indices=True)
        outer = np.where(inside, -(away - (0.5 - coverage[tuple(nearest)]) * cell_mm), outer)
    else:
        outer = np.where(inside, -cell_mm, outer)
    grown: Array = np.clip(0.5 + (margin_mm - outer) / cell_mm, 0.0, 1.0)
    return grown


def _widest_margin(tree: Expression) -> float:
    if isinstance(tree, Name):
        return 0.0
    if isinstance(tree, Margin):
        return abs(tree.margin_mm) + _widest_margin(tree.inner)
    if isinstance(tree, Combination):
        return max(_widest_margin(tree.left), _widest_margin(tree.right))
    raise TypeError(tree)
