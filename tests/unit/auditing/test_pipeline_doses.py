"""Doses that must not be judged: of another kind, a part of the course, one of several plans."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from rtplan.model import Beam, Case, FractionGroup, Measured, Severity, Verdict
from rtplan.pipeline import audit, parse_sheet
from rtplan.study import exit_code

PROTONS = {"modality": "RTIONPLAN", "beams": (Beam(1, radiation="PROTON"),)}
CARBON = {"modality": "RTIONPLAN", "beams": (Beam(1, radiation="ION"),)}
RBE = "[patient]\nrbe = 1.1"


@pytest.fixture
def hip(patient, kit):
    """Return a patient whose ilium is treated, with a nerve plexus far from it."""
    return patient("bone").with_(kit.Box("SacralPlex", (0, 110, 0)))


def test_nothing_in_the_way_is_judged(hip, kit):
    report = hip.audit()
    assert exit_code(report) == 0
    assert {item.verdict for item in kit.of(report, "SacralPlex")} == {Verdict.MET}


@pytest.mark.parametrize(
    ("dose", "plan", "sheet", "code"),
    [
        ({"unit": "relative"}, {}, "", "dose-relative"),
        ({"summation": "BEAM"}, {}, "", "dose-not-plan"),
        ({"summation": "FRACTION"}, {}, "", "dose-not-plan"),
        ({"summation": ""}, {}, "", "dose-not-plan"),
        ({"dose_type": "EFFECTIVE"}, {}, "", "dose-effective"),
        ({"dose_type": "EFFECTIVE"}, {}, RBE, "dose-effective"),
        ({"dose_type": "EFFECTIVE"}, PROTONS, "", "dose-effective"),
        ({"dose_type": "EFFECTIVE"}, PROTONS, "[patient]\nrbe = 1.2", "dose-effective"),
        ({"dose_type": "EFFECTIVE"}, CARBON, RBE, "dose-effective"),
        ({"dose_type": "PHYSICAL"}, PROTONS, "", "dose-physical-ion"),
        ({"dose_type": "PHYSICAL"}, PROTONS, RBE, "dose-physical-ion"),
        ({"dose_type": "ERROR"}, {}, "", "dose-type"),
        ({"dose_type": ""}, {}, "", "dose-type"),
    ],
)
def test_a_dose_of_another_kind_is_not_judged(hip, kit, dose, plan, sheet, code):
    report = hip.but(dose=dose, plan=plan).audit(sheet=sheet)
    assert code in kit.codes(report)
    assert {item.verdict for item in report.findings} == {Verdict.NOT_JUDGED}
    assert exit_code(report) == 3


def test_values_of_a_dose_that_is_not_judged_are_shown(hip, kit):
    report = hip.but(dose={"dose_type": "EFFECTIVE"}).audit()
    assert all(isinstance(item.measured, Measured) for item in kit.of(report, "SacralPlex"))


def test_protons_with_a_stated_rbe_are_judged(hip):
    report = hip.but(dose={"dose_type": "EFFECTIVE"}, plan=PROTONS).audit(sheet=RBE)
    assert exit_code(report) == 0


@pytest.mark.parametrize("share", [1 / 3, 1 / 2, 3.0, 0.01])
def test_a_dose_far_from_the_prescription_is_refused_with_the_ratio(hip, share):
    report = hip.but(dose_share=share).audit()
    (issue,) = [item for item in report.issues if item.code == "dose-not-prescription"]
    assert issue.severity is Severity.REFUSE
    # Half of a ball lies within 0.5^(1/3) of its radius; the bell there, in prescriptions.
    median = 1.4 / (1 + 0.4 * (0.5 / 1.12) ** (4 / 3))
    assert float(re.search(r"is (\S+) times", issue.message)[1]) == pytest.approx(share * median, rel=0.01)
    assert {item.verdict for item in report.findings} == {Verdict.NOT_JUDGED}
    assert exit_code(report) == 3
    assert exit_code(report, fail_on="exceeded") == 3


def test_without_a_dose_nothing_could_run(hip):
    case = Case((replace(hip.treatment(), dose=None),))
    report = audit(case)
    assert [issue.code for issue in report.issues] == ["no-dose"]
    assert exit_code(report) == exit_code(report, fail_on="exceeded") == 4


# --- several plans ----------------------------------------------------------------------------------------


def case_of(*patients, plans=()):
    treatments = tuple(item.treatment() for item in patients)
    own = tuple(item.plan for item in treatments if item.plan)
    return Case(treatments, doses=tuple(item.dose for item in treatments), plans=(*own, *plans))


@pytest.fixture
def second(hip):
    return hip.but(plan={"uid": "9.5", "label": "B"}, dose={"uid": "9.6", "plan_uids": ("9.5",)})


@pytest.mark.parametrize("sheet", ["", '[[course]]\nplans = ["A", "B"]'])
def test_organs_of_several_plans_are_not_judged_one_by_one(hip, second, kit, sheet):
    report = audit(case_of(hip, second), sheet=parse_sheet(sheet))
    assert "several-plans" in kit.codes(report)
    assert [fact.label for fact in report.plans] == ["A", "B"]
    assert {item.verdict for item in kit.of(report, "SacralPlex")} == {Verdict.NOT_JUDGED}
    goals = [item for item in report.findings if item.lesion]
    assert {item.verdict for item in goals} == {Verdict.MET}
    assert exit_code(report) == 3


def test_one_chosen_plan_is_judged(hip, second):
    report = audit(case_of(hip, second), plan="B")
    assert [fact.label for fact in report.plans] == ["B"]
    assert exit_code(report) == 0


def test_a_plan_without_its_dose_may_add_to_the_organs(hip, second, kit):
    case = case_of(hip, plans=(second.treatment().plan,))
    report = audit(case)
    assert {item.verdict for item in kit.of(report, "SacralPlex")} == {Verdict.NOT_JUDGED}
    assert exit_code(report) == 3
    assert exit_code(audit(case, plan="A")) == 0


def test_a_plan_that_no_patient_is_treated_with_adds_nothing(hip, second):
    phantom = replace(second.treatment().plan, intent="VERIFICATION")
    assert exit_code(audit(case_of(hip, plans=(phantom,)))) == 0


def test_a_second_dose_without_structures_counts_as_a_plan(hip, second, kit):
    loose = replace(second.treatment(), structures=None)
    report = audit(Case((hip.treatment(), loose), doses=(loose.dose,)))
    assert "several-plans" in kit.codes(report)
    assert exit_code(report) == 3


# --- fraction counts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "groups",
    [(FractionGroup(1, None),), (), (FractionGroup(1, 3), FractionGroup(2, 5))],
    ids=["unstated", "no group", "groups differ"],
)
def test_without_a_fraction_count_organs_are_shown_and_not_judged(hip, kit, groups):
    report = hip.but(plan={"fraction_groups": groups}).audit()
    plexus = kit.of(report, "SacralPlex")
    assert {item.verdict for item in plexus} == {Verdict.NOT_JUDGED}
    assert all(isinstance(item.measured, Measured) and "fraction" in item.reason for item in plexus)
    assert exit_code(report) == 3


def test_without_a_plan_the_sheet_may_say_everything(hip, kit):
    entry = '[[lesion]]\ntarget = "PTV"\nsite = "bone"\nprescription_gy = 45.0\nfractions = 3'
    bare = hip.but(plan=None)
    assert exit_code(bare.audit()) == 3
    report = bare.audit(sheet=entry)
    assert exit_code(report) == 0
    assert {item.verdict for item in kit.of(report, "SacralPlex")} == {Verdict.MET}
