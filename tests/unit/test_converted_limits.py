"""Limits converted between two published columns: never beyond the ends, never a mean, the lower of both."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constraints.conversion import LABEL, converted_pack, equieffective_gy
from constraints.pack import load_pack
from rtplan.metrics.notation import Kind
from rtplan.radiobiology import eqd2_gy

TG101, TIMMERMAN = load_pack("tg101-2010"), load_pack("timmerman-2021")


@given(
    dose=st.floats(0.1, 100),
    count=st.integers(1, 30),
    new=st.integers(1, 30),
    ratio=st.sampled_from([1.0, 2.0, 3.0, 10.0]),
)
def test_the_same_eqd2_in_another_number_of_fractions(dose, count, new, ratio):
    converted = equieffective_gy(dose, count, new, alpha_beta_gy=ratio)
    assert eqd2_gy(converted, new, alpha_beta_gy=ratio) == pytest.approx(eqd2_gy(dose, count, alpha_beta_gy=ratio))
    assert equieffective_gy(converted, new, count, alpha_beta_gy=ratio) == pytest.approx(dose)


def row(pack, count, structure, metric):
    (found,) = [
        item
        for item in converted_pack(pack, count).constraints
        if item.structure == structure and str(item.metric) == metric
    ]
    return found


def test_the_lower_of_both_neighbours_stands_with_its_words():
    # Cord, alpha/beta 2: 14 Gy in 1 has an EQD2 of 56, 21.9 Gy in 3 of 50.9; D (1 + D / 4) = 101.835 gives 18.28 Gy.
    found = row(TG101, 2, "SpinalCord", "D0.035cc")
    from_one = equieffective_gy(14.0, 1, 2, alpha_beta_gy=2.0)
    from_three = equieffective_gy(21.9, 3, 2, alpha_beta_gy=2.0)
    assert from_three == pytest.approx(2 * (-1 + (1 + 21.9 * (1 + 7.3 / 2)) ** 0.5))
    assert found.require.bound == pytest.approx(min(from_one, from_three)) == pytest.approx(18.2815, abs=1e-3)
    assert LABEL in found.note
    assert "alpha/beta 2 Gy" in found.note
    assert "14 Gy in 1 and 21.9 Gy in 3" in found.note
    assert (found.trust, found.information, found.fractions) == ("D", True, {2})


def test_where_sources_conflict_over_alpha_beta_every_value_is_tried():
    # Cauda equina: 2.5 and 3 Gy are both held.
    found = row(TG101, 2, "CaudaEquina", "D0.035cc")
    tried = [
        equieffective_gy(dose, count, 2, alpha_beta_gy=ratio)
        for ratio in (2.5, 3.0)
        for dose, count in ((16.0, 1), (24.0, 3))
    ]
    assert found.require.bound == pytest.approx(min(tried))
    own = converted_pack(TG101, 2, {"CaudaEquina": 2.0}).constraints
    (mine,) = [item for item in own if item.structure == "CaudaEquina" and str(item.metric) == "D0.035cc"]
    assert "alpha/beta 2 Gy" in mine.note


@pytest.mark.parametrize("count", [6, 7, 8, 10, 30])
def test_nothing_is_converted_beyond_the_end_of_a_table(count):
    assert converted_pack(TG101, count).constraints == ()


@pytest.mark.parametrize("count", [1, 3, 5, None])
def test_a_printed_column_is_not_converted(count):
    assert converted_pack(TG101, count).constraints == ()


def test_a_longer_table_has_neighbours_for_six():
    found = converted_pack(TIMMERMAN, 6).constraints
    assert {item.structure for item in found} >= {"SpinalCord", "Esophagus"}
    cord = row(TIMMERMAN, 6, "SpinalCord", "D0.035cc")
    assert 28.0 < cord.require.bound < 33.6


@pytest.mark.parametrize("pack", [TG101, TIMMERMAN, load_pack("nccn-rtog-max"), load_pack("hytec-2021")])
@pytest.mark.parametrize("count", range(2, 30))
def test_only_limits_of_dose_at_a_volume_are_converted(pack, count):
    for item in converted_pack(pack, count).constraints:
        assert item.metric.kind in {Kind.MAXIMUM, Kind.DOSE_AT_VOLUME, Kind.COLD_DOSE}
        assert all(limit.unit == "Gy" for limit in item.limits)
        assert item.information
        assert not item.superseded
