"""Metrics on constructed curves: critical volumes, twins, bounds for what lies outside, and every "no"."""

from __future__ import annotations

import numpy as np
import pytest

from rtplan.dvh import DVH
from rtplan.dvh.compute import CAUSE_CONTOUR
from rtplan.dvh.curves import Variant, merged_samples
from rtplan.metrics.measure import CAUSE_OUTSIDE, RESOLUTION, Reach, measure, spread
from rtplan.metrics.notation import parse
from rtplan.model import Measured, NotMeasured


def of(dose_gy, volume_cc, **kinds):
    """Samples of one reading."""
    return merged_samples(dose_gy, {"best": volume_cc}, best="best", **kinds)["best"]


def curve(*knots, count=4000):
    """A curve through (volume above in cc, dose in Gy), straight in between, hottest first."""
    volumes, doses = np.array(knots, dtype=float).T
    cell = volumes[-1] / count
    middles = (np.arange(count) + 0.5) * cell
    extremes = (float(doses[-1]), float(doses[0]))
    return of(np.interp(middles, volumes, doses), np.full(count, cell), extremes_gy=extremes)


def value(samples, text, **facts):
    found = measure(DVH(samples), parse(text), **facts)
    assert isinstance(found, Measured), found
    return found.value


LINE = curve((0, 40), (100, 0))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dmax", 40), ("Dmin", 0), ("Dmean", 20), ("D50%", 20), ("D95%", 2), ("D2%", 39.2), ("D25cc", 30), ("D0cc", 40),
        ("D100%", 0), ("V10Gy", 75), ("V10Gy[cc]", 75), ("V0Gy[cc]", 100), ("V41Gy", 0), ("CV30cc", 12), ("CV30%", 12),
        ("CV10Gy[cc]", 25), ("CV10Gy", 25), ("Volume", 100), ("gEUD(a=1)", 20), ("gEUD(a=2)", 40 / np.sqrt(3)),
        ("D95%[%]", 10), ("V50%", 75), ("V50%[cc]", 75), ("CV50%[cc]", 25), ("Dmax[%]", 200),
    ],
)  # fmt: skip
def test_a_straight_line(text, expected):
    """D(v) = 40 Gy (1 - v / 100 cc), prescribed 20 Gy."""
    assert value(LINE, text, prescription_gy=20) == pytest.approx(expected, abs=1e-5)


# A critical volume asks what is spared: at least v cc below the dose. Hot volume at 21.5 Gy is the trap.


def test_liver_of_1200_cc_with_650_cc_above_fails_the_critical_volume():
    liver = curve((0, 45), (650, 21.5), (1200, 0))
    assert value(liver, "V21.5Gy[cc]") == pytest.approx(650, abs=0.2)
    assert value(liver, "CV21.5Gy[cc]") == pytest.approx(550, abs=0.2)
    assert value(liver, "CV21.5Gy[cc]") < 700
    assert value(liver, "CV700cc") > 21.5
    # The two wrong readings: D700cc holds below, and so does V21.5Gy < 700 cc.
    assert value(liver, "D700cc") < 21.5
    assert value(liver, "V21.5Gy[cc]") < 700


def test_liver_of_1500_cc_with_600_cc_above_meets_the_critical_volume():
    liver = curve((0, 45), (600, 21.5), (1500, 0))
    assert value(liver, "CV700cc") < 21.5
    assert value(liver, "CV21.5Gy[cc]") == pytest.approx(900, abs=0.3)


def test_lungs_of_3500_cc_are_spared_1500_cc_where_2000_cc_are_hotter():
    lungs = curve((0, 50), (3500, 0))
    assert value(lungs, "CV1500cc") == pytest.approx(value(lungs, "D2000cc"))
    assert value(lungs, "CV1500cc") < value(lungs, "D1500cc")


