"""Which targets count as lesions, where they lie, what was prescribed to them."""

from __future__ import annotations

import pytest

from rtplan.model import Prescription, Structure, Verdict
from rtplan.study import exit_code


@pytest.fixture
def two(patient, kit):
    """Return a patient with two targets in the ilium, 45 Gy and 40 Gy."""
    home = kit.Box("Bone_Ilium_L", (0, 0, 0), (60, 22, 22))
    targets = (kit.Target("PTV_1", (-34, 0, 0)), kit.Target("PTV_2", (34, 0, 0), rx_gy=40.0))
    return patient("bone", targets=targets).with_(home)


def lesions(report):
    return {item.name: (item.prescription_gy, item.fractions) for item in report.lesions}


def ball(kit, number, name, centre=(0, 0, 0), *, role="PTV", radius=16.0):
    return Structure(number, name, role, kit.ball(centre, radius))


def test_each_target_has_the_prescription_that_names_it(two):
    report = two.audit()
    assert lesions(report) == {"PTV_1": (45.0, 3), "PTV_2": (40.0, 3)}
    assert exit_code(report) == 0


def test_a_union_of_targets_is_no_lesion_of_its_own(two, kit):
    union = Structure(50, "PTV_ALL", "PTV", (*kit.ball((-34, 0, 0)), *kit.ball((34, 0, 0))))
    report = two.but(drawn=(union,)).audit()
    assert set(lesions(report)) == {"PTV_1", "PTV_2"}
    assert "target-union" in kit.codes(report)


def test_a_boost_inside_a_larger_target_is_a_lesion_too(patient, kit):
    report = patient("bone", drawn=(ball(kit, 50, "PTV_boost", radius=9.0),)).audit()
    assert set(lesions(report)) == {"PTV", "PTV_boost"}


@pytest.mark.parametrize("kind", ["GTV", "ITV", "CTV"])
def test_without_a_ptv_the_next_class_stands_for_the_lesion(patient, kit, kind):
    report = patient("bone", targets=(kit.Target(kind, role=kind),)).audit()
    assert set(lesions(report)) == {kind}
    assert "no-ptv" in kit.codes(report)


def test_an_empty_ptv_does_not_hide_the_gtv(patient, kit):
    empty = Structure(50, "PTV", "PTV", ())
    report = patient("bone", targets=(kit.Target("GTV", role="GTV"),), drawn=(empty,)).audit()
    assert set(lesions(report)) == {"GTV"}


def test_no_target_at_all_is_not_judged(patient, kit):
    report = patient("bone", targets=(kit.Target("Something", role="ORGAN"),)).audit()
    assert report.verdict is Verdict.NOT_JUDGED
    assert "no-target" in kit.codes(report)
    assert exit_code(report) == 3


def test_two_targets_of_one_name_are_both_judged(two, kit):
    twins = tuple(kit.Target("PTV", item.centre, rx) for item, rx in zip(two.targets, (45.0, 100.0), strict=True))
    shares = (Prescription(45.0, target_number=1), Prescription(100.0, target_number=2))
    report = two.but(targets=twins, prescriptions=shares).audit()
    assert set(lesions(report)) == {"PTV (ROI 1)", "PTV (ROI 2)"}
    d95 = {item.lesion: item.measured.value for item in report.findings if item.metric == "D95%"}
    assert d95["PTV (ROI 2)"] / d95["PTV (ROI 1)"] == pytest.approx(100 / 45, rel=0.02)
    conformity = [one.value.value for item in report.lesions for one in item.readings if one.metric == "MDPD"]
    assert conformity == pytest.approx([1.4, 1.4], rel=0.02)


# --- prescriptions ----------------------------------------------------------------------------------------


def test_the_only_prescription_without_a_target_holds_for_every_lesion(two, kit):
    report = two.but(prescriptions=(Prescription(40.0),)).audit()
    assert lesions(report) == {"PTV_1": (40.0, 3), "PTV_2": (40.0, 3)}
    assert "prescription-shared" in kit.codes(report)


def test_several_prescriptions_without_a_target_are_ambiguous(two, kit):
    report = two.but(prescriptions=(Prescription(45.0), Prescription(40.0))).audit()
    assert lesions(report) == {"PTV_1": (None, 3), "PTV_2": (None, 3)}
    assert "prescription-ambiguous" in kit.codes(report)
    assert exit_code(report) == 3


