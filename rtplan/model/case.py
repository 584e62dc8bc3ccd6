"""A Case: everything one folder of DICOM (or one set of arrays) says about one patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .findings import Issue
from .images import Dose, Image
from .plans import Plan
from .structures import StructureSet

__all__ = ["Case", "Link", "Registration", "SourceFile", "Treatment"]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that was read: its SHA-256 (empty where hashing was not asked for), what it is, its UID."""

    sha256: str
    modality: str
    uid: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Link:
    """That one object belongs to another.

    Attributes
    ----------
    relation : str
        ``"dose -> plan"``, ``"plan -> structure set"``, ``"dose -> structure set"``, ``"structure set -> image"``.
    source, target : str
        UIDs; of an image that of its series.
    confidence : str
        ``"certain"`` (a reference, or a person's choice), ``"likely"`` (the only one there is, and frame of
        reference or geometry agree), ``"guess"``: nothing is judged on a guess.
    evidence : str
        How the link was found.
    """

    relation: str
    source: str
    target: str
    confidence: str
    evidence: str

    def __str__(self) -> str:
        return f"{self.relation}: {self.evidence}"


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """A rigid registration: `matrix` (4 x 4, mm) takes points of one frame of reference into the other."""

    from_frame_uid: str
    to_frame_uid: str
    matrix: NDArray[np.float64]
    uid: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Treatment:
    """A dose with the plan, structure set and planning image that belong to it.

    `evidence` says how they were tied together, one phrase a link; `links` are the same as values. A case made
    from arrays needs neither.
    """

    dose: Dose | None
    structures: StructureSet | None
    plan: Plan | None = None
    image: Image | None = None
    evidence: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()

    @property
    def guesses(self) -> tuple[Link, ...]:
        """The links between dose, plan and structures that are no better than guesses."""
        return tuple(link for link in self.links if link.confidence == "guess" and "image" not in link.relation)


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One patient's objects. Holds no name and no identifier of a person.

    `treatments` says what belongs together; `images`, `structure_sets`, `doses` and `plans` hold all that was
    found, tied or not; `links` is the graph of what refers to what. A case made from arrays needs only `treatments`.
    """

    treatments: tuple[Treatment, ...]
    images: tuple[Image, ...] = ()
    structure_sets: tuple[StructureSet, ...] = ()
    doses: tuple[Dose, ...] = ()
    plans: tuple[Plan, ...] = ()
    issues: tuple[Issue, ...] = ()
    files: tuple[SourceFile, ...] = ()
    registrations: tuple[Registration, ...] = ()
    links: tuple[Link, ...] = ()
