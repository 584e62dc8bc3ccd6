"""Regions: a structure, or an expression of structures, before it is laid out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .expression import Expression, Name
from .stack import Stack

__all__ = ["Fineness", "Region"]

Array = NDArray[np.float64]

# About this many cells fill a body: 0.3 % of a linear dimension, whatever its size.
CELLS = 20_000
FINEST_MM = 0.1


@dataclass(frozen=True, slots=True)
class Fineness:
    """How large cells may grow: never beyond the dose grid's own spacing.

    Cells as large as the dose grid's are laid on its samples: `lattice_mm` is its spacing and where one of its
    samples lies along the frame's first two axes.
    """

    coarsest_mm: float = 2.5
    cells: int = CELLS
    lattice_mm: tuple[float, float, float] | None = None

    def cell_mm(self, volume_mm3: float) -> float:
        """Side of a cell for a body of this volume."""
        wanted = (max(volume_mm3, 1e-3) / self.cells) ** (1 / 3)
        return float(np.clip(wanted, FINEST_MM, self.coarsest_mm))

    def phase_mm(self, cell_mm: float) -> tuple[float, float] | None:
        """Where the centre of one of the cells lies (u, v) where they are laid on the dose's samples."""
        if self.lattice_mm is None or abs(cell_mm - self.lattice_mm[0]) > 1e-9:
            return None
        return self.lattice_mm[1:]


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
    def bounds_mm(self) -> tuple[Array, Array]:
        """Smallest and largest (u, v) of any vertex."""
        lows, highs = zip(*(stack.bounds_mm for stack in self.stacks.values()), strict=True)
        return np.min(lows, axis=0), np.max(highs, axis=0)

    @property
    def drawn_within_mm(self) -> float:
        """How far the drawn border may stand from the one that was meant, at the least."""
        return max(stack.drawn_within_mm for stack in self.stacks.values())

    @property
    def vertices_mm(self) -> Array:
        """Vertices of the plain structure; none for an expression, whose border is not drawn."""
        if isinstance(self.tree, Name):
            return self.stacks[self.tree.name].vertices_mm
        return np.zeros((0, 3))