@pytest.mark.parametrize("dose_gy", [5.0, 17.1, 33.0])
def test_the_two_forms_of_a_critical_volume_agree(dose_gy):
    spared = value(LINE, f"CV{dose_gy}Gy[cc]")
    assert value(LINE, f"CV{spared:.9f}cc") == pytest.approx(dose_gy, abs=1e-4)


# Biological twins: the metric of the converted distribution.


def eqd2(dose_gy, fractions, alpha_beta):
    return dose_gy * (dose_gy / fractions + alpha_beta) / (2 + alpha_beta)


@pytest.mark.parametrize("text", ["D50%", "D25cc", "Dmax", "D95%", "CV30cc"])
def test_the_twin_of_a_dose_at_a_volume_is_the_converted_dose(text):
    plain = value(LINE, text)
    assert value(LINE, f"EQD2(3){{{text}}}", fractions=5) == pytest.approx(eqd2(plain, 5, 3), rel=1e-4)
    assert value(LINE, f"BED(10){{{text}}}", fractions=5) == pytest.approx(plain * (1 + plain / 50), rel=1e-4)


def test_the_twin_of_a_mean_is_the_mean_of_the_converted_doses():
    """Uniform over 0-40 Gy: the mean of D is 20, of D^2 is 1600/3."""
    expected = (1600 / 3 / 5 + 3 * 20) / 5
    assert value(LINE, "EQD2(3){Dmean}", fractions=5) == pytest.approx(expected, rel=1e-5)
    assert expected > eqd2(20, 5, 3) * 1.1


def test_the_twin_of_a_volume_counts_converted_doses():
    level = eqd2(30, 5, 3)
    assert value(LINE, f"EQD2(3){{V{level}Gy[cc]}}", fractions=5) == pytest.approx(25, abs=1e-3)
    assert value(LINE, f"EQD2(3){{CV{level}Gy[cc]}}", fractions=5) == pytest.approx(75, abs=1e-3)


def test_two_gray_fractions_are_their_own_eqd2():
    even = of(np.full(10, 60.0), np.ones(10))
    assert value(even, "EQD2(3){Dmean}", fractions=30) == pytest.approx(60)


# gEUD


@pytest.mark.parametrize("exponent", [-1000, -40, -10, -1, 0.5, 1, 8, 40, 1000])
def test_geud_of_an_even_dose_is_that_dose(exponent):
    even = of(np.full(10, 17.0), np.ones(10))
    assert value(even, f"gEUD(a={exponent})") == pytest.approx(17)


@pytest.mark.parametrize("exponent", [2.0, 8.0, 20.0])
def test_geud_of_a_straight_line(exponent):
    assert value(LINE, f"gEUD(a={exponent})") == pytest.approx(40 * (1 / (exponent + 1)) ** (1 / exponent), rel=1e-3)


def test_geud_runs_to_the_extremes_and_a_cold_spot_ruins_a_target():
    assert value(LINE, "gEUD(a=1000)") == pytest.approx(40, rel=0.01)
    cold = of(np.array([60.0] * 99 + [0.0]), np.ones(100))
    for exponent in (-10, -40, -400):
        assert value(cold, f"gEUD(a={exponent})") == pytest.approx(0, abs=1e-6)


# What lies outside the dose grid: between nothing and the largest dose on a face.


def test_volume_outside_the_grid_bounds_the_answer():
    """90 cc on a line from 40 to 4 Gy, 10 cc unknown, at most 8 Gy."""
    dvh = DVH(curve((0, 40), (90, 4)), outside_cc=10.0, face_gy=8.0)
    hot = measure(dvh, parse("V5Gy[cc]"))
    assert (hot.low, hot.high) == pytest.approx((87.5, 97.5), rel=1.1 * RESOLUTION)
    assert hot.causes == (CAUSE_OUTSIDE,)
    share = measure(dvh, parse("V5Gy"))
    # Of the known part 97.2 % receive as much; unknown, the rest makes it 87.5 to 97.5 %.
    assert (share.low, share.high) == pytest.approx((87.5, 97.5), abs=5e-2)
    assert share.low <= share.value <= share.high
    cold = measure(dvh, parse("CV5Gy[cc]"))
    assert (cold.low, cold.high) == pytest.approx((2.5, 12.5), abs=1e-2)
    assert measure(dvh, parse("Dmin")).low == 0
    assert measure(dvh, parse("Volume")).value == pytest.approx(100)


