"""Regions: a structure, or an expression of structures, ready to be laid out in layers.

A plain structure is laid out body by body, each on a raster of its own fineness. An expression is evaluated
cell by cell on one raster that holds all its parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .bodies import bodies
from .expression import Combination, Expression, Margin, Name, names_in
from .occupancy import Between, Layers, Nodes, Occupancy, divided, occupy
from .profile import Caps
from .raster import Raster
from .stack import Stack, polygon_area

__all__ = ["Fineness", "Region", "layer_sets"]

Array = NDArray[np.float64]

# About this many cells fill a body: 0.3 % of a linear dimension, whatever its size.
CELLS = 40_000
FINEST_MM = 0.1
# A margin is taken from distances on a raster: fine enough that its rounding stays below a tenth of a millimetre.
MARGIN_CELL_MM = 1.0


@dataclass(frozen=True, slots=True)
class Fineness:
    """How large cells may grow: never beyond the dose grid's own spacing."""

    coarsest_mm: float = 2.5
    cells: int = CELLS

    def cell_mm(self, volume_mm3: float) -> float:
        """Side of a cell for a body of this volume."""
        wanted = (max(volume_mm3, 1e-3) / self.cells) ** (1 / 3)
        return float(np.clip(wanted, FINEST_MM, self.coarsest_mm))


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """An expression and the stacks its names stand for; all stacks share one frame.

    `spacing_mm` is used for stacks that cannot tell their own (a single plane).
    """

    tree: Expression
    stacks: Mapping[str, Stack]
    spacing_mm: float

    @classmethod
    def of(cls, stack: Stack, *, spacing_mm: float | None = None) -> Region:
        """Return the region of one structure."""
        spacing = stack.spacing_mm or spacing_mm
        if not spacing:
            raise ValueError("a single plane needs the spacing it was drawn at")
        return cls(Name("it"), {"it": stack}, spacing)

    @property
    def frame(self) -> Array:
        """Axes u, v and n as columns."""
        return next(iter(self.stacks.values())).frame

    @property
    def vertices_mm(self) -> Array:
        """Vertices of the plain structure; none for an expression, whose border is not drawn."""
        if isinstance(self.tree, Name):
            return self.stacks[self.tree.name].vertices_mm
        return np.zeros((0, 3))


LayerSet = Callable[[Caps], Layers]


def layer_sets(region: Region, fineness: Fineness, *, between: Between = "shape") -> list[tuple[Layers, LayerSet]]:
    """Lay a region out.

    Parameters
    ----------
    region : Region
    fineness : Fineness
    between : {"shape", "slab"}

    Returns
    -------
    list of (Layers, callable)
        For each part: the layers that do not depend on the rule for the ends, and a function that gives
        the layers which complete it under a rule.
    """
    if isinstance(region.tree, Name):
        stack = region.stacks[region.tree.name]
        return [_body_layers(body, region, fineness, between) for body in bodies(stack)]
    return [_expression_layers(region, fineness, between)]


def _rough_volume_mm3(stack: Stack, spacing_mm: float) -> float:
    areas = [abs(sum(polygon_area(ring) for ring in plane.rings)) for plane in stack.planes]
    return float(sum(areas) * (stack.spacing_mm or spacing_mm))


def _body_layers(body: Stack, region: Region, fineness: Fineness, between: Between) -> tuple[Layers, LayerSet]:
    spacing = body.spacing_mm or region.spacing_mm
    cell = fineness.cell_mm(_rough_volume_mm3(body, spacing))
    occupancy = occupy(body, Raster.around(*body.bounds_mm, cell), spacing_mm=spacing, between=between)

    def laid(nodes: Nodes, rule: Caps) -> Layers:
        return Layers(occupancy.raster, nodes, occupancy.at(nodes.offsets_mm, rule))

    return laid(occupancy.inner_nodes(cell), "none"), lambda rule: laid(occupancy.cap_nodes(cell, rule), rule)


def _expression_layers(region: Region, fineness: Fineness, between: Between) -> tuple[Layers, LayerSet]:
    used = {name: region.stacks[name] for name in names_in(region.tree)}
    margin = _widest_margin(region.tree)
    volumes = [_rough_volume_mm3(stack, region.spacing_mm) for stack in used.values()]
    cell = fineness.cell_mm(max(volumes))
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
    empty = Layers(raster, Nodes(np.zeros(0), np.zeros(0)), np.zeros((0, raster.rows, raster.columns)))

    def laid(rule: Caps) -> Layers:
        return Layers(raster, nodes, _filled(region.tree, parts, nodes, raster, rule))

    return empty, laid


def _common_nodes(parts: list[Occupancy], cell_mm: float, margin_mm: float) -> Nodes:
    """Nodes that suit every part: its planes where they lie closely, else cut between all planes and ends."""
    reach = max(part.spacing_mm for part in parts) + margin_mm
    offsets = np.unique(np.round(np.concatenate([part.stack.offsets_mm for part in parts]), 4))
    low, high = offsets[0] - reach, offsets[-1] + reach
    if margin_mm:
        count = int(np.ceil((high - low) / cell_mm))
        step = (high - low) / count
        return Nodes(low + (np.arange(count) + 0.5) * step, np.full(count, step))
    gaps = np.diff(offsets)
    if len(gaps) > 1 and float(np.median(gaps)) <= 1.25 * cell_mm:
        borders = np.concatenate(
            [[offsets[0] - gaps[0] / 2], (offsets[:-1] + offsets[1:]) / 2, [offsets[-1] + gaps[-1] / 2]]
        )
        return Nodes(offsets, np.diff(borders))
    # A flat end lies half a spacing beyond its last plane: a border there keeps it from being rounded to a node.
    ends = [end for part in parts for end in part.stack.offsets_mm[[0, -1]] + np.array([-0.5, 0.5]) * part.spacing_mm]
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
