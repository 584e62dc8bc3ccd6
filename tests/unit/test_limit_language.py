from __future__ import annotations

import pytest

from constraints.language import Limit, Side, judge_limit, parse_limit, split_limit, table_name
from rtplan.errors import MetricError
from rtplan.model import Measured, NotMeasured


def at(value, unit="Gy"):
    return Measured(value, value, value, unit)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("D5cc <= 17.7 Gy", ("D5cc", "<=", 17.7, None, "Gy")),
        ("V20Gy < 30 %", ("V20Gy[%]", "<", 30, None, "%")),
        ("V20Gy<30%", ("V20Gy[%]", "<", 30, None, "%")),
        ("CV700cc < 17.1 Gy", ("CV700cc", "<", 17.1, None, "Gy")),
        ("Dmax < 105 %Rx", ("Dmax", "<", 105, None, "%Rx")),
        ("R50 in 1.0..2.0", ("R50", "in", 1, 2, "")),
        ("PITV inside 0.9..2.5", ("PITV", "inside", 0.9, 2.5, "")),
        ("V12Gy[cc] <= 5 cc", ("V12Gy[cc]", "<=", 5, None, "cc")),
        ("D98% >= 90 %Rx", ("D98%", ">=", 90, None, "%Rx")),
        ("D2cm[%] < 50 %", ("D2cm[%]", "<", 50, None, "%Rx")),
        ("MDPD <= 2.0", ("MDPD", "<=", 2, None, "")),
        ("BED(10){Rx} >= 100 Gy", ("BED(10){Rx}", ">=", 100, None, "Gy")),
        ("  Dmean<8Gy  ", ("Dmean", "<", 8, None, "Gy")),
    ],
)
def test_reads(text, expected):
    limit = parse_limit(text)
    assert (str(limit.metric), limit.op, limit.bound, limit.upper, limit.unit) == expected
    assert parse_limit(str(limit)) == limit


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("V20 <= 30%", "20 what"),
        ("D95 >= 57 Gy", "per cent or cc"),
        ("V20Gy <= 30 Gy", "measured in %, not in Gy"),
        ("V20Gy <= 30 cc", "V20Gy[cc]"),
        ("V12Gy[cc] <= 30 %", "measured in cc"),
        ("Dmax < 65 Gy for bladder cancer", "'for bladder cancer' does not belong"),
        ("Dmax < 65 Gy, D5cc < 3 Gy", "does not belong"),
        ("Dmax < 65 Gyx", "does not belong"),
        ("Dmax 65 Gy", "comparison is missing"),
        ("Dmax = 65 Gy", "comparison is missing"),
        ("Dmax < 65", "65 what"),
        ("D2cm[%] < 50", "50 what"),
        ("Dmax < 105 %", "105 %Rx"),
        ("Dmax < 65 cc", "not in cc"),
        ("MDPD < 2 Gy", "no unit"),
        ("EQD2(3){D0.1cc} < 105 %Rx", "not in %Rx"),
        ("BED(0){Rx} >= 100 Gy", "alpha/beta"),
        ("Dmax < ", "not a number"),
        ("Dmax < -3 Gy", "not a number"),
        ("R50 in 2", "range"),
        ("R50 < 1..2", "range"),
        ("R50 in 2..1", "rises"),
        ("", "empty"),
        ("< 3 Gy", "metric is missing"),
    ],
)
def test_refuses_with_a_sentence(text, says):
    with pytest.raises(MetricError) as refused:
        parse_limit(text)
    message = str(refused.value)
    assert says in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "value", "side"),
    [
        ("Dmax < 14 Gy", 14.0, Side.BEYOND),
        ("Dmax <= 14 Gy", 14.0, Side.WITHIN),
        ("Dmax < 14 Gy", 13.999999999, Side.WITHIN),
        ("Dmax <= 14 Gy", 14.000000001, Side.BEYOND),
        ("D98% >= 25 Gy", 25.0, Side.WITHIN),
        ("D98% > 25 Gy", 25.0, Side.BEYOND),
    ],
)
def test_comparison_is_strict_or_not_on_unrounded_numbers(text, value, side):
    assert judge_limit(parse_limit(text), at(value)) is side


@pytest.mark.parametrize(
    ("low", "high", "side"),
    [(1.2, 1.9, Side.WITHIN), (0.8, 1.2, Side.STRADDLES), (1.5, 2.1, Side.STRADDLES), (0.5, 2.5, Side.STRADDLES)],
)
def test_two_sided_takes_the_worse_edge(low, high, side):
    assert judge_limit(parse_limit("PITV in 1.0..2.0"), Measured(low, low, high, "")) is side


@pytest.mark.parametrize(("value", "side"), [(1.0, Side.WITHIN), (0.9, Side.BEYOND), (2.5, Side.BEYOND)])
def test_inside_leaves_out_its_ends(value, side):
    assert judge_limit(parse_limit("PITV inside 0.9..2.5"), at(value, "")) is side


def test_share_of_the_prescription_is_multiplied():
    limit = parse_limit("Dmax < 105 %Rx")
    assert judge_limit(limit, at(52.49), prescription_gy=50) is Side.WITHIN
    assert judge_limit(limit, at(52.5), prescription_gy=50) is Side.BEYOND


def test_exactly_all_of_the_prescription_is_within():
    limit = parse_limit("D95% >= 100 %Rx")
    for prescription_gy in (54.0, 50.0, 37.5, 24.0, 0.1, 60.3):
        assert judge_limit(limit, at(prescription_gy), prescription_gy=prescription_gy) is Side.WITHIN


def test_share_without_a_prescription_is_not_measured():
    answer = judge_limit(parse_limit("Dmax < 105 %Rx"), at(40.0))
    assert isinstance(answer, NotMeasured)
    assert "prescription" in answer.reason


def test_a_share_that_is_measured_as_one_needs_no_prescription():
    assert judge_limit(parse_limit("D2cm[%] < 50 %"), at(49.0, "%Rx")) is Side.WITHIN


def test_a_value_in_another_unit_is_the_callers_mistake():
    with pytest.raises(ValueError, match="not in 'cc'"):
        judge_limit(parse_limit("Dmax < 14 Gy"), at(1.0, "cc"))


def test_margin_is_negative_beyond():
    assert parse_limit("Dmax < 20 Gy").margin_pct(15.0) == pytest.approx(25.0)
    assert parse_limit("D98% >= 20 Gy").margin_pct(15.0) == pytest.approx(-25.0)
    assert parse_limit("PITV in 1.0..2.0").margin_pct(1.9) == pytest.approx(5.0)
    assert parse_limit("PITV in 1.0..2.0").nearest_bound(1.9) == 2.0


def test_table_name_leaves_the_unit_to_the_bound():
    assert [table_name(parse_limit(text).metric) for text in ("V12Gy[cc] <= 5 cc", "V20Gy < 30 %", "D5cc < 3 Gy")] == [
        "V12Gy", "V20Gy", "D5cc",
    ]  # fmt: skip


def test_a_limit_whose_metric_cannot_be_read_is_still_taken_apart():
    parts = split_limit("D[2cm length] < 16 Gy")
    assert (parts.metric, parts.op, parts.bound, parts.unit) == ("D[2cm length]", "<", 16.0, "Gy")


def test_comparison_text_shows_both_ends():
    assert str(parse_limit("PITV in 1.0..2.0")) == "PITV in 1..2"
    assert isinstance(parse_limit("PITV in 1.0..2.0"), Limit)
