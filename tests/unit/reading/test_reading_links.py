"""What belongs together: by reference, by the only candidate, or not at all."""

from __future__ import annotations

import pytest

import dicom_io
from rtplan.errors import InputError
from rtplan.model import Severity


def read(folder):
    return dicom_io.read(folder.path)


def issues_of(case, code):
    return [issue for issue in case.issues if issue.code == code]


def test_two_plans_keep_apart(folder):
    for n in ("1", "2"):
        folder.structures(uid=f"1.1.2.{n}")
        folder.plan(uid=f"1.1.1.{n}", structures=f"1.1.2.{n}")
        folder.dose(uid=f"1.1.3.{n}", plan=f"1.1.1.{n}")
    case = read(folder)
    pairs = {(one.dose.uid[-1], one.plan.uid[-1], one.structures.uid[-1]) for one in case.treatments}
    assert pairs == {("1", "1", "1"), ("2", "2", "2")}


def test_dose_to_structures_without_a_plan(folder):
    folder.structures()
    folder.dose(plan="", structures="1.1.2")
    (treatment,) = read(folder).treatments
    assert treatment.plan is None
    assert treatment.evidence == ("dose -> structure set: by reference",)


def test_only_candidate_is_taken_and_said(folder):
    folder.structures(uid="1.1.2.7")
    folder.plan(structures="")
    folder.dose(plan="")
    case = read(folder)
    (treatment,) = case.treatments
    assert treatment.plan is not None
    assert treatment.structures is not None
    assert all("only one in the same frame" in phrase for phrase in treatment.evidence)
    assert {issue.severity for issue in issues_of(case, "link-guessed")} == {Severity.NOTE}


def test_reference_that_leads_nowhere_is_a_warning(folder):
    folder.structures(uid="1.1.2.7")
    folder.plan(structures="1.1.2")
    folder.dose()
    case = read(folder)
    assert case.treatments[0].structures.uid == "1.1.2.7"
    (issue,) = issues_of(case, "link-guessed")
    assert issue.severity is Severity.WARN


def test_of_several_candidates_none_is_taken(folder):
    folder.structures(uid="1.1.2.7")
    folder.structures(uid="1.1.2.8")
    folder.dose(plan="")
    case = read(folder)
    assert case.treatments[0].structures is None
    assert issues_of(case, "link-ambiguous")


def test_plan_of_another_dose_is_no_candidate(folder):
    folder.structures()
    folder.plan()
    folder.dose()
    folder.dose(uid="1.1.3.9", plan="1.1.1.9")
    case = read(folder)
    plans = {one.dose.uid: one.plan for one in case.treatments}
    assert plans["1.1.3"] is not None
    assert plans["1.1.3.9"] is None


def test_candidate_in_another_frame_is_none(folder):
    folder.structures(uid="1.1.2.7", frame="1.8")
    folder.dose(plan="")
    case = read(folder)
    assert case.treatments[0].structures is None
    assert issues_of(case, "link-missing")


def test_frames_that_differ_are_not_linked(folder):
    folder.structures(frame="1.8")
    folder.plan()
    folder.dose()
    case = read(folder)
    assert case.treatments[0].structures is None
    assert issues_of(case, "frame-mismatch")[0].severity is Severity.WARN


def test_image_in_another_frame_is_not_used(folder):
    folder.slice(0, FrameOfReferenceUID="1.8")
    folder.slice(5, FrameOfReferenceUID="1.8")
    folder.structures()
    case = read(folder)
    assert case.treatments[0].image is None
    assert case.structure_sets[0].plane_spacing_mm is None
    assert issues_of(case, "frame-mismatch")


def test_dose_and_plan_that_name_different_structure_sets(folder):
    folder.structures()
    folder.structures(uid="1.1.2.7")
    folder.plan()
    folder.dose(structures="1.1.2.7")
    case = read(folder)
    assert case.treatments[0].structures is None
    assert issues_of(case, "link-conflict")


def test_beam_doses_beside_the_plan_dose_make_no_treatment(folder):
    folder.structures()
    folder.plan()
    folder.dose()
    for n in (1, 2):
        folder.dose(uid=f"1.1.3.{n}", DoseSummationType="BEAM")
    case = read(folder)
    assert [one.dose.uid for one in case.treatments] == ["1.1.3"]
    assert len(case.doses) == 3
    assert "2" in issues_of(case, "dose-partial")[0].message


@pytest.mark.parametrize("summation", ["BEAM", "FRACTION", ""])
def test_partial_dose_alone_is_a_treatment_with_a_warning(folder, summation):
    folder.structures()
    folder.plan()
    folder.dose(DoseSummationType=summation)
    case = read(folder)
    (treatment,) = case.treatments
    assert treatment.dose.summation == summation
    assert issues_of(case, "dose-not-plan")[0].severity is Severity.WARN


def test_dose_of_errors_makes_no_treatment(folder):
    folder.structures()
    folder.plan()
    folder.dose(DoseType="ERROR")
    case = read(folder)
    assert [one.dose for one in case.treatments] == [None]
    assert issues_of(case, "dose-of-errors")


def test_sum_of_plans_names_no_single_plan(folder):
    folder.structures()
    folder.plan(uid="1.1.1.1")
    folder.plan(uid="1.1.1.2")
    both = [folder.make.reference("1.1.1.1"), folder.make.reference("1.1.1.2")]
    folder.dose(DoseSummationType="MULTI_PLAN", ReferencedRTPlanSequence=both)
    (treatment,) = read(folder).treatments
    assert treatment.plan is None
    assert treatment.structures is not None
    assert "the sum of 2 plans" in treatment.evidence[0]


def test_two_doses_of_one_plan_are_said(folder):
    folder.structures()
    folder.plan()
    folder.dose()
    folder.dose(uid="1.1.3.2")
    case = read(folder)
    assert len(case.treatments) == 2
    assert issues_of(case, "doses-for-one-plan")


def test_structure_set_without_dose_is_a_treatment(folder):
    folder.structures()
    folder.plan()
    (treatment,) = read(folder).treatments
    assert treatment.dose is None
    assert treatment.structures is not None
    assert treatment.plan is not None


def test_two_patients_are_refused_by_count(folder):
    folder.structures()
    folder.structures(uid="1.1.2.7", patient="P2", SeriesInstanceUID="1.7.7")
    with pytest.raises(InputError, match="2 patients") as error:
        read(folder)
    assert "P2" not in str(error.value)


def test_patient_identifiers_that_differ_within_a_chain_are_not_linked(folder):
    folder.structures()
    folder.plan(patient="P2")
    folder.dose()
    case = read(folder)
    (treatment,) = case.treatments
    assert treatment.plan is None
    (issue,) = issues_of(case, "patients-differ")
    assert issue.severity is Severity.REFUSE
    assert "P2" not in repr(case)


def test_objects_without_patient_id_are_taken_with_a_note(folder):
    folder.structures(patient="")
    folder.plan()
    folder.dose()
    case = read(folder)
    assert case.treatments[0].structures is not None
    assert issues_of(case, "patient-missing")
