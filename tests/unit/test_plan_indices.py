"""Plan indices in doses whose isodoses are spheres: every index has a closed form."""

from __future__ import annotations

import numpy as np
import pytest

from rtplan.dvh import compute_dvh
from rtplan.metrics.indices import Target, measure_index
from rtplan.metrics.notation import parse
from rtplan.model import Measured, NotMeasured
from sample_data.fields import Bell, Hottest
from sample_data.solids import sphere

RX_GY = 50.0
RADIUS = 10.0
# The prescribed isodose has a radius of 10.8 mm: it holds the target and a little more.
BELL = Bell(sphere((0.0, 0.0, 0.0), 10.8), RX_GY, 65.0, 6.0)


def radius_of(level_gy, bell=BELL):
    return bell.isodose(level_gy).semi_axes_mm[0]


def dose_at(radius_mm, bell=BELL):
    return float(bell.dose_gy(np.array([radius_mm, 0.0, 0.0])))


@pytest.fixture(scope="module")
def balls(region_of, dose_of):
    """The target, its dose, and its vertices."""
    region = region_of(sphere((0.0, 0.0, 0.0), RADIUS), 1.5)
    dose = dose_of(BELL.dose_gy, 40.0, 2.0, shift_mm=0.37)
    return Target(compute_dvh(region, dose), region.vertices_mm), dose


EXPECTED = {
    "CI": (10.8 / RADIUS) ** 3,
    "PITV": (10.8 / RADIUS) ** 3,
    "R100": (10.8 / RADIUS) ** 3,
    "PaddickCI": (RADIUS / 10.8) ** 3,
    "GI": (radius_of(25.0) / 10.8) ** 3,
    "R50": (radius_of(25.0) / RADIUS) ** 3,
    "MDPD": 65.0 / RX_GY,
    "HI": (dose_at(RADIUS * 0.02 ** (1 / 3)) - dose_at(RADIUS * 0.98 ** (1 / 3))) / dose_at(RADIUS * 0.5 ** (1 / 3)),
}


@pytest.mark.parametrize(("text", "expected"), EXPECTED.items())
def test_closed_forms(balls, text, expected):
    found = measure_index(parse(text), *balls, prescription_gy=RX_GY)
    assert isinstance(found, Measured), found
    # A homogeneity is a small difference of large doses: half a per cent of them.
    assert found.value == pytest.approx(expected, **({"abs": 0.005} if text == "HI" else {"rel": 0.01}))
    assert found.low <= found.value <= found.high
    assert found.unit == parse(text).unit


@pytest.mark.parametrize("spacing_mm", [1.0, 2.5])
def test_closed_forms_hold_on_other_grids(region_of, dose_of, spacing_mm):
    region = region_of(sphere((0.0, 0.0, 0.0), RADIUS), 2.0, phase=0.2)
    dose = dose_of(BELL.dose_gy, 34.0, spacing_mm, shift_mm=0.21)
    target = Target(compute_dvh(region, dose), region.vertices_mm)
    for text in ("CI", "GI", "R50", "PaddickCI"):
        found = measure_index(parse(text), target, dose, prescription_gy=RX_GY)
        assert found.value == pytest.approx(EXPECTED[text], rel=0.02), text


@pytest.mark.parametrize(
    ("slices_mm", "phase", "spacing_mm"), [(1.5, 0.5, 2.0), (2.0, 0.2, 1.0), (3.0, 0.2, 2.5), (3.0, 0.9, 2.5)]
)
def test_the_largest_dose_at_2_cm_is_that_of_the_sphere_2_cm_away(region_of, dose_of, slices_mm, phase, spacing_mm):
    """In a dose that falls with distance alone, a dose says how far away it was found."""
    region = region_of(sphere((0.0, 0.0, 0.0), RADIUS), slices_mm, phase=phase)
    dose = dose_of(BELL.dose_gy, 36.0, spacing_mm, shift_mm=0.21)
    target = Target(compute_dvh(region, dose), region.vertices_mm)
    found = measure_index(parse("D2cm"), target, dose, prescription_gy=None)
    assert radius_of(found.value) == pytest.approx(RADIUS + 20, abs=0.25)
    assert np.linalg.norm(found.where_mm) == pytest.approx(RADIUS + 20, abs=0.25)
    share = measure_index(parse("D2cm[%]"), target, dose, prescription_gy=RX_GY)
    assert share.value == pytest.approx(100 * found.value / RX_GY)
    assert share.unit == "%Rx"


