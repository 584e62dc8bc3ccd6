"""What hangs together from plane to plane, and how areas go on between and beyond the planes."""

from __future__ import annotations

import numpy as np
import pytest

from rtplan.geometry.bodies import bodies, largest_gap_mm
from rtplan.geometry.profile import area_between, caps_of
from rtplan.geometry.stack import Plane, Stack

RING = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]])


def stack(*planes, spacing_mm=2.0):
    """Planes as (offset, ring, ring, ...)."""
    return Stack(np.eye(3), tuple(Plane(offset, rings) for offset, *rings in planes), spacing_mm)


def counted(parts):
    return sorted(tuple(len(plane.rings) for plane in part.planes) for part in parts)


def test_one_column_of_rings_is_one_body():
    whole = stack((0, RING), (2, RING + 1), (4, RING + 2))
    assert bodies(whole) == (whole,)


def test_two_columns_side_by_side_are_two_bodies():
    parts = bodies(stack((0, RING, RING + 10), (2, RING, RING + 10), (4, RING)))
    assert counted(parts) == [(1, 1), (1, 1, 1)]


def test_two_columns_that_join_are_one_body():
    bridge = RING * [4, 1]
    parts = bodies(stack((0, RING, RING + np.array([10, 0])), (2, bridge), (4, RING, RING + np.array([10, 0]))))
    assert len(parts) == 1


def test_far_planes_are_bodies_of_their_own():
    parts = bodies(stack((0, RING), (2, RING), (20, RING), (22, RING)))
    assert [part.offsets_mm.tolist() for part in parts] == [[0, 2], [20, 22]]


def test_a_hole_and_an_island_stay_with_their_ring():
    parts = bodies(stack((0, RING * 5, RING * 3 + 2, RING + 6), (2, RING * 5)))
    assert counted(parts) == [(3, 1)]


def test_no_ring_is_lost_or_doubled():
    random = np.random.default_rng(7)
    planes = [
        (
            2.0 * height,
            *(RING * random.uniform(0.2, 2) + random.uniform(-30, 30, 2) for _ in range(random.integers(1, 6))),
        )
        for height in range(12)
    ]
    whole = stack(*planes)
    parts = bodies(whole)
    kept = sorted(ring.tobytes() for part in parts for plane in part.planes for ring in plane.rings)
    assert kept == sorted(ring.tobytes() for plane in whole.planes for ring in plane.rings)


def test_largest_gap():
    assert largest_gap_mm(stack((0, RING), (2, RING), (7, RING))) == 5
    assert largest_gap_mm(stack((0, RING))) == 0


# An ellipsoid's cross-section is a parabola along any axis: A(z) = pi a b (1 - z^2 / c^2).


def ellipsoid_areas(z, a=9.0, b=6.0, c=11.0):
    return np.pi * a * b * np.maximum(1 - (z / c) ** 2, 0)


@pytest.mark.parametrize("spacing_mm", [1.0, 2.0, 3.0, 4.5])
@pytest.mark.parametrize("phase", [0.13, 0.5, 0.9])
def test_an_ellipsoid_is_followed_exactly_between_and_beyond_its_planes(spacing_mm, phase):
    offsets = np.arange(-11 + phase * spacing_mm, 11, spacing_mm)
    areas = ellipsoid_areas(offsets)
    between = np.linspace(offsets[0], offsets[-1], 101)[1:-1]
    assert area_between(offsets, areas, between) == pytest.approx(ellipsoid_areas(between))
    for cap, end, sign in zip(caps_of(offsets, areas, spacing_mm, "auto"), offsets[[0, -1]], (-1, 1), strict=True):
        assert cap.length_mm == pytest.approx(11 - sign * end)
        beyond = np.linspace(0, cap.length_mm, 7)
        assert cap.area(beyond) == pytest.approx(ellipsoid_areas(end + sign * beyond), abs=1e-6)


def test_the_volume_of_a_cap_is_that_of_the_spherical_segment():
    radius, height, offsets = 8.0, 1.3, np.array([2.7, 4.7, 6.7])
    _, cap = caps_of(offsets, np.pi * (radius**2 - offsets**2), 2.0, "auto")
    assert cap.volume_mm3 == pytest.approx(np.pi * height**2 * (3 * radius - height) / 3, rel=1e-3)


