"""Odd links: frames of reference, references that lead nowhere, several of a kind (rows 9 to 15)."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import UID

from .dicom_common import item
from .oddity import Bench, Oddity

__all__ = ["LINKS"]

_OTHER = "2.25.99900"
_REGISTRATION = "1.2.840.10008.5.1.4.1.1.66.1"
_SHIFT_MM = (4.0, -3.0, 6.0)


def _set_frame(dataset: Dataset, uid: str) -> None:
    """Put a structure set into another frame of reference."""
    dataset.FrameOfReferenceUID = uid
    for frame in dataset.ReferencedFrameOfReferenceSequence:
        frame.FrameOfReferenceUID = uid
    for roi in dataset.StructureSetROISequence:
        roi.ReferencedFrameOfReferenceUID = uid


def _dose_without_frame(bench: Bench) -> None:
    with bench.edit("RTDOSE") as dataset:
        del dataset.FrameOfReferenceUID


def _dose_without_frame_elsewhere(bench: Bench) -> None:
    with bench.edit("RTDOSE") as dataset:
        del dataset.FrameOfReferenceUID
        dataset.ImagePositionPatient = ["900", "900", "900"]


def _structures_frame(bench: Bench) -> None:
    with bench.edit("RTSTRUCT") as dataset:
        _set_frame(dataset, f"{_OTHER}.1")


def _dose_frame(bench: Bench) -> None:
    with bench.edit("RTDOSE") as dataset:
        dataset.FrameOfReferenceUID = f"{_OTHER}.1"


def _new_image_uids(bench: Bench) -> None:
    """As an anonymiser leaves it: images with new UIDs, the RTSTRUCT still names the old ones."""

    def change(index: int, dataset: Dataset) -> None:
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = UID(f"{_OTHER}.2.{index}")
        dataset.SeriesInstanceUID = f"{_OTHER}.3"

    bench.edit_images(change)


def _broken_chain(bench: Bench) -> None:
    with bench.edit("RTDOSE") as dataset:
        dataset.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID = f"{_OTHER}.4"


def _plan_to_nothing(bench: Bench) -> None:
    with bench.edit("RTPLAN") as dataset:
        dataset.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID = f"{_OTHER}.5"


def _conflict(bench: Bench) -> None:
    _second_structures(bench)
    with bench.edit("RTDOSE") as dataset:
        dataset.ReferencedStructureSetSequence = [
            item(
                ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.481.3",
                ReferencedSOPInstanceUID=bench.read("second.dcm").SOPInstanceUID,
            )
        ]


def _second_structures(bench: Bench) -> None:
    dataset = bench.read("RTSTRUCT")
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = UID(f"{_OTHER}.6")
    dataset.StructureSetLabel = "SECOND"
    bench.save(dataset, "second.dcm")


def _ambiguous(bench: Bench) -> None:
    _second_structures(bench)
    with bench.edit("RTPLAN") as dataset:
        del dataset.ReferencedStructureSetSequence


def _second_plan(bench: Bench) -> None:
    plan, dose = bench.read("RTPLAN"), bench.read("RTDOSE")
    plan.SOPInstanceUID = plan.file_meta.MediaStorageSOPInstanceUID = UID(f"{_OTHER}.7")
    plan.RTPlanLabel = "REPLAN"
    dose.SOPInstanceUID = dose.file_meta.MediaStorageSOPInstanceUID = UID(f"{_OTHER}.8")
    dose.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID = plan.SOPInstanceUID
    bench.save(plan, "plan2.dcm")
    bench.save(dose, "dose2.dcm")


def _without_plan(bench: Bench) -> None:
    bench.path("RTPLAN").unlink()
    with bench.edit("RTDOSE") as dataset:
        structures = bench.read("RTSTRUCT")
        dataset.ReferencedStructureSetSequence = [
            item(ReferencedSOPClassUID=structures.SOPClassUID, ReferencedSOPInstanceUID=structures.SOPInstanceUID)
        ]


def _two_prescriptions(bench: Bench) -> None:
    with bench.edit("RTPLAN") as dataset:
        dataset.DoseReferenceSequence.append(
            item(
                DoseReferenceNumber=2,
                DoseReferenceStructureType="VOLUME",
                DoseReferenceType="TARGET",
                ReferencedROINumber=2,
                TargetPrescriptionDose="60",
            )
        )


def _without_target(bench: Bench) -> None:
    with bench.edit("RTPLAN") as dataset:
        del dataset.DoseReferenceSequence


def registration(bench: Bench, matrix: np.ndarray, kind: str = "RIGID") -> Dataset:
    """Return a registration whose matrix takes points of the structure set's frame into the dose's."""
    structures, dose = bench.read("RTSTRUCT"), bench.read("RTDOSE")
    ds = Dataset()
    ds.file_meta = structures.file_meta
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = UID(_REGISTRATION)
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = UID(f"{_OTHER}.9")
    ds.Modality = "REG"
    ds.PatientID, ds.PatientName = structures.PatientID, structures.PatientName
    ds.StudyInstanceUID, ds.SeriesInstanceUID = structures.StudyInstanceUID, f"{_OTHER}.10"
    ds.FrameOfReferenceUID = dose.FrameOfReferenceUID
    ds.RegistrationSequence = [
        _registered(str(dose.FrameOfReferenceUID), np.eye(4), "RIGID"),
        _registered(str(structures.FrameOfReferenceUID), matrix, kind),
    ]
    return ds


def _registered(frame_uid: str, matrix: np.ndarray, kind: str) -> Dataset:
    numbers = [f"{value:.10g}" for value in matrix.ravel()]
    step = item(FrameOfReferenceTransformationMatrixType=kind, FrameOfReferenceTransformationMatrix=numbers)
    return item(FrameOfReferenceUID=frame_uid, MatrixRegistrationSequence=[item(MatrixSequence=[step])])


def _moved_structures(bench: Bench, kind: str) -> None:
    """Contours drawn in another frame, shifted, with the registration that brings them back."""
    with bench.edit("RTSTRUCT") as dataset:
        _set_frame(dataset, f"{_OTHER}.11")
        del dataset.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence
        for roi in dataset.ROIContourSequence:
            for contour in roi.ContourSequence:
                points = np.array(contour.ContourData, dtype=float).reshape(-1, 3) - _SHIFT_MM
                contour.ContourData = [f"{value:.4f}" for value in points.ravel()]
    matrix = np.eye(4)
    matrix[:3, 3] = _SHIFT_MM
    bench.save(registration(bench, matrix, kind), "REG")


LINKS = (
    Oddity(
        "dose-without-frame",
        9,
        "note",
        ("frame-missing",),
        "the RTDOSE names no frame of reference; references and geometry agree",
        _dose_without_frame,
    ),
    Oddity(
        "dose-without-frame-elsewhere",
        9,
        "not_judged",
        ("frame-missing",),
        "the RTDOSE names no frame of reference and lies elsewhere",
        _dose_without_frame_elsewhere,
    ),
    Oddity(
        "structures-frame-differs",
        10,
        "refused",
        ("frame-mismatch",),
        "the RTSTRUCT lies in another frame of reference than images and dose",
        _structures_frame,
    ),
    Oddity(
        "dose-frame-differs",
        10,
        "refused",
        ("frame-mismatch",),
        "the RTDOSE lies in another frame of reference than structures and images",
        _dose_frame,
    ),
    Oddity(
        "registered-frames",
        10,
        "note",
        ("registration-applied",),
        "the RTSTRUCT lies in another frame, and a rigid registration ties it to the dose's",
        lambda bench: _moved_structures(bench, "RIGID"),
    ),
    Oddity(
        "affine-registration",
        10,
        "refused",
        ("registration-unusable", "frame-mismatch"),
        "the only registration between the frames is not rigid",
        lambda bench: _moved_structures(bench, "AFFINE"),
    ),
    Oddity(
        "images-renamed",
        11,
        "note",
        ("link-geometry",),
        "the RTSTRUCT names images that are not there; those that are have its planes",
        _new_image_uids,
    ),
    Oddity(
        "dose-chain-broken",
        12,
        "not_judged",
        ("link-guessed",),
        "the RTDOSE refers to a plan that is not there",
        _broken_chain,
    ),
    Oddity(
        "plan-chain-broken",
        12,
        "not_judged",
        ("link-guessed",),
        "the RTPLAN refers to a structure set that is not there",
        _plan_to_nothing,
    ),
    Oddity(
        "chain-contradicts",
        12,
        "refused",
        ("link-conflict",),
        "the RTDOSE and its RTPLAN refer to two structure sets",
        _conflict,
    ),
    Oddity(
        "two-structure-sets",
        13,
        "refused",
        ("link-ambiguous",),
        "two structure sets could be meant, and nothing refers to either",
        _ambiguous,
    ),
    Oddity(
        "two-plans",
        13,
        "not_judged",
        ("several-plans",),
        "two plans with a dose each lie in the study",
        _second_plan,
    ),
    Oddity(
        "no-plan",
        14,
        "not_judged",
        ("prescription-missing",),
        "there is no RTPLAN, so no prescription and no fractions",
        _without_plan,
    ),
    Oddity(
        "two-prescriptions",
        15,
        "not_judged",
        ("prescription-ambiguous",),
        "the plan prescribes two doses to one target",
        _two_prescriptions,
    ),
    Oddity(
        "no-prescription",
        15,
        "not_judged",
        ("prescription-missing",),
        "the plan prescribes nothing",
        _without_target,
    ),
)
