"""Odd images: localizers, doubled and missing planes, tilts, turns, frames in one file, none (rows 18 to 25)."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import UID, EnhancedCTImageStorage

from .dicom_common import item
from .oddity import Bench, Oddity

__all__ = ["IMAGES"]

_NEW = "2.25.99800"


def _renamed(dataset: Dataset, uid: str) -> Dataset:
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = UID(uid)
    return dataset


def _localizer(bench: Bench) -> None:
    dataset = _renamed(bench.read(bench.images[0].name), f"{_NEW}.1")
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    dataset.ImageOrientationPatient = ["0", "1", "0", "0", "0", "-1"]
    bench.save(dataset, "localizer.dcm")


def _five_series(bench: Bench) -> None:
    """Add four series of three planes each, as the phases of a 4D scan."""
    for phase in range(1, 5):
        for number, path in enumerate(bench.images[:3]):
            dataset = _renamed(bench.read(path.name), f"{_NEW}.2.{phase}.{number}")
            dataset.SeriesInstanceUID = f"{_NEW}.3.{phase}"
            bench.save(dataset, f"phase{phase}_{number}.dcm")


def _phases_in_one_series(bench: Bench) -> None:
    """Add a second phase with other voxels to the series: two different planes in every place."""
    for number, path in enumerate(bench.images):
        dataset = _renamed(bench.read(path.name), f"{_NEW}.4.{number}")
        dataset.PixelData = bytes(len(dataset.PixelData))
        bench.save(dataset, f"phase_{number}.dcm")


def _plane_twice(bench: Bench) -> None:
    dataset = _renamed(bench.read(bench.images[5].name), f"{_NEW}.5")
    bench.save(dataset, "twice.dcm")


def _plane_missing(bench: Bench) -> None:
    bench.images[12].unlink()


def _wrong_thickness(bench: Bench) -> None:
    def change(index: int, dataset: Dataset) -> None:
        dataset.SliceThickness = "99"
        dataset.SpacingBetweenSlices = "-3"
        if index % 2:
            del dataset.SliceThickness

    bench.edit_images(change)


def _skewed(bench: Bench) -> None:
    def change(_: int, dataset: Dataset) -> None:
        dataset.ImageOrientationPatient = ["1", "0", "0", "0", "0.98", "0.05"]

    bench.edit_images(change)


def _skewed_dose(bench: Bench) -> None:
    with bench.edit("RTDOSE") as dataset:
        dataset.ImageOrientationPatient = ["1", "0", "0", "0", "0.98", "0.05"]


def _tilted(bench: Bench) -> None:
    def change(index: int, dataset: Dataset) -> None:
        x, y, z = map(float, dataset.ImagePositionPatient)
        dataset.ImagePositionPatient = [str(x), f"{y + 0.4 * index:.4f}", str(z)]

    bench.edit_images(change)


def _enhanced(bench: Bench, *, placed: bool) -> None:
    """Put every plane into one multi-frame object; `placed` says whether the planes have positions."""
    planes = [bench.read(path.name) for path in bench.images]
    whole = _renamed(planes[0], f"{_NEW}.6")
    whole.SOPClassUID = whole.file_meta.MediaStorageSOPClassUID = EnhancedCTImageStorage
    whole.NumberOfFrames = len(planes)
    whole.SharedFunctionalGroupsSequence = [
        item(
            PlaneOrientationSequence=[item(ImageOrientationPatient=whole.ImageOrientationPatient)],
            PixelMeasuresSequence=[item(PixelSpacing=whole.PixelSpacing)],
            PixelValueTransformationSequence=[item(RescaleSlope="1", RescaleIntercept=whole.RescaleIntercept)],
        )
    ]
    whole.PerFrameFunctionalGroupsSequence = [
        item(PlanePositionSequence=[item(ImagePositionPatient=plane.ImagePositionPatient)] if placed else [])
        for plane in planes
    ]
    whole.PixelData = b"".join(plane.PixelData for plane in planes)
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
        delattr(whole, keyword)
    for path in bench.images:
        path.unlink()
    bench.save(whole, "enhanced.dcm")


def _no_images(bench: Bench) -> None:
    for path in bench.images:
        path.unlink()


def _other_position(bench: Bench) -> None:
    def change(_: int, dataset: Dataset) -> None:
        dataset.PatientPosition = "HFP"

    bench.edit_images(change)


def _turned(bench: Bench) -> None:
    """Turn every object by 20 degrees about the patient's long axis: oblique planes everywhere but across it."""
    angle = np.deg2rad(20)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])

    def change(_: int, dataset: Dataset) -> None:
        position = turn @ np.array(dataset.ImagePositionPatient, dtype=float)
        axes = np.array(dataset.ImageOrientationPatient, dtype=float).reshape(2, 3) @ turn.T
        dataset.ImagePositionPatient = [f"{value:.6f}" for value in position]
        dataset.ImageOrientationPatient = [f"{value:.8f}" for value in axes.ravel()]

    bench.edit_images(change)
    with bench.edit("RTDOSE") as dose:
        change(0, dose)
    with bench.edit("RTSTRUCT") as structures:
        for roi in structures.ROIContourSequence:
            for contour in roi.ContourSequence:
                points = np.array(contour.ContourData, dtype=float).reshape(-1, 3) @ turn.T
                contour.ContourData = [f"{value:.5f}" for value in points.ravel()]
    with bench.edit("RTPLAN") as plan:
        first = plan.BeamSequence[0].ControlPointSequence[0]
        centre = turn @ np.array(first.IsocenterPosition, dtype=float)
        first.IsocenterPosition = [f"{value:.4f}" for value in centre]


