"""The commissioning suites at their full criteria, and the closed forms they stand on, checked another way."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rtplan.commission import nelms, suites
from rtplan.commission.compare import Comparison, summarise
from rtplan.commission.fields import Gaussian, Linear, Sigmoid, in_ball
from rtplan.commission.results import Criterion, beyond
from rtplan.commission.solids import Frustum, Kidney, TiltedEllipsoid, Torus
from rtplan.commission.truth import counted
from rtplan.metrics.notation import parse
from rtplan.model import Measured, NotMeasured
from sample_data.solids import Ellipsoid, Tube, Union, sphere

EXTREMES = ("Dmin", "Dmax")


def area(ring):
    x, y = ring.T
    return abs(np.dot(x, np.roll(y, -1)) - np.dot(np.roll(x, -1), y)) / 2


# The benchmark


@pytest.fixture(scope="module")
def first_test():
    return list(nelms.comparisons(contour_spacing_mm=nelms.TEST_1_MM))


@pytest.fixture(scope="module")
def second_test():
    return list(nelms.comparisons())


def test_the_benchmark_has_255_values_and_195_without_the_extremes(first_test, second_test):
    for items in (first_test, second_test):
        assert len(items) == 255
        assert sum(item.metric not in EXTREMES for item in items) == 195
        assert len({(item.case.split(",")[0], item.case.split(",")[2], item.metric) for item in items}) == 5 * 3 * 9


def test_no_value_of_the_first_test_deviates(first_test):
    assert beyond(first_test, 3.0) == ()


def test_few_values_of_the_second_test_deviate(second_test):
    assert len(beyond(second_test, 3.0)) <= 15
    assert len(beyond([item for item in second_test if item.metric not in EXTREMES], 3.0)) <= 6


@pytest.mark.parametrize("name", list(nelms.SOLIDS))
@pytest.mark.parametrize("field", ["AP", "SI"])
def test_the_closed_forms_agree_with_counted_points(name, field):
    """Without a contour spacing nothing reaches beyond a flat end, and the forms are those of the plain solids."""
    form = nelms.SOLIDS[name]
    closed, dense = form.truth(field, 0.0), counted(form.solid, nelms.FIELDS[field])
    assert closed.volume_cc == pytest.approx(form.solid.volume_cc, rel=1e-9)
    assert closed.mean_gy == pytest.approx(dense.mean_gy, rel=1e-3)
    for metric in ("D99%", "D95%", "D50%", "D5%", "D1%"):
        assert closed.value(parse(metric)) == pytest.approx(dense.value(parse(metric)), abs=0.08), metric
    assert closed.value(parse("Dmin")) == pytest.approx(4.0)
    assert closed.value(parse("Dmax")) == pytest.approx(28.0)


def test_a_flat_end_reaches_half_a_spacing_further():
    cylinder, cone = nelms.SOLIDS["axial cylinder"], nelms.SOLIDS["axial cone"]
    assert cylinder.truth("SI", 3.0).volume_cc == pytest.approx(math.pi * 144 * 27 / 1000)
    assert cylinder.truth("SI", 3.0).value(parse("Dmin")) == pytest.approx(2.5)
    assert cylinder.truth("AP", 3.0).volume_cc == pytest.approx(cylinder.truth("SI", 3.0).volume_cc)
    assert cone.truth("SI", 3.0).volume_cc == pytest.approx(math.pi * 144 * (8 + 1.5) / 1000)
    assert cone.truth("SI", 3.0).value(parse("Dmin")) == pytest.approx(4.0)
    assert cone.truth("AP", 3.0).volume_cc == pytest.approx(cone.truth("SI", 3.0).volume_cc)
    lying = nelms.SOLIDS["rotated cone"]
    assert lying.truth("SI", 3.0).volume_cc == pytest.approx(lying.solid.volume_cc)


# The solids and fields

SOLIDS = {
    "cylinder": Frustum((1.0, -2.0, 0.5), 20.0, (7.0, 7.0), "z"),
    "lying cylinder": Frustum((1.0, -2.0, 0.5), 20.0, (7.0, 7.0), "-y"),
    "cone": Frustum((0.0, 0.0, 0.0), 18.0, (0.0, 9.0), "z"),
    "lying cone": Frustum((0.0, 0.0, 0.0), 18.0, (0.0, 9.0), "-y"),
    "tilted ellipsoid": TiltedEllipsoid((5.0, 8.0, 12.0), suites.TILT),
    "torus": Torus(9.0, 4.0),
    "kidney": Kidney(10.0, 4.5),
}


@pytest.mark.parametrize("name", list(SOLIDS))
def test_rings_points_and_volumes_are_of_one_solid(name):
    """The rings' areas integrate to the volume, and so does the share of a box that lies inside."""
    solid = SOLIDS[name]
    low, high = solid.extent_mm
    middles = low[2] + (np.arange(400) + 0.5) / 400 * (high[2] - low[2])
    sizes = [sorted((area(ring) for ring in solid.rings(float(z))), reverse=True) for z in middles]
    hollow = name == "torus"
    areas = [found[0] - found[1] if hollow and len(found) == 2 else sum(found) for found in sizes]
    assert np.mean(areas) * (high[2] - low[2]) / 1000 == pytest.approx(solid.volume_cc, rel=2e-3)
    points = low + np.random.default_rng(7).random((400_000, 3)) * (high - low)
    share = solid.inside(points).mean()
    assert share * np.prod(high - low) / 1000 == pytest.approx(solid.volume_cc, rel=6e-3)


