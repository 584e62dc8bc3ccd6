"""Geometry of structures: planes, coverage, the space between and beyond them, expressions and margins."""

from .expression import Expression, ExpressionError, names_in, parse_expression
from .regions import Fineness, Region
from .stack import NotPlanarError, Stack, stack_contours

__all__ = [
    "Expression",
    "ExpressionError",
    "Fineness",
    "NotPlanarError",
    "Region",
    "Stack",
    "names_in",
    "parse_expression",
    "stack_contours",
]