def test_a_hot_metric_does_not_care_what_lies_outside():
    dvh = DVH(curve((0, 40), (90, 4)), outside_cc=10.0, face_gy=8.0)
    for text, expected in (("D1cc", 39.6), ("Dmax", 40)):
        found = measure(dvh, parse(text))
        assert (found.low, found.high) == pytest.approx((expected, expected), rel=1.1 * RESOLUTION)
        assert CAUSE_OUTSIDE not in found.causes


def test_a_bound_is_the_worst_case_and_no_ramp_towards_it():
    """90 cc receive 50 Gy, 10 cc are unknown: any volume beyond 90 cc may receive nothing, or 55 Gy."""
    dvh = DVH(curve((0, 50.001), (90, 50)), outside_cc=10.0, face_gy=55.0)
    for text in ("D90.1cc", "D91cc", "D94cc", "D99%", "D91%"):
        assert measure(dvh, parse(text)).low == pytest.approx(0, abs=1e-6), text
    for text in ("D0.1cc", "D9.9cc", "D2%"):
        assert measure(dvh, parse(text)).high == pytest.approx(55), text
    assert measure(dvh, parse("V52Gy[cc]")).high == pytest.approx(10, abs=0.02)


def test_a_dose_on_the_face_above_all_others_may_be_the_maximum():
    dvh = DVH(curve((0, 40), (90, 4)), outside_cc=10.0, face_gy=44.0)
    assert measure(dvh, parse("Dmax")).high == 44
    assert measure(dvh, parse("D5cc")).high == 44


def test_coverage_of_a_target_that_leaves_the_grid_may_be_nothing():
    dvh = DVH(curve((0, 60), (90, 50)), outside_cc=10.0, face_gy=55.0)
    found = measure(dvh, parse("D95%"))
    assert found.low == 0
    assert found.value > 50


# "No" is a value.


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("D100.1cc", "too_small", "the structure has 100 cc, less than the 100.1 cc asked for"),
        ("D700cc", "too_small", "less than the 700 cc asked for"),
        ("CV700cc", "cannot_be_spared", "700 cc of it cannot be spared"),
        ("V95%", "", "no prescription is known"),
        ("D95%[%]", "", "no prescription is known"),
        ("EQD2(3){D95%}", "", "no fraction count is known"),
    ],
)
def test_a_metric_without_a_value_says_why(text, code, words):
    found = measure(DVH(LINE), parse(text))
    assert isinstance(found, NotMeasured)
    assert found.code == code
    assert words in found.reason
    assert found.unit == parse(text).unit


def test_the_whole_volume_is_not_too_small():
    total = LINE.total_cc
    assert value(LINE, f"D{total!r}cc") == pytest.approx(0)
    assert value(LINE, f"CV{total!r}cc") == pytest.approx(40)


def test_volume_outside_the_grid_counts_as_volume_of_the_structure():
    """95 cc are asked of 90 known and 10 unknown: not too small, but open to the bottom."""
    found = measure(DVH(curve((0, 40), (90, 4)), outside_cc=10.0, face_gy=8.0), parse("D95cc"))
    assert isinstance(found, Measured)
    assert found.low == 0


