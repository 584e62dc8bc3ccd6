"""Compare with the DVHs that a planning system stored in its RTDOSE, and say which convention explains them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from rtplan.dvh import DVH, Models, compute_dvh
from rtplan.geometry.expression import Name
from rtplan.geometry.occupancy import Between
from rtplan.geometry.profile import Caps
from rtplan.metrics.measure import measure
from rtplan.metrics.notation import parse
from rtplan.model import Issue, Measured, NotMeasured, Severity, StoredDVH, Structure

from .anatomy import Anatomy

__all__ = ["compare_stored"]

# Beyond our interval, a stored volume may differ by this share, a stored mean dose by this share or this dose.
VOLUME_SHARE = 0.02
MEAN_SHARE = 0.01
MEAN_GY = 0.05
# The ends and the space between contours hardly move a larger structure: no convention of theirs explains it.
LARGE_CC = 1000.0
BETWEEN: tuple[Between, ...] = ("slab", "shape")
CAPS: tuple[Caps, ...] = ("half", "none", "auto")


@dataclass(frozen=True, slots=True)
class _Numbers:
    """What is compared: volume and mean dose."""

    volume_cc: float
    mean_gy: float

    def distance(self, other: _Numbers) -> float:
        """Return how far two pairs lie apart, in shares of each number."""
        volume = abs(self.volume_cc - other.volume_cc) / max(other.volume_cc, 1e-9)
        return volume + abs(self.mean_gy - other.mean_gy) / max(other.mean_gy, MEAN_GY)


def compare_stored(anatomy: Anatomy) -> tuple[Issue, ...]:
    """Compare every stored DVH of the dose with ours.

    Returns
    -------
    tuple of Issue
        One note for each structure whose stored volume or mean dose lies beyond our interval and a tolerance,
        with both numbers and the convention that comes nearest to the stored ones.
    """
    dose = anatomy.treatment.dose
    if dose is None or dose.unit != "Gy":
        return ()
    by_number = {item.number: item for item in anatomy.structures}
    found = []
    for stored in dose.stored_dvhs:
        structure = by_number.get(stored.roi_number)
        if structure is not None and not anatomy.problem(structure):
            found.append(_compared(anatomy, structure, stored))
    return tuple(issue for issue in found if issue is not None)


def _compared(anatomy: Anatomy, structure: Structure, stored: StoredDVH) -> Issue | None:
    theirs = _stored_numbers(stored)
    ours = anatomy.dvh(Name(f"roi_{structure.number}"))
    if theirs is None or isinstance(ours, NotMeasured):
        return None
    volume, mean = measure(ours, parse("Volume")), measure(ours, parse("Dmean"))
    if not isinstance(volume, Measured) or not isinstance(mean, Measured):
        return None
    if _near(volume, theirs.volume_cc, VOLUME_SHARE, 0.0) and _near(mean, theirs.mean_gy, MEAN_SHARE, MEAN_GY):
        return None
    message = (
        f"the stored DVH says {_cc(theirs.volume_cc)} and {theirs.mean_gy:.3f} Gy mean, "
        f"ours {_cc(volume.value)} and {mean.value:.3f} Gy; {_explained(anatomy, structure, theirs)}"
    )
    return Issue("stored-dvh-differs", Severity.NOTE, message, f"ROI {structure.number}")


def _stored_numbers(stored: StoredDVH) -> _Numbers | None:
    if not stored.volume_cc or not stored.dose_gy or stored.mean_gy is None:
        return None
    return _Numbers(float(max(stored.volume_cc)), stored.mean_gy)


def _near(ours: Measured, theirs: float, share: float, least: float) -> bool:
    room = max(share * abs(theirs), least)
    return ours.low - room <= theirs <= ours.high + room


def _cc(value: float) -> str:
    return f"{value:.1f} cc" if value >= 10 else f"{value:.3f} cc"


def _explained(anatomy: Anatomy, structure: Structure, theirs: _Numbers) -> str:
    """Name the convention that comes nearest to stored numbers."""
    region = anatomy.region(Name(f"roi_{structure.number}"))
    dose = anatomy.treatment.dose
    if region is None or dose is None or theirs.volume_cc > LARGE_CC:
        return "no convention was tried"
    tried: list[tuple[float, str]] = []
    for between, caps in product(BETWEEN, CAPS):
        dvh = compute_dvh(region, dose, models=Models(between, caps, "linear"))
        numbers = _Numbers(dvh.total_cc, _mean(dvh))
        name = f"--between-slices {between} --end-caps {caps} --dose-interpolation linear"
        tried.append((numbers.distance(theirs), name))
    distance, name = min(tried)
    nearest = f"the nearest convention is {name}"
    return nearest if distance < VOLUME_SHARE else f"no convention explains it ({nearest}, {distance:.0%} away)"


def _mean(dvh: DVH) -> float:
    return dvh.best.mean_gy if len(dvh.best.dose_gy) else float(np.nan)