def low_plan(region_of, dose_of):
    region = region_of(sphere((0.0, 0.0, 0.0), RADIUS), 2.0)
    dose = dose_of(BELL.dose_gy, 40.0, 2.5)
    return Target(compute_dvh(region, dose), region.vertices_mm), dose


def test_a_prescription_that_no_point_reaches(region_of, dose_of):
    target, dose = low_plan(region_of, dose_of)
    assert measure_index(parse("CI"), target, dose, prescription_gy=80.0).value == 0
    assert measure_index(parse("PaddickCI"), target, dose, prescription_gy=80.0).value == 0
    found = measure_index(parse("GI"), target, dose, prescription_gy=80.0)
    assert isinstance(found, NotMeasured)
    assert "nowhere" in found.reason


def two_lesions(region_of, dose_of, apart_mm):
    """Two equal targets on the x axis, each with its own bell."""
    centres = [(-apart_mm / 2, 0.0, 0.0), (apart_mm / 2, 0.0, 0.0)]
    field = Hottest(tuple(Bell(sphere(centre, 6.5), RX_GY, 65.0, 4.0) for centre in centres))
    dose = dose_of(field.dose_gy, apart_mm / 2 + 22.0, 2.0, shift_mm=0.11)
    regions = [region_of(sphere(centre, 6.0), 1.5) for centre in centres]
    first, second = (region.vertices_mm for region in regions)
    return Target(compute_dvh(regions[0], dose), first, (second,)), dose


def test_lesions_that_lie_apart_are_measured_each(region_of, dose_of):
    target, dose = two_lesions(region_of, dose_of, 44.0)
    bell = Bell(sphere((0, 0, 0), 6.5), RX_GY, 65.0, 4.0)
    found = measure_index(parse("GI"), target, dose, prescription_gy=RX_GY)
    assert found.value == pytest.approx((radius_of(25.0, bell) / 6.5) ** 3, rel=0.02)
    assert measure_index(parse("CI"), target, dose, prescription_gy=RX_GY).value == pytest.approx(
        (6.5 / 6) ** 3, rel=0.02
    )


def test_lesions_whose_half_isodoses_merge_have_no_gradient_but_a_conformity(region_of, dose_of):
    target, dose = two_lesions(region_of, dose_of, 17.0)
    for text in ("GI", "R50"):
        found = measure_index(parse(text), target, dose, prescription_gy=RX_GY)
        assert isinstance(found, NotMeasured)
        assert found.reason == "the 50% isodose of this target runs into another target"
    assert measure_index(parse("CI"), target, dose, prescription_gy=RX_GY).value == pytest.approx(
        (6.5 / 6) ** 3, rel=0.02
    )


def test_an_isodose_that_leaves_the_grid_has_no_volume(region_of, dose_of):
    region = region_of(sphere((0.0, 0.0, 0.0), RADIUS), 2.0)
    dose = dose_of(BELL.dose_gy, 12.0, 2.0)
    assert dose_at(12.0) > RX_GY / 2
    target = Target(compute_dvh(region, dose), region.vertices_mm)
    found = measure_index(parse("R50"), target, dose, prescription_gy=RX_GY)
    assert isinstance(found, NotMeasured)
    assert found.reason == "the 50% isodose reaches the edge of the dose grid"
    assert isinstance(measure_index(parse("CI"), target, dose, prescription_gy=RX_GY), Measured)
    away = measure_index(parse("D2cm"), target, dose, prescription_gy=RX_GY)
    assert isinstance(away, NotMeasured)


def test_without_a_prescription_only_what_needs_none(balls):
    for text in ("CI", "GI", "R50", "PaddickCI", "MDPD", "D2cm[%]"):
        found = measure_index(parse(text), *balls, prescription_gy=None)
        assert isinstance(found, NotMeasured)
        assert "no prescription" in found.reason
    for text in ("HI", "D2cm"):
        assert isinstance(measure_index(parse(text), *balls, prescription_gy=None), Measured)


def test_a_target_outside_the_grid(region_of, dose_of):
    region = region_of(sphere((200.0, 0.0, 0.0), RADIUS), 2.0)
    dose = dose_of(BELL.dose_gy, 20.0, 2.5)
    target = Target(compute_dvh(region, dose), region.vertices_mm)
    assert target.dvh.outside_cc == pytest.approx(4.19, rel=0.01)
    for text in (*EXPECTED, "D2cm"):
        assert isinstance(measure_index(parse(text), target, dose, prescription_gy=RX_GY), NotMeasured)
