"""A Case: everything one folder of DICOM (or one set of arrays) says about one patient."""

from __future__ import annotations

from dataclasses import dataclass

from .findings import Issue
from .images import Dose, Image
from .plans import Plan
from .structures import StructureSet

__all__ = ["Case", "SourceFile", "Treatment"]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that was read: its SHA-256 (empty where hashing was not asked for), what it is, its UID."""

    sha256: str
    modality: str
    uid: str
    size_bytes: int


@dataclass(frozen=True, slots=True, eq=False)
class Treatment:
    """A dose with the plan, structure set and planning image that belong to it.

    `evidence` says how they were tied together, one phrase a link.
    """

    dose: Dose | None
    structures: StructureSet | None
    plan: Plan | None = None
    image: Image | None = None
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One patient's objects. Holds no name and no identifier of a person.

    `treatments` says what belongs together; `images`, `structure_sets`, `doses` and `plans` hold all that was
    found, tied or not. A case made from arrays needs only `treatments`.
    """

    treatments: tuple[Treatment, ...]
    images: tuple[Image, ...] = ()
    structure_sets: tuple[StructureSet, ...] = ()
    doses: tuple[Dose, ...] = ()
    plans: tuple[Plan, ...] = ()
    issues: tuple[Issue, ...] = ()
    files: tuple[SourceFile, ...] = ()
