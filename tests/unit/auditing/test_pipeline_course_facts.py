"""What the sheet says and rules depend on: sex, disease, an earlier course, a resected organ, who governs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from constraints.judge import Measurement, judge, judge_constraint
from constraints.pack import load_pack
from rtplan.dvh import Models
from rtplan.errors import SheetError
from rtplan.geometry import Fineness
from rtplan.metrics.notation import parse
from rtplan.model import Contour, Measured, Structure, Verdict
from rtplan.pipeline import parse_sheet
from rtplan.pipeline.anatomy import Anatomy, named_structures
from rtplan.pipeline.measuring import Measurer
from rtplan.pipeline.overlap import best_despite_overlap
from rtplan.pipeline.sides import split_by_side
from rtplan.radiobiology import eqd2_gy
from rtplan.study import exit_code

COARSE = Models(fineness=Fineness(2.0, 4_000))


# --- the sheet --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ('sex = "unknown"', "patient sex: one of female, f, male, m"),
        ('disease = "benign"', "patient disease: one of metastasis, primary"),
        ('prior_irradiation = "yes"', "patient prior_irradiation: true or false"),
        ("central = 1", "patient central: true or false"),
        ("prior_eqd2_gy = -3", "patient prior_eqd2_gy: a number from 0"),
        ("months_since_prior = true", "patient months_since_prior: a number from 0"),
        ("native_cc = 1500", "patient native_cc: a table of volumes"),
    ],
)
def test_a_fact_in_other_words_than_the_rules_use_is_refused(said, fault):
    with pytest.raises(SheetError, match=fault):
        parse_sheet(f"[patient]\n{said}")


def test_facts_are_kept_in_the_words_of_the_rules():
    facts = parse_sheet('[patient]\nsex = "M"\ndisease = "Primary"\nward = "7"').patient
    assert facts == {"sex": "male", "disease": "primary", "ward": "7"}


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("packs = 3", "settings packs: a list of texts"),
        ('ultracentral = ["Kord"]', "settings ultracentral: 'Kord' is no standard name"),
        ("pack = []", "settings: unknown key 'pack'"),
    ],
)
def test_settings_are_checked(said, fault):
    with pytest.raises(SheetError, match=fault):
        parse_sheet(f"[settings]\n{said}")


def test_the_sheet_takes_over_the_governing_place(patient, kit):
    report = (
        patient("bone").with_(kit.Box("SacralPlex", (0, 110, 0))).audit(sheet='[settings]\npacks = ["timmerman-2021"]')
    )
    assert {item.pack for item in kit.governing(report)} == {"timmerman-2021"}
    said = {issue.code: issue.message for issue in report.issues}
    assert said["packs-from-sheet"] == "the sheet chose what governs: timmerman-2021"


# --- an earlier course ------------------------------------------------------------------------------------

REIRRADIATION = load_pack("spine-reirradiation-hytec")


@pytest.mark.parametrize(
    ("dose_gy", "total", "of_course", "share"),
    [
        # After 30 Gy in 10 (37.50): 11.5 Gy in 2 gives 22.28, 17 Gy in 2 gives 44.63.
        (11.5, (59.78, Verdict.MET), (22.28, Verdict.MET), (0.373, Verdict.MET)),
        (17.0, (82.13, Verdict.EXCEEDED), (44.63, Verdict.EXCEEDED), (0.543, Verdict.EXCEEDED)),
    ],
)
def test_an_earlier_course_counts(patient, kit, dose_gy, total, of_course, share):
    sac = kit.Box("ThecalSac", (0, 110, 0), dose_gy=dose_gy)
    back = patient("spine", fractions=2, targets=(kit.Target(rx_gy=24.0),)).with_(sac)
    facts = "prior_irradiation = true\nprior_eqd2_gy = 37.5\nmonths_since_prior = 6"
    report = back.audit(sheet=f"[patient]\n{facts}")
    rows = {item.metric: item for item in kit.governing(report) if item.pack == REIRRADIATION.id}
    for metric, (value, verdict) in {
        "EQD2(2){Dmax} + prior": total,
        "EQD2(2){Dmax}": of_course,
        "EQD2(2){Dmax} / total": share,
    }.items():
        # A painted box: the dose at its edge runs a little over.
        assert rows[metric].measured.value == pytest.approx(value, rel=0.02)
        assert rows[metric].verdict is verdict
    assert rows["MonthsSincePrior"].verdict is Verdict.MET
    assert not [item for item in report.findings if item.pack == "hytec-2021" and item.structure == "SpinalCord"]
    assert (exit_code(report) == 1) == (total[1] is Verdict.EXCEEDED)


@pytest.mark.parametrize(
    ("dose_gy", "total", "share"), [(12.2, 62.21, 0.397), (17.0, 82.13, 0.543)], ids=["meets", "fails"]
)
def test_the_doses_of_both_courses_are_joined(dose_gy, total, share):
    of_course = float(eqd2_gy(dose_gy, 2, alpha_beta_gy=2.0))
    facts = {"prior_irradiation": True, "prior_eqd2_gy": float(eqd2_gy(30.0, 10, alpha_beta_gy=2.0))}
    found = judge(
        REIRRADIATION,
        lambda _row, _metric: [Measurement("sac", Measured(of_course, of_course, of_course, "Gy"))],
        fractions=2,
        facts=facts,
    )
    values = {item.metric: item.measured.value for item in found if isinstance(item.measured, Measured)}
    assert values["EQD2(2){Dmax} + prior"] == pytest.approx(total, abs=0.01)
    assert values["EQD2(2){Dmax} / total"] == pytest.approx(share, abs=5e-4)


def test_an_earlier_course_of_unknown_dose_is_not_judged(patient, kit):
    back = patient("spine").with_(kit.Box("ThecalSac", (0, 110, 0)))
    report = back.audit(sheet="[patient]\nprior_irradiation = true")
    rows = {item.metric: item for item in kit.governing(report) if item.pack == REIRRADIATION.id}
    assert rows["EQD2(2){Dmax} + prior"].verdict is Verdict.NOT_JUDGED
    assert "prior_eqd2_gy is not known" in rows["EQD2(2){Dmax} + prior"].reason
    assert rows["MonthsSincePrior"].verdict is Verdict.NOT_JUDGED
    assert exit_code(report) == 3


# --- two fractions to the spine ---------------------------------------------------------------------------


def test_converted_limits_stand_beside_and_the_published_ones_govern(patient, kit):
    back = patient("spine", fractions=2, targets=(kit.Target(rx_gy=24.0),))
    report = back.irradiated("SpinalCord", 16.0).audit()
    converted = [item for item in report.findings if "converted, not published" in item.note]
    assert {item.pack for item in converted} == {"tg101-2010"}
    assert not [item for item in converted if item.governs]
    cord = {item.metric: item for item in converted if item.structure == "SpinalCord"}
    assert cord["D0.035cc"].bound == pytest.approx(18.2815, abs=1e-3)
    assert {item.pack for item in kit.governing(report) if item.structure.startswith("SpinalCord")} == {
        "hytec-2021",
        "spine-sc24",
    }


@pytest.mark.parametrize("fractions", [6, 7])
def test_a_count_beyond_the_table_is_not_converted_and_not_judged(patient, kit, fractions):
    report = patient("bone", fractions=fractions).with_(kit.Box("SacralPlex", (0, 110, 0))).audit()
    assert not [item for item in report.findings if item.pack == "tg101-2010"]
    assert exit_code(report) == 3


# --- critical volumes -------------------------------------------------------------------------------------


def judged(patient, organ, cut_mm, doses_gy, row):
    """Judge a row on a box whose part left of a plane gets one dose and the rest another."""
    treatment = patient("bone").but(organs={organ.name: organ}).treatment()
    grid = treatment.dose.grid
    index = np.meshgrid(*[np.arange(count, dtype=float) for count in grid.shape], indexing="ij")
    x_mm = grid.to_patient(np.stack(index[::-1], axis=-1))[..., 0]
    dose = replace(treatment.dose, values=np.where(x_mm < cut_mm, *doses_gy))
    anatomy = Anatomy(replace(treatment, dose=dose), named_structures(treatment.structures, {}), COARSE)
    pack = load_pack(row[0])
    constraint = pack.constraint(row[1])
    (fractions,) = constraint.fractions
    facts = {key: values[0] for key, values in constraint.when.items()}
    (finding,) = judge_constraint(pack, constraint, Measurer(anatomy, (), fractions), fractions=fractions, facts=facts)
    return finding, anatomy


def critical(pack_id, structure, metric, fractions):
    pack = load_pack(pack_id)
    (row,) = [
        item
        for item in pack.constraints
        if (item.structure, str(item.metric), item.fractions) == (structure, metric, {fractions})
        and not item.superseded
    ]
    return pack_id, row.id


def test_a_small_liver_with_much_of_it_hot_has_too_little_left(patient, kit):
    # 1,200 cc with 650 cc at 22 Gy: 550 cc spared, although V21.5Gy is less than 700 cc.
    row = critical("timmerman-2021", "Liver", "CV700cc", 5)
    finding, anatomy = judged(patient, kit.Box("Liver", (0, 0, 0), (60, 50, 50)), 5.0, (22.0, 3.0), row)
    hot = Measurer(anatomy, (), 5)(load_pack(row[0]).constraint(row[1]), parse("V21.5Gy[cc]"))[0].value
    assert 600 < hot.value < 700
    assert finding.verdict is Verdict.EXCEEDED


def test_lungs_are_judged_on_what_is_spared_and_not_on_the_hottest_part(patient, kit):
    # 3,500 cc with 1,750 cc at 13 Gy: D1500cc is 13 Gy, yet 1,750 cc stay below 12.5 Gy.
    row = critical("tg101-2010", "Lungs", "CV1500cc", 5)
    finding, anatomy = judged(patient, kit.Box("Lungs", (0, 0, 0), (140, 78, 40)), 0.0, (13.0, 5.0), row)
    hottest = Measurer(anatomy, (), 5)(load_pack(row[0]).constraint(row[1]), parse("D1500cc"))[0].value
    assert hottest.value > 12.5
    assert finding.verdict is Verdict.MET


def test_a_third_of_an_organ_as_it_was_before_a_resection(patient, kit):
    # 1,200 cc left of 3,000: a third of the native organ is 1,000 cc, and only 900 are spared.
    row = critical("timmerman-2021", "Liver", "CV700cc", 5)
    finding, anatomy = judged(patient, kit.Box("Liver", (0, 0, 0), (60, 50, 50)), -30.0, (22.0, 3.0), row)
    assert finding.verdict is Verdict.MET
    pack = load_pack(row[0])
    (native,) = judge_constraint(
        pack, pack.constraint(row[1]), Measurer(anatomy, (), 5), fractions=5, facts={"native_cc": {"Liver": 3000.0}}
    )
    assert native.verdict is Verdict.EXCEEDED


# --- sides of a pair --------------------------------------------------------------------------------------


def ring(centre, z_mm, radius=5.0):
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    x, y = centre[0] + radius * np.cos(angles), centre[1] + radius * np.sin(angles)
    return Contour(np.column_stack([x, y, np.full(24, z_mm)]))


def pair(*centres):
    return tuple(ring(centre, z) for centre in centres for z in np.arange(-6.0, 7.0, 3.0))


def test_a_pair_is_told_apart_by_the_gap_between_them():
    whole = Structure(7, "Hippocampi", "ORGAN", pair((28, 10), (-30, 12)))
    left, right = split_by_side(whole)
    assert all(item.points_mm[:, 0].min() > 0 for item in left.contours)
    assert all(item.points_mm[:, 0].max() < 0 for item in right.contours)
    assert len(left.contours) + len(right.contours) == len(whole.contours)
    assert len({left.number, right.number, whole.number}) == 3


@pytest.mark.parametrize(
    "contours", [(), pair((0, 0)), pair((3, 0), (-3, 0)), (*pair((28, 0)), ring((-28, 0), 0.0))], ids=len
)
def test_what_shows_no_two_alike_parts_is_not_split(contours):
    assert split_by_side(Structure(7, "Hippocampi", "ORGAN", contours)) is None


def test_a_combined_pair_is_judged_side_by_side(patient, kit):
    # The left one at 14 Gy, the right one at 8.9 Gy: D100% up to 9 Gy is preferred, up to 10 Gy required.
    boxes = [
        kit.Box("Brain", (0, 0, 0), (24, 24, 24)),
        kit.Box("L", (60, 60, 0), (4, 4, 6), dose_gy=14.0),
        kit.Box("R", (-60, 60, 0), (4, 4, 6), dose_gy=8.9),
        *(kit.Box(name, (x, 110, 0)) for name, x in (("OpticChiasm", 0), ("OpticNrv_L", 60), ("OpticNrv_R", -60))),
    ]
    both = Structure(60, "Hippocampi", "ORGAN", tuple(c for box in boxes[1:3] for c in kit.box(box)))
    target = kit.Target("PTV_Brain", rx_gy=30.0, radius_mm=28.0, peak=1.1)
    head = patient("brain", fractions=10, targets=(target,), drawn=(both,)).without("Brainstem").with_(*boxes)
    report = head.audit(sheet='[names]\n"L" = "none"\n"R" = "none"')
    found = {(item.structure, item.metric): item for item in kit.governing(report)}
    assert found["Hippocampus_L", "D100%"].verdict is Verdict.EXCEEDED
    assert found["Hippocampus_R", "D100%"].verdict in {Verdict.MET, Verdict.ACCEPTABLE}
    assert "left side" in found["Hippocampus_L", "D100%"].roi
    assert isinstance(found["Hippocampus_R", "D100%"].measured, Measured)
    assert exit_code(report) == 1


# --- what an overlap allows -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metric", "best"),
    [
        ("Dmax", "45 Gy"), ("D5cc", "45 Gy"), ("D10cc", "0 Gy"), ("Dmean", "5.4 Gy"), ("D10%", "45 Gy"),
        ("V20Gy[cc]", "6 cc"), ("V20Gy[%]", "12 %"), ("V50Gy[cc]", "0 cc"), ("CV45cc", "45 Gy"), ("CV40cc", "0 Gy"),
    ],
)  # fmt: skip
def test_two_levels_of_dose_are_the_best_an_overlap_allows(metric, best):
    # 6 cc of 50 cc at 45 Gy, 44 cc without dose.
    assert best_despite_overlap(parse(metric), 6.0, 50.0, 45.0).endswith(f"would be {best}")


@pytest.mark.parametrize(("overlap", "rx"), [(0.0, 45.0), (6.0, None)])
def test_without_an_overlap_or_a_prescription_nothing_is_said(overlap, rx):
    assert best_despite_overlap(parse("Dmax"), overlap, 50.0, rx) == ""
