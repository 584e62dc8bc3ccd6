"""From a region and a dose to a DVH with its alternatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from rtplan.geometry.expression import Name
from rtplan.geometry.layout import CAUSE_BETWEEN, CAUSE_CAPS, lay_out
from rtplan.geometry.occupancy import Between
from rtplan.geometry.profile import Caps
from rtplan.geometry.regions import Fineness, Region
from rtplan.model import Dose

from .curves import DVH, Change, Samples, Variant, merged_samples
from .large import sample_body
from .parts import BEST, CAUSE_CONTOUR, Border, Key, Part
from .sampling import Kernel, lattice_of, sample_box, sample_points

__all__ = ["CAUSE_BETWEEN", "CAUSE_CAPS", "CAUSE_CONTOUR", "CAUSE_DOSE", "Models", "compute_dvh", "face_maximum"]

Array = NDArray[np.float64]

CAUSE_DOSE = "dose between the grid points"
# How much of the difference between two models counts as the reach of either side: the better model's own error
# is a part of what it corrects. Found on solids with closed forms; the bounds of the ends count in full.
SHARE = {CAUSE_CAPS: 1.0, CAUSE_BETWEEN: 0.5, CAUSE_DOSE: 0.5, CAUSE_CONTOUR: 1.0}
MOST_BORDER_POINTS = 4_000


@dataclass(frozen=True, slots=True)
class Models:
    """The conventions a DVH is computed by; the defaults are the best estimate."""

    between: Between = "shape"
    caps: Caps = "auto"
    kernel: Kernel = "cubic"
    fineness: Fineness = field(default_factory=Fineness)


def compute_dvh(region: Region, dose: Dose, *, models: Models | None = None) -> DVH:
    """Compute the DVH of a region.

    Parameters
    ----------
    region : Region
    dose : Dose
        In Gy.
    models : Models, optional

    Returns
    -------
    DVH
        Its variants vary one choice each: where the structure ends, what lies between the contours, the dose
        interpolation, and how exactly the contours are drawn.
    """
    models = models or Models()
    coarsest = min(models.fineness.coarsest_mm, *dose.grid.spacing_mm)
    fineness = Fineness(coarsest, models.fineness.cells, lattice_of(dose, region.frame, *region.bounds_mm))
    layouts = lay_out(region, fineness, between=models.between, caps=models.caps)
    parts = [part for layout in layouts for part in sample_body(layout, region, dose)]
    other: Kernel = "linear" if models.kernel == "cubic" else "cubic"
    border = _at_border(region, dose)
    located = _readings(parts, models.kernel, border, region)
    variants = [Variant(key[0], samples, SHARE[key[0]]) for key, samples in located.items() if key != BEST]
    turned = _readings(parts, other, border, region, best_only=True)
    variants.append(Variant(CAUSE_DOSE, turned[BEST], SHARE[CAUSE_DOSE]))
    outside = float(sum(part.outside_cc for part in parts))
    return DVH(located[BEST], tuple(variants), outside, face_maximum(dose) if outside > 0 else 0.0)


def face_maximum(dose: Dose) -> float:
    """Largest value on the six faces of a dose grid."""
    values = dose.values
    faces = [
        turned[end] for turned in (values, values.transpose(1, 0, 2), values.transpose(2, 0, 1)) for end in (0, -1)
    ]
    return float(max(face.max() for face in faces))


def _readings(
    parts: Sequence[Part], kernel: Kernel, border: Border, region: Region, *, best_only: bool = False
) -> dict[Key, Samples]:
    """Return the samples of each reading; all of them share one order of doses."""
    starts = np.cumsum([0, *(len(part.volume_cc) for part in parts)])
    doses = _joined([part.doses(kernel) for part in parts])
    volume = _joined([part.volume_cc for part in parts])
    changes: dict[Key, Change] = {}
    for key in dict.fromkeys(key for part in parts for key in part.changes if not best_only):
        pairs = [(part.changes[key], start) for part, start in zip(parts, starts, strict=False) if key in part.changes]
        at = np.concatenate([change.at + start for change, start in pairs])
        changes[key] = Change(at, np.concatenate([change.volume_cc for change, _ in pairs]))

    def locate(numbers: NDArray[np.int64]) -> Array:
        points = np.zeros((len(numbers), 3))
        for part, start, end in zip(parts, starts[:-1], starts[1:], strict=True):
            own = (numbers >= start) & (numbers < end)
            points[own] = part.points(numbers[own] - start) @ region.frame.T
        return points

    inside = _extremes(*(part.doses(kernel)[part.within] for part in parts), border[kernel == "cubic"])
    reached = {}
    for key in (BEST, *changes):
        if known := _extremes(np.array(inside or ()), *(part.reached(key, kernel) for part in parts)):
            reached[key] = known
    extremes = reached.get(BEST)
    finder = None if best_only else locate
    found = merged_samples(doses, {BEST: volume}, best=BEST, changes=changes, locate=finder, reached_gy=reached)
    contour = (CAUSE_CONTOUR, 0)
    if contour in found and extremes is not None:
        deep = np.concatenate([part.doses(kernel)[part.deep] for part in parts])
        found[contour] = _drawn_in(found[contour], extremes, deep)
    return found


def _joined(arrays: Sequence[Array]) -> Array:
    """Join arrays; a single one, which may be large, is not copied."""
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _extremes(*known: Array) -> tuple[float, float] | None:
    """Return the smallest and the largest of all values; None where there is none."""
    filled = [values for values in known if len(values)]
    return (float(min(map(np.min, filled))), float(max(map(np.max, filled)))) if filled else None


def _drawn_in(samples: Samples, extremes: tuple[float, float], deep_gy: Array) -> Samples:
    """Move the extremes half way to those of the cells that lie inside as a whole: the border holds them."""
    if len(deep_gy) == 0:
        return samples
    low, high = extremes
    return replace(
        samples,
        minimum_gy=low + max(float(deep_gy.min()) - low, 0.0) / 2,
        maximum_gy=high - max(high - float(deep_gy.max()), 0.0) / 2,
    )


def _at_border(region: Region, dose: Dose) -> Border:
    """Lowest and highest doses (linear, cubic) at the drawn vertices: the border, which no cell's centre reaches.

    The spline is looked at where the straight line between the grid points has its extremes. An expression's border
    is not drawn.
    """
    nothing = np.zeros(0)
    if not isinstance(region.tree, Name):
        return nothing, nothing
    points = region.vertices_mm
    points = points[:: max(1, len(points) // MOST_BORDER_POINTS)]
    values, known = sample_points(dose, points, kernel="linear")
    values, points = values[known], points[known]
    if len(values) == 0:
        return nothing, nothing
    extremes = [values.argmin(), values.argmax()]
    boxes = [sample_box(dose, region.frame, *(np.array([at]) for at in points[one] @ region.frame)) for one in extremes]
    return values[extremes], np.concatenate([box.cubic.ravel() for box in boxes])
