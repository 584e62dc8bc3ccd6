"""Plain facts as pairs of a label and a text: a plan's, and the provenance of an audit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rtplan.model import PlanFacts

from . import numbers
from .names import display_name, display_text

__all__ = ["Facts", "plan_facts", "provenance_facts"]

Facts = tuple[tuple[str, str], ...]


def plan_facts(plan: PlanFacts) -> Facts:
    """Lay out what is known of a plan; what is empty is left out."""
    facts = {
        "Label": display_name(plan.label),
        "Fractions": str(plan.fractions or "unknown"),
        "Dose": display_name(plan.dose),
        "Dose type": plan.dose_type,
        "Summation": plan.summation,
        "Approval": plan.approval,
        "Modality": plan.modality,
        "Planning image": "read" if plan.has_image else "not read",
        "UID": plan.uid,
    }
    return tuple((label, display_text(text)) for label, text in facts.items() if text)


def provenance_facts(provenance: Mapping[str, Any], *, most_listed: int = 20) -> Facts:
    """Lay out nested mappings as one level of facts, the path of a leaf as its label.

    Parameters
    ----------
    provenance : Mapping
        Of text, numbers, None, mappings and lists of those.
    most_listed : int
        Entries to show of a list of mappings (files, packs); how many more there are is said.

    Examples
    --------
    >>> provenance_facts({"tool": {"name": "rtplan"}, "packs": []})
    (('tool name', 'rtplan'), ('packs', ''))
    """
    return tuple(_flat(provenance, most_listed))


def _flat(value: Any, most: int, path: str = "") -> Iterable[tuple[str, str]]:
    """Yield the leaves of nested mappings; of a list of mappings, one line an entry."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(inner, most, f"{path} {key}".strip())
    elif _holds_mappings(value):
        for place, inner in enumerate(value[:most], start=1):
            yield _label(f"{path} {place}"), _line(inner)
        if len(value) > most:
            yield _label(path), f"and {len(value) - most} more, all of them in the JSON document"
    else:
        yield _label(path), _line(value)


def _holds_mappings(value: Any) -> bool:
    return isinstance(value, Sequence) and any(isinstance(inner, Mapping) for inner in value)


def _line(value: Any) -> str:
    if isinstance(value, Mapping):
        return display_text(" · ".join(f"{_label(str(key))} {_line(inner)}" for key, inner in value.items()))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return display_text(", ".join(map(_line, value)))
    return numbers.ABSENT if value is None else display_text(str(value))


def _label(path: str) -> str:
    return display_text(path.replace("_", " "))
