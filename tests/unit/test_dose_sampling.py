"""Dose between the grid points against scipy's splines, at the edges, turned, flipped, uneven."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator, make_interp_spline

from rtplan.dvh.sampling import axes_in_frame, sample_box, sample_points
from rtplan.model import Dose, Grid

SHAPE = (9, 11, 13)
SPACING = (2.0, 2.5, 3.0)


def smooth_values(seed=0, shape=SHAPE):
    """A smooth random field, so that the cubic stays within the values around it."""
    random = np.random.default_rng(seed)
    axes = np.meshgrid(*[np.linspace(0, 1, count) for count in shape], indexing="ij")
    return 30 + sum(
        random.uniform(1, 4) * np.sin(2 * axis * random.uniform(0.5, 1.5) + random.uniform(0, 6)) for axis in axes
    )


def straight_grid(origin=(5.0, -7.0, 11.0), shape=SHAPE, spacing=SPACING, offsets=None):
    matrix = np.diag([*spacing, 1.0])
    if offsets is not None:
        matrix[2, 2] = 1.0
    matrix[:3, 3] = origin
    return Grid(shape, matrix, plane_offsets_mm=offsets)


def knots(grid):
    """Patient coordinates of the samples of a straight grid along x, y, z."""
    scale, origin = np.diag(grid.index_to_patient)[:3], grid.index_to_patient[:3, 3]
    return [scale[axis] * grid.axis_coordinates[axis] + origin[axis] for axis in range(3)]


def inner_points(grid, count=200, seed=5):
    random = np.random.default_rng(seed)
    return np.column_stack([random.uniform(axis.min(), axis.max(), count) for axis in knots(grid)])


def box_at(dose, points, frame=None):
    """Sample a box point by point: every point is a box of its own."""
    frame = np.eye(3) if frame is None else frame
    boxes = [sample_box(dose, frame, *(np.array([value]) for value in point @ frame)) for point in points]
    return np.array([box.linear.item() for box in boxes]), np.array([box.cubic.item() for box in boxes])


def tensor_spline(grid, values, points):
    """Cubic tensor-product spline with not-a-knot ends, axis after axis, by scipy."""
    x, y, z = knots(grid)
    found = []
    for u, v, w in points:
        along_x = make_interp_spline(x, values, k=3, axis=2)(u)
        along_y = make_interp_spline(y, along_x, k=3, axis=1)(v)
        found.append(make_interp_spline(z, along_y, k=3, axis=0)(w))
    return np.array(found)


@pytest.mark.parametrize("seed", range(3))
def test_linear_is_scipys_linear(seed):
    grid, values = straight_grid(), smooth_values(seed)
    points = inner_points(grid, seed=seed)
    expected = RegularGridInterpolator(knots(grid)[::-1], values)(points[:, ::-1])
    dose = Dose(grid, values)
    assert box_at(dose, points[:40])[0] == pytest.approx(expected[:40], abs=1e-10)
    found, known = sample_points(dose, points, kernel="linear")
    assert known.all()
    assert found == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_cubic_is_scipys_tensor_spline(seed):
    grid, values = straight_grid(), smooth_values(seed)
    points = inner_points(grid, 30, seed=seed)
    assert box_at(Dose(grid, values), points)[1] == pytest.approx(tensor_spline(grid, values, points), abs=1e-9)


def test_a_box_is_its_points():
    dose = Dose(straight_grid(), smooth_values())
    x, y, z = np.linspace(6, 28, 7), np.linspace(-6, 17, 5), np.linspace(12, 34, 6)
    box = sample_box(dose, np.eye(3), x, y, z)
    assert box.cubic.shape == (6, 5, 7)
    w, v, u = np.meshgrid(z, y, x, indexing="ij")
    linear, cubic = box_at(dose, np.stack([u, v, w], axis=-1).reshape(-1, 3))
    assert box.linear.ravel() == pytest.approx(linear, abs=1e-10)
    # Each window of samples is cut where the spline has forgotten what lies beyond.
    assert box.cubic.ravel() == pytest.approx(cubic, abs=1e-5)


@pytest.mark.parametrize("kernel", ["linear", "cubic"])
def test_every_stored_value_is_met(kernel):
    random = np.random.default_rng(2)
    grid, values = straight_grid(), random.uniform(0, 60, SHAPE)
    dose = Dose(grid, values)
    box = sample_box(dose, np.eye(3), *knots(grid))
    assert (box.cubic if kernel == "cubic" else box.linear) == pytest.approx(values, abs=1e-9)
    plane, row, column = np.meshgrid(*map(np.arange, SHAPE), indexing="ij")
    points = grid.to_patient(np.stack([column, row, plane], axis=-1).astype(float))
    assert sample_points(dose, points, kernel=kernel)[0] == pytest.approx(values, abs=1e-4)


def test_a_quadratic_field_is_met_between_the_points_too():
    grid = straight_grid()
    x, y, z = knots(grid)

    def field(u, v, w):
        return 20 + 0.1 * u - 0.02 * v * w + 0.01 * u**2

    values = field(x[None, None, :], y[None, :, None], z[:, None, None])
    points = inner_points(grid, 40)
    assert box_at(Dose(grid, values), points)[1] == pytest.approx(field(*points.T), abs=1e-9)


def test_uneven_planes():
    offsets = np.array([0.0, 1.0, 3.5, 5.0, 9.0, 11.0, 14.0, 15.0, 19.0])
    grid, values = straight_grid(offsets=offsets), smooth_values(4)
    points = inner_points(grid, 40)
    expected = RegularGridInterpolator(knots(grid)[::-1], values)(points[:, ::-1])
    dose = Dose(grid, values)
    linear, cubic = box_at(dose, points)
    assert linear == pytest.approx(expected, abs=1e-10)
    assert cubic == pytest.approx(tensor_spline(grid, values, points), abs=1e-9)
    assert sample_points(dose, points, kernel="linear")[0] == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("flips", [(1, 1, -1), (-1, 1, 1), (-1, -1, -1)])
def test_axes_that_run_backwards(flips):
    """The same field on a grid whose axes run the other way."""
    grid, values = straight_grid(), smooth_values(6)
    matrix = np.array(grid.index_to_patient)
    for axis, flip in enumerate(flips):
        if flip < 0:
            matrix[axis, 3] += matrix[axis, axis] * (SHAPE[2 - axis] - 1)
            matrix[axis, axis] *= -1
    flipped = Dose(Grid(SHAPE, matrix), values[:: flips[2], :: flips[1], :: flips[0]])
    box, mirrored = (
        sample_box(dose, np.eye(3), np.linspace(6, 28, 9), np.linspace(-6, 17, 8), np.linspace(12, 34, 7))
        for dose in (Dose(grid, values), flipped)
    )
    assert mirrored.linear == pytest.approx(box.linear, abs=1e-10)
    assert mirrored.cubic == pytest.approx(box.cubic, abs=1e-10)


def test_swapped_axes_are_followed():
    values = smooth_values(7)
    matrix = np.zeros((4, 4))
    matrix[2, 0], matrix[0, 1], matrix[1, 2], matrix[3, 3] = 2.0, 2.5, 3.0, 1.0
    dose = Dose(Grid(SHAPE, matrix), values)
    assert axes_in_frame(dose.grid, np.eye(3)) == (1, 2, 0)
    column, row, plane = 4, 7, 3
    box = sample_box(dose, np.eye(3), np.array([2.5 * row]), np.array([3.0 * plane]), np.array([2.0 * column]))
    assert box.linear.item() == pytest.approx(values[plane, row, column])
    assert box.cubic.item() == pytest.approx(values[plane, row, column])


def test_an_oblique_frame_meets_the_field_at_the_same_places():
    angle = np.deg2rad(25)
    frame = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    grid = straight_grid()
    x, y, z = knots(grid)
    dose = Dose(grid, 10 + 0.3 * x[None, None, :] - 0.2 * y[None, :, None] + 0.1 * z[:, None, None])
    assert axes_in_frame(grid, frame) is None
    middle = frame.T @ np.array([17.0, 5.0, 22.0])
    box = sample_box(dose, frame, *(at + np.linspace(-3, 3, 5) for at in middle))
    w, v, u = np.meshgrid(*(at + np.linspace(-3, 3, 5) for at in middle[::-1]), indexing="ij")
    points = np.stack([u, v, w], axis=-1) @ frame.T
    expected = 10 + points @ [0.3, -0.2, 0.1]
    assert box.known.all()
    assert box.linear == pytest.approx(expected, abs=1e-9)
    assert box.cubic == pytest.approx(expected, abs=0.02)


def step_dose():
    """60 Gy on one half, nothing on the other: a spline alone would swing to -6.5 and 66.5 Gy."""
    values = np.zeros((12, 12, 12))
    values[:, :, 6:] = 60
    return Dose(Grid((12, 12, 12), np.diag([2.0, 2.0, 2.0, 1.0])), values)


@pytest.mark.parametrize("degrees", [0, 20])
def test_beside_a_step_the_cubic_neither_turns_negative_nor_far_overshoots(degrees):
    angle = np.deg2rad(degrees)
    frame = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    box = sample_box(step_dose(), frame, np.linspace(6, 16, 60), np.linspace(2, 9, 9), np.linspace(5, 15, 4))
    assert box.known.any()
    assert box.cubic[box.known].min() >= 0
    assert box.cubic[box.known].max() <= 60 * 1.15


def test_points_beside_a_step_are_held_like_boxes():
    points = np.column_stack([np.linspace(0, 22, 301), np.full(301, 11.0), np.full(301, 11.0)])
    found, known = sample_points(step_dose(), points)
    assert known.all()
    assert found.min() >= 0
    assert found.max() <= 60 * 1.15


def test_far_from_a_step_the_cubic_is_flat():
    box = sample_box(step_dose(), np.eye(3), np.array([1.0, 21.0]), np.array([11.0]), np.array([11.0]))
    assert box.cubic.ravel() == pytest.approx([0, 60], abs=0.7)


def test_beyond_the_outermost_points_nothing_is_known():
    dose = step_dose()
    at = np.array([-0.5, -1e-6, 0.0, 22.0, 22.0 + 1e-6, 22.5])
    box = sample_box(dose, np.eye(3), at, np.array([5.0]), np.array([5.0]))
    assert box.known.ravel().tolist() == [False, True, True, True, True, False]
    points = np.column_stack([at, np.full(6, 5.0), np.full(6, 5.0)])
    values, known = sample_points(dose, points)
    assert known.tolist() == [False, True, True, True, True, False]
    assert values[[0, 5]].tolist() == [0, 0]


def test_a_box_wholly_outside_knows_nothing():
    box = sample_box(step_dose(), np.eye(3), np.array([100.0, 101.0]), np.array([5.0]), np.array([5.0]))
    assert not box.known.any()
    assert not sample_points(step_dose(), np.array([[100.0, 5.0, 5.0]]))[1].any()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_grid_of_few_planes_is_linear_across_them(count):
    values = np.arange(count, dtype=float)[:, None, None] * 10 + np.zeros((count, 6, 6))
    dose = Dose(Grid((count, 6, 6), np.diag([2.0, 2.0, 2.0, 1.0])), values)
    box = sample_box(dose, np.eye(3), np.array([3.0]), np.array([3.0]), np.linspace(0, 2 * (count - 1), 5))
    assert box.known.all()
    assert box.cubic.ravel() == pytest.approx(np.linspace(0, 10 * (count - 1), 5))
