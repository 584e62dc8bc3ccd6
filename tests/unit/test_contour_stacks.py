"""Contours sorted into planes: axial, sagittal, oblique, noisy, bent."""

from __future__ import annotations

import numpy as np
import pytest

from rtplan.geometry.stack import NotPlanarError, polygon_area, stack_contours
from rtplan.model import Contour

SQUARE = np.array([[0.0, 0.0, 0.0], [10.0, 0.0, 0.0], [10.0, 6.0, 0.0], [0.0, 6.0, 0.0]])


def at(*heights, ring=SQUARE):
    return [Contour(ring + np.array([0.0, 0.0, height])) for height in heights]


def turned(axis, degrees):
    """Rotation about an axis through the origin (Rodrigues)."""
    axis = np.asarray(axis, dtype=float) / np.linalg.norm(axis)
    cross = np.cross(np.eye(3), axis)
    angle = np.deg2rad(degrees)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def test_planes_come_in_rising_order_whatever_the_order_of_the_contours():
    stack = stack_contours(at(4, 0, 2))
    assert stack.offsets_mm.tolist() == [0, 2, 4]
    assert stack.spacing_mm == 2


def test_rounding_in_z_is_one_plane_and_a_tenth_of_a_millimetre_is_two():
    assert len(stack_contours(at(0.0, 0.02)).planes) == 1
    assert len(stack_contours(at(0.0, 0.02)).planes[0].rings) == 2
    assert len(stack_contours(at(0.0, 0.1)).planes) == 2


def test_a_skipped_plane_does_not_change_the_spacing():
    assert stack_contours(at(0, 3, 6, 12, 15, 18)).spacing_mm == 3


def test_a_single_plane_takes_the_spacing_of_the_image():
    assert stack_contours(at(7)).spacing_mm is None
    assert stack_contours(at(7), spacing_mm=2.5).spacing_mm == 2.5


def test_points_open_contours_and_pairs_of_points_enclose_nothing():
    kinds = [Contour(SQUARE, "OPEN_PLANAR"), Contour(SQUARE[:1], "POINT"), Contour(SQUARE[:2])]
    assert stack_contours(kinds) is None
    assert len(stack_contours([*kinds, Contour(SQUARE)]).planes) == 1


@pytest.mark.parametrize("third", [0, 1, 2])
def test_planes_square_to_a_patient_axis_use_the_axes_exactly(third):
    roll = np.roll(np.eye(3), third - 2, axis=0)
    stack = stack_contours([Contour((SQUARE + np.array([0, 0, height])) @ roll.T) for height in (0, 2)])
    assert set(np.abs(stack.frame).ravel()) == {0.0, 1.0}
    assert np.linalg.det(stack.frame) == pytest.approx(1)
    assert stack.frame[third, 2] == 1
    assert stack.offsets_mm.tolist() == [0, 2]


@pytest.mark.parametrize(("axis", "degrees"), [((1, 0, 0), 20), ((1, 2, 3), 50), ((0, 1, 1), 45), ((1, -1, 0), 137)])
def test_oblique_planes_keep_their_distances_and_areas(axis, degrees):
    rotation = turned(axis, degrees)
    shift = np.array([31.0, -47.0, 12.0])
    stack = stack_contours([Contour((contour.points_mm @ rotation.T) + shift) for contour in at(0, 2.5, 5)])
    normal = rotation[:, 2]
    assert abs(stack.frame[:, 2] @ normal) == pytest.approx(1, abs=1e-12)
    assert stack.frame.T @ stack.frame == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(stack.frame) == pytest.approx(1)
    assert np.diff(stack.offsets_mm) == pytest.approx([2.5, 2.5])
    assert [abs(polygon_area(plane.rings[0])) for plane in stack.planes] == pytest.approx([60, 60, 60])


def test_vertices_come_back_to_where_they_were_drawn():
    rotation = turned((2, 1, 1), 33)
    contours = [Contour(contour.points_mm @ rotation.T) for contour in at(0, 2)]
    found = stack_contours(contours).vertices_mm
    drawn = np.concatenate([contour.points_mm for contour in contours])
    assert sorted(map(tuple, found.round(9))) == sorted(map(tuple, drawn.round(9)))


def test_a_bent_ring_is_refused():
    bent = SQUARE.copy()
    bent[0, 2] = 0.5
    with pytest.raises(NotPlanarError, match=r"leaves its plane by 0\.25 mm"):
        stack_contours([Contour(bent), *at(2, 4)])


def test_rings_that_are_not_parallel_are_refused():
    sagittal = SQUARE[:, [2, 0, 1]]
    with pytest.raises(NotPlanarError):
        stack_contours([Contour(sagittal), *at(2, 4)])


def test_a_plane_that_no_ring_shows_is_refused():
    line = np.array([[0.0, 0.0, 0.0], [1.0, 2.0, 3.0], [2.0, 4.0, 6.0]])
    with pytest.raises(NotPlanarError, match="no area"):
        stack_contours([Contour(line)])


def test_polygon_area_is_signed():
    ring = SQUARE[:, :2] + 1e4
    assert polygon_area(ring) == pytest.approx(60, abs=1e-6)
    assert polygon_area(ring[::-1]) == pytest.approx(-60, abs=1e-6)


@pytest.mark.parametrize(("corners", "most_mm"), [(4, 0.02), (96, 0.02), (16, 0.3)])
def test_a_box_is_drawn_exactly_and_a_coarse_circle_is_not(corners, most_mm):
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False) + 0.3
    ring = 20.0 * np.column_stack([np.cos(angle), np.sin(angle)])
    stack = stack_contours([Contour(np.column_stack([ring, np.full(corners, z)])) for z in (0.0, 2.0)])
    found = stack.drawn_within_mm
    assert found <= most_mm
    if corners == 16:
        # Two thirds of the sagitta of a chord of a sixteenth: 20 (1 - cos(pi / 16)) = 0.384 mm.
        assert found == pytest.approx(0.384 * 2 / 3, rel=0.1)