IMAGES = (
    Oddity("localizer", 18, "note", ("image-localizer",), "a localizer lies in the series of the images", _localizer),
    Oddity(
        "five-series", 18, "note", ("images-unused",), "four series that nothing refers to lie beside", _five_series
    ),
    Oddity(
        "phases-in-one-series",
        19,
        "note",
        ("planes-repeated", "no-image"),
        "two different planes lie in every place of one series: the images are not used",
        _phases_in_one_series,
    ),
    Oddity("plane-twice", 19, "note", ("image-plane-repeated",), "one image plane is there twice", _plane_twice),
    Oddity("plane-missing", 20, "note", ("image-planes-uneven",), "one image plane is missing", _plane_missing),
    Oddity("wrong-thickness", 21, "used", (), "slice thickness and spacing are wrong or absent", _wrong_thickness),
    Oddity("turned", 22, "used", (), "every object is turned by 20 degrees about the long axis", _turned),
    Oddity(
        "skewed-images",
        22,
        "note",
        ("orientation-not-orthonormal", "no-image"),
        "rows and columns of the images are not at right angles: the images are not used",
        _skewed,
    ),
    Oddity(
        "skewed-dose",
        22,
        "refused",
        ("orientation-not-orthonormal",),
        "rows and columns of the dose are not at right angles",
        _skewed_dose,
    ),
    Oddity(
        "position-differs",
        22,
        "note",
        ("position-differs",),
        "plan and images state different patient positions",
        _other_position,
    ),
    Oddity(
        "tilted-gantry",
        23,
        "note",
        ("image-sheared", "no-image"),
        "the planes are shifted sideways, as a tilted gantry leaves them: the images are not used",
        _tilted,
    ),
    Oddity(
        "enhanced-images",
        24,
        "used",
        (),
        "the images are one multi-frame object",
        lambda bench: _enhanced(bench, placed=True),
    ),
    Oddity(
        "enhanced-without-places",
        24,
        "note",
        ("value-missing", "no-image"),
        "the images are one multi-frame object without positions: they are not used",
        lambda bench: _enhanced(bench, placed=False),
    ),
    Oddity("no-images", 25, "note", ("no-image",), "there are no images", _no_images),
)
