"""The structure set: every shape as the rings it leaves in the image planes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import RTStructureSetStorage

from .dicom_common import Identity, item, new_object, put_decimals, reference
from .lattice import image_lattice
from .orientation import Matrix, turned
from .study import Shape

__all__ = ["structure_object"]

Array = NDArray[np.float64]

_COLOURS = {"PTV": "255\\0\\0", "GTV": "255\\128\\0", "EXTERNAL": "0\\255\\0"}

# The study management class of old: still the one that a structure set's reference to a study has to name.
_DETACHED_STUDY = "1.2.840.10008.3.1.2.3.1"


def structure_object(identity: Identity, images: list[Dataset]) -> Dataset:
    """Return the structure set that was drawn on the images, one image an entry of the lattice's z."""
    study = identity.study
    ds = new_object(identity, "RTSTRUCT", RTStructureSetStorage)
    ds.InstanceNumber = 1
    ds.StructureSetLabel = "SAMPLE"
    ds.StructureSetDate, ds.StructureSetTime = ds.StudyDate, ds.StudyTime
    ds.ReferencedFrameOfReferenceSequence = [_frame(ds, images)]
    ds.StructureSetROISequence = [_roi(ds, shape, n) for n, shape in enumerate(study.shapes, start=1)]
    z = image_lattice(study).axes_mm[2]
    ds.ROIContourSequence = [
        _contours(shape, number, z, images, study.rotation) for number, shape in enumerate(study.shapes, start=1)
    ]
    ds.RTROIObservationsSequence = [_observation(shape, n) for n, shape in enumerate(study.shapes, start=1)]
    ds.ApprovalStatus = "UNAPPROVED"
    return ds


def _frame(ds: Dataset, images: list[Dataset]) -> Dataset:
    series = item(
        SeriesInstanceUID=images[0].SeriesInstanceUID,
        ContourImageSequence=[reference(image) for image in images],
    )
    study = item(
        ReferencedSOPClassUID=_DETACHED_STUDY,
        ReferencedSOPInstanceUID=ds.StudyInstanceUID,
        RTReferencedSeriesSequence=[series],
    )
    return item(FrameOfReferenceUID=ds.FrameOfReferenceUID, RTReferencedStudySequence=[study])


def _roi(ds: Dataset, shape: Shape, number: int) -> Dataset:
    return item(
        ROINumber=number,
        ReferencedFrameOfReferenceUID=ds.FrameOfReferenceUID,
        ROIName=shape.name,
        ROIGenerationAlgorithm="AUTOMATIC",
    )


def _contours(shape: Shape, number: int, z_mm: Array, images: list[Dataset], rotation: Matrix) -> Dataset:
    drawn = [
        _contour(ring, z, image, rotation)
        for z, image in zip(z_mm.tolist(), images, strict=True)
        for ring in shape.solid.rings(z)
    ]
    colour = _COLOURS.get(shape.role, "0\\128\\255")
    return item(ROIDisplayColor=colour, ContourSequence=drawn, ReferencedROINumber=number)


def _contour(ring: Array, z_mm: float, image: Dataset, rotation: Matrix) -> Dataset:
    points = np.column_stack([ring, np.full(len(ring), z_mm)])
    contour = item(
        ContourImageSequence=[reference(image)],
        ContourGeometricType="CLOSED_PLANAR",
        NumberOfContourPoints=len(points),
    )
    put_decimals(contour, "ContourData", turned(points, rotation))
    return contour


def _observation(shape: Shape, number: int) -> Dataset:
    return item(
        ObservationNumber=number,
        ReferencedROINumber=number,
        RTROIInterpretedType=shape.role,
        ROIInterpreter="",
    )
