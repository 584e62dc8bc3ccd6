"""Coverage at any height: exact on the planes, of the right area between and beyond them."""

from __future__ import annotations

import numpy as np
import pytest

from rtplan.geometry.occupancy import divided, occupy
from rtplan.geometry.raster import Raster, cover
from rtplan.geometry.stack import stack_contours
from rtplan.model import Contour
from sample_data.solids import Box, Ellipsoid, Tube, Without, sphere

BALL = sphere((0.3, -0.2, 0.1), 8.0)


def occupied(stack_of, solid, spacing_mm, *, cell_mm=0.4, between="shape", phase=0.5):
    stack = stack_of(solid, spacing_mm, phase=phase)
    raster = Raster.around(*stack.bounds_mm, cell_mm, margin_mm=2.0)
    return occupy(stack, raster, spacing_mm=spacing_mm, between=between)


def areas(occupancy, heights, rule="auto"):
    return occupancy.at(np.asarray(heights), rule).sum(axis=(1, 2)) * occupancy.raster.cell_mm**2


def test_on_a_plane_the_coverage_is_that_of_the_contours(stack_of):
    occupancy = occupied(stack_of, BALL, 2.0)
    exact = cover([plane.rings for plane in occupancy.stack.planes], occupancy.raster)
    assert np.array_equal(occupancy.at(occupancy.stack.offsets_mm, "auto"), exact)


@pytest.mark.parametrize("spacing_mm", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("cell_mm", [0.25, 0.378, 0.566])
def test_every_height_of_a_sphere_has_its_area_in_its_place(stack_of, spacing_mm, cell_mm):
    """Solved for many heights at once: one that is found early must not be lost while others are sought."""
    occupancy = occupied(stack_of, BALL, spacing_mm, cell_mm=cell_mm)
    heights = np.linspace(-9, 9, 61) + 0.1
    expected = np.pi * np.maximum(64 - (heights - 0.1) ** 2, 0)
    assert areas(occupancy, heights) == pytest.approx(expected, rel=2e-3, abs=0.05)
    u, v = np.meshgrid(occupancy.raster.u_mm - 0.3, occupancy.raster.v_mm + 0.2)
    for layer, area in zip(occupancy.at(heights, "auto"), expected, strict=True):
        # Nothing further from the axis than the disc and a cell's diagonal, nothing missing within.
        reach = np.hypot(u, v)
        radius = np.sqrt(area / np.pi)
        assert layer[reach > radius + 1.5 * cell_mm].max(initial=0) == 0
        assert layer[reach < radius - 1.5 * cell_mm].min(initial=1) > 0.99


def test_coverage_is_a_share(stack_of):
    filled = occupied(stack_of, Ellipsoid((0, 0, 0), (9, 4, 6)), 2.5).at(np.linspace(-8, 8, 40), "auto")
    assert filled.min() >= 0
    assert filled.max() <= 1


def test_a_hole_stays_open_between_planes(stack_of):
    pipe = Without(Tube((0, 0), (9, 9), -10, 10), (Tube((0, 0), (4, 4), -10.001, 10.001),))
    occupancy = occupied(stack_of, pipe, 2.0)
    assert areas(occupancy, [-3.5, 0.2, 4.9]) == pytest.approx([np.pi * (81 - 16)] * 3, rel=1e-3)
    middle = np.argmin(np.abs(occupancy.raster.u_mm)), np.argmin(np.abs(occupancy.raster.v_mm))
    assert occupancy.at(np.array([0.2]), "auto")[0][middle[::-1]] == 0


def test_a_shift_between_planes_moves_through_the_middle():
    """A slanted bar: half way between two planes it lies half way between two rings."""
    rings = [Box((2 * k, 0, -1), (2 * k + 12, 12, 1)).rings(0)[0] for k in range(3)]
    stack = stack_contours([Contour(np.column_stack([ring, np.full(4, 3.0 * k)])) for k, ring in enumerate(rings)])
    occupancy = occupy(stack, Raster.around(*stack.bounds_mm, 0.25), spacing_mm=3.0)
    layer = occupancy.at(np.array([1.5]), "auto")[0]
    assert layer.sum(axis=0) @ occupancy.raster.u_mm / layer.sum() == pytest.approx(7.0, abs=0.05)
    assert layer.sum() * 0.25**2 == pytest.approx(144, rel=0.02)


def test_slab_stands_for_half_the_way_to_the_next_plane(stack_of):
    occupancy = occupied(stack_of, BALL, 3.0, between="slab")
    planes = occupancy.stack.offsets_mm
    near = occupancy.at(planes[:-1] + 1.4, "half")
    assert np.array_equal(near, occupancy.planes[:-1])


@pytest.mark.parametrize(
    ("rule", "reach_mm"), [("none", 0.0), ("short", 0.0), ("half", 1.5), ("auto", 1.5), ("long", 3.0)]
)
def test_nothing_lies_beyond_the_caps(stack_of, rule, reach_mm):
    occupancy = occupied(stack_of, Tube((0, 0), (6, 6), -10.5, 10.5), 3.0)
    end = occupancy.stack.offsets_mm[-1]
    inside, outside = areas(occupancy, [end + reach_mm - 0.01, end + reach_mm + 0.01], rule)
    assert inside > 0
    assert outside == 0


def test_nodes_add_up_to_the_whole_height(stack_of):
    for spacing_mm, step_mm in ((2.0, 0.5), (2.0, 1.9), (1.0, 2.5)):
        occupancy = occupied(stack_of, BALL, spacing_mm)
        nodes = occupancy.inner_nodes(step_mm)
        assert nodes.thickness_mm.sum() == pytest.approx(np.ptp(occupancy.stack.offsets_mm))
        # Gregory's rule gives the second plane a sixth more.
        assert nodes.thickness_mm.max() <= 7 / 6 * max(step_mm, spacing_mm) + 1e-9


@pytest.mark.parametrize("spacing_mm", [1.0, 2.0])
def test_planes_as_nodes_integrate_a_parabola_exactly(stack_of, spacing_mm):
    """A ball's area is a parabola of the height: from the first to the last plane its integral is known."""
    occupancy = occupied(stack_of, BALL, spacing_mm)
    nodes = occupancy.inner_nodes(2.5)
    low, high = np.array([nodes.offsets_mm[0], nodes.offsets_mm[-1]]) - 0.1
    assert nodes.thickness_mm @ (64 - (nodes.offsets_mm - 0.1) ** 2) == pytest.approx(
        64 * (high - low) - (high**3 - low**3) / 3, rel=1e-9
    )


def test_divided_cuts_evenly_and_skips_empty_intervals():
    nodes = divided(np.array([0.0, 1.0, 1.0, 4.0]), 1.5)
    assert nodes.offsets_mm == pytest.approx([0.5, 1.75, 3.25])
    assert nodes.thickness_mm == pytest.approx([1.0, 1.5, 1.5])
    assert len(divided(np.array([2.0, 2.0]), 1.0).offsets_mm) == 0
    assert len(divided(np.array([0.0, 1e4]), 1.0).offsets_mm) == 24
