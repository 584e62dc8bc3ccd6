"""What governs: protocols by site and fraction count, required organs, packs that the user chose."""

from __future__ import annotations

import pytest

from constraints.protocol import protocols
from rtplan.model import Measured, Prescription, Verdict
from rtplan.study import exit_code

REQUIRED = {
    "liver": "Liver Stomach Duodenum Bowel_Small Colon Kidney_Cortex SpinalCord",
    "lung": "Lungs SpinalCord Esophagus Heart Rib",
    "brain": "Brainstem OpticChiasm OpticNrv_L OpticNrv_R",
    "spine": "SpinalCord",
    "adrenal": "Liver Stomach Duodenum Bowel_Small Colon Kidney_Cortex SpinalCord",
}


def by_constraint(report):
    return {item.constraint: item for item in report.findings if item.metric == "contoured"}


@pytest.mark.parametrize("site", ["liver", "lung", "spine", "adrenal", "bone"])
def test_a_whole_patient_passes(plain_reports, site):
    report = plain_reports(site)
    assert by_constraint(report) == {}
    assert exit_code(report) == 0


@pytest.mark.parametrize("site", REQUIRED)
def test_every_required_organ_that_is_missing_is_said(patient, site):
    organs = REQUIRED[site].split()
    fractions = 1 if site == "brain" else 3
    entry = f'[[lesion]]\ntarget = "PTV"\nsite = "{site}"'
    report = patient(site, fractions=fractions).without(*organs).audit(sheet=entry)
    missing = by_constraint(report)
    for organ in organs:
        assert [item for item in missing.values() if organ in item.structure.split("|")], organ
    assert {item.verdict for item in missing.values()} == {Verdict.NOT_JUDGED}
    assert all(item.governs for item in missing.values())
    assert report.verdict in {Verdict.NOT_JUDGED, Verdict.INDETERMINATE}
    assert exit_code(report) == 3


def test_one_missing_organ_is_enough(patient):
    report = patient("liver").without("Duodenum").audit()
    assert list(by_constraint(report)) == ["required-duodenum"]
    assert exit_code(report) == 3


def test_an_organ_that_no_row_is_about_does_not_stand_for_the_required_one(patient, kit):
    wall = kit.Box("Chestwall_L", (-70, 110, 0), (14, 8, 10))
    report = patient("lung").without("Rib").with_(wall).audit()
    (missing,) = by_constraint(report).values()
    assert "the limits are for Rib, and Chestwall_L cannot stand for it" in missing.reason
    assert exit_code(report) == 3


@pytest.mark.parametrize(("dose_gy", "verdict", "code"), [(None, Verdict.MET, 0), (40.0, Verdict.NOT_JUDGED, 3)])
def test_the_bowel_may_show_that_its_parts_are_spared_and_nothing_else(patient, kit, dose_gy, verdict, code):
    bowel = kit.Box("Bowel", (-56, 110, 0), dose_gy=dose_gy)
    report = patient("liver").without("Bowel_Small", "Colon").with_(bowel).audit()
    for part in ("Bowel_Small", "Colon"):
        assert {item.verdict for item in kit.of(report, part)} == {verdict}
        assert all(f"Bowel stands in for {part} (conservative)" in item.note for item in kit.of(report, part))
    assert exit_code(report) == code


@pytest.mark.parametrize("fractions", [6, 7, 12])
def test_a_count_that_no_table_has_is_not_judged(patient, fractions):
    report = patient("bone", fractions=fractions).audit()
    assert f"no protocol of the site bone has a column for {fractions} fractions" in {
        item.reason.partition(": ")[2] for item in report.findings if item.reason
    }
    assert exit_code(report) == 3


@pytest.mark.parametrize("site", ["brain", "lung", "liver", "spine", "adrenal", "bone"])
def test_every_site_has_a_protocol_for_every_column(site):
    counts = [
        count for item in protocols() if (item.site, item.technique) == (site, "focal") for count in item.fractions
    ]
    assert sorted(counts) == [1, 2, 3, 4, 5, 8, 10, 15, 20, 30]


def test_an_unknown_site_is_not_judged(patient):
    report = patient("bone").audit(sheet='[[lesion]]\ntarget = "PTV"\nsite = "elbow"')
    assert report.verdict is Verdict.NOT_JUDGED


def test_rows_beside_do_not_decide(patient, kit):
    # Less than 1 cc of cord at 17 Gy in 3: within TG-101's 18 Gy, beyond the 15.9 Gy of the table beside it.
    cord = kit.Box("SpinalCord", (-126, 110, 0), (4, 4, 6), dose_gy=17.0)
    report = patient("lung").with_(cord).audit()
    (own,) = kit.of(report, "SpinalCord", pack="tg101-2010", metric="D0.35cc")
    (other,) = kit.of(report, "SpinalCord", governs=False, pack="timmerman-2021", metric="D0.35cc")
    assert (own.verdict, other.verdict) == (Verdict.MET, Verdict.EXCEEDED)
    assert exit_code(report) != 1