def test_a_prescription_to_another_target_is_not_borrowed(two, kit):
    report = two.but(prescriptions=(Prescription(45.0, target_number=1),)).audit()
    assert lesions(report) == {"PTV_1": (45.0, 3), "PTV_2": (None, 3)}
    assert "prescription-missing" in kit.codes(report)
    assert exit_code(report) == 3


def test_a_prescription_to_the_gtv_of_a_lesion_is_its_own(two, kit):
    gtv = ball(kit, 50, "GTV 2", (34, 0, 0), role="GTV", radius=12.0)
    written = (Prescription(45.0, target_number=1), Prescription(40.0, target_number=50))
    assert lesions(two.but(prescriptions=written, drawn=(gtv,)).audit())["PTV_2"] == (40.0, 3)


def test_a_dose_at_a_point_of_the_plan_prescribes_nothing(patient, kit):
    report = patient("bone", prescriptions=(Prescription(45.0, source="plan-point"),)).audit()
    assert lesions(report) == {"PTV": (None, 3)}
    assert "prescription-missing" in kit.codes(report)
    goal = next(item for item in report.findings if item.metric == "D95%")
    assert goal.verdict is Verdict.NOT_JUDGED


# --- the sheet --------------------------------------------------------------------------------------------

ENTRY = '[[lesion]]\ntarget = "{}"\nsite = "bone"\nprescription_gy = {}\nfractions = 5\n'


def test_the_sheet_decides_lesions_sites_and_prescriptions(two):
    report = two.audit(sheet=ENTRY.format("PTV_1", 42.0))
    (lesion,) = report.lesions
    assert (lesion.name, lesion.site, lesion.prescription_gy, lesion.fractions) == ("PTV_1", "bone", 42.0, 5)
    assert "from the sheet" in lesion.evidence


def test_a_lesion_of_the_sheet_that_is_not_there_is_not_judged(two, kit):
    report = two.audit(sheet=ENTRY.format("PTV_1", 45.0) + ENTRY.format("PTV_9", 45.0))
    assert "sheet-target" in kit.codes(report)
    assert report.verdict is Verdict.NOT_JUDGED
    assert exit_code(report) == 3


def test_a_lesion_of_another_plan_is_left_to_that_plan(two):
    there = ENTRY.format("PTV_1", 45.0) + 'plan = "A"\n'
    elsewhere = ENTRY.format("PTV_2", 40.0) + 'plan = "B"\n'
    assert set(lesions(two.audit(sheet=there + elsewhere))) == {"PTV_1"}


def test_differing_fraction_counts_leave_organs_unjudged(two, kit):
    organ = kit.Box("SpinalCord", (0, 110, 0))
    sheet = ENTRY.format("PTV_1", 45.0) + ENTRY.format("PTV_2", 40.0).replace("= 5", "= 3")
    report = two.with_(organ).audit(sheet=sheet)
    cords = kit.of(report, "SpinalCord")
    assert cords
    assert {item.verdict for item in cords} == {Verdict.NOT_JUDGED}


# --- sites ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("site", ["liver", "lung", "brain", "spine", "adrenal", "bone"])
def test_a_site_is_read_from_where_the_target_lies(plain_reports, site):
    (lesion,) = plain_reports(site).lesions
    assert lesion.site == site
    assert "% of it lies in" in lesion.evidence


def test_no_organ_around_a_target_leaves_its_site_open(patient, kit):
    report = patient("bone").without("Bone_Ilium_L").audit()
    assert report.lesions[0].site is None
    assert "site-open" in kit.codes(report)
    assert exit_code(report) == 3


def test_a_target_shared_by_two_sites_is_left_open(patient, kit):
    report = patient("bone").with_(kit.Box("Liver", (0, 0, 0), (60, 60, 60))).audit()
    assert report.lesions[0].site is None
    assert report.verdict is Verdict.NOT_JUDGED


@pytest.mark.parametrize(("drawn", "protocol"), [((), "wbrt"), (("Hippocampus_L", "Hippocampus_R"), "ha-wbrt")])
def test_a_target_that_fills_the_brain_is_whole_brain_treatment(patient, kit, drawn, protocol):
    brain = kit.Box("Brain", (0, 0, 0), (24, 24, 24))
    organs = [kit.Box(name, (9 if name.endswith("L") else -9, 0, 0), (4, 4, 6)) for name in drawn]
    target = kit.Target("PTV_Brain", rx_gy=30.0, radius_mm=28.0, peak=1.1)
    report = patient("brain", fractions=10, targets=(target,)).with_(brain, *organs).audit()
    assert [item.protocol for item in report.lesions] == [protocol]
