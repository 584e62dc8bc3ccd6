"""What holds of every DVH, whatever the dose and the structure."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rtplan.dvh import DVH, compute_dvh
from rtplan.dvh.curves import merged_samples
from rtplan.geometry import Region, parse_expression
from rtplan.metrics.measure import measure
from rtplan.metrics.notation import parse
from rtplan.model import Dose
from sample_data.solids import Ellipsoid

CURVES = settings(max_examples=120, derandomize=True, deadline=None)
SOLIDS = settings(max_examples=12, derandomize=True, deadline=None)


def of(dose_gy, volume_cc):
    """Samples of one reading."""
    return merged_samples(dose_gy, {"best": volume_cc}, best="best")["best"]


@st.composite
def samples(draw):
    """Doses of any kind (even ones, plateaus, zeros among them) and any volumes."""
    count = draw(st.integers(1, 60))
    seed = draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    dose = random.uniform(0, 80, count)
    if draw(st.booleans()):
        dose = np.round(dose, -1)
    return of(dose, random.uniform(0.001, 2, count))


@CURVES
@given(samples())
def test_the_curve_starts_at_the_volume_and_never_rises(found):
    levels = np.linspace(-1, found.maximum_gy + 5, 200)
    volumes = np.array([found.volume_at(level) for level in levels])
    assert volumes[0] == pytest.approx(found.total_cc)
    assert volumes[-1] == 0
    assert (np.diff(volumes) <= 1e-9).all()
    doses = np.array([found.dose_at(at) for at in np.linspace(0, found.total_cc, 200)])
    assert (np.diff(doses) <= 1e-9).all()
    assert doses[0] == pytest.approx(found.maximum_gy)
    assert doses[-1] == pytest.approx(found.minimum_gy)


@CURVES
@given(st.integers(0, 2**32 - 1), st.floats(0.001, 0.999))
def test_volume_at_the_dose_at_a_volume_is_that_volume(seed, share):
    random = np.random.default_rng(seed)
    found = of(random.uniform(0, 80, 3000), random.uniform(0.5, 1.5, 3000))
    volume = share * found.total_cc
    assert found.volume_at(found.dose_at(volume)) == pytest.approx(volume, abs=1e-6)


@CURVES
@given(samples(), st.floats(0, 1))
def test_on_a_plateau_many_volumes_have_one_dose_and_all_of_it_receives_it(found, share):
    volume = share * found.total_cc
    slack = 1e-3 * found.total_cc + 1e-9
    assert found.volume_at(found.dose_at(volume)) >= volume - slack
    for level in np.unique(found.dose_gy):
        whole = found.volume_cc[found.dose_gy >= level].sum()
        assert found.volume_at(level) == pytest.approx(whole, abs=slack)


@CURVES
@given(samples(), st.floats(0.01, 100))
def test_scaled_dose_scales_every_dose(found, factor):
    scaled = found.converted(lambda dose: dose * factor)
    for text in ("Dmin", "Dmax", "Dmean", "D95%", "D50%", "gEUD(a=4)", "gEUD(a=-4)", "CV30%"):
        one, other = (measure(DVH(curve), parse(text)) for curve in (found, scaled))
        assert other.value == pytest.approx(one.value * factor, rel=1e-9, abs=1e-9)
    level = 0.5 * found.maximum_gy
    assert scaled.volume_at(level * factor) == pytest.approx(found.volume_at(level), rel=1e-6, abs=1e-9)


@CURVES
@given(samples())
def test_means_lie_between_the_extremes_in_their_order(found):
    geuds = [measure(DVH(found), parse(f"gEUD(a={a})")).value for a in (-8, -1, 0.5, 1, 3, 12)]
    assert geuds[3] == pytest.approx(found.mean_gy, abs=1e-9)
    assert (np.diff(geuds) >= -1e-9 * max(1.0, *geuds)).all()
    assert found.minimum_gy - 1e-9 <= geuds[0]
    assert geuds[-1] <= found.maximum_gy + 1e-9


@CURVES
@given(samples(), st.floats(0.1, 30), st.floats(0, 60), st.floats(0, 1))
def test_the_interval_holds_every_placement_of_what_lies_outside(found, outside_cc, face_gy, share):
    """Whatever dose the unknown volume receives, from nothing to the largest on a face."""
    dvh = DVH(found, outside_cc=outside_cc, face_gy=face_gy)
    count = 400
    outside = np.full(count, outside_cc / count)
    placed = DVH(of(np.append(found.dose_gy, np.full(count, share * face_gy)), np.append(found.volume_cc, outside)))
    for text in ("Dmean", "Dmax", "Dmin", "gEUD(a=3)"):
        measured, other = measure(dvh, parse(text)), measure(placed, parse(text))
        assert measured.low - 1e-6 <= other.value <= measured.high + 1e-6, text
    for text in ("V20Gy[cc]", "CV20Gy[cc]"):
        measured, other = measure(dvh, parse(text)), measure(placed, parse(text))
        cell = found.volume_cc.max() + outside[0]
        assert measured.low - cell <= other.value <= measured.high + cell, text


@st.composite
def ellipsoids(draw):
    size = st.floats(4.0, 12.0)
    place = st.floats(-8.0, 8.0)
    return Ellipsoid((draw(place), draw(place), draw(place)), (draw(size), draw(size), draw(size)))


@SOLIDS
@given(solid=ellipsoids(), factor=st.floats(0.1, 10), slices=st.sampled_from([1.5, 3.0]))
def test_ten_times_the_dose_is_ten_times_every_number(region_of, dose_of, solid, factor, slices):
    dose = dose_of(lambda points: 40 / (1 + (np.linalg.norm(points, axis=-1) / 12) ** 4), 24.0, 2.5)
    region = region_of(solid, slices)
    one, other = compute_dvh(region, dose), compute_dvh(region, Dose(dose.grid, dose.values * factor))
    for text in ("D95%", "D2%", "Dmean", "Dmax", "Dmin"):
        first, second = (measure(dvh, parse(text)) for dvh in (one, other))
        assert second.value == pytest.approx(first.value * factor, rel=1e-9)
        assert (second.low, second.high) == pytest.approx((first.low * factor, first.high * factor), rel=1e-9)


@SOLIDS
@given(one=ellipsoids(), other=ellipsoids())
def test_union_and_intersection_have_the_volume_of_both(stack_of, dose_of, one, other):
    dose = dose_of(lambda points: 20 + 0 * points[..., 0], 24.0, 2.0)
    stacks = {"A": stack_of(one, 2.0), "B": stack_of(other, 2.0)}
    volumes = {
        text: compute_dvh(Region(parse_expression(text), stacks, 2.0), dose).total_cc
        for text in ("A | B", "A & B", "A - B", "B - A")
    }
    assert volumes["A | B"] + volumes["A & B"] == pytest.approx(one.volume_cc + other.volume_cc, rel=0.02)
    parts = volumes["A - B"] + volumes["B - A"] + volumes["A & B"]
    assert parts == pytest.approx(volumes["A | B"], rel=1e-6)
    assert volumes["A & B"] <= min(one.volume_cc, other.volume_cc) * 1.02


@SOLIDS
@given(solid=ellipsoids(), scale=st.floats(0.5, 2.0))
def test_twice_the_size_is_eight_times_the_volume_at_the_same_doses(region_of, dose_of, solid, scale):
    """Everything scaled, slices and grid as well: the same samples, other millimetres."""
    larger = Ellipsoid(tuple(scale * np.array(solid.centre_mm)), tuple(scale * np.array(solid.semi_axes_mm)))
    plain = dose_of(lambda points: 30 + points @ [0.4, 0.1, -0.3], 24.0, 2.0)
    scaled = dose_of(lambda points: 30 + points @ [0.4, 0.1, -0.3] / scale, 24.0 * scale, 2.0 * scale)
    assume(scaled.values.shape == plain.values.shape)
    first = compute_dvh(region_of(solid, 2.0), plain)
    second = compute_dvh(region_of(larger, 2.0 * scale), scaled)
    assert second.total_cc == pytest.approx(first.total_cc * scale**3, rel=2e-3)
    for text in ("D95%", "D50%", "D2%"):
        assert measure(second, parse(text)).value == pytest.approx(measure(first, parse(text)).value, rel=1e-3)