# --- the airway -------------------------------------------------------------------------------------------

CENTRAL = {"Trachea": (0, 40, 0), "Bronchus_Main": (0, 24, 0), "Esophagus": (28, 40, 0), "GreatVes": (-28, 40, 0)}


@pytest.fixture
def central(patient, kit):
    """Return a lung lesion in 5 fractions of 10 Gy with the airway 8 mm behind it."""
    boxes = [kit.Box(name, (x, y + 8, z), dose_gy=30.0) for name, (x, y, z) in CENTRAL.items()]
    airway = kit.Box("Bronchus_Main", (0, 32, 0), (8, 8, 10))
    return patient("lung", fractions=5, targets=(kit.Target(rx_gy=50.0),)).with_(*boxes, airway)


def test_central_lesions_in_five_fractions_go_by_share_of_the_prescription(central, kit):
    report = central.audit()
    rows = kit.of(report, "Trachea|Bronchus_Main", pack="nccn-rtog-max")
    assert [item.limit for item in rows] == ["< 105 %Rx"]
    assert rows[0].verdict is not Verdict.NOT_JUDGED
    assert {item.pack for item in kit.of(report, "Esophagus")} == {"nccn-rtog-max"}
    assert not kit.of(report, "Trachea|Bronchus_Main", pack="tg101-2010")


def test_a_lesion_far_from_the_airway_goes_by_the_common_table(patient, kit):
    report = patient("lung", fractions=5).audit()
    assert {item.pack for item in kit.of(report, "Trachea|Bronchus_Main")} == {"tg101-2010"}
    assert exit_code(report) == 0


def test_a_share_of_the_prescription_needs_one_prescription(central, kit):
    targets = (kit.Target(rx_gy=50.0), kit.Target("PTV_2", (-60, 0, 0), rx_gy=40.0))
    report = central.but(targets=targets).audit()
    (row,) = kit.of(report, "Trachea|Bronchus_Main", pack="nccn-rtog-max")
    assert row.verdict is Verdict.NOT_JUDGED
    assert "prescription" in row.reason


def test_vessels_are_required_beside_a_central_lesion_only(central, patient):
    assert "required-greatves" in by_constraint(central.without("GreatVes").audit())
    assert "required-greatves" not in by_constraint(patient("lung").without("GreatVes").audit())


def test_without_an_airway_nobody_knows_whether_a_lesion_is_central(patient):
    bare = patient("lung").without("Trachea", "Bronchus_Main")
    report = bare.audit()
    assert list(by_constraint(report)) == ["required-proxbronchialtree-trachea-bronchus_main"]
    assert exit_code(report) == 3
    assert exit_code(bare.audit(sheet="[patient]\ncentral = false")) == 0


def test_an_airway_of_two_sides_counts(patient, kit):
    sides = [kit.Box(f"Bronchus_{side}", (x, 32, 0)) for side, x in (("L", 12), ("R", -12))]
    report = patient("lung").without("Bronchus_Main", "Trachea", "GreatVes").with_(*sides).audit()
    assert "required-greatves" in by_constraint(report)


# --- rows that depend on what the study does not say ------------------------------------------------------


def test_lung_rows_that_depend_on_sex_need_the_sheet_to_say_it(patient, kit):
    lung = patient("lung", fractions=4)
    unknown = [item for item in kit.of(lung.audit(), "Lungs") if "sex" in (item.reason or "")]
    assert unknown
    assert {item.verdict for item in unknown} == {Verdict.NOT_JUDGED}
    said = lung.audit(sheet='[patient]\nsex = "female"')
    assert not [item for item in kit.of(said, "Lungs") if "sex" in (item.reason or "")]
    critical = [item for item in kit.of(said, "Lungs") if item.metric.startswith("CV")]
    assert critical
    assert len(critical) < len([item for item in unknown if item.metric.startswith("CV")])


# --- two fractions to the spine ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["SpinalCord", "ThecalSac"])
def test_either_structure_of_sc24_is_enough(patient, kit, name):
    back = patient("spine", fractions=2, targets=(kit.Target(rx_gy=24.0),)).without("SpinalCord")
    report = back.with_(kit.Box(name, (0, 110, 0))).audit()
    assert by_constraint(report) == {}
    rows = [item for item in report.findings if item.governs and item.pack == "spine-sc24"]
    assert [item.verdict for item in rows] == [Verdict.MET]
    assert exit_code(report) == 0


