"""The structures of one treatment under their standard names, and their DVHs, computed once each.

An :class:`Anatomy` resolves what a rule names: a structure of that standard name, one composed of its parts
(``Lungs`` of ``Lung_L | Lung_R``), the classes ``GTV``, ``ITV``, ``CTV``, ``PTV`` and ``Targets``, or an
expression of these. It never guesses: two structures of one standard name are ambiguous.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from constraints.naming import compose, resolve, target_class, wholes
from rtplan.dvh import DVH, Models, compute_dvh
from rtplan.geometry import (
    Expression,
    NotPlanarError,
    Region,
    Stack,
    names_in,
    parse_expression,
    stack_contours,
)
from rtplan.geometry.crossings import rings_cut
from rtplan.geometry.expression import Combination, Name
from rtplan.geometry.layout import Layout, lay_out
from rtplan.model import Issue, NotMeasured, Severity, Structure, StructureSet, Treatment

from .sides import split_by_side

__all__ = ["Anatomy", "Found", "named_structures", "unknown_names"]

Array = NDArray[np.float64]
# Roles of what a limit may be put to; a structure of any other says itself that it is no organ.
ORGAN_ROLES = frozenset({"", "ORGAN", "AVOIDANCE"})
CLASSES = {"GTV": ("GTV", "ITV"), "ITV": ("ITV",), "CTV": ("CTV",), "PTV": ("PTV",)}


def named_structures(structures: StructureSet, names: Mapping[str, str]) -> tuple[Structure, ...]:
    """Give every structure its standard name: by the sheet's mapping first, then by the declared synonyms.

    Targets get none: they are told apart by class.
    """
    named = []
    for structure in structures.structures:
        chosen = names.get(structure.name)
        if chosen is None and target_class(structure.name, structure.role) is None:
            chosen = resolve(structure.name).standard_name
        named.append(structure.renamed(chosen))
    return tuple(named)


def unknown_names(structures: Sequence[Structure]) -> tuple[Issue, ...]:
    """Say which organs no limit can be put to, because their names stand for nothing known; nothing where none."""
    numbers = [
        structure.number
        for structure in structures
        if structure.contours and structure.standard_name is None and structure.role in ORGAN_ROLES
        if target_class(structure.name, structure.role) is None
    ]
    if not numbers:
        return ()
    listed = ", ".join(map(str, numbers))
    message = "organs with names that no limit knows are not judged"
    remedy = "give their standard names under [names] in the sheet"
    return (Issue("roi-name-unknown", Severity.WARN, message, f"ROI {listed}", remedy),)


@dataclass(frozen=True, slots=True)
class Found:
    """What a name stands for in this patient: an expression over ROI numbers, and how it came about."""

    tree: Expression | None
    roi: str
    reason: str = ""
    note: str = ""


@dataclass(slots=True, eq=False)
class Anatomy:
    """Structures, stacks and DVHs of one treatment; everything is computed when first asked for."""

    treatment: Treatment
    structures: tuple[Structure, ...]
    models: Models = field(default_factory=Models)
    spacing_mm: float | None = None
    _stacks: dict[int, Stack | None] = field(default_factory=dict, repr=False)
    _problems: dict[int, str] = field(default_factory=dict, repr=False)
    _dvhs: dict[str, DVH | NotMeasured] = field(default_factory=dict, repr=False)
    _halves: dict[int, Structure] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if self.spacing_mm is None:
            self.spacing_mm = self._usual_spacing()

    def of_class(self, *classes: str) -> tuple[Structure, ...]:
        """Structures of these target classes that have contours."""
        return tuple(
            structure
            for structure in self.structures
            if target_class(structure.name, structure.role) in classes and self.stack(structure) is not None
        )

    def stack(self, structure: Structure) -> Stack | None:
        """Return the contours of a structure as planes; None where it has none that can be measured."""
        if structure.number not in self._stacks:
            stack, problem = (None, "") if structure.broken else _stack(structure, self._image_spacing())
            self._stacks[structure.number] = stack
            self._problems[structure.number] = problem
        return self._stacks[structure.number]

    def problem(self, structure: Structure) -> str:
        """Say why a structure cannot be measured; empty where it can."""
        if structure.broken:
            return structure.broken
        if self.stack(structure) is None:
            return self._problems[structure.number] or "it has no contours that enclose a volume"
        return ""

    def find(self, name: str) -> Found:
        """Resolve one name."""
        if name in CLASSES or name == "Targets":
            wanted = ("GTV", "ITV", "CTV", "PTV") if name == "Targets" else CLASSES[name]
            return self._union(self.of_class(*wanted), name)
        same = [item for item in self.structures if item.standard_name == name]
        usable = [item for item in same if not self.problem(item)]
        if len(usable) > 1:
            numbers = ", ".join(str(item.number) for item in usable)
            return Found(None, name, f"ambiguous: ROIs {numbers} all stand for {name}")
        if usable:
            return Found(Name(_key(usable[0])), usable[0].name)
        if same:
            return Found(None, same[0].name, self.problem(same[0]))
        composed = self._composed(name)
        return composed if composed.tree is not None else self._one_side(name) or composed

    def find_expression(self, text: str) -> Found:
        """Resolve an expression; ``- GTV`` takes nothing away where no GTV is drawn, and says so."""
        return self._resolved(parse_expression(text))

    def dvh(self, tree: Expression) -> DVH | NotMeasured:
        """Return the DVH of a resolved expression."""
        key = str(tree)
        if key not in self._dvhs:
            self._dvhs[key] = self._computed(tree)
        return self._dvhs[key]

    def region(self, tree: Expression) -> Region | None:
        """Return the region of a resolved expression; None where its parts do not share planes."""
        stacks = {name: self._stack_of(name) for name in names_in(tree)}
        frames = [stack.frame for stack in stacks.values()]
        if any(not np.allclose(frame, frames[0], atol=1e-9) for frame in frames):
            return None
        spacing = self.spacing_mm
        own = [stack.spacing_mm for stack in stacks.values() if stack.spacing_mm]
        if not own and not spacing:
            return None
        return Region(tree, stacks, own[0] if own else float(spacing or 0.0))

    def vertices_mm(self, tree: Expression) -> Array:
        """Return the drawn points of every structure that an expression uses, shape (n, 3)."""
        return np.concatenate([self._stack_of(name).vertices_mm for name in names_in(tree)])

    def border_mm(self, tree: Expression, step_mm: float = 2.0) -> Array:
        """Return points along the drawn contours of every structure that an expression uses, shape (n, 3).

        Neighbours are no further apart than `step_mm`: a distance between organs must not depend on how sparsely a
        straight edge was drawn.
        """
        rings = [contour.points_mm for name in names_in(tree) for contour in self._structure(name).contours]
        return np.concatenate([_walked(ring, step_mm) for ring in rings])

    def outline_mm(self, tree: Expression) -> Array:
        """Return points of a structure's border, shape (n, 3): as drawn, and where it ends beyond its last contour."""
        region = self.region(tree)
        if region is None:
            return np.zeros((0, 3))
        layouts = lay_out(
            region, self.models.fineness, between=self.models.between, caps=self.models.caps, alternatives=False
        )
        drawn = self.vertices_mm(tree)
        heights = drawn @ region.frame[:, 2]
        ends = [_end_points(layout, heights.min(), heights.max()) @ region.frame.T for layout in layouts]
        return np.concatenate([drawn, *ends])

    def reaches_scan_end(self, tree: Expression) -> bool:
        """Whether the structures of an expression reach the first or last plane of the image they are drawn on."""
        image = self.treatment.image
        if image is None or image.grid.shape[0] < 2:
            return False
        heights = image.grid.axis_coordinates[2]
        half = 0.5 * float(np.diff(heights).max())
        own = image.grid.to_index(self.vertices_mm(tree))[:, 2]
        return bool(own.min() < heights[0] + half or own.max() > heights[-1] - half)

    def label(self, tree: Expression) -> str:
        """Return the ROI names of a resolved expression, for a person."""
        return re.sub(r"roi_-?\d+", lambda match: self._structure(match[0]).name, str(tree))

    def _structure(self, key: str) -> Structure:
        number = int(key.removeprefix("roi_"))
        known = (*self.structures, *self._halves.values())
        return next(item for item in known if item.number == number)

    def _stack_of(self, key: str) -> Stack:
        stack = self.stack(self._structure(key))
        if stack is None:
            raise KeyError(key)
        return stack

    def _computed(self, tree: Expression) -> DVH | NotMeasured:
        dose = self.treatment.dose
        if dose is None:
            return NotMeasured("there is no dose")
        region = self.region(tree)
        if region is None:
            return NotMeasured("its planes do not lie parallel, or a single plane has no known spacing")
        return compute_dvh(region, dose, models=self.models)

    def _union(self, structures: tuple[Structure, ...], name: str) -> Found:
        if not structures:
            return Found(None, "", f"no structure {name} is contoured")
        tree: Expression = Name(_key(structures[0]))
        for structure in structures[1:]:
            tree = Combination("|", tree, Name(_key(structure)))
        return Found(tree, " | ".join(item.name for item in structures))

    def _composed(self, name: str) -> Found:
        parts = compose(name) or ()
        found = [self.find(part) for part in parts]
        if not found or any(part.tree is None for part in found):
            reasons = [part.reason for part in found if part.reason.startswith("ambiguous")]
            return Found(None, "", reasons[0] if reasons else f"no structure {name} is contoured")
        tree = found[0].tree
        for part in found[1:]:
            if tree is not None and part.tree is not None:
                tree = Combination("|", tree, part.tree)
        return Found(tree, " | ".join(part.roi for part in found))

    def _one_side(self, name: str) -> Found | None:
        """Return one side of a pair that is drawn as one structure; None where no such pair is there."""
        for whole in wholes(name):
            drawn = [item for item in self.structures if item.standard_name == whole and not self.problem(item)]
            if len(drawn) != 1:
                continue
            halves = split_by_side(drawn[0])
            if halves is None:
                return Found(None, drawn[0].name, f"{whole} is one structure and cannot be told apart into its sides")
            half = halves[0 if name.endswith("_L") else 1]
            self._halves[half.number] = half
            return Found(Name(_key(half)), f"{drawn[0].name}, {'left' if name.endswith('_L') else 'right'} side")
        return None

    def _resolved(self, tree: Expression) -> Found:
        if isinstance(tree, Name):
            return self.find(tree.name)
        if isinstance(tree, Combination):
            left, right = self._resolved(tree.left), self._resolved(tree.right)
            return _joined(tree, left, right)
        inner = self._resolved(tree.inner)
        if inner.tree is None:
            return inner
        grown = type(tree)(inner.tree, tree.margin_mm)
        return Found(grown, f"{inner.roi} {'+' if tree.margin_mm >= 0 else '-'} {abs(tree.margin_mm):g} mm")

    def _image_spacing(self) -> float | None:
        structures = self.treatment.structures
        if structures is not None and structures.plane_spacing_mm:
            return structures.plane_spacing_mm
        image = self.treatment.image
        return image.grid.spacing_mm[2] if image is not None else None

    def _usual_spacing(self) -> float | None:
        """Spacing for structures of a single plane: the image's, else the finest that other structures show."""
        if (known := self._image_spacing()) is not None:
            return known
        spacings = [stack.spacing_mm for item in self.structures if (stack := self.stack(item)) and stack.spacing_mm]
        return min(spacings, default=None)