@pytest.mark.parametrize("name", list(SOLIDS))
def test_rings_lie_on_the_surface(name):
    solid = SOLIDS[name]
    low, high = solid.extent_mm
    for z in np.linspace(low[2], high[2], 9)[1:-1]:
        for ring in solid.rings(float(z)):
            middle = ring.mean(axis=0)
            outer = len(solid.rings(float(z))) == 1 and name not in {"kidney", "torus"}
            points = np.column_stack([ring, np.full(len(ring), z)])
            if outer:
                inwards = points + 1e-3 * (np.append(middle, z) - points)
                outwards = points - 1e-3 * (np.append(middle, z) - points)
                assert solid.inside(inwards).mean() > 0.95
                assert solid.inside(outwards).mean() < 0.05
            assert np.linalg.norm(np.roll(ring, 1, axis=0) - ring, axis=1).min() > 0


def test_the_tilt_is_a_rotation():
    turn = np.array(suites.TILT)
    assert turn @ turn.T == pytest.approx(np.eye(3))
    assert np.linalg.det(turn) == pytest.approx(1)


@pytest.mark.parametrize(
    "field", [Linear(), Gaussian(7.0, at_mm=(2.0, 1.0, -1.0)), Sigmoid(6.0, at_mm=(3.0, 0.0, 1.0))]
)
def test_a_ball_in_a_field_agrees_with_counted_points(field):
    closed, dense = in_ball(field, (0.0, 0.0, 0.0), 5.0), counted(sphere((0.0, 0.0, 0.0), 5.0), field.dose_gy)
    assert closed.volume_cc == pytest.approx(4 / 3 * math.pi * 125 / 1000, rel=1e-6)
    assert closed.mean_gy == pytest.approx(dense.mean_gy, rel=1e-3)
    for metric in ("D98%", "D95%", "D50%", "D2%", "D0.03cc"):
        assert closed.value(parse(metric)) == pytest.approx(dense.value(parse(metric)), rel=3e-3), metric


# The suites, the engine in them


def check(items, *, median_pct, worst_pct, covered_pct):
    found = summarise(items)
    assert found.count > 0
    assert found.median_pct <= median_pct
    assert abs(found.worst_pct) <= worst_pct
    assert found.covered_pct >= covered_pct


def test_balls():
    check(list(suites.balls(quick=True)), median_pct=0.1, worst_pct=1.5, covered_pct=95)


def test_small_balls():
    check(list(suites.small_balls(quick=True)), median_pct=0.5, worst_pct=2, covered_pct=95)


def test_other_solids():
    check(list(suites.other_solids(quick=True)), median_pct=0.2, worst_pct=5, covered_pct=90)


def test_snapped_contours():
    check(list(suites.snapped(quick=True)), median_pct=0.5, worst_pct=5, covered_pct=90)


@pytest.mark.parametrize("slices_mm", [1.0, 2.0, 3.0])
def test_the_phantom_of_other_programs(slices_mm):
    d95 = [item for item in suites.phantom(slices_mm=slices_mm) if item.metric == "D95%"]
    check(d95, median_pct=0.2, worst_pct=3, covered_pct=95)


@pytest.mark.parametrize("whole", [True, False])
def test_all_orientations_agree(whole):
    items = list(suites.orientations(whole=whole))
    assert len({item.case for item in items}) == 24
    assert abs(summarise(items).worst_pct) < 1e-4


def test_there_are_24_different_turns():
    found = suites.turns()
    assert len({tuple(turn.ravel()) for turn in found}) == 24
    assert all(np.linalg.det(turn) == pytest.approx(1) for turn in found)


# What would have to be noticed


def test_a_value_that_is_missing_or_wrong_is_a_deviation():
    missing = Comparison("ball", "D95%", 20.0, NotMeasured("no part of it lies inside the dose grid", "Gy"))
    wrong = Comparison("ball", "D95%", 20.0, Measured(20.7, 20.6, 20.8, "Gy"))
    right = Comparison("ball", "D95%", 20.0, Measured(20.1, 19.9, 20.3, "Gy"))
    assert beyond([right, wrong, missing], 3.0) == (missing, wrong)
    assert summarise([right, wrong, missing]).covered_pct == pytest.approx(100 / 3)
    assert not wrong.covered
    assert not missing.covered


@pytest.mark.parametrize(
    ("found", "at_most", "met"),
    [(1.0, True, True), (1.1, True, False), (math.nan, True, False), (1.0, False, True), (math.nan, False, False)],
)
def test_a_criterion_holds_up_to_its_bound_and_never_for_nothing(found, at_most, met):
    assert Criterion("error", found, 1.0, at_most=at_most).met is met


def test_the_engine_with_another_convention_fails_the_benchmark(monkeypatch):
    """Slabs that end at the last contour are not good enough: the criteria can tell."""
    from rtplan.dvh import Models, compute_dvh

    def worse(region, dose):
        return compute_dvh(region, dose, models=Models(between="slab", caps="none"))

    monkeypatch.setattr(nelms, "compute_dvh", worse)
    assert len(beyond(list(nelms.comparisons()), 3.0)) > 15


def test_solids_of_the_sample_studies_fit_the_same_protocol():
    for solid in (sphere((0, 0, 0), 5.0), Ellipsoid((0, 0, 0), (3, 4, 5)), Tube((0, 0), (3, 3), -4, 4)):
        truth = counted(Union((solid,)), Linear().dose_gy)
        assert truth.value(parse("Volume")) == pytest.approx(solid.volume_cc)
        assert truth.value(parse("D50%")) == pytest.approx(30.0, abs=0.05)
