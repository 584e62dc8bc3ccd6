"""What is behind a path, in counts: for a look before an audit."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike

from rtplan.model import Case, Issue, Treatment

from .index import Entry, Index
from .reading import read_study

__all__ = ["Inventory", "Linkage", "Series", "inventory"]


@dataclass(frozen=True, slots=True)
class Series:
    """One series: what it holds, how many instances, in which frame of reference."""

    uid: str
    modality: str
    instances: int
    frame_uid: str


@dataclass(frozen=True, slots=True)
class Linkage:
    """One treatment by the UIDs of its parts (the series of an image), empty where a part is missing."""

    dose_uid: str
    plan_uid: str
    structure_set_uid: str
    image_series_uid: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Inventory:
    """Objects by modality, files passed over by reason, series, links with their evidence, issues, the case."""

    objects: Mapping[str, int]
    skipped: Mapping[str, int]
    series: tuple[Series, ...]
    links: tuple[Linkage, ...]
    issues: tuple[Issue, ...]
    case: Case


def inventory(path: str | PathLike[str]) -> Inventory:
    """Say what is behind a path and how it links.

    Raises
    ------
    InputError
        As `dicom_io.read` does.
    """
    study = read_study(path, hashes="rt")
    return Inventory(
        objects=dict(sorted(Counter(entry.modality for entry in study.index.entries).items())),
        skipped=dict(sorted(study.index.skipped.items())),
        series=_series(study.index),
        links=tuple(_linkage(treatment) for treatment in study.case.treatments),
        issues=study.case.issues,
        case=study.case,
    )


def _series(index: Index) -> tuple[Series, ...]:
    groups: defaultdict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in index.entries:
        groups[entry.modality, entry.series_uid].append(entry)
    return tuple(
        Series(uid, modality, len(group), group[0].frame_uid) for (modality, uid), group in sorted(groups.items())
    )


def _linkage(treatment: Treatment) -> Linkage:
    return Linkage(
        dose_uid=treatment.dose.uid if treatment.dose else "",
        plan_uid=treatment.plan.uid if treatment.plan else "",
        structure_set_uid=treatment.structures.uid if treatment.structures else "",
        image_series_uid=treatment.image.series_uid if treatment.image else "",
        evidence=treatment.evidence,
    )
