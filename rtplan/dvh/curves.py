"""The dose-volume histogram as a type: weighted samples, sorted, answering in both directions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rtplan.model import Point

__all__ = ["DVH", "Change", "Samples", "Variant", "merged_samples"]

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]

# More samples than this are merged where their doses differ by less than the range over 65,536; each bin keeps
# its volume and its mean dose.
KEPT = 60_000
BINS = 65_536
# The curve runs straight from the middle of one sample to that of the next; one that holds more than twice this
# share of the volume is a plateau, and only its rims are straightened.
PLATEAU = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """A structure's volume spread over doses.

    Attributes
    ----------
    dose_gy : ndarray, shape (n,)
        Falling.
    volume_cc : ndarray, shape (n,)
        The volume each sample stands for.
    minimum_gy, maximum_gy : float
        Of the continuous field in and on the structure: at or beyond the outermost samples.
    place : callable, or None
        Gives the points (k, 3), mm in the patient, where samples lie, by their numbers (k,).
    """

    dose_gy: Array
    volume_cc: Array
    minimum_gy: float
    maximum_gy: float
    place: Callable[[Numbers], Array] | None = field(default=None, repr=False)
    _line: tuple[Array, Array] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        count, ends = len(self.volume_cc), np.cumsum(self.volume_cc)
        total = float(self.volume_cc.sum())
        plateaus = float(self.volume_cc.max(initial=0.0)) > 2 * PLATEAU * total
        volumes, line = (np.empty(count * (1 + plateaus) + 2) for _ in range(2))
        volumes[0], volumes[-1] = 0.0, total
        line[0], line[-1] = self.maximum_gy, self.minimum_gy
        if plateaus:
            ramp = np.minimum(self.volume_cc / 2, PLATEAU * total)
            volumes[1:-1:2], volumes[2:-1:2] = ends - self.volume_cc + ramp, ends - ramp
            line[1:-1:2] = line[2:-1:2] = self.dose_gy
        else:
            np.subtract(ends, self.volume_cc / 2, out=volumes[1:-1])
            line[1:-1] = self.dose_gy
        object.__setattr__(self, "_line", (volumes, line))

    @property
    def points_mm(self) -> Array | None:
        """Where each sample lies, shape (n, 3); None where nobody knows."""
        return self.place(np.arange(len(self.dose_gy))) if self.place else None

    @property
    def total_cc(self) -> float:
        """Volume of all samples."""
        return float(self.volume_cc.sum())

    @property
    def mean_gy(self) -> float:
        """Mean dose."""
        total_cc = float(self.volume_cc.sum())
        return float(self.dose_gy @ self.volume_cc) / total_cc if total_cc > 0 else float("nan")

    def dose_at(self, volume_cc: float) -> float:
        """Smallest dose to the hottest `volume_cc`: the maximum at zero, the minimum at the whole volume."""
        volumes, doses = self._line
        return float(np.interp(volume_cc, volumes, doses))

    def volume_at(self, dose_gy: float) -> float:
        """Volume that receives `dose_gy` or more; the inverse of :meth:`dose_at`."""
        return float(self.volumes_at(np.array([dose_gy]))[0])

    def volumes_at(self, doses_gy: Array) -> Array:
        """Volume (cc) that receives each of these doses or more."""
        volumes, doses = self._line
        at = np.clip(np.searchsorted(-doses, -doses_gy, side="right") - 1, 0, len(doses) - 2)
        fall = doses[at] - doses[at + 1]
        share = np.divide(doses[at] - doses_gy, fall, out=np.zeros_like(fall), where=fall > 0)
        found = volumes[at] + share * (volumes[at + 1] - volumes[at])
        found = np.where(doses_gy <= self.minimum_gy, volumes[-1], found)
        return np.where(doses_gy > self.maximum_gy, 0.0, found)

    def converted(self, convert: Callable[[Array], Array]) -> Samples:
        """Return the same volume at converted doses (EQD2, BED): the conversion must rise with dose."""
        ends = convert(np.array([self.minimum_gy, self.maximum_gy]))
        return Samples(convert(self.dose_gy), self.volume_cc, float(ends[0]), float(ends[1]), self.place)

    def point_of(self, dose_gy: float) -> Point | None:
        """Return where the sample nearest to a dose lies."""
        if self.place is None or len(self.dose_gy) == 0:
            return None
        ((x, y, z),) = self.place(np.array([np.abs(self.dose_gy - dose_gy).argmin()]))
        return float(x), float(y), float(z)


@dataclass(frozen=True, slots=True, eq=False)
class Variant:
    """The same structure with one choice made otherwise; `share` of the difference counts as an interval's reach."""

    cause: str
    samples: Samples
    share: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """What a reading adds to (or takes from) the volumes of the best one: samples by number, and cc."""

    at: NDArray[np.int64]
    volume_cc: Array


_Key = TypeVar("_Key")


