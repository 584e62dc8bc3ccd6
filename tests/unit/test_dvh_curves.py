"""The curve: dose at volume and volume at dose undo each other, plateaus and all."""

from __future__ import annotations

import numpy as np
import pytest

from rtplan.dvh import DVH
from rtplan.dvh.curves import KEPT, merged_samples


def of(dose_gy, volume_cc, **kinds):
    """Samples of one reading."""
    return merged_samples(dose_gy, {"best": volume_cc}, best="best", **kinds)["best"]


def evenly(low_gy, high_gy, count=1000, volume_cc=10.0):
    """A volume spread evenly over doses: D(v) is a straight line."""
    dose = low_gy + (np.arange(count) + 0.5) / count * (high_gy - low_gy)
    return of(dose, np.full(count, volume_cc / count), extremes_gy=(low_gy, high_gy))


def test_a_straight_line_is_read_exactly():
    samples = evenly(10, 30)
    for volume, dose in ((0, 30), (2.5, 25), (5, 20), (9.99, 10.02), (10, 10)):
        assert samples.dose_at(volume) == pytest.approx(dose)
        assert samples.volume_at(dose) == pytest.approx(volume)
    assert samples.mean_gy == pytest.approx(20)
    assert samples.total_cc == pytest.approx(10)


def test_beyond_the_ends():
    samples = evenly(10, 30)
    assert samples.volume_at(0) == samples.volume_at(10) == pytest.approx(10)
    assert samples.volume_at(30.001) == 0
    assert samples.dose_at(0) == 30
    assert samples.dose_at(10) == 10


def test_uniform_dose_is_received_by_all_and_exceeded_by_nothing():
    samples = of(np.full(50, 20.0), np.full(50, 0.1))
    assert samples.volume_at(20.0) == pytest.approx(5)
    assert samples.volume_at(np.nextafter(20, 21)) == 0
    assert samples.dose_at(0) == samples.dose_at(2.5) == samples.dose_at(5) == 20
    assert samples.mean_gy == pytest.approx(20)


def test_a_plateau_gives_one_dose_for_many_volumes():
    dose = np.concatenate([np.full(300, 50.0), np.full(700, 20.0)])
    samples = of(dose, np.full(1000, 0.01))
    assert samples.dose_at(1.0) == samples.dose_at(2.9) == 50
    assert samples.dose_at(3.1) == samples.dose_at(9) == 20
    # Between the plateaus the border lies within the two cells that meet there.
    for level in (21.0, 35.0, 49.0, 50.0):
        assert samples.volume_at(level) == pytest.approx(3.0, abs=0.0051)
    assert samples.volume_at(20.0) == pytest.approx(10)


def test_order_and_zero_weights_do_not_matter():
    random = np.random.default_rng(3)
    dose, volume = random.uniform(0, 60, 500), random.uniform(0, 1, 500)
    volume[::7] = 0
    mixed = random.permutation(500)
    one, two = of(dose, volume), of(dose[mixed], volume[mixed])
    for at in np.linspace(0, one.total_cc, 17):
        assert one.dose_at(at) == pytest.approx(two.dose_at(at))


def test_extremes_beyond_the_samples_leave_mean_and_volume_alone():
    inside = of(np.array([20.0, 30.0]), np.array([1.0, 1.0]))
    with_border = of(np.array([20.0, 30.0]), np.array([1.0, 1.0]), extremes_gy=(12.0, 33.0))
    assert (inside.minimum_gy, inside.maximum_gy) == (20, 30)
    assert (with_border.minimum_gy, with_border.maximum_gy) == (12, 33)
    assert with_border.mean_gy == inside.mean_gy == 25
    assert with_border.total_cc == inside.total_cc == 2


def test_samples_are_held_within_the_extremes():
    held = of(np.array([5.0, 20.0, 40.0]), np.ones(3), extremes_gy=(10.0, 35.0))
    assert held.dose_gy.tolist() == [35, 20, 10]


