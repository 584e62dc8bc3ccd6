"""Names and numbers for people: what they must never do, whatever the input."""

from __future__ import annotations

import doctest
import unicodedata
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtplan.model import Measured, NotMeasured, Verdict
from rtplan.report import names, numbers
from rtplan.report.words import MARKS, SENTENCES
from rtplan.units import UNITS

finite = st.floats(-1e5, 1e5, allow_nan=False)


def number_of(text: str) -> float:
    return float(text.replace("−", "-"))


@given(st.text(max_size=300), st.integers(1, 80))
def test_a_name_is_one_short_line_without_controls(text, limit):
    shown = names.display_name(text, limit=limit)
    assert shown
    assert len(names.display_text(text, limit=limit)) <= limit
    assert not [c for c in shown if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]


@given(st.text(max_size=100))
def test_cleaning_twice_is_cleaning_once(text):
    once = names.display_text(text)
    assert names.display_text(once) == once


@pytest.mark.parametrize("raw", ["", " ", "\u202e", "\x00\x1b\u200b"])
def test_a_name_of_nothing_is_said_to_be_unnamed(raw):
    assert names.display_name(raw) == "(unnamed)"


@given(finite, finite, st.sampled_from(sorted(UNITS)))
def test_rounding_never_crosses_the_bound(value, bound, unit):
    shown = number_of(numbers.number(value, unit, against=bound))
    if abs(value - bound) > 1e-9 * max(1.0, abs(bound)):
        assert (shown > bound, shown < bound) == (value > bound, value < bound)


@given(st.tuples(finite, finite, finite).map(sorted), finite)
def test_an_interval_stays_on_its_side_too(ends, bound):
    low, value, high = ends
    measured = Measured(value, low, high, "Gy")
    shown = numbers.interval(measured, against=bound)
    if shown:
        for text, end in zip(shown.split("–"), (low, high), strict=True):
            if abs(end - bound) > 1e-9 * max(1.0, abs(bound)):
                assert (number_of(text) > bound) == (end > bound)


@given(finite)
def test_a_margin_has_the_sign_of_its_number(amount):
    shown = numbers.share(amount)
    if abs(amount) > 1e-9:
        assert (shown[0] == "+") == (amount > 0)
        assert (shown[0] == "−") == (amount < 0)


def test_minus_zero_is_zero():
    assert numbers.number(-0.0, "Gy") == "0.00"


def test_the_width_of_a_narrow_interval_can_be_read():
    assert numbers.interval(Measured(6.31, 6.28, 6.34, "%")) != "6.3–6.3"


def test_a_value_that_is_not_there_is_a_dash():
    missing = NotMeasured("no contours")
    assert (numbers.value(missing), numbers.interval(missing), numbers.dose(None)) == ("—", "", "—")


def test_every_verdict_has_a_word_and_a_sign_of_its_own():
    assert set(MARKS) == set(Verdict)
    assert len({mark.word for mark in MARKS.values()}) == len({mark.sign for mark in MARKS.values()}) == len(Verdict)
    assert set(SENTENCES) == set(Verdict) - {Verdict.BAND}


@pytest.mark.parametrize("module", ["names", "numbers", "plot", "csv", "facts"])
def test_the_examples_hold(module):
    outcome = doctest.testmod(import_module(f"rtplan.report.{module}"))
    assert (outcome.failed, outcome.attempted > 0) == (0, True)