@pytest.mark.parametrize("name", ["SpinalCord", "ThecalSac"])
def test_seventeen_gray_in_two_is_the_end(patient, kit, name):
    back = patient("spine", fractions=2, targets=(kit.Target(rx_gy=24.0),)).without("SpinalCord")
    report = back.with_(kit.Box(name, (0, 110, 0), dose_gy=18.0)).audit()
    rows = [item for item in report.findings if item.governs and item.pack == "spine-sc24"]
    assert [item.verdict for item in rows] == [Verdict.EXCEEDED]
    assert exit_code(report) == 1


def test_the_cord_itself_has_its_own_limit_in_two_fractions(patient, kit):
    back = patient("spine", fractions=2, targets=(kit.Target(rx_gy=24.0),)).irradiated("SpinalCord", 18.0)
    (row,) = kit.of(back.audit(), "SpinalCord", pack="hytec-2021")
    assert row.verdict is Verdict.EXCEEDED
    assert row.limit == "<= 17 Gy"


# --- packs that the user chose ----------------------------------------------------------------------------

OWN = """
format = 1
id = "{id}"
title = "Own limits"
site = "bone"
status = "draft"
edition = 2026-01-15

[[constraint]]
id = "plexus"
structure = "SacralPlex"
require = "D0.035cc <= {limit} Gy"
cite = "our clinic"
trust = "V1"

[[constraint]]
id = "bladder"
structure = "Bladder"
require = "Dmax <= 30 Gy"
cite = "our clinic"
trust = "V1"
"""


@pytest.fixture
def own(tmp_path):
    def written(limit):
        path = tmp_path / "own.toml"
        path.write_text(OWN.format(id="own", limit=limit), encoding="utf-8")
        return str(path)

    return written


@pytest.fixture
def hip(patient, kit):
    plexus = kit.Box("SacralPlex", (0, 110, 0), dose_gy=26.0)
    return patient("bone").with_(plexus, kit.Box("Bladder", (60, 110, 0)))


def test_a_file_of_the_users_own_governs(hip, own, kit):
    assert exit_code(hip.audit()) == 1
    report = hip.audit([own(30)])
    assert {item.constraint: item.verdict for item in kit.governing(report)} == {
        "plexus": Verdict.MET,
        "bladder": Verdict.MET,
    }
    assert {"packs-chosen", "protocol-overridden"} <= kit.codes(report)
    assert exit_code(report) == 0
    assert exit_code(hip.audit([own(20)])) == 1


def test_a_file_of_the_users_own_is_asked_whole(hip, own, kit):
    report = hip.without("Bladder").audit([own(30)])
    (row,) = kit.of(report, "Bladder")
    assert row.verdict is Verdict.NOT_JUDGED
    assert exit_code(report) == 3


def test_a_shipped_table_governs_the_organs_that_are_there(hip, kit):
    report = hip.without("Bladder").audit(["timmerman-2021"])
    names = {item.structure for item in kit.governing(report)}
    assert names == {"SacralPlex"}
    assert {item.pack for item in kit.governing(report)} == {"timmerman-2021"}


def test_a_pack_with_no_row_for_the_plan_judges_nothing(hip):
    report = hip.audit(["ha-wbrt-cc001"])
    assert report.verdict is Verdict.NOT_JUDGED
    assert exit_code(report) == 3


def test_rows_by_target_volume_are_put_to_every_target(patient, kit):
    targets = (kit.Target("PTV_1", (-50, 0, 0)), kit.Target("PTV_2", (50, 0, 0)))
    report = patient("lung", targets=targets).audit(["rtog0813-0915-conformity"])
    assert {item.lesion for item in kit.governing(report) if item.metric == "R50"} == {"PTV_1", "PTV_2"}


def test_every_finding_of_a_lesion_refers_to_its_own_prescription(patient, kit):
    targets = (kit.Target("PTV_1", (-50, 0, 0), rx_gy=45.0), kit.Target("PTV_2", (50, 0, 0), rx_gy=30.0))
    report = patient("liver", targets=targets).audit()
    goals = {item.lesion: item for item in kit.governing(report) if item.metric == "D98%"}
    assert {name: goal.bound for name, goal in goals.items()} == pytest.approx({"PTV_1": 40.5, "PTV_2": 27.0})
    assert all(isinstance(goal.measured, Measured) for goal in goals.values())


def test_a_lesion_without_a_prescription_is_not_judged(patient):
    report = patient("bone", prescriptions=(Prescription(45.0, target_number=9),)).audit()
    assert exit_code(report) == 3
