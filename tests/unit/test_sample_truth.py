"""The quadrature against closed forms and against brute force."""

from __future__ import annotations

import numpy as np
import pytest

from sample_data.fields import Bell, Gradient, Uniform
from sample_data.solids import Box, Ellipsoid, Tube, Union, Without, sphere
from sample_data.truth import common_metrics, extreme_gy, histogram, target_indices

BELL = Bell(sphere((0, 0, 0), 20), 50.0, 70.0, 4.0)


def _radius_mm(volume_cc):
    return (volume_cc * 1000 * 3 / (4 * np.pi)) ** (1 / 3)


@pytest.mark.parametrize("radius", [8.0, 20.0, 75.0])
@pytest.mark.parametrize("share", ["0.035cc", "0.5cc", "1.2cc", "2%", "50%", "95%", "98%"])
def test_dose_at_volume_of_a_ball_in_its_own_bell(radius, share):
    ball = sphere((0, 0, 0), radius)
    value = float(share.rstrip("c%"))
    volume = value if share.endswith("cc") else value / 100 * ball.volume_cc
    exact = float(BELL.dose_gy(np.array([_radius_mm(volume), 0, 0])))
    assert histogram(ball, BELL).dose_at_cc(volume) == pytest.approx(exact, rel=1e-4)


def test_volume_at_dose_is_the_isodose():
    curve = histogram(sphere((0, 0, 0), 60), BELL)
    for level in (10.0, 25.0, 50.0, 65.0):
        assert curve.volume_at_gy(level) == pytest.approx(BELL.isodose(level).volume_cc, rel=1e-3)


def test_a_box_in_a_linear_dose_is_linear():
    box, field = Box((0, 0, 0), (10, 20, 30)), Gradient(10.0, (1.0, 0.0, 0.0))
    curve = histogram(box, field)
    assert (curve.lowest_gy, curve.highest_gy) == pytest.approx((10.0, 20.0))
    assert curve.mean_gy == pytest.approx(15.0, rel=1e-4)
    assert curve.dose_at_cc(0.25 * 6) == pytest.approx(17.5, rel=1e-4)
    assert curve.volume_at_gy(12.0) == pytest.approx(4.8, rel=1e-3)


def test_an_organ_beside_the_target_agrees_with_counting_points():
    cord = Tube((31, 5), (5, 5), -60, 60)
    low, high = cord.extent_mm
    axes = [
        np.linspace(low[i], high[i], n, endpoint=False) + (high[i] - low[i]) / (2 * n)
        for i, n in enumerate((60, 60, 720))
    ]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    dose = np.sort(BELL.dose_gy(points[cord.inside(points)]))[::-1]
    curve = histogram(cord, BELL)
    for volume in (0.35, 1.2, 3.0):
        counted = dose[round(volume / cord.volume_cc * len(dose))]
        assert curve.dose_at_cc(volume) == pytest.approx(counted, rel=2e-3)


def test_parts_and_holes_keep_their_volume():
    pair = Union((sphere((-40, 0, 0), 10), sphere((40, 0, 0), 10)))
    field = Gradient(50.0, (0.5, 0.0, 0.0))
    assert histogram(pair, field).dose_at_cc(pair.volume_cc / 2) == pytest.approx(50.0, abs=15.5)
    shell = Without(sphere((0, 0, 0), 20), (sphere((0, 0, 0), 10),))
    middle = float(BELL.dose_gy(np.array([(20**3 - (20**3 - 10**3) / 2) ** (1 / 3), 0, 0])))
    assert histogram(shell, BELL).dose_at_cc(shell.volume_cc / 2) == pytest.approx(middle, rel=1e-3)


def test_extremes_lie_on_the_surface_or_inside():
    off = sphere((30, 0, 0), 5)
    assert extreme_gy(off, BELL, +1) == pytest.approx(float(BELL.dose_gy(np.array([25.0, 0, 0]))), rel=1e-6)
    assert extreme_gy(off, BELL, -1) == pytest.approx(float(BELL.dose_gy(np.array([35.0, 0, 0]))), rel=1e-6)
    assert extreme_gy(sphere((1, 0, 0), 5), BELL, +1) == pytest.approx(70.0, rel=1e-6)


def test_an_even_dose_is_the_same_everywhere():
    metrics = common_metrics(histogram(Ellipsoid((0, 0, 0), (30, 40, 50)), Uniform(20.0)))
    doses = [value for name, value in metrics.items() if not name.startswith("V")]
    assert doses == pytest.approx([20.0] * len(doses))
    assert metrics["V20Gy[%]"] == pytest.approx(100)
    assert metrics["V12Gy[%]"] == pytest.approx(100)
    assert metrics["V24Gy[%]"] == pytest.approx(0)


def test_a_volume_larger_than_the_solid_has_no_dose():
    curve = histogram(sphere((0, 0, 0), 3), BELL)
    assert not {"D0.2cc", "D5cc", "CV700cc"} & set(common_metrics(curve))
    with pytest.raises(ValueError, match="no hottest 5 cc"):
        curve.dose_at_cc(5.0)


def test_a_critical_volume_is_the_hottest_dose_of_the_coldest_part():
    liver = sphere((40, 0, 0), 70)
    curve = histogram(liver, BELL)
    level = common_metrics(curve)["CV700cc"]
    assert liver.volume_cc - curve.volume_at_gy(level) == pytest.approx(700, rel=1e-6)


def test_indices_of_a_target_are_ratios_of_balls():
    indices = target_indices(sphere((0, 0, 0), 19), BELL, 50.0)
    half = (0.4**-1 * 1.8) ** (1 / 4) * 20
    assert indices["PITV"] == pytest.approx((20 / 19) ** 3)
    assert indices["R50"] == pytest.approx((half / 19) ** 3)
    assert indices["GI"] == pytest.approx((half / 20) ** 3)
    assert indices["MDPD"] == pytest.approx(1.4)
    assert indices["D2cm[%]"] == pytest.approx(100 * 1.4 / (1 + 0.4 * (39 / 20) ** 4))
    assert "D2cm[%]" not in target_indices(Ellipsoid((0, 0, 0), (19, 18, 17)), BELL, 50.0)
