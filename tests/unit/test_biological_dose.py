"""Biologically effective doses against a table worked out by hand, and the models beyond linear-quadratic."""

from __future__ import annotations

import numpy as np
import pytest

from rtplan.errors import UsageError
from rtplan.radiobiology import bed_gy, effect, eqd2_gy, parameters, repopulated_bed_gy

# Total dose, fractions, BED at alpha/beta 10, 3 and 2 Gy, EQD2 at 10, 3 and 2 Gy; to two decimals.
REGISTRY = [
    (54, 3, 151.20, 378.00, 540.00, 126.00, 226.80, 270.00),
    (60, 3, 180.00, 460.00, 660.00, 150.00, 276.00, 330.00),
    (45, 3, 112.50, 270.00, 382.50, 93.75, 162.00, 191.25),
    (48, 3, 124.80, 304.00, 432.00, 104.00, 182.40, 216.00),
    (51, 3, 137.70, 340.00, 484.50, 114.75, 204.00, 242.25),
    (60, 5, 132.00, 300.00, 420.00, 110.00, 180.00, 210.00),
    (55, 5, 115.50, 256.67, 357.50, 96.25, 154.00, 178.75),
    (50, 5, 100.00, 216.67, 300.00, 83.33, 130.00, 150.00),
    (48, 4, 105.60, 240.00, 336.00, 88.00, 144.00, 168.00),
    (50, 4, 112.50, 258.33, 362.50, 93.75, 155.00, 181.25),
    (40, 4, 80.00, 173.33, 240.00, 66.67, 104.00, 120.00),
    (60, 8, 105.00, 210.00, 285.00, 87.50, 126.00, 142.50),
    (56, 8, 95.20, 186.67, 252.00, 79.33, 112.00, 126.00),
    (70, 10, 119.00, 233.33, 315.00, 99.17, 140.00, 157.50),
    (50, 10, 75.00, 133.33, 175.00, 62.50, 80.00, 87.50),
    (34, 1, 149.60, 419.33, 612.00, 124.67, 251.60, 306.00),
    (30, 1, 120.00, 330.00, 480.00, 100.00, 198.00, 240.00),
    (28, 1, 106.40, 289.33, 420.00, 88.67, 173.60, 210.00),
    (24, 1, 81.60, 216.00, 312.00, 68.00, 129.60, 156.00),
    (22, 1, 70.40, 183.33, 264.00, 58.67, 110.00, 132.00),
    (21, 1, 65.10, 168.00, 241.50, 54.25, 100.80, 120.75),
    (20, 1, 60.00, 153.33, 220.00, 50.00, 92.00, 110.00),
    (18, 1, 50.40, 126.00, 180.00, 42.00, 75.60, 90.00),
    (16, 1, 41.60, 101.33, 144.00, 34.67, 60.80, 72.00),
    (15, 1, 37.50, 90.00, 127.50, 31.25, 54.00, 63.75),
    (14, 1, 33.60, 79.33, 112.00, 28.00, 47.60, 56.00),
    (8, 1, 14.40, 29.33, 40.00, 12.00, 17.60, 20.00),
    (27, 3, 51.30, 108.00, 148.50, 42.75, 64.80, 74.25),
    (24, 3, 43.20, 88.00, 120.00, 36.00, 52.80, 60.00),
    (30, 3, 60.00, 130.00, 180.00, 50.00, 78.00, 90.00),
    (36, 3, 79.20, 180.00, 252.00, 66.00, 108.00, 126.00),
    (24, 2, 52.80, 120.00, 168.00, 44.00, 72.00, 84.00),
    (28, 2, 67.20, 158.67, 224.00, 56.00, 95.20, 112.00),
    (20, 2, 40.00, 86.67, 120.00, 33.33, 52.00, 60.00),
    (25, 5, 37.50, 66.67, 87.50, 31.25, 40.00, 43.75),
    (30, 5, 48.00, 90.00, 120.00, 40.00, 54.00, 60.00),
    (35, 5, 59.50, 116.67, 157.50, 49.58, 70.00, 78.75),
    (40, 5, 72.00, 146.67, 200.00, 60.00, 88.00, 100.00),
    (27.5, 5, 42.62, 77.92, 103.12, 35.52, 46.75, 51.56),
    (42.5, 5, 78.62, 162.92, 223.12, 65.52, 97.75, 111.56),
    (45, 5, 85.50, 180.00, 247.50, 71.25, 108.00, 123.75),
    (37.5, 5, 65.62, 131.25, 178.12, 54.69, 78.75, 89.06),
    (30, 10, 39.00, 60.00, 75.00, 32.50, 36.00, 37.50),
    (25, 10, 31.25, 45.83, 56.25, 26.04, 27.50, 28.12),
    (20, 5, 28.00, 46.67, 60.00, 23.33, 28.00, 30.00),
    (37.5, 15, 46.88, 68.75, 84.38, 39.06, 41.25, 42.19),
    (45, 15, 58.50, 90.00, 112.50, 48.75, 54.00, 56.25),
    (60, 15, 84.00, 140.00, 180.00, 70.00, 84.00, 90.00),
    (67.5, 15, 97.88, 168.75, 219.38, 81.56, 101.25, 109.69),
    (60, 30, 72.00, 100.00, 120.00, 60.00, 60.00, 60.00),
    (60, 12, 90.00, 160.00, 210.00, 75.00, 96.00, 105.00),
    (60, 6, 120.00, 260.00, 360.00, 100.00, 156.00, 180.00),
    (36, 6, 57.60, 108.00, 144.00, 48.00, 64.80, 72.00),
    (48, 6, 86.40, 176.00, 240.00, 72.00, 105.60, 120.00),
]


