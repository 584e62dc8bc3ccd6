"""Solids: their closed forms against one another and against counting points."""

from __future__ import annotations

import numpy as np
import pytest

from sample_data.solids import Box, Capsule, Ellipsoid, Tube, Union, Without, sphere

SOLIDS = {
    "sphere": sphere((1, 2, 3), 9),
    "ellipsoid": Ellipsoid((5, -4, 2), (12, 7, 10)),
    "tube": Tube((3, 3), (6, 9), -11, 11),
    "box": Box((-5, -6, -7), (5, 8, 7)),
    "capsule": Capsule((2, 1, -3), 20, 6),
    "union": Union((sphere((20, 0, 0), 8), Tube((-20, 0), (5, 5), -9, 9))),
    "without": Without(sphere((0, 0, 0), 20), (Capsule((5, 0, 0), 10, 4), sphere((-10, 0, 0), 5))),
}


def _signed_area(ring):
    x, y = ring.T
    return 0.5 * float(x @ np.roll(y, -1) - y @ np.roll(x, -1))


def _even_points(count):
    return np.random.default_rng(7).random((count, 3))


@pytest.mark.parametrize("name", SOLIDS)
def test_volume_is_the_share_of_the_box_around_it(name):
    solid = SOLIDS[name]
    low, high = solid.extent_mm
    share = solid.inside(low + _even_points(400_000) * (high - low)).mean()
    assert share * np.prod(high - low) / 1000 == pytest.approx(solid.volume_cc, rel=0.01)


@pytest.mark.parametrize("name", SOLIDS)
def test_areas_of_the_rings_add_up_to_the_volume(name):
    solid = SOLIDS[name]
    (_, low), (_, high) = solid.extent_mm[:, 1:]
    step = (high - low) / 2000
    area = 0.0
    for z in np.arange(low + step / 2, high, step):
        rings = solid.rings(float(z))
        areas = sorted((abs(_signed_area(ring)) for ring in rings), reverse=True)
        # In the solid with holes every ring but the outermost is one.
        area += 2 * areas[0] - sum(areas) if name == "without" and areas else sum(areas)
    assert area * step / 1000 == pytest.approx(solid.volume_cc, rel=2e-5)


@pytest.mark.parametrize("name", SOLIDS)
def test_placed_points_lie_inside_and_fill_evenly(name):
    solid = SOLIDS[name]
    points, volume = solid.place(_even_points(200_000))
    assert volume[volume > 0].sum() / 200_000 == pytest.approx(solid.volume_cc, rel=0.01)
    kept = points[volume > 0]
    assert solid.inside(kept - 1e-9 * (kept - kept.mean(axis=0))).mean() > 0.999
    # The centroid and the spread agree with points that were drawn from the box and sieved.
    low, high = solid.extent_mm
    drawn = low + _even_points(400_000) * (high - low)
    drawn = drawn[solid.inside(drawn)]
    weight = volume[volume > 0] / volume.sum()
    np.testing.assert_allclose(weight @ kept, drawn.mean(axis=0), atol=0.15)
    spread = weight @ kept**2 - (weight @ kept) ** 2
    np.testing.assert_allclose(spread, drawn.var(axis=0), rtol=0.02)


@pytest.mark.parametrize("name", SOLIDS)
def test_planes_beyond_the_solid_cut_nothing(name):
    solid = SOLIDS[name]
    low, high = solid.extent_mm[:, 2]
    assert solid.rings(float(low)) == ()
    assert solid.rings(float(high) + 0.001) == ()


def test_a_margin_around_a_capsule_is_the_distance_from_it():
    capsule = Capsule((0, 0, 0), 30, 5)
    points = 40 * (_even_points(1000) - 0.5)
    within = capsule.distance_mm(points) <= 5 + 5
    np.testing.assert_array_equal(capsule.grown(5).inside(points), within)


def test_the_polygon_of_a_disc_has_exactly_its_area():
    (ring,) = sphere((3, -2, 0), 7).rings(0.0)
    assert _signed_area(ring) == pytest.approx(np.pi * 49, rel=1e-12)
    assert len(ring) >= 96