def test_two_planes_of_a_sphere_are_enough():
    offsets, radius = np.array([-1.0, 1.0]), 2.5
    areas = np.pi * (radius**2 - offsets**2)
    assert area_between(offsets, areas, np.array([0.0])) == pytest.approx([np.pi * radius**2])
    for cap in caps_of(offsets, areas, 2.0, "auto"):
        assert cap.length_mm == pytest.approx(1.5)


def test_a_single_plane_is_the_equator_of_a_sphere_where_that_fits():
    below, above = caps_of(np.array([5.0]), np.array([np.pi * 1.5**2]), 2.0, "auto")
    assert below.length_mm == above.length_mm == pytest.approx(1.5)
    assert above.area(np.array([1.0])) == pytest.approx([np.pi * (1.5**2 - 1)])


def test_a_cylinder_goes_on_for_half_a_spacing():
    offsets, areas = np.arange(5) * 3.0, np.full(5, 40.0)
    for cap in caps_of(offsets, areas, 3.0, "auto"):
        assert cap.length_mm == 1.5
        assert cap.volume_mm3 == pytest.approx(60)


def test_a_body_that_widens_to_its_end_is_not_widened_further():
    _, cap = caps_of(np.array([0.0, 2.0, 4.0]), np.array([10.0, 20.0, 30.0]), 2.0, "auto")
    assert cap.area(np.array([0.5, 1.0])) == pytest.approx([30, 30])


@pytest.mark.parametrize(
    ("rule", "below_mm3", "above_mm3"),
    [("none", 0, 0), ("short", 0, 0), ("half", 40, 40), ("auto", 40, 40), ("long", 80, 80)],
)
def test_the_rules_for_the_ends(rule, below_mm3, above_mm3):
    below, above = caps_of(np.arange(4) * 2.0, np.full(4, 40.0), 2.0, rule)
    assert below.volume_mm3 == pytest.approx(below_mm3, rel=1e-3)
    assert above.volume_mm3 == pytest.approx(above_mm3, rel=1e-3)


def test_areas_never_turn_negative_or_wild_between_planes():
    offsets, areas = np.array([0.0, 2.0, 4.0, 6.0]), np.array([1.0, 900.0, 2.0, 850.0])
    found = area_between(offsets, areas, np.linspace(0, 6, 61))
    assert found.min() >= 0
    assert found.max() <= 1.5 * 900


@pytest.mark.parametrize("phase", [0.1, 0.4, 0.8])
@pytest.mark.parametrize("areas", [
    lambda z: np.pi * 60 * np.maximum(1 - (z / 10) ** 2, 0),
    lambda z: 80 * np.sqrt(np.maximum(100 - z**2, 0)),
    lambda z: 12 * np.maximum(10 - np.abs(z), 0) ** 2,
], ids=["ellipsoid", "lying cylinder", "cone"])  # fmt: skip
def test_short_and_long_ends_hold_the_true_one(areas, phase):
    """Round, blunt and pointed: what lies beyond the last plane is between the two bounds."""
    offsets = np.arange(-10 + phase * 2, 10, 2.0)
    beyond = np.linspace(offsets[-1], 12, 20_001)
    truth = areas(beyond).mean() * (12 - offsets[-1])
    short, long = (caps_of(offsets, areas(offsets), 2.0, rule)[1].volume_mm3 for rule in ("short", "long"))
    slack = 0.02 * areas(offsets).mean() * 2.0
    assert short - slack <= truth <= long + slack


@pytest.mark.parametrize("factor", [1.0, 1.7373195284402416, 1 / 3, 1e-3 * np.pi])
def test_four_planes_of_an_ellipsoid_are_followed_at_any_scale_and_in_spite_of_rounding(factor):
    """Symmetric planes have no third difference: nothing but rounding would choose between two models."""
    offsets = np.array([-3.0, -1.0, 1.0, 3.0]) * factor
    for rounding in np.random.default_rng(5).uniform(-1e-12, 1e-12, (20, 4)):
        areas = ellipsoid_areas(offsets / factor, 5, 5, 4) * factor**2 * (1 + rounding)
        between = area_between(offsets, areas, np.array([0.0, 2.0]) * factor)
        assert between == pytest.approx(ellipsoid_areas(np.array([0.0, 2.0]), 5, 5, 4) * factor**2, rel=1e-6)
        for cap in caps_of(offsets, areas, 2.0 * factor, "auto"):
            assert cap.length_mm == pytest.approx(factor, rel=1e-6)
