"""A type is finished when it exists: what cannot be is refused, what is cannot change."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from rtplan import errors, units
from rtplan.model import (
    Contour,
    Dose,
    FractionGroup,
    Grid,
    Measured,
    NotMeasured,
    Plan,
    Prescription,
    Quantity,
    Structure,
    Verdict,
    worst,
)

NAN = float("nan")


def test_a_quantity_is_finite_and_has_a_known_unit():
    assert Quantity(17.7, "Gy").value == 17.7
    for number in (NAN, float("inf")):
        with pytest.raises(ValueError, match="finite"):
            Quantity(number, "Gy")
    with pytest.raises(ValueError, match="unit 'cGy'"):
        Quantity(1770, "cGy")


@pytest.mark.parametrize("numbers", [(2, 3, 4), (2, 1, 1.5), (NAN, 1, 2), (1, NAN, 2), (1, 0, float("inf"))])
def test_a_measured_value_lies_in_its_interval(numbers):
    with pytest.raises(ValueError, match=r"does not hold|finite"):
        Measured(*numbers, "Gy")


def test_a_value_that_is_not_there_has_a_reason():
    with pytest.raises(ValueError, match="reason"):
        NotMeasured("")
    assert NotMeasured("the organ is missing", "Gy").code == ""


def test_worst_follows_the_order_of_the_contract():
    """Exceeded, then indeterminate, then not judged, then acceptable, then met; a band counts as acceptable."""
    order = [Verdict.MET, Verdict.ACCEPTABLE, Verdict.NOT_JUDGED, Verdict.INDETERMINATE, Verdict.EXCEEDED]
    for better, worse in itertools.combinations(order, 2):
        assert worst([better, worse]) is worst([worse, better]) is worse
    assert worst([Verdict.BAND]) is worst([Verdict.MET, Verdict.BAND]) is Verdict.ACCEPTABLE
    assert worst([Verdict.BAND, Verdict.NOT_JUDGED]) is Verdict.NOT_JUDGED
    assert worst([]) is Verdict.NOT_JUDGED


def turned_grid(offsets=None):
    angle = np.deg2rad(30)
    matrix = np.eye(4)
    matrix[:3, :3] = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    matrix[:3, :3] *= [2.0, 2.5, 1.0 if offsets is not None else 3.0]
    matrix[:3, 3] = [10, -20, 30]
    return Grid((4, 5, 6), matrix, "1.2.3", offsets)


def test_a_grid_takes_indices_to_the_patient_and_back():
    grid = turned_grid()
    index = np.random.default_rng(0).uniform(0, 5, (7, 2, 3))
    assert grid.to_index(grid.to_patient(index)) == pytest.approx(index)
    assert grid.to_patient(np.zeros(3)) == pytest.approx([10, -20, 30])
    assert grid.spacing_mm == pytest.approx((2, 2.5, 3))
    assert grid.directions.T @ grid.directions == pytest.approx(np.eye(3))


def test_uneven_planes_are_distances_in_mm():
    grid = turned_grid(np.array([0.0, 3.0, 6.0, 10.0]))
    assert grid.spacing_mm == pytest.approx((2, 2.5, 3))
    first, last = grid.to_patient(np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 10.0]]))
    assert np.linalg.norm(last - first) == pytest.approx(10)
    assert grid.axis_coordinates[2].tolist() == [0, 3, 6, 10]


@pytest.mark.parametrize(
    ("shape", "matrix", "offsets"),
    [
        ((0, 5, 6), np.eye(4), None),
        ((5, 6), np.eye(4), None),
        ((4, 5, 6), np.eye(3), None),
        ((4, 5, 6), np.diag([1.0, 1.0, 0.0, 1.0]), None),
        ((4, 5, 6), np.diag([1.0, NAN, 1.0, 1.0]), None),
        ((4, 5, 6), np.eye(4), np.array([0.0, 1.0, 2.0])),
        ((4, 5, 6), np.eye(4), np.array([0.0, 1.0, 1.0, 2.0])),
        ((4, 5, 6), np.eye(4), np.array([3.0, 2.0, 1.0, 0.0])),
    ],
)
def test_what_is_no_grid_is_refused(shape, matrix, offsets):
    with pytest.raises(ValueError, match=r"grid|index_to_patient|plane_offsets_mm"):
        Grid(shape, matrix, plane_offsets_mm=offsets)


@pytest.mark.parametrize("last", [NAN, np.inf])
def test_a_plane_lies_at_a_finite_place(last):
    with pytest.raises(ValueError, match="plane_offsets_mm"):
        Grid((4, 5, 6), np.eye(4), plane_offsets_mm=np.array([0.0, 1.0, 2.0, last]))


def test_arrays_are_read_only_and_the_callers_stay_writeable():
    values, points, matrix = np.zeros((4, 5, 6)), np.zeros((3, 3)), np.eye(4)
    grid = Grid((4, 5, 6), matrix)
    dose, contour = Dose(grid, values), Contour(points)
    for array in (dose.values, contour.points_mm, grid.index_to_patient):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    values[0], points[0], matrix[0] = 1, 1, 2
    assert grid.index_to_patient[0, 0] == 1


def test_a_dose_fits_its_grid_and_is_finite():
    grid = Grid((4, 5, 6), np.eye(4))
    with pytest.raises(ValueError, match="does not fit"):
        Dose(grid, np.zeros((6, 5, 4)))
    values = np.zeros((4, 5, 6))
    values[1, 2, 3] = NAN
    with pytest.raises(ValueError, match="not finite"):
        Dose(grid, values)


@pytest.mark.parametrize("points", [np.zeros((3, 2)), np.zeros(3), np.full((3, 3), NAN)])
def test_what_is_no_contour_is_refused(points):
    with pytest.raises(ValueError, match="contour"):
        Contour(points)


def test_a_plan_has_one_fraction_count_or_none():
    assert Plan("1").fractions is None
    assert Plan("1", fraction_groups=(FractionGroup(1, 5), FractionGroup(2, 5))).fractions == 5
    assert Plan("1", fraction_groups=(FractionGroup(1, 5), FractionGroup(2, 3))).fractions is None
    assert Plan("1", fraction_groups=(FractionGroup(1, None),)).fractions is None


@pytest.mark.parametrize(("dose_gy", "fractions"), [(0, 5), (-2, 5), (NAN, 5), (50, 0)])
def test_what_is_no_prescription_is_refused(dose_gy, fractions):
    with pytest.raises(ValueError, match=r"positive|fraction"):
        Prescription(dose_gy, fractions)


def test_changing_gives_a_new_one():
    structure = Structure(3, "cord")
    renamed = structure.renamed("SpinalCord")
    assert (structure.standard_name, renamed.standard_name) == (None, "SpinalCord")
    with pytest.raises(dataclasses.FrozenInstanceError):
        structure.name = "other"


def test_every_error_has_an_exit_code_of_the_contract():
    codes = {"UsageError": 2, "MetricError": 2, "PackError": 2, "SheetError": 2, "InputError": 4}
    for name, code in codes.items():
        kind = getattr(errors, name)
        assert issubclass(kind, errors.RtplanError)
        assert kind.exit_code == code
    assert errors.PackError("broken", ("one", "two")).problems == ("one", "two")


def test_units():
    assert {"Gy", "cc", "%", "%Rx", "mm", ""} == units.UNITS
    assert units.MM3_PER_CC == 1000
    assert units.CGY_PER_GY == 100