@pytest.mark.parametrize("row", REGISTRY, ids=lambda row: f"{row[0]:g}/{row[1]}")
def test_the_registry(row):
    dose_gy, fractions, *expected = row
    found = [bed_gy(dose_gy, fractions, alpha_beta_gy=ratio) for ratio in (10, 3, 2)]
    found += [eqd2_gy(dose_gy, fractions, alpha_beta_gy=ratio) for ratio in (10, 3, 2)]
    # The table is rounded to 0.01, halves to either side.
    assert np.array(found) == pytest.approx(expected, abs=0.00501)


@pytest.mark.parametrize(
    ("dose_gy", "fractions", "expected"),
    [(12.4, 1, 44.64), (17, 2, 44.63), (20.3, 3, 44.49), (23, 4, 44.56), (25.3, 5, 44.65), (14, 1, 56.0)],
)
def test_schedules_that_the_optic_pathway_bears_alike(dose_gy, fractions, expected):
    assert float(eqd2_gy(dose_gy, fractions, alpha_beta_gy=2)) == pytest.approx(expected, abs=0.00501)


def test_a_cord_treated_again():
    """30 Gy in 10 before: 12.2 Gy in 2 stays within 70 Gy and half of it, 17 Gy in 2 does not."""
    prior = float(eqd2_gy(30, 10, alpha_beta_gy=2))
    mild, hard = (float(eqd2_gy(dose_gy, 2, alpha_beta_gy=2)) for dose_gy in (12.2, 17))
    assert prior == pytest.approx(37.5)
    assert mild == pytest.approx(24.71, abs=0.00501)
    assert prior + mild == pytest.approx(62.21, abs=0.00501)
    assert mild / (prior + mild) == pytest.approx(0.397, abs=5e-4)
    assert prior + hard == pytest.approx(82.1, abs=0.05)
    assert hard / (prior + hard) == pytest.approx(0.54, abs=5e-3)


@pytest.mark.parametrize(("dose_gy", "fractions", "expected"), [(54, 3, 132.0), (24, 1, 62.0), (48, 4, 104.0)])
def test_lql_goes_on_along_the_tangent(dose_gy, fractions, expected):
    found = effect(dose_gy, fractions, model="lql")
    assert found.bed_gy == pytest.approx(expected)
    assert found.eqd2_gy == pytest.approx(expected / 1.2)
    assert "transition dose of 10 Gy" in found.caveats[0]


@pytest.mark.parametrize(
    ("dose_gy", "fractions", "expected"),
    [(54, 3, 117.8), (60, 3, 132.4), (48, 4, 98.9), (50, 5, 99.4), (60, 5, 123.6), (34, 1, 78.1), (60, 8, 110.6)],
)
def test_the_universal_survival_curve(dose_gy, fractions, expected):
    found = effect(dose_gy, fractions, model="usc")
    assert found.bed_gy == pytest.approx(expected, abs=0.06)
    assert "research only" in found.caveats[0]