def test_a_structure_wholly_outside_has_a_volume_and_nothing_else():
    nothing = DVH(of(np.zeros(0), np.zeros(0)), outside_cc=3.0, face_gy=1.0)
    assert measure(nothing, parse("Volume")).value == 3.0
    for text in ("Dmax", "Dmean", "D95%", "V20Gy", "gEUD(a=2)", "CV1cc", "D100cc"):
        found = measure(nothing, parse(text), prescription_gy=50, fractions=5)
        assert isinstance(found, NotMeasured), text
        assert "no part of the structure lies inside the dose grid" in found.reason


def test_a_plan_index_is_not_asked_of_a_curve():
    with pytest.raises(ValueError, match="measured on a plan"):
        measure(DVH(LINE), parse("GI"), prescription_gy=20)


# Intervals


def test_each_cause_reaches_as_far_as_its_widest_choice_and_the_widest_cause_comes_first():
    variants = (
        Variant("ends", curve((0, 41), (100, 0))),
        Variant("dose", curve((0, 37), (100, 0))),
        Variant("none", LINE),
    )
    found = measure(DVH(LINE, variants), parse("Dmax"))
    assert (found.low, found.value, found.high) == pytest.approx((37, 40, 41), rel=1.1 * RESOLUTION)
    assert found.causes == ("dose", "ends")


def test_independent_causes_add_in_quadrature():
    found = spread(40.0, [Reach("a", 43.0), Reach("b", 44.0), Reach("b", 42.0), Reach("c", 40.0)], "Gy")
    assert (found.low, found.high) == pytest.approx((40, 45), rel=1.1 * RESOLUTION)
    assert found.causes == ("b", "a")


def test_a_share_counts_to_both_sides():
    found = spread(40.0, [Reach("dose", 38.0, 0.5)], "Gy")
    assert (found.low, found.high) == pytest.approx((39, 41), rel=1e-4)
    both = spread(40.0, [Reach(CAUSE_CONTOUR, 42.0)], "Gy")
    assert (both.low, both.high) == pytest.approx((38, 42), rel=1e-4)


@pytest.mark.parametrize("text", ["V10Gy", "V10Gy[cc]", "CV10Gy", "CV10Gy[cc]", "Dmin", "D95%", "D100%", "gEUD(a=-20)"])
def test_an_interval_stays_within_what_can_be(text):
    """All receives 10 Gy by one reading, a tenth does not by another: no interval leaves 0 to 100 % or 0 Gy."""
    whole, partly = curve((0, 12), (100, 10)), curve((0, 12), (90, 10), (100, 0))
    for best, other in ((whole, partly), (partly, whole)):
        found = measure(DVH(best, (Variant("dose", other, 0.5), Variant("ends", other))), parse(text))
        assert found.low >= 0
        if "V" in text:
            assert found.high <= 100 + 1e-9


def test_a_value_without_alternatives_is_known_to_the_cells_resolution():
    found = spread(3.0, [], "Gy")
    assert found.value == 3
    assert 2.99 < found.low <= 3 <= found.high < 3.01
    assert found.causes == ()
    assert spread(0.0, [], "Gy") == Measured(0.0, 0.0, 0.0, "Gy")


def test_the_place_is_that_of_the_sample_that_decides():
    doses = np.linspace(10, 40, 301)
    samples = of(doses, np.ones(301), locate=lambda numbers: np.column_stack([doses[numbers]] * 3))
    dvh = DVH(samples)
    assert measure(dvh, parse("Dmax")).where_mm == (40, 40, 40)
    assert measure(dvh, parse("D50%")).where_mm == pytest.approx((25, 25, 25), abs=0.11)
    assert measure(dvh, parse("V30Gy")).where_mm == pytest.approx((30, 30, 30), abs=0.11)
    assert measure(dvh, parse("V60%"), prescription_gy=50).where_mm == pytest.approx((30, 30, 30), abs=0.11)
    assert measure(dvh, parse("EQD2(3){D50%}"), fractions=5).where_mm == pytest.approx((25, 25, 25), abs=0.11)
    assert measure(dvh, parse("Dmean")).where_mm is None
