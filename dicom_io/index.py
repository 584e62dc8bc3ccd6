"""What is behind a path: every file walked, its header read once, and who refers to whom."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import Literal

import pydicom
from pydicom.dataset import Dataset

from rtplan.model import Issue, Severity

from .elements import items, text, uid, uids
from .faults import Unusable, note, refusal, warn
from .files import Blob, Content, contents, gather, read_again
from .integrity import HEAD_SIZE, Anatomy, examine, looks_like_dicom

__all__ = ["RT_KINDS", "Entry", "Hashes", "Index", "Kind", "build_index", "referenced_instances", "referenced_series"]

Hashes = Literal["all", "rt", "none"]


class Kind(StrEnum):
    """What an object is for us."""

    IMAGE = "image"
    STRUCTURES = "structure set"
    DOSE = "dose"
    PLAN = "plan"
    REGISTRATION = "registration"
    OTHER = "other"


RT_KINDS = frozenset({Kind.STRUCTURES, Kind.DOSE, Kind.PLAN})

_STORAGE = "1.2.840.10008.5.1.4.1.1."
_CLASSES = {
    _STORAGE + "2": (Kind.IMAGE, "CT"),
    _STORAGE + "2.1": (Kind.IMAGE, "CT"),
    _STORAGE + "2.2": (Kind.IMAGE, "CT"),
    _STORAGE + "4": (Kind.IMAGE, "MR"),
    _STORAGE + "4.1": (Kind.IMAGE, "MR"),
    _STORAGE + "4.4": (Kind.IMAGE, "MR"),
    _STORAGE + "481.2": (Kind.DOSE, "RTDOSE"),
    _STORAGE + "481.3": (Kind.STRUCTURES, "RTSTRUCT"),
    _STORAGE + "481.5": (Kind.PLAN, "RTPLAN"),
    _STORAGE + "481.8": (Kind.PLAN, "RTPLAN"),
    _STORAGE + "66.1": (Kind.REGISTRATION, "REG"),
}
_DIRECTORY = "1.2.840.10008.1.3.10"
_SOP_CLASS, _MODALITY = 0x00080016, 0x00080060

# All that a CT or MR header is asked for: the rest of it is skipped, not parsed.
_IMAGE_TAGS = [
    "SOPClassUID",
    "SOPInstanceUID",
    "Modality",
    "ImageType",
    "PatientID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "FrameOfReferenceUID",
    "PatientPosition",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "Rows",
    "Columns",
    "NumberOfFrames",
    "RescaleSlope",
    "RescaleIntercept",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
]


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One DICOM object.

    Attributes
    ----------
    mark : str
        How issues name it: the start of its file's SHA-256, or of its UID's where files are not hashed.
    patient : str
        A digest of PatientID, to compare and for nothing else; empty where the object names none.
    references : frozenset of str
        UIDs of the instances and series that it refers to.
    dataset : Dataset
        The header without the patient's module; of RT objects everything.
    """

    blob: Blob
    kind: Kind
    modality: str
    uid: str
    mark: str
    sha256: str
    study_uid: str
    series_uid: str
    frame_uid: str
    patient: str
    references: frozenset[str]
    syntax: str
    dataset: Dataset


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """Every usable object behind a path, what was passed over and why, and what was refused."""

    entries: tuple[Entry, ...]
    skipped: Counter[str]
    issues: tuple[Issue, ...]

    def of(self, *kinds: Kind) -> tuple[Entry, ...]:
        """Return the entries of some kinds."""
        return tuple(entry for entry in self.entries if entry.kind in kinds)


