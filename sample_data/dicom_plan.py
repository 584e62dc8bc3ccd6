"""The plan: a prescription for every target and an arc around each."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import RTPlanStorage

from .dicom_common import Identity, decimals, item, new_object, reference
from .orientation import position_of, turned
from .study import Lesion, Study

__all__ = ["plan_object"]


def plan_object(identity: Identity, structures: Dataset) -> Dataset:
    """Return the plan that was made on the structure set."""
    study = identity.study
    ds = new_object(identity, "RTPLAN", RTPlanStorage)
    ds.InstanceNumber = 1
    ds.RTPlanLabel = study.id.upper()[:16]
    ds.RTPlanDate, ds.RTPlanTime = ds.StudyDate, ds.StudyTime
    ds.PlanIntent = "CURATIVE"
    ds.RTPlanGeometry = "PATIENT"
    ds.ReferencedStructureSetSequence = [reference(structures)]
    ds.DoseReferenceSequence = [
        _prescription(identity, lesion, number) for number, lesion in enumerate(study.lesions, start=1)
    ]
    ds.FractionGroupSequence = [_fractions(study)]
    ds.BeamSequence = [_arc(study, lesion, number) for number, lesion in enumerate(study.lesions, start=1)]
    ds.PatientSetupSequence = [item(PatientPosition=position_of(study.rotation), PatientSetupNumber=1)]
    ds.ApprovalStatus = "UNAPPROVED"
    return ds


def _prescription(identity: Identity, lesion: Lesion, number: int) -> Dataset:
    return item(
        DoseReferenceNumber=number,
        DoseReferenceUID=identity.uid("prescription", lesion.name),
        DoseReferenceStructureType="VOLUME",
        DoseReferenceDescription=lesion.name,
        DoseReferenceType="TARGET",
        ReferencedROINumber=identity.study.number_of(lesion.name),
        TargetPrescriptionDose=decimals([lesion.rx_gy])[0],
    )


def _fractions(study: Study) -> Dataset:
    beams = [item(BeamMeterset="1000", ReferencedBeamNumber=n + 1) for n in range(len(study.lesions))]
    return item(
        FractionGroupNumber=1,
        NumberOfFractionsPlanned=study.fractions,
        NumberOfBeams=len(beams),
        NumberOfBrachyApplicationSetups=0,
        ReferencedBeamSequence=beams,
    )


def _arc(study: Study, lesion: Lesion, number: int) -> Dataset:
    jaws = [("X", [-50.0, 50.0]), ("Y", [-50.0, 50.0])]
    return item(
        BeamLimitingDeviceSequence=[item(RTBeamLimitingDeviceType=name, NumberOfLeafJawPairs=1) for name, _ in jaws],
        TreatmentMachineName="SAMPLE",
        PrimaryDosimeterUnit="MU",
        SourceAxisDistance="1000",
        BeamNumber=number,
        BeamName=f"Arc {number}",
        BeamType="DYNAMIC",
        RadiationType="PHOTON",
        TreatmentDeliveryType="TREATMENT",
        NumberOfWedges=0,
        NumberOfCompensators=0,
        NumberOfBoli=0,
        NumberOfBlocks=0,
        FinalCumulativeMetersetWeight="1",
        NumberOfControlPoints=2,
        ControlPointSequence=[_start(study, lesion, jaws), _end()],
        ReferencedPatientSetupNumber=1,
    )


def _start(study: Study, lesion: Lesion, jaws: list[tuple[str, list[float]]]) -> Dataset:
    centre = np.asarray(lesion.target.extent_mm.mean(axis=0))
    return item(
        ControlPointIndex=0,
        NominalBeamEnergy="6",
        BeamLimitingDevicePositionSequence=[
            item(RTBeamLimitingDeviceType=name, LeafJawPositions=decimals(opening)) for name, opening in jaws
        ],
        GantryAngle="181",
        GantryRotationDirection="CW",
        BeamLimitingDeviceAngle="0",
        BeamLimitingDeviceRotationDirection="NONE",
        PatientSupportAngle="0",
        PatientSupportRotationDirection="NONE",
        TableTopEccentricAngle="0",
        TableTopEccentricRotationDirection="NONE",
        TableTopVerticalPosition="",
        TableTopLongitudinalPosition="",
        TableTopLateralPosition="",
        IsocenterPosition=decimals(turned(centre, study.rotation)),
        CumulativeMetersetWeight="0",
    )


def _end() -> Dataset:
    return item(ControlPointIndex=1, GantryAngle="179", GantryRotationDirection="NONE", CumulativeMetersetWeight="1")
