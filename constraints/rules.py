"""What a rule pack is made of: :class:`Pack`, :class:`Constraint`, :class:`Band` and the conformity table's rows.

Nothing here reads a file; `constraints.reading` checks and builds these from TOML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from rtplan.metrics.notation import Metric

from .language import Limit

__all__ = [
    "COMBINE",
    "NEEDS_TRANSCRIPTION",
    "STATUS",
    "TRUST",
    "Applies",
    "Band",
    "ConformityRow",
    "Constraint",
    "Fact",
    "Pack",
]

Fact = str | bool | int | float
"""One thing a rule may depend on: a sex, a site, whether a lesion is a metastasis."""

COMBINE = ("each", "union")
STATUS = ("draft", "single-source", "reviewed", "retired", "needs-transcription")
NEEDS_TRANSCRIPTION = STATUS[-1]
"""A pack of this status names what a source limits; its limits could not be read, and it judges nothing."""
TRUST = {
    "V": "two independent transcriptions agree, or read in the primary text",
    "V1": "one secondary transcription",
    "C": "sources conflict",
    "D": "derived by arithmetic from printed values",
}


@dataclass(frozen=True, slots=True)
class Band:
    """One edge of a risk band: `risk` says what is reported within it (and beyond the edge before)."""

    limit: Limit
    risk: str
    cite: str
    trust: str
    endpoint: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Constraint:
    """One row of a table: what is asked of which structure.

    Attributes
    ----------
    id : str
        Unique in its pack and stable.
    structure : str
        As the table names it: a TG-263 name, several joined by ``|``, or an expression such as
        ``"Lungs-GTV"``; empty where the table's organ has no TG-263 name.
    organ : str
        The organ as printed.
    combine : str or None
        Whether several names are judged ``"each"`` or as their ``"union"``.
    require, prefer : Limit or None
        Beyond `require` is exceeded; between `prefer` and `require` acceptable.
    bands, beyond
        The edges of a risk band from good to bad, and what is said beyond the last.
    fractions : frozenset of int or None
        The fraction counts it is for; None where it holds for any.
    when : mapping
        Facts it depends on, each with the values it holds for.
    or_share_pct : float or None
        Of a critical volume: that share of the organ where it is larger.
    unmeasurable : str
        The limit text of a row whose metric no DVH has.
    to_transcribe : str
        What a source limits while its limit could not be read: a metric, or ``"open"``.
    obstacle : str
        Why the row cannot be computed; empty where it can.
    superseded, information : bool
        Kept but withdrawn by its publisher; shown but never governing.
    """

    id: str
    structure: str
    cite: str
    trust: str
    organ: str = ""
    combine: str | None = None
    require: Limit | None = None
    prefer: Limit | None = None
    bands: tuple[Band, ...] = ()
    beyond: str = ""
    fractions: frozenset[int] | None = None
    when: Mapping[str, tuple[Fact, ...]] = field(default_factory=dict)
    endpoint: str = ""
    note: str = ""
    or_share_pct: float | None = None
    unmeasurable: str = ""
    to_transcribe: str = ""
    obstacle: str = ""
    superseded: bool = False
    information: bool = False

    @property
    def computable(self) -> bool:
        """Whether a value can be measured for it at all."""
        return not self.obstacle

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Every limit of the row, the required one first."""
        single = tuple(limit for limit in (self.require, self.prefer) if limit)
        return (*single, *(band.limit for band in self.bands))

    @property
    def metric(self) -> Metric | None:
        """What is measured; None for a row that no DVH metric expresses."""
        return self.limits[0].metric if self.limits else None

    def with_first_band_as(self, level: Literal["prefer", "require"]) -> Constraint:
        """Return the same row with the first edge of its risk band as a limit.

        For protocols that take a band's low end as their goal; a row without bands is returned as it is.

        Examples
        --------
        >>> from constraints.pack import load_pack
        >>> row = load_pack("hytec-2021").constraint("spinalcord-dmax-1fx")
        >>> str(row.with_first_band_as("prefer").prefer)
        'Dmax <= 12.4 Gy'
        """
        if not self.bands:
            return self
        first = self.bands[0]
        require, prefer = (first.limit, None) if level == "require" else (None, first.limit)
        return replace(self, require=require, prefer=prefer, bands=(), beyond="", cite=first.cite, trust=first.trust)


@dataclass(frozen=True, slots=True)
class ConformityRow:
    """One line of a table whose limits depend on the target's volume: a constraint at that volume each."""

    ptv_cc: float
    constraints: tuple[Constraint, ...]


@dataclass(frozen=True, slots=True)
class Applies:
    """What a pack was made for; a plan with another fraction count or other facts is not judged by it."""

    fractions: frozenset[int] | None = None
    facts: Mapping[str, tuple[Fact, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pack:
    """A rule pack: its head, its rows, and the SHA-256 of the file it came from."""

    id: str
    title: str
    site: str
    status: str
    edition: str
    constraints: tuple[Constraint, ...]
    applies: Applies = field(default_factory=Applies)
    conformity: tuple[ConformityRow, ...] = ()
    sha256: str = ""
    note: str = ""

    def constraint(self, constraint_id: str) -> Constraint:
        """Return one row by its id; KeyError where there is none."""
        for row in self.constraints:
            if row.id == constraint_id:
                return row
        raise KeyError(f"{self.id} has no constraint {constraint_id!r}")
