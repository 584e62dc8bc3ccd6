"""Limits as people write them, in the words of the limit language: signs, spaces, cGy; meaning is never guessed."""

from __future__ import annotations

import re
from decimal import Decimal

from constraints.language import parse_limit
from rtplan.errors import MetricError

__all__ = ["checked", "limit_text", "number_text"]

_SIGNS = {"≤": "<=", "≥": ">=", "⩽": "<=", "⩾": ">=", "=<": "<=", "=>": ">=", "cm³": "cc", "cm^3": "cc", "cm3": "cc"}
_CGY = re.compile(r"(\d+(?:\.\d+)?)\s*cGy", re.IGNORECASE)
_WORDS = re.compile(r"\s*D?[ _]?(max|mean|min)(?:imum)?(?: dose)?\s*", re.IGNORECASE)
_COMMA = re.compile(r"(?<=\d),(?=\d)")
_THOUSANDS = re.compile(r"\d,\d{3}(?!\d)")
_VOLUME_AT_DOSE = re.compile(r"C?V[\d.]+Gy")


def limit_text(metric: str, limit: str, *, comma_decimals: bool = False) -> str:
    """Join a metric and a limit as written into one text of the limit language.

    Parameters
    ----------
    metric, limit : str
        The metric may be empty where the limit begins with it.
    comma_decimals : bool
        Whether a comma between digits may be a decimal sign.

    Returns
    -------
    str
        Checked: `parse_limit` reads it.

    Raises
    ------
    MetricError
        With one sentence, as `parse_limit`; and where a comma may be a decimal sign or part thousands.

    Examples
    --------
    >>> limit_text("V20 Gy", "≤ 10 cm³"), limit_text("Max", "< 1770 cGy")
    ('V20Gy[cc] <= 10 cc', 'Dmax < 17.7 Gy')
    >>> limit_text("", "")
    Traceback (most recent call last):
    rtplan.errors.MetricError: a limit is missing: the text is empty
    """
    metric, limit = (_plain(text, comma_decimals=comma_decimals) for text in (metric, limit))
    metric = _named(metric)
    if metric and _starts_with_bound(limit):
        limit = f"{metric} {limit}"
    elif metric and not limit:
        limit = metric
    if match := re.match(r"([^<>=]+?)\s*((?:<=|>=|<|>).*)", limit):
        limit = f"{_named(match[1])} {match[2]}"
    text = _with_volume_unit(re.sub(r"\s+", " ", limit).strip())
    return checked(text)


def checked(text: str) -> str:
    """Return a limit as it is where the limit language reads it; MetricError where it does not."""
    parse_limit(text)
    return text


def number_text(value: float) -> str:
    """Write a number in full, as short as it reads back."""
    return f"{Decimal(repr(float(value))).normalize():f}"


def _plain(text: str, *, comma_decimals: bool) -> str:
    for sign, plain in _SIGNS.items():
        text = text.replace(sign, plain)
    if _COMMA.search(text):
        if not comma_decimals or _THOUSANDS.search(text):
            raise MetricError(f"{text}: the comma may be a decimal sign or part thousands; write a point")
        text = _COMMA.sub(".", text)
    return _CGY.sub(lambda match: f"{number_text(float(Decimal(match[1]) / 100))} Gy", text).strip()


def _named(metric: str) -> str:
    if match := _WORDS.fullmatch(metric):
        return f"D{match[1].lower()}"
    return re.sub(r"\s+", "", metric)


def _starts_with_bound(limit: str) -> bool:
    return bool(re.match(r"(<=|>=|<|>|in\b|inside\b)", limit))


def _with_volume_unit(text: str) -> str:
    """Write ``V20Gy < 10 cc`` as ``V20Gy[cc] < 10 cc``: the bound says which volume is meant."""
    match = re.match(rf"({_VOLUME_AT_DOSE.pattern})(\s*(?:<=|>=|<|>).*\bcc)$", text)
    return f"{match[1]}[cc]{match[2]}" if match else text
