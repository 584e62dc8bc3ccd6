"""What other sources ask of the same metric of the same structure, beside the limit that governs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from rtplan.model import Finding, Verdict

from . import numbers
from .names import display_name, display_text
from .words import MARKS

__all__ = ["Others", "conflicts", "others_of", "side_by_side"]

Others = Mapping[tuple[str, str, str], Sequence[Finding]]
_PASSES = frozenset({Verdict.MET, Verdict.ACCEPTABLE})


def others_of(beside: Iterable[Finding]) -> Others:
    """Gather comparison findings by structure, metric and lesion."""
    gathered: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in beside:
        gathered.setdefault(_subject(finding), []).append(finding)
    return gathered


def conflicts(finding: Finding, others: Others) -> Iterable[str]:
    """Yield a sentence for every other limit of the same metric that differs from the one that governs."""
    for other in others.get(_subject(finding), ()):
        if other.limit != finding.limit:
            limit = display_text(other.limit).replace("<=", "≤").replace(">=", "≥")
            split = "; the sources disagree" if _disagree(finding.verdict, other.verdict) else ""
            trust = f" [{display_text(other.trust)}]" if other.trust else ""
            yield f"Beside it {display_text(other.pack)}{trust}: {limit}, {MARKS[other.verdict].word}{split}."


def side_by_side(findings: Iterable[Finding], packs: Collection[str]) -> list[dict[str, Any]]:
    """Return one entry a structure, metric and lesion: its value, and the limit and verdict of every pack.

    Examples
    --------
    >>> side_by_side((), {"tg101-2010"})
    []
    """
    rows = []
    for (structure, metric, lesion), group in others_of(item for item in findings if item.pack in packs).items():
        limits = [
            {"pack": item.pack, "constraint": item.constraint, "limit": display_text(item.limit)}
            | {"verdict": item.verdict.value, "reason": display_text(item.reason or ""), "trust": item.trust}
            for item in group
        ]
        verdicts = [item.verdict for item in group]
        rows.append(
            {"structure": structure, "metric": metric, "lesion": display_name(lesion) if lesion else ""}
            | {"value": numbers.value(group[0].measured), "limits": limits}
            | {"disagree": any(_disagree(one, other) for one in verdicts for other in verdicts)}
        )
    return rows


def _subject(finding: Finding) -> tuple[str, str, str]:
    return "|".join(sorted(finding.structure.split("|"))), finding.metric, finding.lesion


def _disagree(one: Verdict, other: Verdict) -> bool:
    return (one in _PASSES and other is Verdict.EXCEEDED) or (other in _PASSES and one is Verdict.EXCEEDED)