def test_merging_keeps_volume_mean_and_the_curve():
    random = np.random.default_rng(11)
    dose, volume = random.gamma(4, 5, 300_000), random.uniform(0.5, 1.5, 300_000) * 1e-3
    samples = of(dose, volume)
    assert len(samples.dose_gy) <= KEPT
    assert samples.total_cc == pytest.approx(volume.sum(), rel=1e-12)
    assert samples.mean_gy == pytest.approx(np.average(dose, weights=volume), rel=1e-12)
    assert (samples.minimum_gy, samples.maximum_gy) == (dose.min(), dose.max())
    order = np.argsort(-dose)
    middles = np.cumsum(volume[order]) - volume[order] / 2
    for share in (0.0005, 0.02, 0.3, 0.5, 0.95, 0.999):
        at = share * samples.total_cc
        assert samples.dose_at(at) == pytest.approx(np.interp(at, middles, dose[order]), rel=1e-3)


def test_merging_keeps_the_points_of_the_samples():
    random = np.random.default_rng(12)
    dose = random.uniform(0, 60, 100_000)
    points = np.column_stack([dose, -dose, 2 * dose])
    samples = of(dose, np.full(100_000, 0.001), locate=lambda numbers: points[numbers])
    assert samples.point_of(60.0)[0] == pytest.approx(dose.max(), abs=0.002)
    assert samples.point_of(33.0) == pytest.approx((33, -33, 66), abs=0.01)


def test_points_are_optional():
    assert evenly(10, 30).point_of(20) is None


def test_conversion_keeps_volumes_and_takes_the_ends_along():
    samples = evenly(10, 30)
    squared = samples.converted(lambda dose: dose**2)
    assert squared.dose_at(5) == pytest.approx(400, rel=1e-4)
    assert (squared.minimum_gy, squared.maximum_gy) == (100, 900)
    assert squared.total_cc == samples.total_cc
    assert squared.volume_at(20.0**2) == pytest.approx(samples.volume_at(20), rel=1e-4)


def test_a_dvh_counts_what_lies_outside_but_keeps_it_out_of_the_curve():
    dvh = DVH(evenly(10, 30), outside_cc=2.5, face_gy=8.0)
    assert dvh.total_cc == pytest.approx(12.5)
    assert dvh.volume_at(0) == pytest.approx(10)
    assert (np.diff(dvh.dose_gy) >= 0).all()
    assert (np.diff(dvh.volume_cc) <= 0).all()
    assert dvh.volume_cc[0] == pytest.approx(10)


def test_a_dvh_of_nothing_has_no_volume():
    empty = of(np.zeros(0), np.zeros(0))
    assert empty.total_cc == 0
    assert len(DVH(empty).dose_gy) == 0


def test_readings_share_their_doses_and_keep_their_volumes():
    random = np.random.default_rng(21)
    dose = random.uniform(0, 60, 150_000)
    best, other = random.uniform(0.5, 1.5, 150_000), random.uniform(0, 1, 150_000)
    other[dose > 50] = 0
    found = merged_samples(
        dose, {"best": best, "other": other}, best="best", locate=lambda numbers: np.zeros((len(numbers), 3))
    )
    assert found["other"].total_cc == pytest.approx(other.sum())
    assert found["other"].mean_gy == pytest.approx(np.average(dose, weights=other), rel=1e-3)
    assert found["other"].points_mm is None
    assert found["best"].points_mm is not None
    assert found["other"].volume_at(50.01) == pytest.approx(0, abs=2 * other.max())


@pytest.mark.parametrize("count", [1_000, 300_000])
def test_a_plateau_is_kept_however_many_samples_it_has(count):
    """99 % at 60 Gy, 1 % at none: coverage at 57 Gy is 99 %, at 60 Gy too, and D50% is 60 Gy to the last digit."""
    dose = np.full(count, 60.0)
    dose[: count // 100] = 0.0
    samples = of(dose, np.random.default_rng(1).uniform(0.5, 1.5, count) * 10 / count)
    whole = samples.volume_cc[samples.dose_gy > 0].sum()
    for level in (1.0, 57.0, 59.99, 60.0):
        assert samples.volume_at(level) == pytest.approx(whole, abs=2e-3 * samples.total_cc)
    assert samples.volume_at(np.nextafter(60, 61)) == 0
    for share in (0.01, 0.5, 0.95, 0.985):
        assert samples.dose_at(share * samples.total_cc) == 60
    assert (np.diff(samples.dose_gy) <= 0).all()
