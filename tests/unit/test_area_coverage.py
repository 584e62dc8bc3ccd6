"""Coverage of cells against shapely's polygons, cell by cell."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely.geometry import Polygon

from rtplan.geometry.raster import Raster, cover, ring_signs

RASTER = Raster((-13.0, -9.0), 1.0, 27, 19)


def reference(shape, raster=RASTER):
    """Share of each cell in a shapely geometry."""
    u, v = np.meshgrid(raster.u_mm, raster.v_mm)
    half = raster.cell_mm / 2
    cells = shapely.box(u - half, v - half, u + half, v + half)
    return shapely.area(shapely.intersection(cells, shape)) / raster.cell_mm**2


def star(seed, *, centre=(0.0, 0.0), radius=7.0, count=40):
    """A wiggly ring that does not cross itself, star-shaped about its centre."""
    random = np.random.default_rng(seed)
    angle = np.sort(random.uniform(0, 2 * np.pi, count))
    reach = radius * random.uniform(0.35, 1.0, count)
    return np.column_stack([centre[0] + reach * np.cos(angle), centre[1] + reach * np.sin(angle)])


def box(low_u, low_v, high_u, high_v):
    return np.array([[low_u, low_v], [high_u, low_v], [high_u, high_v], [low_u, high_v]], dtype=float)


@pytest.mark.parametrize("seed", range(12))
def test_random_rings(seed):
    ring = star(seed)
    polygon = Polygon(ring)
    assert polygon.is_valid
    assert cover([[ring]], RASTER)[0] == pytest.approx(reference(polygon), abs=1e-11)
    assert cover([[ring[::-1]]], RASTER)[0] == pytest.approx(reference(polygon), abs=1e-11)


@pytest.mark.parametrize("seed", range(6))
def test_a_ring_in_a_ring_is_a_hole_and_one_in_the_hole_an_island(seed):
    outer, hole, island = (
        star(seed, radius=8.0, count=60),
        star(seed + 100, radius=2.4),
        star(seed + 200, radius=0.8),
    )
    whole = Polygon(outer)
    assert whole.contains(Polygon(hole))
    with_hole = whole - Polygon(hole)
    assert cover([[outer, hole]], RASTER)[0] == pytest.approx(reference(with_hole), abs=1e-11)
    if Polygon(hole).contains(Polygon(island)):
        with_island = with_hole | Polygon(island)
        assert cover([[island, outer, hole[::-1]]], RASTER)[0] == pytest.approx(reference(with_island), abs=1e-11)


def test_separate_rings_add_whatever_their_winding():
    left, right = star(3, centre=(-6, 0), radius=4), star(4, centre=(6, 0), radius=4)[::-1]
    expected = reference(Polygon(left) | Polygon(right))
    assert cover([[left, right]], RASTER)[0] == pytest.approx(expected, abs=1e-11)


def test_a_keyhole_is_a_hole():
    """One ring that goes in along a bridge, around the hole, and out along the same bridge."""
    outside_in = [(-5, -5), (5, -5), (5, 0), (2, 0), (2, -2), (-2, -2), (-2, 2), (2, 2)]
    keyhole = np.array([*outside_in, (2, 0), (5, 0), (5, 5), (-5, 5)], dtype=float) + 0.3
    expected = reference(Polygon(box(-4.7, -4.7, 5.3, 5.3)) - Polygon(box(-1.7, -1.7, 2.3, 2.3)))
    assert cover([[keyhole]], RASTER)[0] == pytest.approx(expected, abs=1e-11)


@pytest.mark.parametrize("shift", [0.0, 0.5, 1e-9, -1e-9, 1e-16])
def test_a_ring_on_cell_borders(shift):
    ring = box(-4, -3, 5, 2) + shift
    coverage = cover([[ring]], RASTER)[0]
    assert coverage == pytest.approx(reference(Polygon(ring)), abs=1e-8)
    assert coverage.sum() == pytest.approx(45, abs=1e-7)


def test_a_ring_around_exactly_one_cell():
    coverage = cover([[box(2, 3, 3, 4)]], RASTER)[0]
    assert coverage[12, 15] == 1
    assert coverage.sum() == 1


@pytest.mark.parametrize("size_mm", [1e-1, 1e-3, 1e-5])
def test_a_tiny_ring_keeps_its_area(size_mm):
    ring = np.array([[0.0, 0.0], [size_mm, 0.0], [0.0, size_mm]]) + np.array([0.37, -0.81])
    assert cover([[ring]], RASTER).sum() == pytest.approx(size_mm**2 / 2, rel=1e-6, abs=1e-12)


def test_a_sliver_across_many_cells_keeps_its_area():
    ring = np.array([[-12.5, -8.4], [13.3, 8.9], [13.3, 8.9 + 1e-4]])
    assert cover([[ring]], RASTER).sum() == pytest.approx(Polygon(ring).area, rel=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_a_ring_that_was_written_twice_counts_once(seed):
    """Copies start elsewhere or run the other way: they must neither vanish nor count double."""
    ring = star(seed)
    expected = cover([[ring]], RASTER)[0]
    for copy in (ring, ring[::-1], np.roll(ring, 7 + seed, axis=0), np.roll(ring[::-1], 3, axis=0)):
        assert cover([[ring, copy]], RASTER)[0] == pytest.approx(expected, abs=1e-11)


@pytest.mark.parametrize("roll", range(0, 33, 3))
def test_a_round_ring_that_was_written_twice_counts_once(roll):
    angle = np.arange(33) * 2 * np.pi / 33
    ring = 6 * np.column_stack([np.cos(angle), np.sin(angle)])
    assert cover([[ring, np.roll(ring, roll, axis=0)]], RASTER).sum() == pytest.approx(Polygon(ring).area)


def test_a_copied_ring_with_a_hole_keeps_the_hole():
    outer, hole = box(-6, -6, 6, 6), box(-2, -2, 2, 2)
    assert cover([[outer, hole, outer[::-1], np.roll(hole, 1, axis=0)]], RASTER).sum() == pytest.approx(144 - 16)


def test_a_hole_that_touches_the_border():
    outer, hole = box(-5, -5, 5, 5), box(-5, -2, 0, 2)
    assert cover([[outer, hole]], RASTER).sum() == pytest.approx(80)


def test_rings_that_overlap_count_as_their_union():
    left, right = box(-5, -3, 2, 3), box(-1, -2, 6, 4)
    expected = Polygon(left) | Polygon(right)
    assert cover([[left, right]], RASTER)[0] == pytest.approx(reference(expected), abs=1e-11)


def test_planes_do_not_mix():
    rings = [[star(1)], [], [star(2), star(102, radius=1.5)]]
    together = cover(rings, RASTER)
    for plane, own in zip(together, rings, strict=True):
        assert plane == pytest.approx(cover([own], RASTER)[0], abs=1e-12)


def test_signs_undo_the_winding_and_copies_have_none():
    outer, hole = box(-5, -5, 5, 5), box(-1, -1, 1, 1)
    assert ring_signs([outer, hole]) == [1, -1]
    assert ring_signs([outer[::-1], hole]) == [-1, -1]
    assert ring_signs([outer, hole, outer]) == [1, -1, 0]


def test_a_raster_holds_its_box_with_two_cells_to_spare_and_mirrors_with_it():
    raster = Raster.around(np.array([1.0, -7.0]), np.array([4.2, 9.0]), 0.7)
    assert raster.u_mm[0] <= 1.0 - 1.5 * 0.7
    assert raster.v_mm[-1] >= 9.0 + 1.5 * 0.7
    mirrored = Raster.around(np.array([-4.2, -9.0]), np.array([-1.0, 7.0]), 0.7)
    assert mirrored.u_mm == pytest.approx(-raster.u_mm[::-1])
