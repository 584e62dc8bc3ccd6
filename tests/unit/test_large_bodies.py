"""Large bodies: gathered into blocks they keep their volume, their mean and the DVH of their cells."""

from __future__ import annotations

import numpy as np
import pytest

from rtplan.dvh import compute_dvh, large
from rtplan.dvh.blocks import MANY_CELLS, _edges, gathered, windows
from rtplan.dvh.sampling import sample_layers
from rtplan.geometry import Fineness
from rtplan.geometry.layout import lay_out
from rtplan.metrics.measure import measure
from rtplan.metrics.notation import parse
from sample_data.solids import sphere

RADIUS_MM = 55.0


def beside_a_target(points):
    """A target at the ball's border, 60 Gy at its centre, over a slope that covers the whole ball."""
    distance = np.linalg.norm(points - np.array([RADIUS_MM, 0.0, 0.0]), axis=-1)
    return 60.0 / (1.0 + np.exp((distance - 14.0) / 4.0)) + 2.0 + points[..., 1] / 60.0


@pytest.fixture(scope="module")
def ball(region_of):
    return region_of(sphere((0.0, 0.0, 0.0), RADIUS_MM), 2.0, phase=0.4)


@pytest.fixture(scope="module")
def dose(dose_of):
    return dose_of(beside_a_target, RADIUS_MM + 8, 2.0, shift_mm=0.3)


def test_a_linear_field_has_the_closed_form_of_a_ball(ball, dose_of):
    dvh = compute_dvh(ball, dose_of(lambda points: 30.0 + points @ np.array([0.2, 0.0, 0.0]), RADIUS_MM + 8, 2.0))
    assert dvh.total_cc == pytest.approx(4 / 3000 * np.pi * RADIUS_MM**3, rel=1e-3)
    heights = np.linspace(-0.95, 0.95, 39)
    found = [dvh.dose_at(share * dvh.total_cc) for share in (1 - heights) ** 2 * (2 + heights) / 4]
    assert np.abs(np.array(found) - (30 + 0.2 * RADIUS_MM * heights)).max() < 0.06


@pytest.fixture(scope="module")
def counted():
    """Doses at points half a millimetre apart throughout the ball, hottest first, and what each stands for (cc)."""
    axis = np.arange(-RADIUS_MM - 1, RADIUS_MM + 1, 0.5) + 0.25
    points = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    inside = (points**2).sum(axis=-1) <= RADIUS_MM**2
    return -np.sort(-beside_a_target(points[inside])), 0.5**3 / 1000


@pytest.mark.parametrize("many", [MANY_CELLS, 10**9])
def test_isodoses_lie_where_points_without_number_say(ball, dose, counted, monkeypatch, many):
    """In blocks or in cells: within a twelfth of the dose grid's spacing, however steep the dose."""
    monkeypatch.setattr(large, "MANY_CELLS", many)
    dvh = compute_dvh(ball, dose)
    doses, each_cc = counted
    for share in (0.01, 0.02, 0.05, 0.2, 0.5, 0.8, 0.95):
        truth = doses[int(share * len(doses))]
        per_mm = (truth - 2) / 4 * (1 - (truth - 2) / 60) + 1 / 60
        assert dvh.dose_at(share * dvh.total_cc) == pytest.approx(truth, abs=2.0 / 12 * max(per_mm, 1 / 60))
    assert measure(dvh, parse("D0.03cc")).value == pytest.approx(doses[int(0.03 / each_cc)], rel=1e-3)
    assert measure(dvh, parse("Dmean")).value == pytest.approx(doses.mean(), rel=2e-3)


def test_what_the_dose_grid_cuts_off_is_outside(ball, dose_of):
    """The grid ends 49.5 and 50.5 mm off the centre along every axis: six caps of the ball lie beyond."""
    dvh = compute_dvh(ball, dose_of(beside_a_target, 50.0, 2.0, shift_mm=0.5))
    heights = RADIUS_MM - np.array([49.5, 50.5])
    caps = np.pi * heights**2 * (3 * RADIUS_MM - heights) / 3000
    assert dvh.total_cc == pytest.approx(4 / 3000 * np.pi * RADIUS_MM**3, rel=1e-3)
    assert dvh.outside_cc == pytest.approx(3 * caps.sum(), rel=0.05)


def test_blocks_and_the_cells_that_stay_hold_the_whole_body(ball, dose):
    (layout,) = lay_out(ball, Fineness(2.0))
    count = round(layout.volume_mm3 / 8.0)
    assert count > MANY_CELLS
    doses, _ = sample_layers(dose, ball.frame, layout.raster.u_mm, layout.raster.v_mm, layout.heights_mm)
    blocks = gathered(layout, doses, count)
    assert blocks.volume_cc.sum() == pytest.approx(layout.volume_mm3 / 1000, rel=1e-12)
    assert blocks.fine.any()
    assert not blocks.fine.all()
    cells = layout.coverage * layout.thickness_mm[:, None, None] * layout.raster.cell_mm**2 / 1000
    mean = (cells * doses(slice(None))).sum() / cells.sum()
    assert (blocks.volume_cc * blocks.mean_gy).sum() / cells.sum() == pytest.approx(mean, rel=1e-12)
    kept = 0.0
    for window, only in windows(blocks):
        held = window.coverage * window.thickness_mm[:, None, None] * only
        kept += held.sum() * window.raster.cell_mm**2 / 1000
    assert kept == pytest.approx(blocks.volume_cc[blocks.fine].sum(), rel=1e-9)


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 7, 16, 17, 203])
@pytest.mark.parametrize("side", [3, 5])
def test_a_body_is_cut_alike_from_both_ends(length, side):
    sizes = np.diff(_edges(length, side))
    assert sizes.sum() == length
    assert sizes.max() <= side
    assert np.array_equal(sizes, sizes[::-1])
