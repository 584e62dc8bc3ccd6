"""The dose-volume histogram as a type: weighted samples, sorted, answering in both directions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rtplan.model import Point

__all__ = ["DVH", "Samples"]

Array = NDArray[np.float64]

# More samples than this are merged, each bin keeping its volume and mean dose; the hottest and the coldest
# stay single, because near-maximum and near-minimum metrics look at a few of them.
KEPT = 60_000
SINGLE = 10_000


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
    points_mm : ndarray, shape (n, 3), or None
        Where each sample lies.
    """

    dose_gy: Array
    volume_cc: Array
    minimum_gy: float
    maximum_gy: float
    points_mm: Array | None = field(default=None, repr=False)
    _line: tuple[Array, Array] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        middles = np.cumsum(self.volume_cc) - self.volume_cc / 2
        volumes = np.concatenate([[0.0], middles, [self.volume_cc.sum()]])
        doses = np.concatenate([[self.maximum_gy], self.dose_gy, [self.minimum_gy]])
        object.__setattr__(self, "_line", (volumes, doses))

    @classmethod
    def sorted(
        cls,
        dose_gy: Array,
        volume_cc: Array,
        *,
        locate: Callable[[NDArray[np.int64]], Array] | None = None,
        extremes_gy: tuple[float, float] | None = None,
    ) -> Samples:
        """Sort samples, hottest first; merge them where there are very many.

        `locate` gives the points of samples by their number. `extremes_gy` are the smallest and the largest
        dose in and on the structure; a cell that only touches it may have its centre beyond, and is held within.
        """
        if extremes_gy is None:
            extremes_gy = (float(dose_gy.min(initial=np.inf)), float(dose_gy.max(initial=-np.inf)))
        dose_gy = np.clip(dose_gy, *extremes_gy) if len(dose_gy) else dose_gy
        order = np.argsort(-dose_gy)
        dose, volume = dose_gy[order], volume_cc[order]
        if len(dose) > KEPT:
            inner = np.linspace(SINGLE, len(dose) - SINGLE, KEPT - 2 * SINGLE, endpoint=False)
            ends = np.arange(len(dose) - SINGLE, len(dose))
            starts = np.unique(np.concatenate([np.arange(SINGLE), inner.astype(np.int64), ends]))
            weight = np.add.reduceat(volume, starts)
            dose = np.add.reduceat(dose * volume, starts) / weight
            volume, order = weight, order[starts]
        return cls(dose, volume, *extremes_gy, locate(order) if locate else None)

    @property
    def total_cc(self) -> float:
        """Volume of all samples."""
        return float(self.volume_cc.sum())

    @property
    def mean_gy(self) -> float:
        """Mean dose."""
        return float(self.dose_gy @ self.volume_cc / self.volume_cc.sum())

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
        return Samples(convert(self.dose_gy), self.volume_cc, float(ends[0]), float(ends[1]), self.points_mm)

    def point_of(self, dose_gy: float) -> Point | None:
        """Return where the sample nearest to a dose lies."""
        if self.points_mm is None or len(self.dose_gy) == 0:
            return None
        x, y, z = self.points_mm[int(np.abs(self.dose_gy - dose_gy).argmin())]
        return float(x), float(y), float(z)


@dataclass(frozen=True, slots=True, eq=False)
class DVH:
    """A structure's cumulative DVH: the best estimate and what else the data would allow.

    Attributes
    ----------
    best : Samples
    variants : tuple of (str, Samples)
        Defensible alternatives, each with the choice that it varies; their spread is the interval.
    outside_cc : float
        Volume where no dose is known; it is in none of the samples.
    face_gy : float
        Largest dose on the faces of the dose grid: the upper bound for what lies outside.
    """

    best: Samples
    variants: tuple[tuple[str, Samples], ...] = ()
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
