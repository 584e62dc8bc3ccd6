"""Samples of one layout: a dose and a volume for each cell, and what another reading of the contours changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtplan.geometry.booleans import differences
from rtplan.geometry.layout import Alternative, Layout
from rtplan.geometry.occupancy import Tip
from rtplan.geometry.regions import Region
from rtplan.model import Dose

from .cells import LEAST_COVERAGE, Cells, centroids
from .curves import Change
from .sampling import Box, Kernel, sample_box
from .tails import Split, split_tails
from .within import spreads

__all__ = [
    "BEST",
    "CAUSE_CONTOUR",
    "CELL_SHARE",
    "SLIVER",
    "WITHIN",
    "Border",
    "Key",
    "Part",
    "ends_of",
    "sample_cells",
]

Array = NDArray[np.float64]
Border = tuple[Array, Array]
Key = tuple[str, int]
BEST: Key = ("", 0)

CAUSE_CONTOUR = "how finely the contours are drawn"
# A cell that is filled to within this share is no cell of the border: areas are met to a little less.
SLIVER = 1e-3
# A cell counts as within where its centre is: from half coverage on.
WITHIN = 0.5
# A border is placed in its cell as if it were straight: that errs by a small share of the cell.
CELL_SHARE = 0.05
# Heights closer than this (mm, in digits) are one height.
SAME_HEIGHT_DIGITS = 6


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Samples of one layout, where the dose is known.

    `points` gives the places of samples along the frame's axes, by their numbers; `volume_cc` is what the best
    reading puts into each, `changes` what another reading adds to that; `within` marks the samples whose cell's
    centre lies in the region by the best reading (their doses count as extremes), `deep` those whose cell lies in
    it as a whole.
    """

    points: Callable[[NDArray[np.int64]], Array]
    linear: Array
    cubic: Array
    within: NDArray[np.bool_]
    deep: NDArray[np.bool_]
    volume_cc: Array
    changes: dict[Key, Change]
    outside_cc: float
    tips: dict[Key, tuple[Array, Array]]

    def reached(self, key: Key, kernel: Kernel) -> Array:
        """Doses where the body ends by a reading; where a reading does not say, it ends like the best."""
        ends = self.tips.get(key) or self.tips.get(BEST)
        return ends[kernel == "cubic"] if ends else np.zeros(0)

    def doses(self, kernel: Kernel) -> Array:
        """Dose of every sample by a kernel."""
        return self.cubic if kernel == "cubic" else self.linear


def sample_cells(layout: Layout, region: Region, dose: Dose, *, only: NDArray[np.bool_] | None = None) -> Part:
    """Sample the cells of a layout.

    Parameters
    ----------
    layout : Layout
    region : Region
        What it is a layout of.
    dose : Dose
    only : ndarray of bool, shape of the layout's coverage, optional
        Which of its cells to sample; all of them without.

    Returns
    -------
    Part
    """
    held = layout.coverage > LEAST_COVERAGE
    if only is not None:
        held &= only
    for other in layout.alternatives:
        if other.coverage is not None:
            held[other.at] |= other.coverage > LEAST_COVERAGE
    ends = ends_of(layout)
    heights, place = _heights(layout, [tip for tips in ends.values() for tip in tips])
    box = sample_box(dose, region.frame, layout.raster.u_mm, layout.raster.v_mm, heights)
    outside = 0.0
    if not box.known.all():
        unknown = held & ~box.known[place]
        outside = float(Cells.of(layout, np.flatnonzero(unknown), heights, place).volume_cc.sum())
        held &= ~unknown
    cells = Cells.of(layout, np.flatnonzero(held), heights, place)
    volume = cells.volume_cc
    changes = {(other.cause, k): _change(cells, other) for k, other in enumerate(layout.alternatives)}
    border = np.flatnonzero((cells.filled > SLIVER) & (cells.filled < 1 - SLIVER))
    changes[CAUSE_CONTOUR, 0] = _shell(cells, region, border)
    spread = spreads(box.cubic, cells)
    middles = centroids(layout.coverage, cells.numbers[border], cells.filled[border])
    linear, cubic = (_at_centroids(sampled, cells, border, middles) + spread for sampled in (box.linear, box.cubic))
    best = cells.best
    part = Part(
        cells.points_mm,
        linear,
        cubic,
        (cells.filled >= WITHIN) & best,
        (cells.filled >= 1 - SLIVER) & best,
        volume,
        changes,
        outside,
        _at_tips(ends, heights, box),
    )
    split = split_tails(cells, cubic, volume)
    return part if split is None else _split(part, cells, split, box)


