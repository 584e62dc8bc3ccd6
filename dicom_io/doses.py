"""Dose grids: stored integers times their scaling, on planes placed by GridFrameOffsetVector (PS3.3 C.8.8.3)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import get_decoder

from rtplan.model import Dose, Grid, Issue, StoredDVH

from .elements import code, items, text, uids
from .faults import Unusable, note, warn
from .index import Entry
from .integrity import DEFLATED, EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE
from .numbers import Array, is_present, number, numbers, optional, tag_name, tag_of, whole
from .stacks import Frame, frame_of, grid_of, rising

__all__ = ["read_dose"]

OFFSET_TOLERANCE_MM = 0.01
MAX_SAMPLES = 1 << 30
ROUNDING = 1e-6
# One RLE pair of two bytes stands for 128 at the most.
MAX_RLE_RATIO = 64

_NATIVE = frozenset({IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG, DEFLATED})
_RLE = "1.2.840.10008.1.2.5"
_LOSSLESS = frozenset(
    {
        _RLE,
        "1.2.840.10008.1.2.4.57",
        "1.2.840.10008.1.2.4.70",
        "1.2.840.10008.1.2.4.80",
        "1.2.840.10008.1.2.4.90",
        "1.2.840.10008.1.2.4.201",
        "1.2.840.10008.1.2.4.202",
    }
)
_UNITS = {"GY": "Gy", "RELATIVE": "relative"}
_PIXEL_DATA = tag_of("PixelData")


def read_dose(entry: Entry) -> tuple[Dose, tuple[Issue, ...]]:
    """Read one RTDOSE.

    Parameters
    ----------
    entry : Entry

    Returns
    -------
    Dose, tuple of Issue
        Values are float32 where 16 bits are stored, float64 where 32 are: every stored step is kept apart.

    Raises
    ------
    Unusable
        Units, scaling, bits, planes or pixel data are missing or contradict one another.

    Notes
    -----
    ``stored * DoseGridScaling``; the scaling also is `Dose.quantum`.
    """
    dataset = entry.dataset
    unit = _unit(dataset)
    scaling = _scaling(dataset)
    frames = optional(whole, dataset, "NumberOfFrames")
    shape = (1 if frames is None else frames, whole(dataset, "Rows", least=1), whole(dataset, "Columns", least=1))
    grid, falling = _grid(entry, shape)
    stored = _stored(dataset, entry.syntax, shape)
    exact = np.float32 if stored.dtype.itemsize == 2 else np.float64
    values: NDArray[np.floating] = (stored * scaling).astype(exact, copy=False)
    stored_dvhs, doubted = _stored_dvhs(dataset)
    dose = Dose(
        grid=grid,
        values=np.ascontiguousarray(values[::-1]) if falling else values,
        unit=unit,
        dose_type=code(dataset, "DoseType"),
        summation=code(dataset, "DoseSummationType"),
        uid=entry.uid,
        label=text(dataset, "SeriesDescription") or text(dataset, "DoseComment"),
        plan_uids=uids(dataset, "ReferencedRTPlanSequence"),
        structure_set_uids=uids(dataset, "ReferencedStructureSetSequence"),
        beam_number=_beam_number(dataset),
        quantum=scaling,
        stored_dvhs=stored_dvhs,
        heterogeneity=tuple(filter(None, code(dataset, "TissueHeterogeneityCorrection").split("\\"))),
    )
    return dose, tuple(_remarks(dose, stored, entry.mark, doubted))


def _unit(dataset: Dataset) -> str:
    found = code(dataset, "DoseUnits")
    if found not in _UNITS:
        raise Unusable("dose-units", "DoseUnits is neither GY nor RELATIVE", tag_name("DoseUnits"))
    return _UNITS[found]


def _scaling(dataset: Dataset) -> float:
    scaling = number(dataset, "DoseGridScaling")
    if not scaling > 0:
        raise Unusable("value-out-of-range", "DoseGridScaling is not positive", tag_name("DoseGridScaling"))
    return scaling


def _grid(entry: Entry, shape: tuple[int, int, int]) -> tuple[Grid, bool]:
    """Return the grid, its planes rising along the normal, and whether the stored frames fall along it."""
    dataset = entry.dataset
    frame = frame_of(dataset, dataset)
    position_mm = numbers(dataset, "ImagePositionPatient", count=3)
    offsets_mm = _offsets(dataset, frame, position_mm, shape[0])
    order = rising(offsets_mm)
    falling = bool(order[0] > order[-1])
    if (np.diff(order) != (-1 if falling else 1)).any():
        raise Unusable("dose-planes", "the dose planes neither rise nor fall", tag_name("GridFrameOffsetVector"))
    lowest_mm = position_mm + offsets_mm[order[0]] * frame.normal
    grid = grid_of(frame, lowest_mm, offsets_mm[order], rows=shape[1], columns=shape[2], frame_uid=entry.frame_uid)
    return grid, falling


def _offsets(dataset: Dataset, frame: Frame, position_mm: Array, frames: int) -> Array:
    """Return the signed distance along the normal of each frame from ImagePositionPatient.

    The vector is relative where it starts at zero (option a), else it holds patient z coordinates and starts
    at that of ImagePositionPatient (option b, transverse planes only).
    """
    stated = optional(numbers, dataset, "GridFrameOffsetVector")
    if stated is None and frames == 1:
        return np.zeros(1)
    if stated is None:
        raise Unusable("value-missing", "GridFrameOffsetVector is missing", tag_name("GridFrameOffsetVector"))
    where = tag_name("GridFrameOffsetVector")
    if stated.size != frames:
        raise Unusable("dose-planes", f"{stated.size} plane offsets are given for {frames} frames", where)
    if abs(stated[0]) <= OFFSET_TOLERANCE_MM:
        return stated
    transverse = abs(abs(float(frame.normal[2])) - 1) <= OFFSET_TOLERANCE_MM
    if transverse and abs(stated[0] - position_mm[2]) <= OFFSET_TOLERANCE_MM:
        absolute: Array = (stated - position_mm[2]) * np.sign(frame.normal[2])
        return absolute
    message = "GridFrameOffsetVector starts neither at zero nor at ImagePositionPatient"
    raise Unusable("dose-planes", message, where)


def _stored(dataset: Dataset, syntax: str, shape: tuple[int, int, int]) -> NDArray[np.integer]:
    """Return the stored integers, all allocated bits of them."""
    if not is_present(dataset, "PixelData"):
        raise Unusable("dose-without-pixels", "the dose has no pixel data", tag_name("PixelData"))
    bits, kind = _bits(dataset)
    if int(np.prod(shape, dtype=object)) > MAX_SAMPLES:
        raise Unusable("dose-too-large", f"the dose grid has more than {MAX_SAMPLES} samples", "(0028,0008)")
    if syntax in _NATIVE:
        stored = _native(dataset, np.dtype(f"{'>' if syntax == EXPLICIT_BIG else '<'}{kind}{bits // 8}"), shape)
    else:
        stored = _decoded(dataset, syntax, shape, bits)
    _check_bits(dataset, stored, bits)
    return stored


def _bits(dataset: Dataset) -> tuple[int, str]:
    bits = whole(dataset, "BitsAllocated")
    if bits not in {16, 32}:
        raise Unusable("dose-bits", f"{bits} bits are allocated, neither 16 nor 32", tag_name("BitsAllocated"))
    if (optional(whole, dataset, "SamplesPerPixel") or 1) != 1:
        raise Unusable("dose-bits", "the dose has several samples a point", tag_name("SamplesPerPixel"))
    signed = optional(whole, dataset, "PixelRepresentation")
    return bits, "i" if signed else "u"


def _native(dataset: Dataset, dtype: np.dtype[np.integer], shape: tuple[int, int, int]) -> NDArray[np.integer]:
    element = dataset.get_item(_PIXEL_DATA)
    raw = (element.value if element is not None else None) or b""
    count = int(np.prod(shape))
    spare = len(raw) - count * dtype.itemsize
    # An odd pad byte of the writer's becomes two on the way to an even length.
    if not 0 <= spare <= 2:
        message = f"the pixel data have {len(raw)} bytes where {count * dtype.itemsize} belong"
        raise Unusable("dose-pixels-length", message, tag_name("PixelData"))
    return np.frombuffer(raw, dtype=dtype, count=count).reshape(shape)


def _decoded(dataset: Dataset, syntax: str, shape: tuple[int, int, int], bits: int) -> NDArray[np.integer]:
    where = tag_name("PixelData")
    if syntax not in _LOSSLESS:
        raise Unusable("dose-compression", "the dose is compressed in a way that is not known to be lossless", where)
    raw = dataset[_PIXEL_DATA].value
    if syntax == _RLE and int(np.prod(shape)) * bits // 8 > MAX_RLE_RATIO * len(raw):
        raise Unusable("dose-pixels-length", "the pixel data are too short for the dose grid", where)
    # Its own copy of BitsStored would mask the high bits; all allocated bits are asked for instead.
    options: dict[str, Any] = {
        "rows": shape[1],
        "columns": shape[2],
        "number_of_frames": shape[0],
        "samples_per_pixel": 1,
        "photometric_interpretation": "MONOCHROME2",
        "bits_allocated": bits,
        "bits_stored": bits,
        "pixel_representation": optional(whole, dataset, "PixelRepresentation") or 0,
        "pixel_keyword": "PixelData",
    }
    try:
        decoded, _ = get_decoder(syntax).as_array(raw, raw=True, **options)
    except (Exception, MemoryError) as error:
        reason = f"the pixel data cannot be decoded ({type(error).__name__})"
        raise Unusable("dose-pixels-undecoded", reason, where, remedy="export the dose uncompressed") from error
    return decoded.reshape(shape)


def _check_bits(dataset: Dataset, stored: NDArray[np.integer], bits: int) -> None:
    """Refuse a dose whose values do not fit the bits it says it stores: one of the two is wrong."""
    used = optional(whole, dataset, "BitsStored")
    high = optional(whole, dataset, "HighBit")
    where = tag_name("BitsStored")
    used = bits if used is None else used
    high = used - 1 if high is None else high
    if not 1 <= used <= bits or high != used - 1:
        raise Unusable("dose-bits", f"{used} bits stored of {bits} with high bit {high} contradict one another", where)
    signed = stored.dtype.kind == "i"
    lowest, highest = (-(1 << (used - 1)), (1 << (used - 1)) - 1) if signed else (0, (1 << used) - 1)
    if stored.min() < lowest or stored.max() > highest:
        raise Unusable("dose-bits", f"the dose holds values that do not fit in its {used} stored bits", where)


def _beam_number(dataset: Dataset) -> int | None:
    found = [
        optional(whole, beam, "ReferencedBeamNumber")
        for plan in items(dataset, "ReferencedRTPlanSequence")
        for group in items(plan, "ReferencedFractionGroupSequence")
        for beam in items(group, "ReferencedBeamSequence")
    ]
    return found[0] if len(found) == 1 else None


def _remarks(dose: Dose, stored: NDArray[np.integer], mark: str, doubted: int) -> list[Issue]:
    found = []
    if dose.unit == "relative":
        message = "the dose is relative: no value in Gy can be given"
        found.append(warn("dose-relative", message, mark, "export the dose in Gy"))
    if dose.dose_type == "EFFECTIVE":
        found.append(note("dose-effective", "the dose is weighted for biological effect (DoseType EFFECTIVE)", mark))
    elif dose.dose_type != "PHYSICAL":
        named = "an error or uncertainty" if dose.dose_type == "ERROR" else "of no standard type"
        found.append(warn("dose-type", f"the dose is {named}, not a physical one", mark))
    if stored.min() < 0:
        count = int(np.count_nonzero(stored < 0))
        found.append(note("dose-negative", f"the dose is negative at {count} grid points: they are kept", mark))
    if doubted:
        message = f"stored DVHs that are not plainly absolute and cumulative are set aside: {doubted}"
        found.append(note("stored-dvh-doubtful", message, mark))
    return found


def _stored_dvhs(dataset: Dataset) -> tuple[tuple[StoredDVH, ...], int]:
    """Return the DVHs the planning system stored, and how many of them have no curve in Gy and cc."""
    found: list[StoredDVH] = []
    unread = 0
    try:
        sequence = items(dataset, "DVHSequence")
    except Unusable:
        return (), 1
    for item in sequence:
        try:
            stored = _stored_dvh(item)
        except (Unusable, ValueError):
            unread += 1
            continue
        unread += stored is None or stored.dose_gy is None
        if stored is not None:
            found.append(stored)
    return tuple(found), unread


def _stored_dvh(item: Dataset) -> StoredDVH | None:
    included = [
        whole(roi, "ReferencedROINumber")
        for roi in items(item, "DVHReferencedROISequence")
        if code(roi, "DVHROIContributionType") != "EXCLUDED"
    ]
    if len(included) != 1 or len(items(item, "DVHReferencedROISequence")) != 1:
        return None
    absolute = code(item, "DoseUnits") == "GY" and code(item, "DVHVolumeUnits") == "CM3"
    if not absolute or code(item, "DVHType") not in {"CUMULATIVE", "DIFFERENTIAL"}:
        return StoredDVH(included[0], None, None)
    pairs = numbers(item, "DVHData")
    # Planning systems leave a last volume of minus nothing (-3e-13) behind.
    if pairs.size % 2 or (pairs < -ROUNDING * pairs.max()).any():
        raise Unusable("value-malformed", "DVHData are not pairs of a width and a volume", tag_name("DVHData"))
    pairs = np.maximum(pairs, 0.0)
    scaling = optional(number, item, "DVHDoseScaling")
    widths_gy = pairs[::2] * (1.0 if scaling is None else scaling)
    edges_gy, volume_cc = _cumulative(widths_gy, pairs[1::2], code(item, "DVHType"))
    if (np.diff(volume_cc) > ROUNDING * volume_cc[0]).any():
        raise Unusable("value-malformed", "DVHData rise where a cumulative curve falls", tag_name("DVHData"))
    return StoredDVH(included[0], tuple(edges_gy.tolist()), tuple(volume_cc.tolist()), _mean(edges_gy, volume_cc))


def _cumulative(widths_gy: Array, volumes_cc: Array, kind: str) -> tuple[Array, Array]:
    """Return the dose at the lower edge of each bin, and the volume that receives at least that."""
    edges_gy = np.concatenate(([0.0], np.cumsum(widths_gy)))
    if kind == "CUMULATIVE":
        return edges_gy[:-1], volumes_cc
    return edges_gy, np.concatenate((np.cumsum(volumes_cc[::-1])[::-1], [0.0]))


def _mean(edges_gy: Array, volume_cc: Array) -> float | None:
    """Return the mean dose of a staircase curve; the stated one is not believed (some are in per cent)."""
    if volume_cc[0] <= 0 or edges_gy.size < 2:
        return None
    widths_gy = np.diff(edges_gy, append=2 * edges_gy[-1] - edges_gy[-2])
    return float((volume_cc * widths_gy).sum() / volume_cc[0])
