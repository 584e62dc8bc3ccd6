"""Writes small DICOM RT objects with pydicom, as crooked as a test asks for."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import ExplicitVRLittleEndian

CT = "1.2.840.10008.5.1.4.1.1.2"
ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"
DOSE = "1.2.840.10008.5.1.4.1.1.481.2"
STRUCTURES = "1.2.840.10008.5.1.4.1.1.481.3"
PLAN = "1.2.840.10008.5.1.4.1.1.481.5"

SQUARE = [[-10, -10], [10, -10], [10, 10], [-10, 10]]


def item(**elements):
    """Make a data set from keywords; a list of data sets becomes a sequence."""
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def reference(uid):
    return item(ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.481.5", ReferencedSOPInstanceUID=uid)


def ring(z, *, kind="CLOSED_PLANAR", points=SQUARE, data=None, count=None):
    """Make one contour; `data` and `count` override what the points say."""
    flat = [value for x, y in points for value in (x, y, z)]
    return item(
        ContourGeometricType=kind,
        NumberOfContourPoints=len(points) if count is None else count,
        ContourData=[str(value) for value in flat] if data is None else data,
    )


def roi(number, name, contours=None, *, role="ORGAN", refers_to=None):
    """Describe one ROI for `Folder.structures`; `contours` None gives it no ROIContour item."""
    refers_to = number if refers_to is None else refers_to
    return SimpleNamespace(number=number, name=name, contours=contours, role=role, refers_to=refers_to)


def cylinder(number, name, *, planes=range(-20, 21, 5), role="ORGAN"):
    return roi(number, name, [ring(z) for z in planes], role=role)


class Folder:
    """A study folder that grows by one file a call; every method takes overrides by keyword."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0

    def write(
        self, dataset, *, uid, sop_class, modality, name="", syntax=ExplicitVRLittleEndian, patient="P1", preamble=True
    ):
        self.count += 1
        path = self.path / (name or f"{self.count:04}.dcm")
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = sop_class
        meta.MediaStorageSOPInstanceUID = uid
        meta.TransferSyntaxUID = syntax
        whole = FileDataset(str(path), dataset, file_meta=meta, preamble=bytes(128))
        for keyword, value in {
            "SOPClassUID": sop_class,
            "SOPInstanceUID": uid,
            "Modality": modality,
            "PatientID": patient,
            "PatientName": "Secret^Name",
            "StudyInstanceUID": "1.2.3",
            "SeriesInstanceUID": f"1.2.3.{modality.encode().hex()[:4]}",
        }.items():
            if keyword not in whole:
                setattr(whole, keyword, value)
        if preamble:
            whole.save_as(path, enforce_file_format=True)
        else:
            dcmwrite(path, Dataset(whole), implicit_vr=True, little_endian=True)
        return path

    def plan(
        self, *, uid="1.1.1", structures="1.1.2", fractions=5, prescription=50.0, patient="P1", name="", **elements
    ):
        dataset = item(
            RTPlanLabel="Plan A",
            ApprovalStatus="APPROVED",
            PlanIntent="CURATIVE",
            FrameOfReferenceUID="1.9",
            ReferencedStructureSetSequence=[reference(structures)] if structures else [],
            DoseReferenceSequence=[
                item(
                    DoseReferenceNumber=1,
                    DoseReferenceType="TARGET",
                    DoseReferenceStructureType="SITE",
                    DoseReferenceDescription="PTV",
                    TargetPrescriptionDose=prescription,
                )
            ],
            FractionGroupSequence=[
                item(
                    FractionGroupNumber=1,
                    NumberOfFractionsPlanned=fractions,
                    ReferencedBeamSequence=[item(ReferencedBeamNumber=1)],
                )
            ],
            BeamSequence=[
                item(
                    BeamNumber=1,
                    BeamName="Arc",
                    RadiationType="PHOTON",
                    TreatmentDeliveryType="TREATMENT",
                    ControlPointSequence=[item(ControlPointIndex=0, IsocenterPosition=[1, 2, 3])],
                )
            ],
            PatientSetupSequence=[item(PatientSetupNumber=1, PatientPosition="HFS")],
        )
        dataset.update(item(**elements))
        return self.write(dataset, uid=uid, sop_class=PLAN, modality="RTPLAN", patient=patient, name=name)

    def structures(
        self,
        rois=None,
        *,
        uid="1.1.2",
        series="1.2.3.4354",
        frame="1.9",
        patient="P1",
        name="",
        preamble=True,
        **elements,
    ):
        rois = [cylinder(1, "PTV", role="PTV"), cylinder(2, "Cord")] if rois is None else rois
        series_item = item(SeriesInstanceUID=series)
        study_item = item(RTReferencedSeriesSequence=[series_item])
        frames = [item(FrameOfReferenceUID=frame, RTReferencedStudySequence=[study_item])] if frame else []
        dataset = item(
            StructureSetLabel="Set",
            ReferencedFrameOfReferenceSequence=frames,
            StructureSetROISequence=[
                item(
                    ROINumber=one.number,
                    ROIName=one.name,
                    **({"ReferencedFrameOfReferenceUID": frame} if frame else {}),
                )
                for one in rois
            ],
            # In the other order: whoever matches by position and not by number is wrong.
            ROIContourSequence=[
                item(ReferencedROINumber=one.refers_to, ContourSequence=one.contours)
                for one in reversed(rois)
                if one.contours is not None
            ],
            RTROIObservationsSequence=[
                item(ObservationNumber=one.number, ReferencedROINumber=one.number, RTROIInterpretedType=one.role)
                for one in reversed(rois)
            ],
        )
        dataset.update(item(**elements))
        return self.write(
            dataset, uid=uid, sop_class=STRUCTURES, modality="RTSTRUCT", patient=patient, name=name, preamble=preamble
        )

    def dose(
        self,
        *,
        uid="1.1.3",
        stored=None,
        bits=16,
        signed=False,
        scaling="0.001",
        offsets=None,
        position=(-30.0, -30.0, -25.0),
        orientation=(1, 0, 0, 0, 1, 0),
        spacing=(3.0, 2.0),
        plan="1.1.1",
        structures=None,
        frame="1.9",
        patient="P1",
        name="",
        syntax=ExplicitVRLittleEndian,
        pixels=None,
        without=(),
        **elements,
    ):
        if stored is None:
            stored = np.arange(4 * 5 * 6).reshape(4, 5, 6) + 1
        dtype = f"<{'i' if signed else 'u'}{bits // 8}"
        raw = stored.astype(dtype).tobytes()
        dataset = item(
            DoseUnits="GY",
            DoseType="PHYSICAL",
            DoseSummationType="PLAN",
            DoseGridScaling=scaling,
            Rows=stored.shape[1],
            Columns=stored.shape[2],
            NumberOfFrames=stored.shape[0],
            SamplesPerPixel=1,
            PhotometricInterpretation="MONOCHROME2",
            BitsAllocated=bits,
            BitsStored=bits,
            HighBit=bits - 1,
            PixelRepresentation=int(signed),
            ImagePositionPatient=list(position),
            ImageOrientationPatient=list(orientation),
            PixelSpacing=list(spacing),
            FrameOfReferenceUID=frame,
            GridFrameOffsetVector=[4.0 * k for k in range(stored.shape[0])] if offsets is None else list(offsets),
            ReferencedRTPlanSequence=[reference(plan)] if plan else [],
            ReferencedStructureSetSequence=[reference(structures)] if structures else [],
            PixelData=raw if pixels is None else pixels,
        )
        dataset.update(item(**elements))
        dataset["PixelData"].VR = "OW"
        for keyword in without:
            delattr(dataset, keyword)
        return self.write(
            dataset, uid=uid, sop_class=DOSE, modality="RTDOSE", patient=patient, name=name, syntax=syntax
        )

    def slice(self, z, *, uid=None, position=None, patient="P1", stored=None, **elements):
        stored = np.full((4, 3), 100 + int(z), dtype="<i2") if stored is None else stored
        dataset = item(
            ImageType=["ORIGINAL", "PRIMARY", "AXIAL"],
            FrameOfReferenceUID="1.9",
            PatientPosition="HFS",
            ImagePositionPatient=[-10.0, -20.0, float(z)] if position is None else list(position),
            ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
            PixelSpacing=[2.0, 1.5],
            SliceThickness=99.0,
            Rows=4,
            Columns=3,
            SamplesPerPixel=1,
            PhotometricInterpretation="MONOCHROME2",
            BitsAllocated=16,
            BitsStored=16,
            HighBit=15,
            PixelRepresentation=1,
            RescaleSlope=2.0,
            RescaleIntercept=-1000.0,
            PixelData=stored.tobytes(),
        )
        dataset.update(item(**elements))
        dataset["PixelData"].VR = "OW"
        instance = uid or f"1.5.{int(z * 10) + 10000}"
        return self.write(dataset, uid=instance, sop_class=CT, modality="CT", patient=patient)

    def enhanced(self, heights, *, uid="1.6.1", patient="P1"):
        stored = np.stack([np.full((4, 3), int(z), dtype="<i2") for z in heights])
        dataset = item(
            FrameOfReferenceUID="1.9",
            Rows=4,
            Columns=3,
            NumberOfFrames=len(heights),
            SamplesPerPixel=1,
            PhotometricInterpretation="MONOCHROME2",
            BitsAllocated=16,
            BitsStored=16,
            HighBit=15,
            PixelRepresentation=1,
            SharedFunctionalGroupsSequence=[
                item(
                    PlaneOrientationSequence=[item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])],
                    PixelMeasuresSequence=[item(PixelSpacing=[2.0, 1.5])],
                    PixelValueTransformationSequence=[item(RescaleSlope=1.0, RescaleIntercept=-10.0)],
                )
            ],
            PerFrameFunctionalGroupsSequence=[
                item(PlanePositionSequence=[item(ImagePositionPatient=[0.0, 0.0, float(z)])]) for z in heights
            ],
            PixelData=stored.tobytes(),
        )
        dataset["PixelData"].VR = "OW"
        return self.write(dataset, uid=uid, sop_class=ENHANCED_CT, modality="CT", patient=patient)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty study folder to write into; `folder.make` holds the builders of its parts."""
    monkeypatch.setattr(pydicom.config.settings, "writing_validation_mode", pydicom.config.IGNORE)
    path = tmp_path / "study"
    path.mkdir()
    made = Folder(path)
    made.make = SimpleNamespace(item=item, ring=ring, roi=roi, cylinder=cylinder, reference=reference)
    return made


@pytest.fixture
def whole_study(folder):
    """Five CT planes, two structures, a plan and its dose, all in order."""
    for z in (-10, -5, 0, 5, 10):
        folder.slice(z)
    folder.structures()
    folder.plan()
    folder.dose()
    return folder
