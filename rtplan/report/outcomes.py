"""Panels of models as they are shown to a person, and as JSON; both from here, so that they cannot disagree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rtplan.model import UNKNOWN_FACTS, Measured, NotMeasured, Outcome, OutcomePanel, StructureReading

from . import numbers
from .names import display_name, display_text

__all__ = ["NOTE", "OutcomeRow", "PanelView", "ReadingRow", "panel_document", "panel_view"]

NOTE = (
    "Information only: nothing here is judged, and nothing here reaches the verdict. The interval is what the dose and "
    "unknown facts of the patient leave open; the model itself is less certain than that."
)


@dataclass(frozen=True, slots=True)
class ReadingRow:
    """One reading: what of which structure, its value and interval, or why there is none."""

    what: str
    value: str
    interval: str
    reason: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """One model: its value with the interval or the reason, what went in, the source and the caveats."""

    title: str
    lesion: str
    value: str
    interval: str
    reason: str
    inputs: tuple[ReadingRow, ...]
    cite: str
    trust: str
    caveats: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PanelView:
    """One panel."""

    title: str
    lesions: str
    reason: str
    readings: tuple[ReadingRow, ...]
    outcomes: tuple[OutcomeRow, ...]


def panel_view(panel: OutcomePanel) -> PanelView:
    """Lay out a panel for reading."""
    return PanelView(
        display_text(panel.title),
        ", ".join(display_name(name) for name in panel.lesions),
        display_text(panel.reason),
        tuple(map(_reading, panel.readings)),
        tuple(map(_outcome, panel.outcomes)),
    )


def panel_document(panel: OutcomePanel) -> dict[str, Any]:
    """Return a panel as the JSON document holds it, unrounded."""
    return {
        "id": panel.id,
        "title": panel.title,
        "lesions": list(panel.lesions),
        "reason": panel.reason,
        "readings": [_reading_document(item) for item in panel.readings],
        "models": [_outcome_document(item) for item in panel.outcomes],
    }


def _reading(item: StructureReading) -> ReadingRow:
    what = " ".join(filter(None, (display_text(item.structure), display_text(item.metric))))
    return ReadingRow(what, *_shown(item.value), display_text(item.note))


def _outcome(item: Outcome) -> OutcomeRow:
    return OutcomeRow(
        display_text(item.title),
        display_name(item.lesion) if item.lesion else "",
        *_shown(item.value),
        tuple(map(_reading, item.inputs)),
        display_text(item.cite),
        display_text(item.trust),
        tuple(display_text(caveat) for caveat in (*item.caveats, *_origin(item.value))),
    )


def _origin(value: Measured | NotMeasured) -> Iterable[str]:
    """Yield what a person could add to narrow the interval; what the dose leaves open stands with the inputs."""
    if isinstance(value, Measured):
        yield from (f"interval also from {cause}" for cause in value.causes if cause.startswith(UNKNOWN_FACTS))


def _shown(value: Measured | NotMeasured) -> tuple[str, str, str]:
    reason = display_text(value.reason) if isinstance(value, NotMeasured) else ""
    return numbers.value(value), numbers.interval(value), reason


def _value_document(value: Measured | NotMeasured) -> dict[str, Any]:
    if isinstance(value, NotMeasured):
        return {"value": None, "low": None, "high": None, "unit": value.unit, "cause": "", "reason": value.reason}
    ends = {"value": value.value, "low": value.low, "high": value.high}
    return {**ends, "unit": value.unit, "cause": "; ".join(value.causes), "reason": None}


def _reading_document(item: StructureReading) -> dict[str, Any]:
    return {
        "structure": item.structure,
        "roi": item.roi,
        "metric": item.metric,
        **_value_document(item.value),
        "note": item.note,
    }


def _outcome_document(item: Outcome) -> dict[str, Any]:
    return {
        "model": item.model,
        "title": item.title,
        "lesion": item.lesion,
        **_value_document(item.value),
        "inputs": [_reading_document(reading) for reading in item.inputs],
        "trust": item.trust,
        "cite": item.cite,
        "fitted": item.fitted,
        "caveats": list(item.caveats),
    }