def merged_samples(
    dose_gy: Array,
    volumes_cc: Mapping[_Key, Array],
    *,
    best: _Key,
    changes: Mapping[_Key, Change] | None = None,
    locate: Callable[[Numbers], Array] | None = None,
    extremes_gy: tuple[float, float] | None = None,
    reached_gy: Mapping[_Key, tuple[float, float]] | None = None,
) -> dict[_Key, Samples]:
    """Sort samples that several readings of a structure weigh differently, once for all of them.

    Parameters
    ----------
    dose_gy : ndarray, shape (n,)
    volumes_cc : mapping to ndarray, shape (n,)
        The volume that a reading puts into each sample; at the least that of `best`.
    best : key
        The reading whose volumes lead where samples are merged, and whose samples keep their points.
    changes : mapping to Change, optional
        Readings that differ from the best in a few samples.
    locate : callable, optional
        Gives the points of samples by their number.
    extremes_gy : tuple of float, optional
        The smallest and the largest dose in and on the structure; a cell that only touches it may have its
        centre beyond, and is held within.
    reached_gy : mapping to tuple of float, optional
        The same reading by reading, where they end at different places.

    Returns
    -------
    dict
        Samples of each reading.
    """
    changes = changes or {}
    if len(dose_gy) == 0:
        return {key: Samples(dose_gy, dose_gy, np.inf, -np.inf) for key in (*volumes_cc, *changes)}
    own = reached_gy or {}
    extremes = extremes_gy or (float(dose_gy.min()), float(dose_gy.max()))
    low = min((low for low, _ in own.values()), default=extremes[0])
    high = max((high for _, high in own.values()), default=extremes[1])
    held = np.clip(dose_gy, low, high)
    merge = len(held) > KEPT
    bins, first = _equal_doses(held, low, high) if merge else _single(held)
    count = len(first)
    volumes: dict[_Key, Array] = {
        key: np.bincount(bins, volume, count).astype(np.float64, copy=False) for key, volume in volumes_cc.items()
    }
    for key, change in changes.items():
        volumes[key] = np.maximum(volumes[best] + np.bincount(bins[change.at], change.volume_cc, count), 0.0)
    doses = held[first]
    if merge:
        # Means are taken as offsets from one sample of the bin, so that a plateau stays the dose that it is.
        summed = np.bincount(bins, (held - doses[bins]) * volumes_cc[best], count)
        doses = doses + np.divide(summed, volumes[best], out=np.zeros(count), where=volumes[best] > 0)
    place = (lambda which: locate(first[which])) if locate else None
    found = {}
    for key, volume in volumes.items():
        ends = own.get(key, (low, high))
        held = doses if ends == (low, high) else np.clip(doses, *ends)
        found[key] = Samples(held, volume, *ends, place if key == best else None)
    return found


def _single(dose_gy: Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give every sample a bin of its own, hottest first; and the sample that each bin holds."""
    order = np.argsort(-dose_gy)
    bins = np.empty(len(order), dtype=np.int64)
    bins[order] = np.arange(len(order))
    return bins, order


def _equal_doses(dose_gy: Array, low: float, high: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give samples of nearly equal dose one bin, hottest first; and one sample of each bin."""
    step = max((high - low) / BINS, 1e-12)
    fine = ((high - dose_gy) / step).astype(np.int64)
    np.minimum(fine, BINS, out=fine)
    held = np.full(BINS + 1, -1)
    held[fine] = np.arange(len(fine))
    used = np.flatnonzero(held >= 0)
    place = np.zeros(BINS + 1, dtype=np.int64)
    place[used] = np.arange(len(used))
    return place[fine], held[used]


@dataclass(frozen=True, slots=True, eq=False)
class DVH:
    """A structure's cumulative DVH: the best estimate and what else the data would allow.

    Attributes
    ----------
    best : Samples
    variants : tuple of Variant
        Defensible alternatives; their spread is the interval.
    outside_cc : float
        Volume where no dose is known; it is in none of the samples.
    face_gy : float
        Largest dose on the faces of the dose grid: the upper bound for what lies outside.
    """

    best: Samples
    variants: tuple[Variant, ...] = ()
    outside_cc: float = 0.0
    face_gy: float = 0.0

    @property
    def total_cc(self) -> float:
        """Volume of the whole structure, within the dose grid and outside."""
        return self.best.total_cc + self.outside_cc

    @property
    def dose_gy(self) -> Array:
        """Doses of the curve, rising."""
        return self.best.dose_gy[::-1]

    @property
    def volume_cc(self) -> Array:
        """Volume at or above each of `dose_gy`, falling."""
        volumes: Array = np.cumsum(self.best.volume_cc)[::-1]
        return volumes

    def dose_at(self, volume_cc: float) -> float:
        """Smallest dose (Gy) to the hottest `volume_cc`, by the best estimate."""
        return self.best.dose_at(volume_cc)

    def volume_at(self, dose_gy: float) -> float:
        """Volume (cc) that receives `dose_gy` or more, by the best estimate."""
        return self.best.volume_at(dose_gy)

    def converted(self, convert: Callable[[Array], Array]) -> DVH:
        """Return the same structure at converted doses; the conversion must rise with dose."""
        variants = tuple(replace(item, samples=item.samples.converted(convert)) for item in self.variants)
        face_gy = float(convert(np.array([self.face_gy]))[0])
        return DVH(self.best.converted(convert), variants, self.outside_cc, face_gy)