def build_index(path: Path, *, hashes: Hashes = "all") -> Index:
    """Walk and read every file behind a path.

    Parameters
    ----------
    path : Path
        A folder, a zip archive or a file.
    hashes : {"all", "rt", "none"}
        Which objects' files get a SHA-256.

    Returns
    -------
    Index

    Raises
    ------
    InputError
        The path cannot be read at all.
    """
    blobs, skipped = gather(path)
    entries: list[Entry] = []
    issues: list[Issue] = []
    for content in contents(blobs, wanted=looks_like_dicom, head_size=HEAD_SIZE):
        if content.skipped:
            skipped[content.skipped] += 1
            continue
        found = _read_one(content, hashes)
        if isinstance(found, str):
            skipped[found] += 1
            continue
        entry, said = found
        issues += said
        if entry is not None:
            entries.append(entry)
    kept, doubles = _without_doubles(entries)
    return Index(kept, skipped, (*issues, *_unread(skipped), *doubles))


def _unread(skipped: Counter[str]) -> list[Issue]:
    """Say which files nobody could look into: any of them may be the one that counts."""
    found = []
    if count := skipped["unreadable"]:
        message = f"files that cannot be read are left out: {count}"
        found.append(warn("file-unreadable", message, remedy="see to their permissions, or pack the archive again"))
    if count := skipped["no-memory"]:
        message = f"files are left out for want of memory ({MemoryError.__name__}): {count}"
        found.append(Issue("file-memory", Severity.REFUSE, message))
    return found


def file_mark(data: bytes) -> str:
    """Name a file by the start of its hash."""
    return "file " + hashlib.sha256(data).hexdigest()[:12]


def _read_one(content: Content, hashes: Hashes) -> str | tuple[Entry | None, list[Issue]]:
    """Return why a file is skipped, or its entry (None where it is refused) and what is odd about it."""
    anatomy = examine(content.data)
    sop_class = anatomy.text(_SOP_CLASS)
    if not anatomy.has_preamble and not _is_known_without_meta(anatomy):
        return "not-dicom"
    if sop_class == _DIRECTORY:
        return "dicomdir"
    if anatomy.fault:
        fault, mark = anatomy.fault, file_mark(content.data)
        remedy = "export the file again" if fault.code == "file-truncated" else ""
        return None, [Issue(fault.code, Severity.REFUSE, fault.message, f"{mark} {fault.tag}", remedy)]
    try:
        entry = _entry(content, anatomy, hashes)
    except (Exception, RecursionError, MemoryError) as error:  # noqa: BLE001  (one bad file never sinks a study)
        return None, [refusal(error, "a DICOM object", file_mark(content.data))]
    return entry, _oddities(anatomy, entry.mark)


def _is_known_without_meta(anatomy: Anatomy) -> bool:
    known = _CLASSES.get(anatomy.text(_SOP_CLASS))
    return known is not None and (anatomy.text(_MODALITY) or known[1]) == known[1]


def _oddities(anatomy: Anatomy, mark: str) -> list[Issue]:
    found = []
    if not anatomy.has_meta:
        found.append(note("file-without-meta", "the file has no DICOM preamble or meta header", mark))
    if anatomy.switched:
        found.append(note("file-encoding", "the values are not encoded as the file's meta header declares", mark))
    if anatomy.executable:
        found.append(note("file-preamble", "the file's preamble starts as a program does", mark))
    return found


def _entry(content: Content, anatomy: Anatomy, hashes: Hashes) -> Entry:
    kind, modality = _CLASSES.get(anatomy.text(_SOP_CLASS), (Kind.OTHER, ""))
    if kind is not Kind.OTHER and anatomy.text(_MODALITY) not in {"", modality}:
        raise Unusable("object-contradicts", "SOPClassUID and Modality contradict each other", "(0008,0060)")
    dataset = _dataset(content.data, kind)
    hashed = hashes == "all" or (hashes == "rt" and kind in RT_KINDS)
    sha256 = hashlib.sha256(content.data).hexdigest() if hashed else ""
    instance = uid(dataset, "SOPInstanceUID")
    if not instance and kind is not Kind.OTHER:
        raise Unusable("value-missing", "SOPInstanceUID is missing", "(0008,0018)")
    patient = text(dataset, "PatientID")
    entry = Entry(
        blob=content.blob,
        kind=kind,
        modality=modality or _modality(anatomy),
        uid=instance,
        mark=f"file {sha256[:12]}" if sha256 else "object " + _digest(instance)[:12],
        sha256=sha256,
        study_uid=uid(dataset, "StudyInstanceUID"),
        series_uid=uid(dataset, "SeriesInstanceUID"),
        frame_uid=uid(dataset, "FrameOfReferenceUID"),
        patient=_digest(patient) if patient else "",
        references=_references(dataset, kind),
        syntax=anatomy.syntax,
        dataset=dataset,
    )
    _forget_patient(dataset)
    return entry


