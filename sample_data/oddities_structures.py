"""Odd structure sets: empty, repeated, broken, open, crossing, displaced contours (rows 26 to 39)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from .dicom_common import item
from .oddity import Bench, Mutation, Oddity

__all__ = ["STRUCTURES"]

Array = NDArray[np.float64]

_BODY, _PTV, _GTV, _BONE, _CORD, _FEMUR_L, _FEMUR_R = range(7)
_CONTOUR_DATA = Tag("ContourData")


def _editing(change: Callable[[Dataset], None]) -> Mutation:
    def mutate(bench: Bench) -> None:
        with bench.edit("RTSTRUCT") as dataset:
            change(dataset)

    return mutate


def _contours(dataset: Dataset, at: int) -> list[Dataset]:
    return list(dataset.ROIContourSequence[at].ContourSequence)


def _points(contour: Dataset) -> Array:
    return np.array(contour.ContourData, dtype=float).reshape(-1, 3)


def _put(contour: Dataset, points: Array) -> None:
    contour.ContourData = [f"{value:.4f}" for value in points.ravel()]
    contour.NumberOfContourPoints = len(points)


def _raw(contour: Dataset, text: bytes) -> None:
    """Store coordinates as bytes that no honest writer would produce."""
    text += b" " * (len(text) % 2)
    contour[_CONTOUR_DATA] = RawDataElement(
        _CONTOUR_DATA, "DS", len(text), text, 0, is_implicit_VR=False, is_little_endian=True
    )


def _moved(at: int, change: Callable[[Array], Array]) -> Mutation:
    """Change the points of every contour of one ROI."""

    def mutate(dataset: Dataset) -> None:
        for contour in _contours(dataset, at):
            _put(contour, change(_points(contour)))

    return _editing(mutate)


def _kind(at: int, kind: str) -> Mutation:
    def mutate(dataset: Dataset) -> None:
        for contour in _contours(dataset, at):
            contour.ContourGeometricType = kind

    return _editing(mutate)


def _one_contour(at: int, change: Callable[[Dataset], None]) -> Mutation:
    """Change the middle contour of one ROI."""

    def mutate(dataset: Dataset) -> None:
        contours = _contours(dataset, at)
        change(contours[len(contours) // 2])

    return _editing(mutate)


def _coordinate(text: bytes) -> Mutation:
    def change(contour: Dataset) -> None:
        values = [f"{value:.3f}".encode() for value in _points(contour).ravel()]
        _raw(contour, b"\\".join([text, *values[1:]]))

    return _one_contour(_CORD, change)


def _no_contours(dataset: Dataset) -> None:
    del dataset.ROIContourSequence[_CORD].ContourSequence


def _no_item(dataset: Dataset) -> None:
    del dataset.ROIContourSequence[_CORD]


def _shuffled(dataset: Dataset) -> None:
    dataset.ROIContourSequence = list(reversed(dataset.ROIContourSequence))
    dataset.RTROIObservationsSequence = list(reversed(dataset.RTROIObservationsSequence))


def _dangling(dataset: Dataset) -> None:
    dataset.ROIContourSequence[_FEMUR_R].ReferencedROINumber = 77


def _name(at: int, name: str) -> Mutation:
    def change(dataset: Dataset) -> None:
        dataset.StructureSetROISequence[at].ROIName = name

    return _editing(change)


def _number_twice(dataset: Dataset) -> None:
    dataset.StructureSetROISequence[_FEMUR_R].ROINumber = dataset.StructureSetROISequence[_FEMUR_L].ROINumber


def _wrong_count(contour: Dataset) -> None:
    contour.NumberOfContourPoints = int(contour.NumberOfContourPoints) - 3


def _no_triples(contour: Dataset) -> None:
    contour.ContourData = list(contour.ContourData)[:-1]


def _degenerate(dataset: Dataset) -> None:
    contours = dataset.ROIContourSequence[_CORD].ContourSequence
    point = _points(contours[3])[:2]
    for points in (point[:1], point, np.repeat(point[:1], 5, axis=0)):
        extra = item(ContourGeometricType="CLOSED_PLANAR")
        _put(extra, points)
        contours.append(extra)


def _sliver(dataset: Dataset) -> None:
    contours = dataset.ROIContourSequence[_CORD].ContourSequence
    x, y, z = _points(contours[6]).mean(axis=0) + np.array([9.0, 0.0, 0.0])
    extra = item(ContourGeometricType="CLOSED_PLANAR")
    _put(extra, np.array([[x, y, z], [x + 6, y, z], [x + 6, y + 0.05, z], [x, y + 0.05, z]]))
    contours.append(extra)


def _closing_point(points: Array) -> Array:
    return np.concatenate([points, points[:1], points[:1]])


def _point(dataset: Dataset) -> None:
    contour = _contours(dataset, _CORD)[10]
    _put(contour, _points(contour)[:1])
    contour.ContourGeometricType = "POINT"
    dataset.ROIContourSequence[_CORD].ContourSequence = [contour]


def _keyhole(points: Array) -> Array:
    """Cut a hole into a ring by a channel of no width, there and back."""
    hole = points.mean(axis=0) + 0.4 * (points - points.mean(axis=0))
    return np.concatenate([points, points[:1], hole[:1], hole[::-1], points[:1]])


def _added_rings(at: int, change: Callable[[Array], Array], kind: str = "CLOSED_PLANAR") -> Mutation:
    """Draw a second ring beside every ring of one ROI."""

    def mutate(dataset: Dataset) -> None:
        sequence = dataset.ROIContourSequence[at].ContourSequence
        for contour in list(sequence):
            extra = item(ContourGeometricType=kind)
            _put(extra, change(_points(contour)))
            contour.ContourGeometricType = kind
            sequence.append(extra)

    return _editing(mutate)


def _shrunk(points: Array) -> Array:
    return np.asarray(points.mean(axis=0) + 0.5 * (points - points.mean(axis=0)))


def _bow_tie(points: Array) -> Array:
    """Cross the ring over itself: the second half runs the other way round."""
    half = len(points) // 2
    return np.concatenate([points[:half], points[half:][::-1]])


def _bent(points: Array) -> Array:
    bent = points.copy()
    bent[::2, 2] += 3.0
    return bent


def _skipped(dataset: Dataset) -> None:
    sequence = dataset.ROIContourSequence[_CORD].ContourSequence
    del sequence[14:19]


def _single(dataset: Dataset) -> None:
    contours = dataset.ROIContourSequence[_FEMUR_R].ContourSequence
    dataset.ROIContourSequence[_FEMUR_R].ContourSequence = [contours[len(contours) // 2]]


def _mixed_spacing(dataset: Dataset) -> None:
    contours = dataset.ROIContourSequence[_CORD].ContourSequence
    del contours[20::2]


def _swap_sides(dataset: Dataset) -> None:
    rois = dataset.StructureSetROISequence
    rois[_FEMUR_L].ROIName, rois[_FEMUR_R].ROIName = "Femur_Head_R", "Femur_Head_L"


def _shift(*by_mm: float) -> Callable[[Array], Array]:
    return lambda points: points + np.array(by_mm)


STRUCTURES = (
    Oddity("roi-empty", 26, "not_judged", ("roi-empty",), "the cord has no contours", _editing(_no_contours)),
    Oddity("roi-not-drawn", 26, "not_judged", ("roi-empty",), "the cord has no item of contours", _editing(_no_item)),
    Oddity("rois-shuffled", 27, "used", (), "contours and observations stand in another order", _editing(_shuffled)),
    Oddity(
        "contours-without-roi",
        27,
        "not_judged",
        ("contours-without-roi",),
        "contours refer to a ROI number that does not exist",
        _editing(_dangling),
    ),
    Oddity(
        "names-repeated",
        28,
        "not_judged",
        ("roi-names-repeated",),
        "two ROIs are called SpinalCord",
        _name(_FEMUR_R, "SpinalCord"),
    ),
    Oddity(
        "names-alike",
        28,
        "not_judged",
        ("roi-names-repeated",),
        "two names differ only by case and underscore",
        _name(_FEMUR_R, "spinal_cord"),
    ),
    Oddity("name-empty", 28, "note", ("roi-name-empty",), "a ROI has no name", _name(_BODY, "")),
    Oddity("name-long", 28, "note", ("roi-name-long",), "a name has 90 characters", _name(_BODY, "Body" + "x" * 86)),
    Oddity(
        "number-repeated", 29, "refused", ("roi-numbers-repeated",), "two ROIs bear one number", _editing(_number_twice)
    ),
    *(
        Oddity(f"coordinate-{name}", 30, "not_judged", ("roi-broken",), what, _coordinate(text))
        for name, text, what in (
            ("nan", b"nan", "a coordinate of the cord is NaN"),
            ("infinite", b"1e400", "a coordinate of the cord is infinite"),
            ("comma", b"1,5", "a coordinate of the cord has a decimal comma"),
            ("underscore", b"1_000", "a coordinate of the cord holds an underscore"),
            ("blank", b"", "a coordinate of the cord is blank"),
        )
    ),
    Oddity(
        "point-count",
        30,
        "not_judged",
        ("roi-broken",),
        "a contour of the cord states fewer points than it has",
        _one_contour(_CORD, _wrong_count),
    ),
    Oddity(
        "no-triples",
        30,
        "not_judged",
        ("roi-broken",),
        "the coordinates of a contour are no multiple of three",
        _one_contour(_CORD, _no_triples),
    ),
    Oddity(
        "contours-flat",
        31,
        "note",
        ("contours-flat",),
        "contours of one point, two points and one place",
        _editing(_degenerate),
    ),
    Oddity("sliver", 31, "note", ("contours-sliver",), "a contour is 0.05 mm wide", _editing(_sliver)),
    Oddity(
        "closing-point", 31, "used", (), "every contour repeats its first point twice", _moved(_CORD, _closing_point)
    ),
    Oddity("point-roi", 32, "not_judged", ("roi-point",), "the cord is a point", _editing(_point)),
    Oddity("open-contours", 32, "not_judged", ("roi-broken",), "the cord is drawn open", _kind(_CORD, "OPEN_PLANAR")),
    Oddity(
        "interpolated-contours",
        32,
        "note",
        ("contours-interpolated",),
        "the cord's contours are marked interpolated",
        _kind(_CORD, "INTERPOLATED_PLANAR"),
    ),
    Oddity(
        "unknown-contours", 32, "not_judged", ("roi-broken",), "a kind of contour is unknown", _kind(_CORD, "SPLINE")
    ),
    Oddity("keyhole", 33, "used", (), "a hole in the cord hangs on a channel of no width", _moved(_CORD, _keyhole)),
    Oddity(
        "inner-contour", 34, "used", (), "a ring within each ring of the cord is a hole", _added_rings(_CORD, _shrunk)
    ),
    Oddity(
        "inner-contour-xor",
        34,
        "used",
        (),
        "a ring within each ring is a hole, as CLOSEDPLANAR_XOR says",
        _added_rings(_CORD, _shrunk, "CLOSEDPLANAR_XOR"),
    ),
    Oddity(
        "overlapping-contours",
        34,
        "note",
        ("contours-overlap",),
        "two rings overlap in every plane of the cord",
        _added_rings(_CORD, _shift(3.0, 0.0, 0.0)),
    ),
    Oddity(
        "overlapping-contours-xor",
        34,
        "not_judged",
        ("contours-overlap",),
        "two rings marked XOR overlap in every plane of the cord",
        _added_rings(_CORD, _shift(3.0, 0.0, 0.0), "CLOSEDPLANAR_XOR"),
    ),
    Oddity(
        "bow-tie", 35, "note", ("contours-cross",), "the rings of the cord cross themselves", _moved(_CORD, _bow_tie)
    ),
    Oddity(
        "contours-bent",
        36,
        "not_judged",
        ("roi-not-planar",),
        "the cord leaves its planes by 3 mm",
        _moved(_CORD, _bent),
    ),
    Oddity(
        "contours-between-planes",
        37,
        "note",
        ("contours-off-planes",),
        "the cord is drawn 0.7 mm beside the image planes",
        _moved(_CORD, _shift(0.0, 0.0, 0.7)),
    ),
    Oddity("mixed-spacing", 37, "note", ("contours-gap",), "the cord has two spacings", _editing(_mixed_spacing)),
    Oddity(
        "planes-skipped", 38, "note", ("contours-gap",), "five planes of the cord are not drawn", _editing(_skipped)
    ),
    Oddity(
        "single-plane", 39, "note", ("roi-single-plane",), "a femoral head is drawn on one plane", _editing(_single)
    ),
    Oddity(
        "organ-partly-outside",
        40,
        "note",
        ("outside-dose-grid",),
        "a femoral head lies half outside the dose grid",
        _moved(_FEMUR_R, _shift(-18.0, 0.0, 0.0)),
    ),
    Oddity(
        "organ-outside",
        40,
        "not_judged",
        ("outside-dose-grid",),
        "the cord lies outside the dose grid",
        _moved(_CORD, _shift(0.0, 300.0, 0.0)),
    ),
    Oddity(
        "sides-swapped",
        48,
        "note",
        ("side-differs",),
        "left and right femoral head bear each other's name",
        _editing(_swap_sides),
    ),
    Oddity(
        "gtv-outside-ptv",
        48,
        "note",
        ("gtv-outside-ptv",),
        "the GTV reaches out of the PTV",
        _moved(_GTV, _shift(0.0, 9.0, 0.0)),
    ),
    Oddity(
        "ptv-outside-body",
        48,
        "note",
        ("ptv-outside-body",),
        "the outline is shifted, so that the PTV reaches out of it",
        _moved(_BODY, _shift(-50.0, 0.0, 0.0)),
    ),
)