def _joined(tree: Combination, left: Found, right: Found) -> Found:
    if left.tree is None:
        return left
    if right.tree is None:
        absent = right.reason.startswith("no structure")
        if tree.sign == "-" and absent:
            return Found(left.tree, left.roi, note=f"{right.reason}, so nothing is taken away")
        if tree.sign == "|" and absent:
            return Found(left.tree, left.roi, note=f"{right.reason}, so nothing is added")
        return right
    return Found(Combination(tree.sign, left.tree, right.tree), f"{left.roi} {tree.sign} {right.roi}")


def _walked(ring: Array, step_mm: float) -> Array:
    """Return points along a closed ring, its own points among them."""
    following = np.roll(ring, -1, axis=0)
    counts = np.maximum(1, np.ceil(np.linalg.norm(following - ring, axis=1) / step_mm)).astype(int)
    at = np.repeat(np.arange(len(ring)), counts)
    share = (np.arange(len(at)) - np.repeat(np.cumsum(counts) - counts, counts)) / counts[at]
    return np.asarray(ring[at] + share[:, None] * (following - ring)[at])


def _key(structure: Structure) -> str:
    return f"roi_{structure.number}"


def _end_points(layout: Layout, lowest_mm: float, highest_mm: float) -> Array:
    """Return the cells of a layout that lie beyond the drawn planes, out to its tips."""
    outside = (layout.heights_mm < lowest_mm) | (layout.heights_mm > highest_mm)
    beyond = np.flatnonzero(outside & (layout.thickness_mm > 0))
    slices = [(float(layout.heights_mm[at]), layout.coverage[at] >= 0.5) for at in beyond]
    slices += [(tip.height_mm, tip.cells) for tip in layout.tips]
    points = [np.zeros((0, 3))]
    for height_mm, cells in slices:
        row, column = np.nonzero(cells)
        u_mm, v_mm = layout.raster.u_mm[column], layout.raster.v_mm[row]
        points.append(np.column_stack([u_mm, v_mm, np.full(len(row), height_mm)]))
    return np.concatenate(points)


def _stack(structure: Structure, spacing_mm: float | None) -> tuple[Stack | None, str]:
    """Return the contours as a stack, or the reason why they make none."""
    try:
        stack = stack_contours(structure.contours, spacing_mm=spacing_mm)
    except NotPlanarError as error:
        return None, f"its contours do not lie in parallel planes: {error}"
    marked = stack is not None and any("XOR" in ring.kind for ring in structure.contours)
    if stack is not None and marked and any(rings_cut(plane.rings) for plane in stack.planes):
        return None, "rings marked as exclusive-or overlap: which part they mean is not plain"
    return stack, ""
