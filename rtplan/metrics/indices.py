"""Plan-quality indices of one target: conformity, gradient, homogeneity, dose at 2 cm.

``CI = PITV = R100 = V(Rx) / V(target)`` (`shaw1993`), ``PaddickCI = V(target at Rx)^2 / (V(target) V(Rx))``
(`paddick2000`), ``GI = V(Rx/2) / V(Rx)`` (`paddick2006`), ``R50 = V(Rx/2) / V(target)`` (`rtog0813`),
``HI = (D2% - D98%) / D50%`` (`icru83`), ``MDPD = Dmax / Rx`` (`shaw1993`), ``D2cm``: the largest dose 2 cm or
more away from every target (`rtog0813`). V(dose) is the isodose body that meets the target; where it meets
another target too, or runs into the edge of the dose grid, the index has no meaning and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rtplan.dvh.compute import CAUSE_DOSE
from rtplan.dvh.curves import DVH, Samples
from rtplan.dvh.sampling import sample_box
from rtplan.model import Dose, Measured, NotMeasured
from rtplan.units import GY, NONE, PERCENT_RX

from .measure import Reach, measure, spread
from .notation import Metric, parse

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

__all__ = ["Target", "isodose_body", "measure_index"]

Array = NDArray[np.float64]

MOST_CELLS = 700_000
FINEST_MM = 0.25
FIRST_MARGIN_MM = 8.0
CLEAR_MM = 20.0
CHUNK = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A target to measure: its DVH (with points), its vertices in mm, and those of the other targets.

    `isodoses` keeps the isodose bodies that were found, by level in Gy: several indices share them.
    """

    dvh: DVH
    vertices_mm: Array
    others_mm: tuple[Array, ...] = ()
    isodoses: dict[float, Isodose] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Isodose:
    """The body of an isodose that meets a target: volume by both kernels, and what spoils it."""

    cubic_cc: float
    linear_cc: float
    at_edge: bool
    meets_other: bool


def measure_index(
    metric: Metric, target: Target, dose: Dose, *, prescription_gy: float | None
) -> Measured | NotMeasured:
    """Measure a plan index of one target.

    Parameters
    ----------
    metric : Metric
        With kind INDEX.
    target : Target
    dose : Dose
    prescription_gy : float or None

    Returns
    -------
    Measured or NotMeasured
    """
    name = metric.index
    if len(target.dvh.best.dose_gy) == 0:
        return NotMeasured("no part of the target lies inside the dose grid", metric.unit)
    if name == "HI":
        return _homogeneity(target.dvh)
    if name == "D2cm" and metric.unit == GY:
        return _dose_at_2cm(target, dose)
    if not prescription_gy:
        return NotMeasured("no prescription is known for it", metric.unit)
    if name == "D2cm":
        return _scaled(_dose_at_2cm(target, dose), 100.0 / prescription_gy, PERCENT_RX)
    if name == "MDPD":
        return _scaled(measure(target.dvh, parse("Dmax")), 1.0 / prescription_gy, NONE)
    return _isodose_index(name, target, dose, prescription_gy)


def isodose_body(target: Target, dose: Dose, level_gy: float) -> Isodose:
    """Find the body of an isodose that meets a target.

    Parameters
    ----------
    target : Target
    dose : Dose
    level_gy : float

    Returns
    -------
    Isodose
        Volume zero where the target holds no dose as high as that.
    """
    seeds = target.dvh.best.points_mm
    if seeds is None:
        raise ValueError("an isodose is looked for from the target's sample points")
    frame = dose.grid.directions
    corners = _corners(dose)
    local = seeds @ frame
    low, high = local.min(axis=0), local.max(axis=0)
    margin = FIRST_MARGIN_MM
    while True:
        start, end = np.maximum(low - margin, corners[0]), np.minimum(high + margin, corners[1])
        found = _labelled(dose, frame, start, end, level_gy, local)
        free = (start > corners[0] + 1e-6, end < corners[1] - 1e-6)
        if not any((touch & may_grow).any() for touch, may_grow in zip(found.touches, free, strict=True)):
            break
        margin *= 1.8
    at_edge = bool(any(touch.any() for touch in found.touches))
    meets = any(found.holds(points @ frame) for points in target.others_mm)
    return Isodose(found.cubic_cc, found.linear_cc, at_edge, meets)


def _isodose(target: Target, dose: Dose, level_gy: float) -> Isodose:
    if level_gy not in target.isodoses:
        target.isodoses[level_gy] = isodose_body(target, dose, level_gy)
    return target.isodoses[level_gy]


