"""CT and MR series, single-frame or enhanced, as an `Image` whose voxels are read when they are asked for."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from io import BytesIO

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from rtplan.errors import InputError
from rtplan.model import Image, Issue, Severity

from .elements import code, items
from .faults import Unusable, note, quiet, refusal
from .files import Blob, read_again
from .index import Entry
from .numbers import Array, number, numbers, optional, whole
from .stacks import Frame, frame_of, grid_of, rising

__all__ = ["read_images"]

SHEAR_TOLERANCE_MM = 0.1
SHEAR_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class _Plane:
    """One plane of an image: where it lies, and where its voxels are."""

    frame: Frame
    position_mm: Array
    rows: int
    columns: int
    slope: float
    intercept: float
    uid: str
    blob: Blob
    index: int


def read_images(entries: Iterable[Entry]) -> tuple[tuple[Image, ...], tuple[Issue, ...]]:
    """Stack the planes of each series (each file of its own where it is multi-frame).

    Parameters
    ----------
    entries : iterable of Entry
        CT and MR objects.

    Returns
    -------
    tuple of Image, tuple of Issue
        A series whose planes do not form one stack gives an issue and no image.
    """
    images: list[Image] = []
    issues: list[Issue] = []
    for group in _stacks(entries):
        try:
            image, said = _image(group)
        except (Exception, RecursionError, MemoryError) as error:  # noqa: BLE001  (one bad series sinks no study)
            what = f"an image series of {len(group)} files"
            issues.append(refusal(error, what, group[0].mark, severity=Severity.WARN))
            continue
        images.append(image)
        issues += said
    return tuple(images), tuple(issues)


def _stacks(entries: Iterable[Entry]) -> list[list[Entry]]:
    groups: defaultdict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        own = entry.uid if "PerFrameFunctionalGroupsSequence" in entry.dataset else ""
        groups[entry.series_uid, own].append(entry)
    return list(groups.values())


def _image(group: list[Entry]) -> tuple[Image, list[Issue]]:
    kept = [entry for entry in group if "LOCALIZER" not in code(entry.dataset, "ImageType")]
    if not kept:
        raise Unusable("image-localizer", "it is a localizer")
    first = kept[0]
    if any(entry.frame_uid != first.frame_uid for entry in kept):
        raise Unusable("image-mixed", "its planes lie in different frames of reference")
    planes = [plane for entry in kept for plane in _planes(entry)]
    planes, copies = _without_copies(planes)
    stack, offsets_mm = _sorted(planes)
    lowest = stack[0]
    grid = grid_of(
        lowest.frame,
        lowest.position_mm,
        offsets_mm,
        rows=lowest.rows,
        columns=lowest.columns,
        frame_uid=first.frame_uid,
    )
    image = Image(
        grid=grid,
        modality=first.modality,
        series_uid=first.series_uid,
        sop_uids=tuple(plane.uid for plane in stack),
        patient_position=code(first.dataset, "PatientPosition"),
        pixels=partial(_load, tuple(stack)),
    )
    remarks = _remarks(group, kept, grid.plane_offsets_mm)
    if copies:
        message = f"image planes that are there twice, alike to the last voxel, count once: {copies}"
        remarks.append(note("image-plane-repeated", message, first.mark))
    return image, remarks


def _without_copies(planes: list[_Plane]) -> tuple[list[_Plane], int]:
    """Drop planes that repeat another one in its place, voxel for voxel; what differs stays, to be refused."""
    places: defaultdict[tuple[float, ...], list[_Plane]] = defaultdict(list)
    for plane in planes:
        places[tuple(np.round(plane.position_mm, 2).tolist())].append(plane)
    if len(places) == len(planes):
        return planes, 0
    kept = []
    for group in places.values():
        alike = {_voxel_hash(plane) for plane in group} if len(group) > 1 else {b""}
        kept += group[:1] if len(alike) == 1 else group
    return kept, len(planes) - len(kept)


def _voxel_hash(plane: _Plane) -> bytes:
    stored = _stored(plane.blob)
    frame = np.ascontiguousarray(stored[min(plane.index, len(stored) - 1)])
    return hashlib.sha256(repr((plane.slope, plane.intercept, frame.dtype.str)).encode() + frame.tobytes()).digest()


def _remarks(group: list[Entry], kept: list[Entry], uneven: Array | None) -> list[Issue]:
    found = []
    if len(kept) < len(group):
        message = f"{len(group) - len(kept)} localizer images of a series are left out"
        found.append(note("image-localizer", message, group[0].mark))
    if uneven is not None:
        steps = np.diff(uneven)
        message = f"the planes of an image are not equally spaced ({steps.min():.3g} to {steps.max():.3g} mm)"
        found.append(note("image-planes-uneven", message, group[0].mark))
    return found


def _planes(entry: Entry) -> list[_Plane]:
    dataset = entry.dataset
    frames = items(dataset, "PerFrameFunctionalGroupsSequence")
    if not frames:
        return [_plane(entry, dataset, orientation=dataset, spacing=dataset, scale=dataset)]
    if (stated := whole(dataset, "NumberOfFrames", least=1)) != len(frames):
        raise Unusable("image-frames", f"it states {stated} frames and describes {len(frames)}", "(0028,0008)")
    shared = next(iter(items(dataset, "SharedFunctionalGroupsSequence")), Dataset())
    return [_enhanced_plane(entry, frame, shared, index) for index, frame in enumerate(frames)]


def _enhanced_plane(entry: Entry, frame: Dataset, shared: Dataset, index: int) -> _Plane:
    def group(keyword: str) -> Dataset:
        return next(iter(items(frame, keyword) or items(shared, keyword)), Dataset())

    return _plane(
        entry,
        group("PlanePositionSequence"),
        orientation=group("PlaneOrientationSequence"),
        spacing=group("PixelMeasuresSequence"),
        scale=group("PixelValueTransformationSequence"),
        index=index,
    )


def _plane(
    entry: Entry, position: Dataset, *, orientation: Dataset, spacing: Dataset, scale: Dataset, index: int = 0
) -> _Plane:
    slope, intercept = optional(number, scale, "RescaleSlope"), optional(number, scale, "RescaleIntercept")
    return _Plane(
        frame=frame_of(orientation, spacing),
        position_mm=numbers(position, "ImagePositionPatient", count=3),
        rows=whole(entry.dataset, "Rows", least=1),
        columns=whole(entry.dataset, "Columns", least=1),
        slope=1.0 if slope is None else slope,
        intercept=0.0 if intercept is None else intercept,
        uid=entry.uid,
        blob=entry.blob,
        index=index,
    )


def _sorted(planes: list[_Plane]) -> tuple[list[_Plane], Array]:
    """Sort planes along their normal, refusing what is not one straight stack of equal planes."""
    first = planes[0]
    for plane in planes[1:]:
        if (plane.rows, plane.columns) != (first.rows, first.columns) or not plane.frame.same_as(first.frame):
            raise Unusable("image-mixed", "its planes differ in size, spacing or orientation")
    relative = np.array([plane.position_mm - first.position_mm for plane in planes])
    offsets_mm = relative @ first.frame.normal
    aside = np.linalg.norm(relative - np.outer(offsets_mm, first.frame.normal), axis=1)
    allowed = max(SHEAR_TOLERANCE_MM, SHEAR_TOLERANCE * float(np.ptp(offsets_mm)))
    if aside.max() > allowed:
        message = f"its planes are shifted sideways by up to {aside.max():.3g} mm (a tilted gantry)"
        raise Unusable("image-sheared", message)
    order = rising(offsets_mm)
    return [planes[index] for index in order], offsets_mm[order]


def _load(planes: tuple[_Plane, ...]) -> NDArray[np.float32]:
    """Read the voxels of a stack, rescaled (HU for CT).

    Raises
    ------
    InputError
        A file is gone, has changed, or no decoder for its compression is installed.
    """
    voxels = np.empty((len(planes), planes[0].rows, planes[0].columns), dtype=np.float32)
    targets: defaultdict[Blob, list[int]] = defaultdict(list)
    for target, plane in enumerate(planes):
        targets[plane.blob].append(target)
    for blob, wanted in targets.items():
        stored = _stored(blob)
        for target in wanted:
            plane = planes[target]
            if plane.index >= len(stored) or stored.shape[1:] != voxels.shape[1:]:
                raise InputError("the pixel data of an image plane do not fit its header")
            voxels[target] = stored[plane.index] * plane.slope + plane.intercept
    return voxels


def _stored(blob: Blob) -> NDArray[np.generic]:
    data = read_again(blob)
    try:
        with quiet():
            stored = pydicom.dcmread(BytesIO(data), force=True).pixel_array
    except (Exception, RecursionError, MemoryError) as error:
        reason = type(error).__name__
        raise InputError(f"the pixel data of an image plane cannot be decoded ({reason})") from error
    return stored if stored.ndim == 3 else stored[np.newaxis]
