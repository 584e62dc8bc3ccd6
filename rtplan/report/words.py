"""The words and signs that the terminal, the page and the test report share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from rtplan.model import Severity, Verdict

__all__ = ["DISCLAIMER", "MARKS", "SENTENCES", "SEVERITIES", "SHORT_DISCLAIMER", "TRUST", "Mark", "rank"]

SHORT_DISCLAIMER = "Research software, not a medical device."
DISCLAIMER = (
    "Research software, not a medical device. Intervals are numerical only: contours, grids and interpolation; "
    "not delineation, dose calculation or set-up. An independent check by a qualified medical physicist is "
    "required."
)


@dataclass(frozen=True, slots=True)
class Mark:
    """How a verdict is shown: a word and a sign, so that colour never stands alone; `key` is the JSON value."""

    key: str
    word: str
    sign: str


# From the worst to the best: the order in which findings are shown.
MARKS: Mapping[Verdict, Mark] = MappingProxyType(
    {
        Verdict.EXCEEDED: Mark("exceeded", "exceeded", "✗"),
        Verdict.INDETERMINATE: Mark("indeterminate", "indeterminate", "?"),
        Verdict.NOT_JUDGED: Mark("not_judged", "not judged", "○"),
        Verdict.ACCEPTABLE: Mark("acceptable", "acceptable", "~"),
        Verdict.BAND: Mark("band", "risk band", "≡"),
        Verdict.MET: Mark("met", "met", "✓"),
    }
)
_RANKS = {verdict: place for place, verdict in enumerate(MARKS)}

SENTENCES: Mapping[Verdict, str] = MappingProxyType(
    {
        Verdict.EXCEEDED: "At least one governing limit is exceeded.",
        Verdict.INDETERMINATE: "Nothing is exceeded, but at least one limit is left open: a person must look.",
        Verdict.NOT_JUDGED: "Nothing is exceeded, but something that is required could not be judged.",
        Verdict.ACCEPTABLE: (
            "Every required limit is kept; at least one value is not clearly within its preferred bound, or lies in "
            "a risk band."
        ),
        Verdict.MET: "Every governing limit is met.",
    }
)

SEVERITIES: Mapping[Severity, str] = MappingProxyType(
    {Severity.REFUSE: "refused", Severity.WARN: "warning", Severity.NOTE: "note"}
)

TRUST: Mapping[str, str] = MappingProxyType(
    {
        "V": "verified: read in the primary source, or in two or more independent transcriptions that agree",
        "V1": "single source: read in one secondary transcription",
        "D": "derived: computed from verified numbers",
        "C": "conflict: published sources disagree on this number",
        "M": "from memory only: no source was read, so it is off unless asked for",
    }
)


def rank(verdict: Verdict) -> int:
    """Return the place of a verdict from the worst, which is 0."""
    return _RANKS[verdict]
