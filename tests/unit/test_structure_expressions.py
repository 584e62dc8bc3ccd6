"""Structure expressions: read, written back, refused with a sentence."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtplan.geometry.expression import (
    Combination,
    ExpressionError,
    Margin,
    Name,
    names_in,
    parse_expression,
)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("Liver", Name("Liver")),
        ("Lungs-GTV", Combination("-", Name("Lungs"), Name("GTV"))),
        ("Hippocampi + 5 mm", Margin(Name("Hippocampi"), 5.0)),
        ("Hippocampi+5mm", Margin(Name("Hippocampi"), 5.0)),
        ("Skin - 3 mm", Margin(Name("Skin"), -3.0)),
        ("Body - (PTV + 2 cm)", Combination("-", Name("Body"), Margin(Name("PTV"), 20.0))),
        ("A | B & C", Combination("&", Combination("|", Name("A"), Name("B")), Name("C"))),
        ("A | (B & C)", Combination("|", Name("A"), Combination("&", Name("B"), Name("C")))),
        ("PTV + 2 cm - PTV", Combination("-", Margin(Name("PTV"), 20.0), Name("PTV"))),
        ("((A))", Name("A")),
        ("PTV_6000~1^x.2", Name("PTV_6000~1^x.2")),
    ],
)
def test_reads(text, tree):
    assert parse_expression(text) == tree


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "missing at the end"),
        ("Lungs -", "missing at the end"),
        ("(Lungs - GTV", "not closed"),
        ("Lungs - GTV)", "')' does not fit"),
        ("Lungs GTV", "'GTV' does not fit"),
        ("Lungs + GTV", "a union is '|'"),
        ("Lungs | 5 mm", "a margin follows"),
        ("5 mm + Lungs", "missing before '5.0'"),
        ("- GTV", "missing before '-'"),
        ("Lungs # GTV", "'# GTV' does not fit"),
        ("Hippocampi + 5", "'5' does not fit"),
        ("Hippocampi + 5 m", "'5 m' does not fit"),
        ("()", "missing before"),
    ],
)
def test_refuses_with_a_sentence(text, sentence):
    with pytest.raises(ExpressionError, match=re.escape(sentence)) as caught:
        parse_expression(text)
    assert repr(text) in str(caught.value)


def test_names_come_once_and_in_order():
    assert names_in(parse_expression("B - (A + 3 mm) | B & C")) == ("B", "A", "C")


_NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_~^.]{0,8}", fullmatch=True).map(Name)
_TREES = st.recursive(
    _NAMES,
    lambda inner: (
        st.builds(Margin, inner, st.integers(-300, 300).map(lambda tenths: tenths / 10.0))
        | st.builds(Combination, st.sampled_from("-|&"), inner, inner)
    ),
    max_leaves=6,
)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(_TREES)
def test_what_is_written_reads_back_as_the_same_tree(tree):
    assert parse_expression(str(tree)) == tree
