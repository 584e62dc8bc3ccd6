"""What must hold of every verdict, whatever the numbers."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from constraints.conformity import limits_at
from constraints.judge import Measurement, Standing, judge_constraint
from constraints.language import parse_limit
from constraints.pack import Constraint, Pack, load_pack
from rtplan.model import Measured, Verdict, worst

ROW = Constraint(
    id="a", structure="Heart", cite="x", trust="V", require=parse_limit("Dmax <= 30 Gy"),
    prefer=parse_limit("Dmax < 20 Gy"), fractions=frozenset({5}),
)  # fmt: skip
PACK = Pack("demo", "Demo", "lung", "draft", "2026-01-15", (ROW,))
RANK = [Verdict.MET, Verdict.ACCEPTABLE, Verdict.NOT_JUDGED, Verdict.INDETERMINATE, Verdict.EXCEEDED]
doses = st.floats(0, 60, allow_nan=False)
intervals = st.tuples(doses, doses).map(sorted)
TABLE = load_pack("rtog0813-0915-conformity").conformity


def verdict(low, high, row=ROW, standing=Standing.EXACT):
    item = Measurement("Heart", Measured((low + high) / 2, low, high, "Gy"), standing)
    (finding,) = judge_constraint(PACK, row, lambda *_: [item], fractions=5)
    return finding.verdict


@given(intervals)
def test_met_holds_for_every_value_of_the_interval(interval):
    low, high = interval
    if verdict(low, high) is Verdict.MET:
        assert {verdict(value, value) for value in (low, (low + high) / 2, high)} == {Verdict.MET}


@given(intervals)
def test_exceeded_holds_for_every_value_of_the_interval(interval):
    low, high = interval
    assert (verdict(low, high) is Verdict.EXCEEDED) == (verdict(low, low) is Verdict.EXCEEDED)


@given(intervals)
def test_indeterminate_is_exactly_a_disagreement_of_the_ends_about_the_requirement(interval):
    low, high = interval
    ends = {verdict(low, low) is Verdict.EXCEEDED, verdict(high, high) is Verdict.EXCEEDED}
    assert (verdict(low, high) is Verdict.INDETERMINATE) == (len(ends) == 2)


@given(intervals, doses)
def test_a_wider_interval_is_never_a_better_verdict(interval, more):
    low, high = interval
    wider = verdict(max(0, low - more), high + more)
    if verdict(low, high) is not Verdict.EXCEEDED:
        assert RANK.index(wider) >= RANK.index(verdict(low, high))
    assert wider is not Verdict.MET or verdict(low, high) is Verdict.MET


@given(doses, doses)
def test_more_dose_is_never_a_better_verdict(one, other):
    low, high = sorted((one, other))
    assert worst([verdict(low, low), verdict(high, high)]) is verdict(high, high)


@given(intervals)
def test_a_stand_in_never_says_more_than_the_value_itself(interval):
    exact = verdict(*interval)
    assert verdict(*interval, standing=Standing.CONSERVATIVE) in {Verdict.NOT_JUDGED, exact}
    assert verdict(*interval, standing=Standing.LENIENT) in {Verdict.NOT_JUDGED, exact}
    assert verdict(*interval, standing=Standing.LENIENT) in {Verdict.NOT_JUDGED, Verdict.EXCEEDED}


@given(intervals)
def test_a_preference_alone_never_fails(interval):
    assert verdict(*interval, row=replace(ROW, require=None)) in {Verdict.MET, Verdict.ACCEPTABLE}


@given(st.floats(1.8, 163.0))
def test_interpolated_limits_lie_between_their_neighbours(volume_cc):
    rows = limits_at(volume_cc, TABLE)
    below = max((row for row in TABLE if row.ptv_cc <= volume_cc), key=lambda row: row.ptv_cc)
    above = min((row for row in TABLE if row.ptv_cc >= volume_cc), key=lambda row: row.ptv_cc)
    for found, low, high in zip(rows, below.constraints, above.constraints, strict=True):
        for level in ("require", "prefer"):
            ends = sorted(getattr(row, level).bound for row in (low, high))
            assert ends[0] <= getattr(found, level).bound <= ends[1]


@given(st.floats(0, 1.79) | st.floats(163.01, 1e4))
def test_nothing_is_extrapolated(volume_cc):
    assert limits_at(volume_cc, TABLE) is None