@dataclass(frozen=True, slots=True, eq=False)
class _Labelled:
    """One isodose body on its box of cells."""

    body: NDArray[np.bool_]
    start: Array
    cell: Array
    cubic_cc: float
    linear_cc: float
    touches: tuple[NDArray[np.bool_], NDArray[np.bool_]]

    def holds(self, local_mm: Array) -> bool:
        """Whether any of these points (in the box's frame) lies in the body."""
        index = np.floor((local_mm - self.start) / self.cell).astype(int)[:, ::-1]
        inside = ((index >= 0) & (index < self.body.shape)).all(axis=1)
        return bool(self.body[tuple(index[inside].T)].any())


def _corners(dose: Dose) -> tuple[Array, Array]:
    """Corners of the grid's sample centres in the frame of its own axes."""
    first, last = np.zeros(3), np.array([axis[-1] for axis in dose.grid.axis_coordinates])
    ends = dose.grid.to_patient(np.array([first, last])) @ dose.grid.directions
    return ends.min(axis=0), ends.max(axis=0)


def _labelled(dose: Dose, frame: Array, start: Array, end: Array, level_gy: float, seeds: Array) -> _Labelled:
    from scipy import ndimage  # noqa: PLC0415 -- half of the time a short command takes to start

    extent = np.maximum(end - start, 1e-3)
    side = max(float(extent.prod() / MOST_CELLS) ** (1 / 3), FINEST_MM)
    counts = np.maximum(np.ceil(extent / side).astype(int), 1)
    cell = extent / counts
    centres = [start[axis] + (np.arange(counts[axis]) + 0.5) * cell[axis] for axis in range(3)]
    box = sample_box(dose, frame, *centres)
    labels, _ = ndimage.label(box.cubic >= level_gy)
    index = np.clip(np.floor((seeds - start) / cell).astype(int), 0, counts - 1)[:, ::-1]
    wanted = np.unique(labels[tuple(index.T)])
    body = np.isin(labels, wanted[wanted > 0])
    volume_cc = float(cell.prod()) / 1000.0
    near = ndimage.binary_dilation(body, iterations=2)
    faces = [np.array([np.take(body, end, axis=2 - axis).any() for axis in range(3)]) for end in (0, -1)]
    return _Labelled(
        body,
        start,
        cell,
        _soft_count(box.cubic, near, level_gy) * volume_cc,
        _soft_count(box.linear, near, level_gy) * volume_cc,
        (faces[0], faces[1]),
    )


def _soft_count(values: Array, near: NDArray[np.bool_], level_gy: float) -> float:
    """Count cells at or above a level; a cell that the isodose crosses counts by where it is crossed."""
    from scipy import ndimage  # noqa: PLC0415 -- half of the time a short command takes to start

    span = ndimage.maximum_filter1d(values, 3, axis=0) - ndimage.minimum_filter1d(values, 3, axis=0)
    for axis in (1, 2):
        across = ndimage.maximum_filter1d(values, 3, axis=axis) - ndimage.minimum_filter1d(values, 3, axis=axis)
        span = np.maximum(span, across)
    share = np.clip(0.5 + (values - level_gy) / np.maximum(span / 2, 1e-9), 0.0, 1.0)
    return float(share[near].sum())


def _isodose_index(name: str, target: Target, dose: Dose, prescription_gy: float) -> Measured | NotMeasured:
    levels = {"GI": (1.0, 0.5), "R50": (0.5,)}.get(name, (1.0,))
    found = [_isodose(target, dose, level * prescription_gy) for level in levels]
    for level, body in zip(levels, found, strict=True):
        if body.meets_other:
            return NotMeasured(f"the {level:.0%} isodose of this target runs into another target")
        if body.at_edge:
            return NotMeasured(f"the {level:.0%} isodose reaches the edge of the dose grid")
    if name == "GI" and found[0].cubic_cc <= 0:
        return NotMeasured("the target receives the prescribed dose nowhere")

    def value(samples: Samples, *, linear: bool) -> float:
        volumes = [body.linear_cc if linear else body.cubic_cc for body in found]
        total = samples.total_cc + target.dvh.outside_cc
        result = _FORMULAS[name](volumes, total, samples.volume_at(prescription_gy))
        return result if np.isfinite(result) else 0.0

    others = [
        Reach(item.cause, value(item.samples, linear=item.cause == CAUSE_DOSE), item.share)
        for item in target.dvh.variants
    ]
    return spread(value(target.dvh.best, linear=False), others, NONE)


_Formula = Callable[[Sequence[float], float, float], float]