@pytest.mark.parametrize(
    ("dose_gy", "fractions", "expected"),
    [(54, 3, 167.0), (60, 3, 199.5), (48, 4, 115.0), (50, 5, 108.1), (60, 5, 143.7), (34, 1, 168.4), (60, 8, 112.3)],
)
def test_lq_with_the_alpha_beta_of_that_curve(dose_gy, fractions, expected):
    assert effect(dose_gy, fractions, alpha_beta_gy=8.6).bed_gy == pytest.approx(expected, abs=0.0501)


@pytest.mark.parametrize("model", ["lq", "lql", "usc"])
def test_every_model_rises_without_a_jump(model):
    sizes = np.linspace(0.01, 30, 3000)
    curve = np.array([effect(float(size), 1, model=model).bed_gy for size in sizes])
    steps = np.diff(curve)
    assert steps.min() > 0
    # No step is larger than the steepest slope of linear-quadratic; the universal curve joins within 0.1 Gy.
    assert steps.max() < 0.01 * (1 + 2 * 30 / 8.6) + 0.1


def test_small_fractions_are_linear_quadratic_in_every_model():
    assert effect(20, 10, model="lql").bed_gy == pytest.approx(float(bed_gy(20, 10, alpha_beta_gy=10)))
    assert effect(20, 10, model="usc").bed_gy == pytest.approx(float(bed_gy(20, 10, alpha_beta_gy=0.33 / 0.038)))
    assert effect(100, 10, model="lql").bed_gy == pytest.approx(float(bed_gy(100, 10, alpha_beta_gy=10)))


@pytest.mark.parametrize("model", ["lq", "lql", "usc"])
def test_every_bed_above_10_gy_a_fraction_says_that_linear_quadratic_is_uncertain(model):
    assert not any("uncertain above" in caveat for caveat in effect(50, 5, model=model).caveats)
    assert any("uncertain above about 10-15 Gy" in caveat for caveat in effect(51, 5, model=model).caveats)


@pytest.mark.parametrize(("days", "lost"), [(0, 0), (28, 0), (31, np.log(2) / 0.35), (40, 4 * np.log(2) / 0.35)])
def test_repopulation_takes_nothing_before_its_onset(days, lost):
    assert repopulated_bed_gy(100.0, days) == pytest.approx(100.0 - lost)


def test_the_universal_curve_says_whose_alpha_beta_eqd2_has():
    assert any("EQD2 uses alpha/beta 10 Gy" in caveat for caveat in effect(54, 3, model="usc").caveats)
    assert not any("EQD2 uses" in caveat for caveat in effect(54, 3, alpha_beta_gy=8.7, model="usc").caveats)


def test_an_effect_says_what_it_holds_for():
    found = effect(54, 3)
    assert (found.dose_gy, found.fractions, found.alpha_beta_gy, found.model) == (54, 3, 10, "lq")
    assert (found.bed_gy, found.eqd2_gy) == pytest.approx((151.2, 126.0))


@pytest.mark.parametrize(
    ("dose_gy", "fractions", "alpha_beta_gy"),
    [
        (0, 3, 10),
        (-1, 3, 10),
        (54, 0, 10),
        (54, 3, 0),
        (54, 3, -2),
        (float("nan"), 3, 10),
        (float("inf"), 3, 10),
        (54, 3, float("nan")),
    ],
)
@pytest.mark.parametrize("model", ["lq", "lql", "usc"])
def test_what_is_no_schedule_is_refused(dose_gy, fractions, alpha_beta_gy, model):
    with pytest.raises(UsageError, match="positive"):
        effect(dose_gy, fractions, alpha_beta_gy=alpha_beta_gy, model=model)


def test_arrays_keep_their_shape():
    dose = np.arange(24, dtype=float).reshape(2, 3, 4)
    assert bed_gy(dose, 5, alpha_beta_gy=3).shape == (2, 3, 4)
    assert eqd2_gy([], 5, alpha_beta_gy=3).shape == (0,)


def test_every_set_of_parameters_names_its_source():
    assert all(entry["cite"] and entry["note"] for entry in parameters().values())
