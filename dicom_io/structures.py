"""Structure sets: every ROI in the order of the file, its contours parsed from the raw bytes.

An ROI that must not be measured stays in the set with the reason in `broken`; points are never dropped in
silence, because a volume that lost a ring is a wrong volume.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from rtplan.model import Contour, Issue, Structure, StructureSet

from .elements import code, items, text, uid, uids
from .faults import Unusable, note, warn
from .index import Entry, referenced_series
from .naming import listed, name_issues
from .numbers import Array, decimals, is_present, optional, tag_of, whole

__all__ = ["read_structure_set"]

FARTHEST_MM = 1e5
# No patient is as large; a structure that were would ask for as much memory as it likes.
WIDEST_MM = 3000.0
SPANNED_MM2 = 1.0
CLOSED = frozenset({"CLOSED_PLANAR", "CLOSEDPLANAR_XOR", "CLOSED_PLANAR_XOR", "INTERPOLATED_PLANAR"})
OPEN = frozenset({"OPEN_PLANAR", "OPEN_NONPLANAR"})

_CONTOUR_DATA = tag_of("ContourData")


@dataclass(frozen=True, slots=True)
class _Roi:
    """What the three sequences say of one ROI number."""

    number: int
    name: str
    role: str
    frame_uid: str
    drawings: list[Dataset] = field(default_factory=list)


def read_structure_set(entry: Entry) -> StructureSet:
    """Read one RTSTRUCT.

    Parameters
    ----------
    entry : Entry

    Returns
    -------
    StructureSet
        With what is odd about it in `issues`; `plane_spacing_mm` is left to linking.

    Raises
    ------
    Unusable
        Two ROIs share a number, or there is no list of ROIs at all.
    """
    dataset = entry.dataset
    issues: list[Issue] = []
    rois = _rois(dataset, entry.mark, issues)
    frame_uid = _frame(entry, rois, issues)
    structures = tuple(_structure(roi, frame_uid, entry.mark, issues) for roi in rois)
    issues += (*name_issues(structures, entry.mark), *_text_issues(dataset, structures, entry.mark))
    issues += _empty_issues(structures, entry.mark)
    return StructureSet(
        structures=structures,
        uid=entry.uid,
        label=text(dataset, "StructureSetLabel"),
        frame_uid=frame_uid,
        image_series_uids=referenced_series(dataset),
        issues=tuple(issues),
    )


def _rois(dataset: Dataset, mark: str, issues: list[Issue]) -> list[_Roi]:
    if not is_present(dataset, "StructureSetROISequence"):
        raise Unusable("value-missing", "StructureSetROISequence is missing", "(3006,0020)")
    for keyword in ("ROIContourSequence", "RTROIObservationsSequence"):
        if tag_of(keyword) not in dataset:
            message = f"{keyword} is missing: the structure set may be incomplete"
            issues.append(warn("structures-incomplete", message, mark))
    roles = _roles(dataset)
    rois = [_roi(item, roles) for item in items(dataset, "StructureSetROISequence")]
    counts = Counter(roi.number for roi in rois)
    if twice := sorted(number for number, count in counts.items() if count > 1):
        raise Unusable("roi-numbers-repeated", f"ROI numbers are used twice: {listed(twice)}", "(3006,0022)")
    _hand_out(dataset, {roi.number: roi for roi in rois}, mark, issues)
    return rois


def _roi(item: Dataset, roles: dict[int, str]) -> _Roi:
    number = whole(item, "ROINumber")
    frame_uid = uid(item, "ReferencedFrameOfReferenceUID")
    return _Roi(number, text(item, "ROIName"), roles.get(number, ""), frame_uid)


def _roles(dataset: Dataset) -> dict[int, str]:
    roles: dict[int, str] = {}
    for item in items(dataset, "RTROIObservationsSequence"):
        number = optional(whole, item, "ReferencedROINumber")
        if number is not None and not roles.get(number):
            roles[number] = code(item, "RTROIInterpretedType")
    return roles


def _hand_out(dataset: Dataset, rois: dict[int, _Roi], mark: str, issues: list[Issue]) -> None:
    """Give each ROI its contours, by number and never by position."""
    for item in items(dataset, "ROIContourSequence"):
        number = optional(whole, item, "ReferencedROINumber")
        if number in rois:
            rois[number].drawings.append(item)
        else:
            message = "contours refer to an ROI that is not in the list of ROIs: they are left out"
            where = mark if number is None else f"{mark} ROI {number}"
            issues.append(warn("contours-without-roi", message, where))


def _frame(entry: Entry, rois: Iterable[_Roi], issues: list[Issue]) -> str:
    """Return the frame of reference the contours are drawn in: as most ROIs say, else as the set says."""
    named = Counter(roi.frame_uid for roi in rois if roi.frame_uid)
    if named:
        return named.most_common(1)[0][0]
    listed = uids(entry.dataset, "ReferencedFrameOfReferenceSequence", "FrameOfReferenceUID")
    if len(listed) == 1 or (not listed and entry.frame_uid):
        return listed[0] if listed else entry.frame_uid
    message = "the structure set names no frame of reference" if not listed else "it names several frames of reference"
    issues.append(note("frame-missing", message, entry.mark))
    return ""


def _structure(roi: _Roi, frame_uid: str, mark: str, issues: list[Issue]) -> Structure:
    where = f"{mark} ROI {roi.number}"
    contours: tuple[Contour, ...] = ()
    try:
        contours, said = _contours(roi, where)
        issues += said
        broken = _not_a_volume(contours)
    except Unusable as error:
        broken = str(error)
    except (Exception, RecursionError, MemoryError) as error:  # noqa: BLE001  (one bad ROI never sinks the set)
        broken = f"its contours cannot be read ({type(error).__name__})"
    if not broken and roi.frame_uid not in {"", frame_uid}:
        broken = "it is drawn in another frame of reference than the rest of the set"
    if broken:
        issues.append(warn("roi-broken", f"the ROI cannot be measured: {broken}", where))
    return Structure(roi.number, roi.name, roi.role, contours, broken=broken)


def _contours(roi: _Roi, where: str) -> tuple[tuple[Contour, ...], list[Issue]]:
    if len(roi.drawings) > 1:
        raise Unusable("contours-repeated", "its contours are given more than once")
    found: list[Contour] = []
    flat = interpolated = 0
    for item in (one for drawing in roi.drawings for one in items(drawing, "ContourSequence")):
        kind = code(item, "ContourGeometricType")
        points = _points(item)
        if kind in CLOSED and _is_flat(points):
            flat += 1
            continue
        interpolated += kind == "INTERPOLATED_PLANAR"
        found.append(Contour(points, kind))
    _check_width(found)
    issues = []
    if flat:
        message = f"contours without area are left out: {flat} of {flat + len(found)}"
        issues.append(note("contours-flat", message, where))
    if interpolated:
        message = f"interpolated contours are used as closed ones: {interpolated}"
        issues.append(note("contours-interpolated", message, where))
    return tuple(found), issues


def _points(item: Dataset) -> Array:
    """Return the points of one contour, shape (n, 3), or raise with the reason why the ROI is broken."""
    element = item.get_item(_CONTOUR_DATA) if _CONTOUR_DATA in item else None
    raw = element.value if isinstance(element, RawDataElement) else None
    if not raw:
        raise Unusable("contour-broken", "a contour has no points")
    values = decimals(raw)
    if values is None:
        raise Unusable("contour-broken", "a contour coordinate is not a finite number")
    if values.size % 3:
        raise Unusable("contour-broken", f"a contour has {values.size} coordinates, no multiple of three")
    if np.abs(values).max() > FARTHEST_MM:
        raise Unusable("contour-broken", "a contour coordinate is more than 100 m away")
    stated = optional(whole, item, "NumberOfContourPoints")
    if stated is not None and stated != values.size // 3:
        raise Unusable("contour-broken", f"a contour states {stated} points and has {values.size // 3}")
    return values.reshape(-1, 3)


def _check_width(contours: list[Contour]) -> None:
    ends = np.array([(one.points_mm.min(axis=0), one.points_mm.max(axis=0)) for one in contours])
    if len(ends) and (ends[:, 1].max(axis=0) - ends[:, 0].min(axis=0)).max() > WIDEST_MM:
        raise Unusable("contour-broken", "its contours are more than 3 m apart")


def _is_flat(points: Array) -> bool:
    """Say whether a ring encloses nothing: all its points on one line (a bow tie does enclose something)."""
    if len(points) < 3:
        return True
    spread = points - points[0]
    if _spans_area(spread[len(spread) // 3].tolist(), spread[2 * len(spread) // 3].tolist()):
        return False
    if np.abs(np.cross(spread[1:-1], spread[2:])).max() > 1e-6:
        return False
    return bool(np.linalg.matrix_rank(spread, tol=1e-6) < 2)


def _spans_area(one: list[float], other: list[float]) -> bool:
    """Say whether two edges span a triangle worth the name: true of nearly every ring, and cheap to ask."""
    (a, b, c), (d, e, f) = one, other
    return max(abs(b * f - c * e), abs(c * d - a * f), abs(a * e - b * d)) > SPANNED_MM2


def _not_a_volume(contours: Iterable[Contour]) -> str:
    kinds = {contour.kind for contour in contours}
    if kinds & OPEN:
        return "an open contour is not a volume"
    if unknown := kinds - CLOSED - OPEN - {"POINT"}:
        return f"{len(unknown)} kinds of contour are unknown" if len(unknown) > 1 else "a kind of contour is unknown"
    return ""


def _empty_issues(structures: Iterable[Structure], mark: str) -> list[Issue]:
    """Say which ROIs have nothing to measure: none of them has a volume, and none is nought."""
    found = []
    if empty := [item.number for item in structures if not item.contours and not item.broken]:
        message = f"ROIs without contours: {listed(empty)}"
        found.append(note("roi-empty", message, f"{mark} ROI {listed(empty)}"))
    points = [item.number for item in structures if item.contours and {one.kind for one in item.contours} == {"POINT"}]
    if points:
        message = f"ROIs that are points, not volumes: {listed(points)}"
        found.append(note("roi-point", message, f"{mark} ROI {listed(points)}"))
    return found


def _text_issues(dataset: Dataset, structures: Iterable[Structure], mark: str) -> list[Issue]:
    declared = bool(text(dataset, "SpecificCharacterSet"))
    odd = [one.number for one in structures if "\ufffd" in one.name or not (declared or one.name.isascii())]
    if not odd:
        return []
    message = f"names of ROIs hold characters that the stated character set does not have: {listed(odd)}"
    return [note("text-undecoded", message, f"{mark} ROI {listed(odd)}")]
