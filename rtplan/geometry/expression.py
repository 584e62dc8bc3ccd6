"""Structure expressions: ``Lungs - GTV``, ``Hippocampi + 5 mm``, ``Body - (PTV + 2 cm)``, ``A | B``, ``A & B``.

An expression is a small tree; what a name stands for is decided by whoever evaluates it. ``-`` is always
the difference, so the TG-263 spelling ``Lungs-GTV`` reads as ``Lungs - GTV``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Combination", "Expression", "ExpressionError", "Margin", "Name", "names_in", "parse_expression"]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>mm|cm)\b|(?P<name>[A-Za-z_][\w~^.]*)|(?P<sign>[-+|&()]))"
)
_MM = {"mm": 1.0, "cm": 10.0}


class ExpressionError(ValueError):
    """An expression that does not parse; the message says where."""


@dataclass(frozen=True, slots=True)
class Name:
    """A structure by its name."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Margin:
    """A structure grown (or, with a negative margin, shrunk) by `margin_mm` in every direction."""

    inner: Expression
    margin_mm: float

    def __str__(self) -> str:
        inner = str(self.inner) if isinstance(self.inner, Name) else f"({self.inner})"
        return f"{inner} {'+' if self.margin_mm >= 0 else '-'} {abs(self.margin_mm):g} mm"


@dataclass(frozen=True, slots=True)
class Combination:
    """Two structures joined by ``-`` (difference), ``|`` (union) or ``&`` (intersection)."""

    sign: str
    left: Expression
    right: Expression

    def __str__(self) -> str:
        right = str(self.right) if isinstance(self.right, Name) else f"({self.right})"
        return f"{self.left} {self.sign} {right}"


Expression = Name | Margin | Combination


def parse_expression(text: str) -> Expression:
    """Read a structure expression; operators are taken from left to right, brackets group.

    Parameters
    ----------
    text : str

    Returns
    -------
    Expression

    Raises
    ------
    ExpressionError
        With the position of what does not fit.

    Examples
    --------
    >>> str(parse_expression("Body - (PTV + 2 cm)"))
    'Body - (PTV + 20 mm)'
    >>> parse_expression("")
    Traceback (most recent call last):
    rtplan.geometry.expression.ExpressionError: a structure is missing at the end of ''
    """
    tokens = _tokens(text)
    tree, rest = _chain(tokens, text)
    if rest:
        raise ExpressionError(f"{rest[0][1]!r} does not fit in {text!r}")
    return tree


def names_in(tree: Expression) -> tuple[str, ...]:
    """Return the names an expression uses, in order of appearance, each once."""
    if isinstance(tree, Name):
        return (tree.name,)
    if isinstance(tree, Margin):
        return names_in(tree.inner)
    return tuple(dict.fromkeys((*names_in(tree.left), *names_in(tree.right))))


_Token = tuple[str, str]


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    position = 0
    while position < len(text.rstrip()):
        match = _TOKEN.match(text, position)
        if not match:
            raise ExpressionError(f"{text[position:].strip()[:20]!r} does not fit in {text!r}")
        position = match.end()
        if match["number"]:
            found.append(("length", str(float(match["number"]) * _MM[match["unit"]])))
        elif match["name"]:
            found.append(("name", match["name"]))
        else:
            found.append(("sign", match["sign"]))
    return found


def _chain(tokens: list[_Token], text: str) -> tuple[Expression, list[_Token]]:
    tree, tokens = _operand(tokens, text)
    while tokens and tokens[0][0] == "sign" and tokens[0][1] in "-+|&":
        sign, tokens = tokens[0][1], tokens[1:]
        if tokens and tokens[0][0] == "length":
            if sign not in "+-":
                raise ExpressionError(f"a margin follows + or -, not {sign!r}, in {text!r}")
            tree = Margin(tree, float(tokens[0][1]) * (1.0 if sign == "+" else -1.0))
            tokens = tokens[1:]
        elif sign == "+":
            raise ExpressionError(f"'+' takes a margin such as '5 mm'; a union is '|', in {text!r}")
        else:
            right, tokens = _operand(tokens, text)
            tree = Combination(sign, tree, right)
    return tree, tokens


def _operand(tokens: list[_Token], text: str) -> tuple[Expression, list[_Token]]:
    if not tokens:
        raise ExpressionError(f"a structure is missing at the end of {text!r}")
    kind, value = tokens[0]
    if kind == "name":
        return Name(value), tokens[1:]
    if (kind, value) == ("sign", "("):
        tree, rest = _chain(tokens[1:], text)
        if not rest or rest[0] != ("sign", ")"):
            raise ExpressionError(f"a bracket is not closed in {text!r}")
        return tree, rest[1:]
    raise ExpressionError(f"a structure is missing before {value!r} in {text!r}")