def _dataset(data: bytes, kind: Kind) -> Dataset:
    whole = kind in RT_KINDS or kind is Kind.REGISTRATION
    tags = None if whole else _IMAGE_TAGS
    return pydicom.dcmread(BytesIO(data), force=True, stop_before_pixels=not whole, specific_tags=tags)


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()


def _modality(anatomy: Anatomy) -> str:
    """Return a modality that is fit to be shown."""
    found = anatomy.text(_MODALITY)
    return found if found.isalpha() and found.isupper() and found.isascii() and len(found) <= 16 else "other"


def _forget_patient(dataset: Dataset) -> None:
    for tag in [tag for tag in dataset.keys() if tag.group == 0x0010]:  # noqa: SIM118  (iterating may convert)
        del dataset[tag]


def _references(dataset: Dataset, kind: Kind) -> frozenset[str]:
    if kind is Kind.STRUCTURES:
        return frozenset(referenced_series(dataset))
    if kind not in RT_KINDS:
        return frozenset()
    plans = uids(dataset, "ReferencedRTPlanSequence") if kind is Kind.DOSE else ()
    return frozenset((*plans, *uids(dataset, "ReferencedStructureSetSequence")))


def referenced_instances(dataset: Dataset) -> frozenset[str]:
    """Return the image instances that a structure set says it was drawn on."""
    return frozenset(
        instance
        for frame in items(dataset, "ReferencedFrameOfReferenceSequence")
        for study in items(frame, "RTReferencedStudySequence")
        for series in items(study, "RTReferencedSeriesSequence")
        for instance in uids(series, "ContourImageSequence")
    )


def referenced_series(dataset: Dataset) -> tuple[str, ...]:
    """Return the image series that a structure set says it was drawn on."""
    found = (
        uid(series, "SeriesInstanceUID")
        for frame in items(dataset, "ReferencedFrameOfReferenceSequence")
        for study in items(frame, "RTReferencedStudySequence")
        for series in items(study, "RTReferencedSeriesSequence")
    )
    return tuple(dict.fromkeys(one for one in found if one))


def _without_doubles(entries: Iterable[Entry]) -> tuple[tuple[Entry, ...], list[Issue]]:
    """Keep one of several identical copies; refuse all where copies of one UID differ."""
    groups: defaultdict[str, list[Entry]] = defaultdict(list)
    kept: list[Entry] = []
    for entry in entries:
        groups[entry.uid].append(entry)
    issues: list[Issue] = []
    for instance, group in groups.items():
        if len(group) == 1 or not instance:
            kept += group
        elif len({_content_hash(entry) for entry in group}) == 1:
            kept.append(group[0])
            issues.append(_copies(group))
        else:
            message = f"{len(group)} files claim the same SOPInstanceUID and differ: none of them is used"
            issues.append(Issue("uid-not-unique", Severity.REFUSE, message, group[0].mark))
    return tuple(kept), issues


def _content_hash(entry: Entry) -> str:
    return entry.sha256 or hashlib.sha256(read_again(entry.blob)).hexdigest()


def _copies(group: list[Entry]) -> Issue:
    message = f"{len(group)} identical copies of one object: one of them is used"
    return note("object-repeated", message, group[0].mark)
