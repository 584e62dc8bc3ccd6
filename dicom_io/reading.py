"""From a path to a `Case`: the one place where files become what every other room speaks of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import TypeVar

import pydicom

from rtplan.errors import InputError
from rtplan.model import Case, Issue, Severity, SourceFile, StructureSet

from .doses import read_dose
from .elements import text
from .faults import Unusable, note, quiet, refusal
from .files import read_again
from .images import read_images
from .index import RT_KINDS, Entry, Hashes, Index, Kind, build_index, referenced_instances
from .links import Linked, Origin, link
from .patients import one_patient
from .plans import read_plan
from .registrations import read_registrations
from .structures import read_structure_set

__all__ = ["Identity", "Study", "read", "read_identity", "read_study"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """A case and the index it was made from."""

    case: Case
    index: Index


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the objects are about, for the eyes of the person who asked for it; its repr says nothing."""

    name: str
    patient_id: str

    def __repr__(self) -> str:
        return "Identity(...)"


def read(
    path: str | PathLike[str], *, hashes: Hashes = "all", images: bool = True, allow_for_mismatch: bool = False
) -> Case:
    """Read a folder, a zip archive or a file of DICOM RT objects.

    Parameters
    ----------
    path : str or path-like
        A folder is read with its sub-folders.
    hashes : {"all", "rt", "none"}
        Which files get a SHA-256 in the case: all, those of RT objects, none.
    images : bool
        Whether CT and MR series become images. Their voxels are only read by `Image.pixels`.
    allow_for_mismatch : bool
        Use a structure set whose frame of reference is not that of its images, where it names those very
        instances and lies on their planes. It is said.

    Returns
    -------
    Case
        Whatever could not be used is in its `issues`; a case may have no treatment at all.

    Raises
    ------
    InputError
        The path does not exist, holds no DICOM RT object, or holds objects of several patients.

    Examples
    --------
    >>> read("no such folder")
    Traceback (most recent call last):
    rtplan.errors.InputError: the path does not exist, or is neither a folder nor a file
    """
    return read_study(path, hashes=hashes, images=images, allow_for_mismatch=allow_for_mismatch).case


def read_study(
    path: str | PathLike[str], *, hashes: Hashes = "all", images: bool = True, allow_for_mismatch: bool = False
) -> Study:
    """Read as `read` does, and keep the index beside the case."""
    with quiet() as heard:
        index = build_index(Path(path), hashes=hashes)
        _check_usable(index)
        said = one_patient(index)
        case = _case(index, said, images=images, allow_for_mismatch=allow_for_mismatch)
    return Study(_with_heard(case, heard), index)


def read_identity(path: str | PathLike[str]) -> Identity:
    """Read the patient's name and ID of the first RT object behind a path.

    Raises
    ------
    InputError
        As `read` does.
    """
    with quiet():
        index = build_index(Path(path), hashes="none")
        _check_usable(index)
        one_patient(index)
        first = next(iter(index.of(*RT_KINDS)), None)
        if first is None:
            raise InputError("no DICOM RT object here can be read")
        header = pydicom.dcmread(
            BytesIO(read_again(first.blob)),
            force=True,
            stop_before_pixels=True,
            specific_tags=["PatientName", "PatientID"],
        )
        return Identity(text(header, "PatientName"), text(header, "PatientID"))


def _check_usable(index: Index) -> None:
    """Refuse a path without RT objects; one whose RT objects were all refused still is a case of issues."""
    refused = any(issue.severity is Severity.REFUSE for issue in index.issues)
    if index.of(*RT_KINDS) or refused:
        return
    if index.entries:
        counts = Counter(entry.modality for entry in index.entries)
        found = ", ".join(f"{count} {modality}" for modality, count in sorted(counts.items()))
        raise InputError(f"the path holds no DICOM RT object, only: {found}")
    passed_over = sum(index.skipped.values())
    raise InputError(f"the path holds no DICOM file ({passed_over} files are something else)")


def _case(index: Index, said: Iterable[Issue], *, images: bool, allow_for_mismatch: bool) -> Case:
    issues = [*index.issues, *said]
    structure_sets = _each(index.of(Kind.STRUCTURES), _structures, issues)
    doses = _each(index.of(Kind.DOSE), read_dose, issues)
    plans = _each(index.of(Kind.PLAN), read_plan, issues)
    found, about_images = read_images(index.of(Kind.IMAGE)) if images else ((), ())
    registrations, about_registrations = read_registrations(index.of(Kind.REGISTRATION))
    linked: Linked = link(
        doses,
        structure_sets,
        plans=plans,
        images=found,
        origins=_origins(index),
        registrations=registrations,
        allow_for_mismatch=allow_for_mismatch,
    )
    return Case(
        treatments=linked.treatments,
        images=found,
        structure_sets=linked.structure_sets,
        doses=tuple(doses),
        plans=tuple(plans),
        issues=(*issues, *about_images, *about_registrations, *linked.issues),
        files=tuple(_source(entry) for entry in index.entries),
        registrations=registrations,
        links=linked.links,
    )


def _each(
    entries: Iterable[Entry], read_one: Callable[[Entry], tuple[T, tuple[Issue, ...]]], issues: list[Issue]
) -> list[T]:
    """Read every entry of a kind; one that cannot be read becomes an issue."""
    found: list[T] = []
    for entry in entries:
        try:
            item, said = read_one(entry)
        except (Exception, RecursionError, MemoryError) as error:  # noqa: BLE001  (one bad file never sinks a study)
            issues.append(refusal(error, f"a {entry.kind}", entry.mark))
            continue
        found.append(item)
        issues += said
    return found


def _structures(entry: Entry) -> tuple[StructureSet, tuple[Issue, ...]]:
    found = read_structure_set(entry)
    return found, found.issues


def _origins(index: Index) -> Mapping[str, Origin]:
    found = {}
    for entry in index.entries:
        key = entry.series_uid if entry.kind is Kind.IMAGE else entry.uid
        instances = partial(_instances, entry) if entry.kind is Kind.STRUCTURES else frozenset
        found[key] = Origin(entry.mark, entry.patient, entry.frame_uid, instances)
    return found


def _instances(entry: Entry) -> frozenset[str]:
    """Return the image instances that a structure set names."""
    try:
        return referenced_instances(entry.dataset)
    except Unusable:
        return frozenset()


def _source(entry: Entry) -> SourceFile:
    return SourceFile(entry.sha256, entry.modality, entry.uid, entry.blob.size)


def _with_heard(case: Case, heard: Counter[str]) -> Case:
    if not heard:
        return case
    rules = ", ".join(f"{count} of {vr}" for vr, count in sorted(heard.items()))
    issue = note("values-not-standard", f"values do not follow the standard's rules: {rules}")
    return replace(case, issues=(*case.issues, issue))
