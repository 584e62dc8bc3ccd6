"""Numbers with their unit, their interval, or the reason why there is none."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rtplan.units import UNITS

__all__ = ["Measured", "NotMeasured", "Point", "Quantity"]

Point = tuple[float, float, float]


def _check_unit(unit: str) -> None:
    if unit not in UNITS:
        raise ValueError(f"unit {unit!r} is not one of {sorted(UNITS)}")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A finite number and its unit.

    Examples
    --------
    >>> Quantity(17.7, "Gy")
    Quantity(value=17.7, unit='Gy')
    """

    value: float
    unit: str

    def __post_init__(self) -> None:
        _check_unit(self.unit)
        if not math.isfinite(self.value):
            raise ValueError(f"a quantity is finite, not {self.value}")


@dataclass(frozen=True, slots=True)
class Measured:
    """A best estimate and the interval that the modelling choices left open by the data span.

    The interval is numerical only: contours, grids and interpolation; not delineation, not dose
    calculation, not set-up.

    Attributes
    ----------
    value, low, high : float
        ``low <= value <= high``, all finite.
    unit : str
        One of :data:`rtplan.units.UNITS`.
    causes : tuple of str
        What widens the interval, the widest first.
    where_mm : tuple of float or None
        The point in the patient (mm, LPS) that decides the value.
    """

    value: float
    low: float
    high: float
    unit: str
    causes: tuple[str, ...] = ()
    where_mm: Point | None = None

    def __post_init__(self) -> None:
        _check_unit(self.unit)
        if not all(math.isfinite(number) for number in (self.value, self.low, self.high)):
            raise ValueError("a measured value and its interval are finite")
        if not self.low <= self.value <= self.high:
            raise ValueError(f"{self.low} <= {self.value} <= {self.high} does not hold")


@dataclass(frozen=True, slots=True)
class NotMeasured:
    """A metric that has no value, and why.

    `reason` is one sentence for a person; `code` names the two reasons that a rule may still reason about:
    ``"too_small"`` (the structure is smaller than the volume asked for) and ``"cannot_be_spared"`` (a critical
    volume larger than the whole organ).
    """

    reason: str
    unit: str = ""
    code: str = ""

    def __post_init__(self) -> None:
        _check_unit(self.unit)
        if not self.reason:
            raise ValueError("a value that is not there has a reason")
