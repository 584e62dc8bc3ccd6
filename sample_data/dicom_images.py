"""The image series: one CT or MR object a plane, painted with the value of the shape at each pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, MRImageStorage

from .dicom_common import Identity, decimals, directions, new_object
from .lattice import Lattice, image_lattice
from .orientation import position_of, turned
from .study import Shape, Study

__all__ = ["image_objects"]

Pixels = NDArray[np.int16]

_CT_OFFSET = -1024
_AIR = -1000
_TARGETS = {"PTV", "GTV"}
_BODY_PARTS = {
    "brain": "HEAD",
    "spine": "CHEST",
    "lung": "CHEST",
    "liver": "ABDOMEN",
    "adrenal": "ABDOMEN",
    "bone": "PELVIS",
}


def image_objects(identity: Identity) -> list[Dataset]:
    """Return the planes of the series, in the order of the lattice's z."""
    study = identity.study
    lattice = image_lattice(study)
    volume = _painted(study, lattice)
    return [_plane(identity, lattice, index, volume[:, :, index]) for index in range(lattice.shape[2])]


def _painted(study: Study, lattice: Lattice) -> Pixels:
    """Paint the shapes in their order; targets keep what lies under them."""
    volume = np.full(lattice.shape, _AIR if study.modality == "CT" else 0, dtype=np.int16)
    for shape in study.shapes:
        if shape.role not in _TARGETS:
            _paint(volume, lattice, shape)
    return volume


def _paint(volume: Pixels, lattice: Lattice, shape: Shape) -> None:
    low, high = shape.solid.extent_mm
    near = tuple(slice(*np.searchsorted(axis, (low[i], high[i] + 1e-9))) for i, axis in enumerate(lattice.axes_mm))
    axes = [axis[part] for axis, part in zip(lattice.axes_mm, near, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    volume[near][shape.solid.inside(points)] = shape.value


def _plane(identity: Identity, lattice: Lattice, index: int, pixels: Pixels) -> Dataset:
    study = identity.study
    is_ct = study.modality == "CT"
    ds = new_object(identity, study.modality, CTImageStorage if is_ct else MRImageStorage, str(index))
    ds.InstanceNumber = index + 1
    ds.AcquisitionNumber = 1
    ds.ContentDate, ds.ContentTime = ds.StudyDate, ds.StudyTime
    ds.BodyPartExamined = _BODY_PARTS[study.site]
    ds.PatientPosition = position_of(study.rotation)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL" if is_ct else "OTHER"]
    _place(ds, study, lattice, index)
    _describe_ct(ds) if is_ct else _describe_mr(ds)
    _store(ds, pixels.T - (_CT_OFFSET if is_ct else 0))
    return ds


def _place(ds: Dataset, study: Study, lattice: Lattice, index: int) -> None:
    x, y, z = lattice.axes_mm
    ds.ImagePositionPatient = decimals(turned(np.array([x[0], y[0], z[index]]), study.rotation))
    ds.ImageOrientationPatient = directions(study.rotation)
    ds.PixelSpacing = decimals([y[1] - y[0], x[1] - x[0]])
    ds.SliceThickness = decimals([study.sampling.plane_mm])[0]


def _describe_ct(ds: Dataset) -> None:
    ds.KVP = "120"
    ds.RescaleIntercept = str(_CT_OFFSET)
    ds.RescaleSlope = "1"
    ds.RescaleType = "HU"


def _describe_mr(ds: Dataset) -> None:
    ds.ScanningSequence = "GR"
    ds.SequenceVariant = "SP"
    ds.ScanOptions = ""
    ds.MRAcquisitionType = "3D"
    ds.RepetitionTime = "8"
    ds.EchoTime = "3"
    ds.EchoTrainLength = "1"


def _store(ds: Dataset, pixels: NDArray[np.integer]) -> None:
    """Store rows and columns as unsigned 16-bit integers."""
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.Rows, ds.Columns = pixels.shape
    ds.BitsAllocated = ds.BitsStored = 16
    ds.HighBit = 15
    ds.PixelRepresentation = 0
    ds.PixelData = pixels.astype("<u2").tobytes()
