"""What an audit says: issues with the input, findings against limits, and the report that holds them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .measured import Measured, NotMeasured, Point
from .outcomes import OutcomePanel

__all__ = [
    "AuditReport",
    "Curve",
    "Finding",
    "Issue",
    "LesionReport",
    "PlanFacts",
    "Reading",
    "Severity",
    "Verdict",
    "worst",
]


class Severity(StrEnum):
    """How much an issue takes away: a note explains, a warning limits, a refusal ends."""

    NOTE = "note"
    WARN = "warn"
    REFUSE = "refuse"


class Verdict(StrEnum):
    """What a limit says of a value; the meaning of each word is the public contract's."""

    MET = "met"
    ACCEPTABLE = "acceptable"
    INDETERMINATE = "indeterminate"
    EXCEEDED = "exceeded"
    NOT_JUDGED = "not_judged"
    BAND = "band"


_FROM_BEST = (
    Verdict.MET,
    Verdict.BAND,
    Verdict.ACCEPTABLE,
    Verdict.NOT_JUDGED,
    Verdict.INDETERMINATE,
    Verdict.EXCEEDED,
)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst verdict of several; a risk band ranks as acceptable.

    Nothing at all is `not_judged`: what was never looked at has not passed.

    Examples
    --------
    >>> worst([Verdict.MET, Verdict.BAND])
    <Verdict.ACCEPTABLE: 'acceptable'>
    >>> worst([])
    <Verdict.NOT_JUDGED: 'not_judged'>
    """
    found = max(verdicts, key=_FROM_BEST.index, default=Verdict.NOT_JUDGED)
    return Verdict.ACCEPTABLE if found is Verdict.BAND else found


@dataclass(frozen=True, slots=True)
class Issue:
    """Something odd about the input: a stable code, how grave, what, where, and what would mend it.

    `where` names a file by hash, a tag or an ROI number, never a person.
    """

    code: str
    severity: Severity
    message: str
    where: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One limit put to one structure (or a union of several).

    Attributes
    ----------
    pack, constraint : str
        Which row of which pack.
    governs : bool
        Whether the finding decides the verdict; comparison rows do not.
    structure : str
        The structure the row names; `roi` is what was measured for it.
    metric, limit : str
        In the notation; `limit` shows every bound, for example ``"<= 17.7 Gy (prefer <= 16 Gy)"``.
    verdict : Verdict
    measured : Measured or NotMeasured
    bound : float or None
        The required bound (the preferred one where there is no required one), in the unit of `measured`.
    margin_pct : float or None
        How far the value is on the good side of `bound`, in per cent of it; negative beyond.
    reason : str or None
        Why it was not judged or is indeterminate; the band for a risk band.
    lesion : str
        The lesion it belongs to; empty for an organ of the whole plan.
    rank_as : Verdict or None
        What a `band` counts as in the audit's verdict (indeterminate beyond the last edge).
    """

    pack: str
    constraint: str
    governs: bool
    structure: str
    roi: str
    metric: str
    limit: str
    verdict: Verdict
    measured: Measured | NotMeasured
    bound: float | None = None
    margin_pct: float | None = None
    reason: str | None = None
    overlap_cc: float = 0.0
    endpoint: str = ""
    cite: str = ""
    trust: str = ""
    lesion: str = ""
    rank_as: Verdict | None = None
    note: str = ""

    @property
    def counts_as(self) -> Verdict:
        """The verdict this finding contributes to the audit's."""
        return self.rank_as or self.verdict

    @property
    def where_mm(self) -> Point | None:
        """The point that decides the value, where there is one."""
        return self.measured.where_mm if isinstance(self.measured, Measured) else None


@dataclass(frozen=True, slots=True)
class Reading:
    """A metric, as it was asked for, and its value."""

    metric: str
    value: Measured | NotMeasured


@dataclass(frozen=True, slots=True)
class LesionReport:
    """One lesion: what it is, what was prescribed, what it gets."""

    name: str
    site: str | None
    roi_numbers: tuple[int, ...]
    prescription_gy: float | None
    fractions: int | None
    bed10_gy: float | None
    readings: tuple[Reading, ...] = ()
    protocol: str = ""
    evidence: str = ""
    caveats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """The plan an audit is about, in plain facts."""

    label: str
    fractions: int | None
    dose: str
    uid: str = ""
    approval: str = ""
    modality: str = ""
    dose_type: str = ""
    summation: str = ""
    has_image: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A cumulative DVH to draw: dose in Gy, volume in per cent, with its band.

    `issues` are sentences about this structure alone.
    """

    name: str
    number: int
    role: str
    volume_cc: Measured | NotMeasured
    dose_gy: NDArray[np.float64]
    volume_pct: NDArray[np.float64]
    low_pct: NDArray[np.float64]
    high_pct: NDArray[np.float64]
    outside_cc: float = 0.0
    readings: tuple[Reading, ...] = ()
    standard_name: str | None = None
    issues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class AuditReport:
    """Everything an audit found. Only governing findings decide `verdict`; `panels` are information."""

    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    issues: tuple[Issue, ...] = ()
    plans: tuple[PlanFacts, ...] = ()
    lesions: tuple[LesionReport, ...] = ()
    curves: tuple[Curve, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    panels: tuple[OutcomePanel, ...] = ()
