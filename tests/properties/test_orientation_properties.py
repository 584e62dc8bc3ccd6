"""One patient lies in 24 ways along the axes: the same structure and dose must give the same numbers."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest

from rtplan.dvh import compute_dvh
from rtplan.geometry import Region, parse_expression, stack_contours
from rtplan.metrics.indices import Target, measure_index
from rtplan.metrics.measure import measure
from rtplan.metrics.notation import parse
from rtplan.model import Contour, Dose, Grid
from sample_data.solids import Ellipsoid, sphere


def turns():
    """The 24 rotations that take axes to axes."""
    for order, signs in product(permutations(range(3)), product((1.0, -1.0), repeat=3)):
        matrix = np.zeros((3, 3))
        matrix[range(3), order] = signs
        if np.linalg.det(matrix) > 0:
            yield matrix


TURNS = list(turns())
SHIFT = np.array([13.0, -41.0, 27.0])
METRICS = ("Volume", "Dmin", "Dmax", "Dmean", "D95%", "D50%", "D2%", "D0.03cc", "V30Gy[cc]", "V20Gy", "gEUD(a=8)")


def lumpy(points):
    """A field without any symmetry."""
    u, v, w = np.moveaxis(points, -1, 0)
    return 30 + 0.4 * u - 0.2 * v + 0.3 * w + 3 * np.sin(u / 7 + 0.3 * v) + 0.02 * v * w


def turned_contours(contours, turn):
    return [Contour(contour.points_mm @ turn.T + SHIFT) for contour in contours]


def turned_dose(dose, turn):
    """The same array on a grid that was turned and moved with the patient."""
    matrix = np.eye(4)
    matrix[:3, :3] = turn @ dose.grid.index_to_patient[:3, :3]
    matrix[:3, 3] = turn @ dose.grid.index_to_patient[:3, 3] + SHIFT
    return Dose(Grid(dose.grid.shape, matrix), dose.values)


def turned_axial_dose(dose, turn):
    """The same dose as a planning system would write it: array axes along the patient's again."""
    turned = turned_dose(dose, turn)
    values, columns = turned.values, turned.grid.index_to_patient[:3, :3].copy()
    origin = turned.grid.index_to_patient[:3, 3].copy()
    for axis in range(3):
        if columns[:, axis].sum() < 0:
            origin += columns[:, axis] * (values.shape[2 - axis] - 1)
            columns[:, axis] *= -1
            values = np.flip(values, 2 - axis)
    along = [int(np.argmax(columns[axis])) for axis in range(3)]
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = columns[:, along], origin
    values = np.transpose(values, [2 - along[2], 2 - along[1], 2 - along[0]])
    return Dose(Grid(values.shape, matrix), np.ascontiguousarray(values))


@pytest.fixture(scope="module")
def patient(contours_of, dose_of):
    solid = Ellipsoid((1.3, -2.2, 0.7), (9.0, 6.0, 7.5))
    return contours_of(solid, 2.0, phase=0.35), dose_of(lumpy, 16.0, 2.0, shift_mm=0.3)


def numbers(contours, dose):
    dvh = compute_dvh(Region.of(stack_contours(contours)), dose)
    found = [measure(dvh, parse(text)) for text in METRICS]
    return np.array([[each.value, each.low, each.high] for each in found]).ravel()


def test_there_are_24_turns():
    assert len({turn.tobytes() for turn in TURNS}) == 24


@pytest.mark.parametrize("turn", TURNS, ids=str)
def test_every_turn_gives_the_same_numbers(patient, turn):
    contours, dose = patient
    expected = numbers(contours, dose)
    found = turned_contours(contours, turn)
    assert numbers(found, turned_dose(dose, turn)) == pytest.approx(expected, rel=1e-6)
    assert numbers(found, turned_axial_dose(dose, turn)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("turn", TURNS[::5], ids=str)
def test_expressions_and_indices_turn_too(contours_of, dose_of, turn):
    outer, inner = contours_of(sphere((0, 0, 0), 11), 2.5, phase=0.3), contours_of(sphere((2, 1, 0), 6), 2.5, phase=0.3)
    dose = dose_of(lambda points: 60 / (1 + (np.linalg.norm(points - [2, 1, 0], axis=-1) / 9) ** 6), 26.0, 2.5)

    def shell_and_indices(rings, core, field):
        stacks = {"A": stack_contours(rings), "B": stack_contours(core)}
        shell = compute_dvh(Region(parse_expression("A - B"), stacks, 2.5), field)
        region = Region.of(stacks["B"])
        target = Target(compute_dvh(region, field), region.vertices_mm)
        indices = [
            measure_index(parse(name), target, field, prescription_gy=40.0).value for name in ("CI", "GI", "PaddickCI")
        ]
        return np.array([shell.total_cc, shell.dose_at(1.0), shell.best.mean_gy, *indices])

    expected = shell_and_indices(outer, inner, dose)
    found = shell_and_indices(turned_contours(outer, turn), turned_contours(inner, turn), turned_dose(dose, turn))
    assert found == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("axis", "degrees"), [((0, 0, 1), 17.0), ((1, 0, 0), 20.0), ((1, 2, 3), 40.0)])
def test_a_tilt_of_the_whole_patient_changes_nothing(patient, axis, degrees):
    """Contours and grid tilted together: an oblique stack on the grid it was planned on."""
    axis = np.asarray(axis) / np.linalg.norm(axis)
    cross, angle = np.cross(np.eye(3), axis), np.deg2rad(degrees)
    tilt = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    contours, dose = patient
    expected = numbers(contours, dose)
    found = numbers(turned_contours(contours, tilt), turned_dose(dose, tilt))
    # The frame of a tilted stack is turned within its plane, so cells and the spline meet the dose elsewhere.
    assert found == pytest.approx(expected, rel=0.01)