def _paddick(volumes: Sequence[float], target_cc: float, at_rx_cc: float) -> float:
    return at_rx_cc**2 / (target_cc * volumes[0]) if volumes[0] > 0 else 0.0


_FORMULAS: dict[str, _Formula] = {
    "CI": lambda volumes, target_cc, _: volumes[0] / target_cc,
    "PITV": lambda volumes, target_cc, _: volumes[0] / target_cc,
    "R100": lambda volumes, target_cc, _: volumes[0] / target_cc,
    "R50": lambda volumes, target_cc, _: volumes[0] / target_cc,
    "GI": lambda volumes, _target, _at: volumes[1] / volumes[0] if volumes[0] > 0 else float("inf"),
    "PaddickCI": _paddick,
}


def _homogeneity(dvh: DVH) -> Measured | NotMeasured:
    def value(samples: Samples) -> float:
        total, at = samples.total_cc, samples.dose_at
        return (at(0.02 * total) - at(0.98 * total)) / at(0.5 * total)

    if dvh.best.dose_at(0.5 * dvh.best.total_cc) <= 0:
        return NotMeasured("half of the target receives no dose")
    others = [Reach(item.cause, value(item.samples), item.share) for item in dvh.variants]
    return spread(value(dvh.best), others, NONE)


def _dose_at_2cm(target: Target, dose: Dose) -> Measured | NotMeasured:
    """Largest dose at 2 cm or more from every target, by going down the stored values from the hottest."""
    from scipy.spatial import cKDTree  # noqa: PLC0415 -- as above

    near = cKDTree(np.concatenate([target.vertices_mm, *target.others_mm, _seeds(target)]))
    flat = dose.values.ravel()
    for order in _hottest_first(flat):
        points = _voxel_points(dose, order)
        distance, _ = near.query(points, distance_upper_bound=CLEAR_MM)
        clear = np.flatnonzero(~np.isfinite(distance))
        if len(clear):
            return _refined(dose, near, points[clear[0]], float(flat[order[clear[0]]]))
    return NotMeasured("no point of the dose grid lies 2 cm away from the targets", GY)


def _seeds(target: Target) -> Array:
    """Every sample point: those beyond the last contours are what the vertices cannot tell."""
    points = target.dvh.best.points_mm
    return np.zeros((0, 3)) if points is None else points


def _hottest_first(flat: NDArray[np.floating]) -> Iterator[NDArray[np.int64]]:
    """Yield the grid points by number in chunks, hottest first; the first chunk is usually enough."""
    if len(flat) > CHUNK:
        hottest = np.argpartition(-flat, CHUNK)[:CHUNK]
        yield hottest[np.argsort(-flat[hottest])]
    order = np.argsort(-flat)
    for at in range(CHUNK if len(flat) > CHUNK else 0, len(order), CHUNK):
        yield order[at : at + CHUNK]


def _voxel_points(dose: Dose, flat: NDArray[np.int64]) -> Array:
    plane, row, column = np.unravel_index(flat, dose.values.shape)
    heights = dose.grid.axis_coordinates[2][plane]
    return dose.grid.to_patient(np.column_stack([column, row, heights]).astype(np.float64))


def _refined(dose: Dose, near: cKDTree, point: Array, stored_gy: float) -> Measured:
    """Look between the grid points around the hottest clear one."""
    frame = dose.grid.directions
    centre = point @ frame
    axes = [centre[axis] + np.linspace(-1, 1, 9) * dose.grid.spacing_mm[axis] for axis in range(3)]
    box = sample_box(dose, frame, *axes)
    w, v, u = np.meshgrid(axes[2], axes[1], axes[0], indexing="ij")
    points = np.stack([u, v, w], axis=-1).reshape(-1, 3) @ frame.T
    clear = (near.query(points)[0] >= CLEAR_MM) & box.known.ravel()
    doses = np.where(clear, box.cubic.ravel(), -np.inf)
    hottest = int(doses.argmax())
    value = max(float(doses[hottest]), stored_gy)
    where = points[hottest] if doses[hottest] >= stored_gy else point
    return spread(
        value, [Reach(CAUSE_DOSE, stored_gy)], GY, where_mm=(float(where[0]), float(where[1]), float(where[2]))
    )


def _scaled(found: Measured | NotMeasured, factor: float, unit: str) -> Measured | NotMeasured:
    if isinstance(found, NotMeasured):
        return NotMeasured(found.reason, unit, found.code)
    return Measured(found.value * factor, found.low * factor, found.high * factor, unit, found.causes, found.where_mm)
