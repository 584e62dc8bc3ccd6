"""Samples of a large body: blocks where the dose hardly varies, cells where it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rtplan.geometry.layout import Alternative, Layout
from rtplan.geometry.occupancy import Tip
from rtplan.geometry.regions import Region
from rtplan.model import Dose

from .blocks import MANY_CELLS, Blocks, gathered, windows
from .curves import Change
from .parts import CAUSE_CONTOUR, CELL_SHARE, SLIVER, WITHIN, Border, Key, Part, ends_of, sample_cells
from .sampling import Layers, sample_layers, sample_points
from .within import parts_of_spread

__all__ = ["sample_body"]

Array = NDArray[np.float64]

MOST_TIP_POINTS = 2_000
# The middles of the quarters of an even spread, in standard deviations: a block has them all.
QUARTERS = np.array([-3.0, -1.0, 1.0, 3.0]) * np.sqrt(3.0) / 4


def sample_body(layout: Layout, region: Region, dose: Dose) -> list[Part]:
    """Sample a layout: all of its cells, or those of a large body where the dose is steep and blocks elsewhere."""
    volume_mm3 = layout.volume_mm3
    count = _count(layout, volume_mm3)
    layered = None
    if count > MANY_CELLS and all(other.coverage is None for other in layout.alternatives):
        layered = _layers(layout, region, dose)
    if layered is None or not all(known.any() for known in layered[1]):
        return [sample_cells(layout, region, dose)]
    cropped = _known(layout, layered[1])
    doses, _ = (cropped is not layout and _layers(cropped, region, dose)) or layered
    blocks = gathered(cropped, doses, round(count))
    outside = max(volume_mm3 / 1000.0 - float(blocks.volume_cc.sum()), 0.0) if cropped is not layout else 0.0
    return [
        _of_blocks(blocks, layout, region, dose, outside),
        *(sample_cells(window, region, dose, only=only) for window, only in windows(blocks)),
    ]


def _layers(layout: Layout, region: Region, dose: Dose) -> tuple[Layers, tuple[NDArray[np.bool_], ...]] | None:
    """Prepare the doses of a layout; None where the dose grid runs along no axis of its frame."""
    return sample_layers(dose, region.frame, layout.raster.u_mm, layout.raster.v_mm, layout.heights_mm)


def _count(layout: Layout, volume_mm3: float) -> float:
    """About how many cells a layout of this volume fills."""
    used = layout.thickness_mm > 0
    thickness = float(layout.thickness_mm[used].mean()) if used.any() else 1.0
    return volume_mm3 / (layout.raster.cell_mm**2 * thickness)


def _of_blocks(blocks: Blocks, layout: Layout, region: Region, dose: Dose, outside_cc: float) -> Part:
    """Return samples for the blocks of a large body that are not taken as cells."""
    volume = np.where(blocks.fine, 0.0, blocks.volume_cc).ravel()
    used = np.flatnonzero(volume > 0)
    full = blocks.volume_cc.max()
    place = np.full(volume.size, -1)
    place[used] = np.arange(len(used))
    changes = {(other.cause, k): _of_ends(blocks, other, place) for k, other in enumerate(blocks.layout.alternatives)}
    error_mm = np.hypot(region.drawn_within_mm, CELL_SHARE * layout.raster.cell_mm)
    shell = np.pi / 4 * blocks.border_cc.ravel()[used] * error_mm / layout.raster.cell_mm
    crossed = np.flatnonzero(shell)
    changes[CAUSE_CONTOUR, 0] = Change(crossed, shell[crossed])
    # Blocks along an isodose have one mean: each shifts its quarters within a quarter, so that no steps are left.
    shifts = parts_of_spread(blocks.volume_cc.shape).ravel()[used, None] / len(QUARTERS)
    doses = (blocks.mean_gy.ravel()[used, None] + blocks.spread_gy.ravel()[used, None] * (QUARTERS + shifts)).ravel()
    filled = np.repeat(volume[used] / full, len(QUARTERS))
    return Part(
        lambda which: blocks.points_mm(used[which // len(QUARTERS)]),
        doses,
        doses,
        filled >= WITHIN,
        filled >= 1 - SLIVER,
        np.repeat(volume[used] / len(QUARTERS), len(QUARTERS)),
        {key: _quartered(change) for key, change in changes.items()},
        outside_cc,
        _tips(ends_of(layout), layout, region, dose),
    )


def _quartered(change: Change) -> Change:
    """Spread what a reading changes in blocks over the quarters of their doses."""
    parts = len(QUARTERS)
    at = np.repeat(change.at * parts, parts) + np.tile(np.arange(parts), len(change.at))
    return Change(at, np.repeat(change.volume_cc / parts, parts))


def _of_ends(blocks: Blocks, other: Alternative, place: NDArray[np.int64]) -> Change:
    """Return what an alternative thickness of some layers adds to the blocks that hold them."""
    layout = blocks.layout
    at, added = [], []
    for layer, thickness in zip(other.at, other.thickness_mm, strict=True):
        row = int(np.searchsorted(blocks.edges[0], layer, side="right")) - 1
        area = blocks.by_block(int(layer)).ravel()
        numbers = place[row * area.size : (row + 1) * area.size]
        own = np.flatnonzero((area > 0) & (numbers >= 0))
        at.append(numbers[own])
        added.append(area[own] * (thickness - layout.thickness_mm[layer]) / 1000.0)
    return Change(np.concatenate(at or [np.zeros(0, dtype=np.int64)]), np.concatenate(added or [np.zeros(0)]))


def _tips(ends: Mapping[Key, Sequence[Tip]], layout: Layout, region: Region, dose: Dose) -> dict[Key, Border]:
    """Doses where a large body ends, in some of the cells of its end."""
    found = {}
    for key, tips in ends.items():
        if tips:
            at, row, column = np.nonzero(np.stack([tip.cells for tip in tips]))
            own = slice(None, None, max(1, len(at) // MOST_TIP_POINTS))
            heights = np.array([tip.height_mm for tip in tips])[at[own]]
            points = np.column_stack([layout.raster.u_mm[column[own]], layout.raster.v_mm[row[own]], heights])
            found[key] = _linear_only(dose, points @ region.frame.T)
    return found


def _linear_only(dose: Dose, points_mm: Array) -> Border:
    """Doses at points of a large body: its border is dense enough for the linear rule to stand for the cubic."""
    values, known = sample_points(dose, points_mm, kernel="linear")
    return values[known], values[known]


def _known(layout: Layout, known: tuple[NDArray[np.bool_], ...]) -> Layout:
    """Keep the layers, rows and columns of a layout where the dose is known."""
    if all(own.all() for own in known):
        return layout
    ranges = [np.flatnonzero(own)[[0, -1]] for own in known]
    return layout.part([slice(int(first), int(last) + 1) for first, last in ranges])
