"""What is measured for a row: a value, what it stands for, and what it can prove."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rtplan.metrics.notation import Metric
from rtplan.model import Measured, NotMeasured

from .rules import Constraint

__all__ = ["Measure", "Measurement", "Standing"]


class Standing(StrEnum):
    """What a measured value can prove: all, only that a limit is met, or only that it is exceeded."""

    EXACT = "exact"
    CONSERVATIVE = "conservative"
    LENIENT = "lenient"


@dataclass(frozen=True, slots=True)
class Measurement:
    """The value of a metric for one structure (or union of several).

    `roi` is what was measured, as written; `structure` which of several names of a row it is for (empty: all);
    `prescription_gy` is what ``%Rx`` limits are a share of; `note` says what stands in for what.
    """

    roi: str
    value: Measured | NotMeasured
    standing: Standing = Standing.EXACT
    overlap_cc: float = 0.0
    prescription_gy: float | None = None
    note: str = ""
    structure: str = ""


Measure = Callable[[Constraint, Metric], Sequence[Measurement]]
"""Measures a metric of the structures a constraint names: one value each, or one for their union."""
