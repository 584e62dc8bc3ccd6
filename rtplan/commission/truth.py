"""What is true of a solid in a field: its volume, mean dose and D(volume), from closed forms or dense quadrature.

Nothing here is shared with the engine: no raster, no contours, no interpolation of dose.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import trapezoid
from scipy.optimize import brentq

from rtplan.metrics.notation import Kind, Metric
from rtplan.units import CC, MM3_PER_CC

from .solids import Solid

__all__ = ["Truth", "closed_form", "counted"]

Array = NDArray[np.float64]

# Quadrature of the mean over the range of doses; the curves are smooth but for corners.
STEPS = 4001
# Points along the longest edge of a solid's box: the count of points on its surface errs by less than 1e-4.
POINTS = 160


@dataclass(frozen=True, slots=True)
class Truth:
    """A solid's true volume (cc) and mean dose (Gy), and `dose_at`, which takes cc of the hottest part to Gy."""

    volume_cc: float
    mean_gy: float
    dose_at: Callable[[float], float]

    def value(self, metric: Metric) -> float:
        """Return the true value of a dose metric or of the volume.

        Raises
        ------
        ValueError
            For any other kind of metric.
        """
        match metric.kind:
            case Kind.VOLUME:
                return self.volume_cc
            case Kind.MEAN:
                return self.mean_gy
            case Kind.MINIMUM:
                return self.dose_at(self.volume_cc)
            case Kind.MAXIMUM:
                return self.dose_at(0.0)
            case Kind.DOSE_AT_VOLUME:
                at = metric.at or 0.0
                return self.dose_at(at if metric.at_unit == CC else at / 100.0 * self.volume_cc)
        raise ValueError(f"{metric} has no closed form here")


def closed_form(volume_above: Callable[[Array], Array], lowest_gy: float, highest_gy: float) -> Truth:
    """Return the truth of a solid from the volume (mm3) that receives a dose or more.

    Parameters
    ----------
    volume_above : callable
        Takes an array of doses in Gy to volumes in mm3; the whole volume at `lowest_gy`, nothing at `highest_gy`.
    lowest_gy, highest_gy : float
        The exact range of doses in the solid.

    Examples
    --------
    >>> slab = closed_form(lambda dose: 1000.0 * (3.0 - dose), 1.0, 3.0)
    >>> slab.volume_cc, round(slab.mean_gy, 9), slab.dose_at(0.5)
    (2.0, 2.0, 2.5)
    """
    doses = np.linspace(lowest_gy, highest_gy, STEPS)
    volumes = volume_above(doses)
    total = float(volumes[0])
    mean = lowest_gy + float(trapezoid(volumes, doses)) / total

    def dose_at(volume_cc: float) -> float:
        wanted = min(max(volume_cc * MM3_PER_CC, 0.0), total)
        if wanted in (0.0, total):
            return highest_gy if wanted == 0.0 else lowest_gy
        return float(brentq(lambda dose: float(volume_above(np.array([dose]))[0]) - wanted, lowest_gy, highest_gy))

    return Truth(total / MM3_PER_CC, mean, dose_at)


def counted(solid: Solid, dose_gy: Callable[[Array], Array]) -> Truth:
    """Return the truth of a solid in any field by counting points of a dense lattice in it.

    The volume is the solid's own closed form; the lattice only says how doses are spread over it.
    """
    low, high = solid.extent_mm
    step = float((high - low).max()) / POINTS
    axes = [np.arange(start + step / 2, end, step) for start, end in zip(low, high, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    doses = np.sort(dose_gy(points[solid.inside(points)]))[::-1]
    middles = (np.arange(len(doses)) + 0.5) * solid.volume_cc / len(doses)
    return Truth(solid.volume_cc, float(doses.mean()), lambda volume_cc: float(np.interp(volume_cc, middles, doses)))