def _heights(layout: Layout, tips: Sequence[Tip]) -> tuple[Array, NDArray[np.int64]]:
    """Heights at which doses are needed, each once, and which of them each layer has."""
    wanted = np.round(np.append(layout.heights_mm, [tip.height_mm for tip in tips]), SAME_HEIGHT_DIGITS)
    heights, place = np.unique(wanted, return_inverse=True)
    return heights, place[: len(layout.heights_mm)]


def _at_tips(ends: Mapping[Key, Sequence[Tip]], heights_mm: Array, box: Box) -> dict[Key, tuple[Array, Array]]:
    """Doses (linear, cubic) where a body ends beyond its last contour by each reading: no vertex reaches there."""
    found = {}
    for key, tips in ends.items():
        if tips:
            at = np.searchsorted(heights_mm, np.round([tip.height_mm for tip in tips], SAME_HEIGHT_DIGITS))
            where = np.stack([tip.cells for tip in tips]) & box.known[at]
            found[key] = (box.linear[at][where], box.cubic[at][where])
    return found


def _split(part: Part, cells: Cells, split: Split, box: Box) -> Part:
    """Take the hottest and the coldest cells apart; what a reading changes in a cell is spread over its samples."""
    cell = split.of(np.arange(len(cells.numbers)))
    return Part(
        lambda which: cells.points_mm(cell[which]),
        split.joined(part.linear, split.doses(box.linear, cells)),
        split.joined(part.cubic, split.doses(box.cubic, cells)),
        split.of(part.within),
        split.of(part.deep),
        split.volumes(part.volume_cc),
        {key: Change(*split.spread(change.at, change.volume_cc)) for key, change in part.changes.items()},
        part.outside_cc,
        part.tips,
    )


def _at_centroids(sampled: Array, cells: Cells, border: NDArray[np.int64], middles: tuple[Array, Array]) -> Array:
    """Doses at the cells' centres, moved to the centroids where the border crosses a cell."""
    doses = sampled.ravel()[cells.in_box]
    slope_v, slope_u = differences(sampled, cells.in_box[border])
    doses[border] += slope_v * middles[0] + slope_u * middles[1]
    return doses


def _change(cells: Cells, other: Alternative) -> Change:
    """Return what an alternative adds to the best volumes, in the layers that it replaces."""
    layout = cells.layout
    added, place = np.zeros(len(layout.heights_mm)), np.full(len(layout.heights_mm), -1)
    added[other.at], place[other.at] = other.thickness_mm, np.arange(len(other.at))
    own = np.flatnonzero((place >= 0)[cells.layer])
    layer, area_cc = cells.layer[own], layout.raster.cell_mm**2 / 1000.0
    if other.coverage is None:
        return Change(own, cells.filled[own] * ((added - layout.thickness_mm) * area_cc)[layer])
    size = layout.raster.rows * layout.raster.columns
    filled = other.coverage.ravel()[cells.numbers[own] + (place[layer] - layer) * size]
    return Change(own, (filled * added[layer] - cells.filled[own] * layout.thickness_mm[layer]) * area_cc)


def _shell(cells: Cells, region: Region, border: NDArray[np.int64]) -> Change:
    """Return what a border that stands a drawing error further out adds: a shell over the cells it crosses.

    A border of any direction crosses 4/pi cells on the length of one.
    """
    cell_mm = cells.layout.raster.cell_mm
    thickness = cells.layout.thickness_mm[cells.layer[border]]
    error_mm = np.hypot(region.drawn_within_mm, CELL_SHARE * cell_mm)
    return Change(border, np.pi / 4 * cell_mm * thickness * error_mm / 1000.0)


def ends_of(layout: Layout) -> dict[Key, tuple[Tip, ...]]:
    """Return where a body ends beyond its last contours, by each reading."""
    return {BEST: layout.tips} | {(other.cause, k): other.tips for k, other in enumerate(layout.alternatives)}
