"""Plans: prescriptions, fractions, beams."""

from __future__ import annotations

import pytest

import dicom_io


def read_plan(folder, **elements):
    folder.plan(**elements)
    case = dicom_io.read(folder.path)
    return case.plans[0], case


def codes(case):
    return {issue.code for issue in case.issues}


def target(make, number, dose, **elements):
    return make.item(DoseReferenceNumber=number, DoseReferenceType="TARGET", TargetPrescriptionDose=dose, **elements)


def test_plan_as_written(folder):
    plan, case = read_plan(folder)
    assert (plan.label, plan.approval, plan.intent, plan.modality) == ("Plan A", "APPROVED", "CURATIVE", "RTPLAN")
    assert plan.fractions == 5
    assert plan.structure_set_uids == ("1.1.2",)
    assert plan.patient_position == "HFS"
    (prescription,) = plan.prescriptions
    assert (prescription.dose_gy, prescription.fractions, prescription.source) == (50.0, 5, "plan")
    (beam,) = plan.beams
    assert (beam.number, beam.name, beam.radiation, beam.isocentre_mm) == (1, "Arc", "PHOTON", (1.0, 2.0, 3.0))
    assert case.issues == ()


def test_prescription_to_a_point_and_to_a_roi(folder):
    references = [
        target(folder.make, 1, 14.0, DoseReferenceStructureType="VOLUME", ReferencedROINumber=7),
        target(folder.make, 2, 11.3, DoseReferenceStructureType="COORDINATES"),
        folder.make.item(DoseReferenceNumber=3, DoseReferenceType="ORGAN_AT_RISK"),
        target(folder.make, 4, 0.0),
    ]
    plan, case = read_plan(folder, DoseReferenceSequence=references)
    assert [(one.dose_gy, one.target_number, one.source) for one in plan.prescriptions] == [
        (14.0, 7, "plan"),
        (11.3, None, "plan-point"),
    ]
    assert "prescription-zero" in codes(case)


def test_fractions_of_a_prescription_are_those_of_its_group(folder):
    make = folder.make

    def group(number, fractions, reference):
        named = [make.item(ReferencedDoseReferenceNumber=reference)]
        return make.item(
            FractionGroupNumber=number, NumberOfFractionsPlanned=fractions, ReferencedDoseReferenceSequence=named
        )

    plan, _ = read_plan(
        folder,
        DoseReferenceSequence=[target(make, 1, 70.0), target(make, 2, 8.0), target(make, 3, 1.0)],
        FractionGroupSequence=[group(1, 35, 1), group(2, 1, 2)],
    )
    assert plan.fractions is None
    assert [one.fractions for one in plan.prescriptions] == [35, 1, None]


def test_prescription_in_centigray_is_said_not_converted(folder):
    plan, case = read_plan(folder, prescription=5000.0)
    assert plan.prescriptions[0].dose_gy == 5000.0
    assert "prescription-implausible" in codes(case)


def test_plan_without_fractions_or_beams(folder):
    plan, case = read_plan(folder, FractionGroupSequence=[], BeamSequence=[])
    assert plan.fractions is None
    assert {"plan-without-fractions", "plan-without-beams"} <= codes(case)


@pytest.mark.parametrize("isocentre", [[1, 2], [1, 2, 3, 4]])
def test_beam_that_cannot_be_read_is_left_out(folder, isocentre):
    beam = folder.make.item(BeamNumber=2, ControlPointSequence=[folder.make.item(IsocenterPosition=isocentre)])
    plan, case = read_plan(folder, BeamSequence=[beam])
    assert plan.beams == ()
    assert "beam-unreadable" in codes(case)
