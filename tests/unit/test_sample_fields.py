"""Dose functions: values on their own level sets."""

from __future__ import annotations

import numpy as np
import pytest

from sample_data.fields import Bell, Coolest, Dip, Gradient, Hottest, Uniform
from sample_data.solids import Capsule, Ellipsoid, sphere

BELL = Bell(Ellipsoid((1, 2, 3), (10, 8, 6)), 50.0, 70.0, 4.0)


@pytest.mark.parametrize("level", [1.0, 20.0, 25.0, 50.0, 69.0])
def test_a_bell_has_the_level_on_its_isodose(level):
    isodose = BELL.isodose(level)
    points, _ = isodose.place(np.array([[1.0, 0.2, 0.3], [1.0, 0.9, 0.8], [1.0, 0.5, 0.1]]))
    np.testing.assert_allclose(BELL.dose_gy(points), level, rtol=1e-12)


def test_a_bell_has_its_edge_and_its_peak():
    assert BELL.dose_gy(np.array([1.0, 2.0, 3.0])) == pytest.approx(70.0)
    assert BELL.isodose(50.0).semi_axes_mm == pytest.approx((10, 8, 6))
    assert BELL.isodose(70.0) is None


def test_a_bell_falls_everywhere_outwards():
    along = np.linspace(0, 80, 200)[:, None] * [0.6, 0.0, 0.8] + [1, 2, 3]
    assert (np.diff(BELL.dose_gy(along)) < 0).all()


def test_a_dip_reaches_its_floor_and_half_its_depth():
    dip = Dip(Capsule((0, 0, 0), 30, 5), 8.0, 32.0, 6.0, 3.5)
    assert dip.dose_gy(np.array([0.0, 14.0, 0.0])) == pytest.approx(8.0)
    assert dip.dose_gy(np.array([6.0, -14.0, 0.0])) == pytest.approx(20.0)
    assert dip.dose_gy(np.array([0.0, 21.0, 0.0])) == pytest.approx(20.0)


def test_a_gradient_is_linear():
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=float)
    values = Gradient(20.0, (0.5, -0.25, 0.125)).dose_gy(points)
    np.testing.assert_allclose(values, [20, 20.5, 19.75, 20.125])


def test_hottest_and_coolest_pick_at_each_point():
    bells = (Bell(sphere((-30, 0, 0), 10), 20, 28, 5), Bell(sphere((30, 0, 0), 10), 30, 42, 5))
    points = np.array([[-30, 0, 0], [30, 0, 0]], dtype=float)
    np.testing.assert_allclose(Hottest(bells).dose_gy(points), [28, 42])
    np.testing.assert_allclose(Coolest((*bells, Uniform(30.0))).dose_gy(points)[0], bells[1].dose_gy(points[0]))
    assert Uniform(3.0).dose_gy(np.zeros((2, 5, 3))).shape == (2, 5)
