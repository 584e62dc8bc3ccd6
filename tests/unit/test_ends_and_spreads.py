"""Dmin and Dmax where a body ends beyond its last contour, and curves of fields that run along the cells."""

from __future__ import annotations

import numpy as np
import pytest

from rtplan.dvh import compute_dvh
from rtplan.metrics.measure import measure
from rtplan.metrics.notation import parse
from sample_data.solids import Tube, sphere


def along_z(points):
    return 30 + points[..., 2]


@pytest.mark.parametrize("phase", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("slices", [1.0, 2.0, 3.0])
def test_the_extremes_of_a_ball_lie_at_its_poles(region_of, dose_of, slices, phase):
    """No contour and no cell's centre is there."""
    dvh = compute_dvh(region_of(sphere((0.0, 0.0, 0.0), 10.0), slices, phase=phase), dose_of(along_z, 16.0, 2.0))
    assert measure(dvh, parse("Dmin")).value == pytest.approx(20, abs=0.05)
    assert measure(dvh, parse("Dmax")).value == pytest.approx(40, abs=0.05)


def test_the_extremes_of_a_flat_end_are_open_by_a_slice(region_of, dose_of):
    """Drawn at -9, -6 ... 9: the end lies half a slice beyond, at the last plane at the least, a slice on at the most."""
    dvh = compute_dvh(region_of(Tube((0.0, 0.0), (6.0, 6.0), -10.5, 10.5), 3.0), dose_of(along_z, 16.0, 2.0))
    found = measure(dvh, parse("Dmax"))
    assert found.value == pytest.approx(40.5, abs=0.02)
    assert found.high == pytest.approx(42, abs=0.1)
    assert measure(dvh, parse("Dmin")).low == pytest.approx(18, abs=0.1)


@pytest.mark.parametrize("direction", [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)])
def test_a_field_along_the_cells_leaves_no_steps_in_the_curve(region_of, dose_of, direction):
    """All cells of a row have one dose; the curve between two rows must still be that of a ball."""
    region = region_of(sphere((0.0, 0.0, 0.0), 12.0), 1.0)
    dvh = compute_dvh(region, dose_of(lambda points: 30 + points @ np.array(direction), 18.0, 1.0, shift_mm=0.3))
    heights = np.linspace(-0.95, 0.95, 77)
    shares = (1 - heights) ** 2 * (2 + heights) / 4
    found = np.array([dvh.dose_at(share * dvh.total_cc) for share in shares])
    assert np.abs(found - (30 + 12 * heights)).max() < 0.12


def test_an_even_dose_stays_even(region_of, dose_of):
    dvh = compute_dvh(region_of(sphere((0.0, 0.0, 0.0), 8.0), 2.0), dose_of(lambda p: 20 + 0 * p[..., 0], 14.0, 2.0))
    assert {round(dvh.dose_at(share * dvh.total_cc), 9) for share in (0.0, 0.3, 1.0)} == {20.0}
