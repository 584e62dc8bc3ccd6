"""Numbers for people: as few digits as show on which side of its limit a value lies.

Rounding never moves a value across the bound it is shown against, so what is read agrees with the verdict,
which was reached on unrounded numbers. Unrounded numbers are in the JSON and CSV documents.
"""

from __future__ import annotations

from rtplan.model import Measured, NotMeasured, Point
from rtplan.units import CC, GY, MM, NONE, PERCENT, PERCENT_RX

__all__ = ["ABSENT", "dose", "interval", "number", "place", "share", "value"]

ABSENT = "—"
_DECIMALS = {GY: 2, CC: 2, PERCENT: 1, PERCENT_RX: 1, MM: 1, NONE: 2}
_SHOWN_UNIT = {PERCENT_RX: "% Rx"}
_MINUS = "\N{MINUS SIGN}"
_ENOUGH = 4
_MOST = 12


def number(amount: float, unit: str = NONE, *, against: float | None = None) -> str:
    """Return the digits of a number: two decimals for Gy and cc, one for per cent and mm, more where needed.

    Parameters
    ----------
    amount : float
    unit : str
        Decides the number of decimals; it is not written.
    against : float or None
        A bound: decimals are added until the rounded number lies on the same side of it.

    Returns
    -------
    str
        With a true minus sign.

    Examples
    --------
    >>> number(17.7004, "Gy"), number(17.7004, "Gy", against=17.7)
    ('17.70', '17.7004')
    >>> number(0.0312, "cc")
    '0.031'
    """
    return _fixed(amount, _decimals(amount, unit, against))


def value(measured: Measured | NotMeasured, *, against: float | None = None) -> str:
    """Return a value with its unit, or a dash where there is none.

    Examples
    --------
    >>> value(Measured(17.62, 17.5, 17.7, "Gy"))
    '17.62 Gy'
    >>> value(NotMeasured("the structure has no contours"))
    '—'
    """
    if isinstance(measured, NotMeasured):
        return ABSENT
    unit = _SHOWN_UNIT.get(measured.unit, measured.unit)
    return f"{_fixed(measured.value, _common(measured, against))} {unit}".rstrip()


def interval(measured: Measured | NotMeasured, *, against: float | None = None) -> str:
    """Return ``low–high`` with the decimals of the value; empty where there is none or nothing is left open.

    Examples
    --------
    >>> interval(Measured(17.62, 17.5, 17.7, "Gy"))
    '17.50–17.70'
    >>> interval(Measured(5.0, 5.0, 5.0, "cc"))
    ''
    """
    if isinstance(measured, NotMeasured) or measured.low == measured.high:
        return ""
    decimals = _common(measured, against)
    return f"{_fixed(measured.low, decimals)}–{_fixed(measured.high, decimals)}"


def share(amount_pct: float | None) -> str:
    """Return a margin in per cent with its sign; a dash for None.

    Examples
    --------
    >>> share(8.24), share(-0.004), share(None)
    ('+8.2 %', '−0.0040 %', '—')
    """
    if amount_pct is None:
        return ABSENT
    plus = "+" if amount_pct > 0 else ""
    return f"{plus}{number(amount_pct, PERCENT, against=0.0)} %"


def dose(amount_gy: float | None) -> str:
    """Return a prescribed dose, which is a round number, without needless zeros; a dash for None.

    Examples
    --------
    >>> dose(50.0), dose(14.5), dose(None)
    ('50 Gy', '14.5 Gy', '—')
    """
    return ABSENT if amount_gy is None else f"{amount_gy:.6g} Gy"


def place(point_mm: Point) -> str:
    """Return a point of the patient in mm.

    Examples
    --------
    >>> place((1.0, -2.26, 30.0))
    '(1.0, −2.3, 30.0) mm'
    """
    return f"({', '.join(_fixed(coordinate, 1) for coordinate in point_mm)}) mm"


def _common(measured: Measured, against: float | None) -> int:
    """Return the decimals that a value and both ends of its interval need, so that its width can be read."""
    ends = (measured.value, measured.low, measured.high)
    decimals = max(_decimals(end, measured.unit, against) for end in ends)
    while decimals < _ENOUGH and 0 < measured.high - measured.low < 2 * 10.0**-decimals:
        decimals += 1
    return decimals


def _decimals(amount: float, unit: str, against: float | None) -> int:
    decimals = _DECIMALS[unit]
    while decimals < _ENOUGH and 0 < abs(amount) < 10.0 ** (1 - decimals):
        decimals += 1
    while (
        against is not None and decimals < _MOST and _side(round(amount, decimals), against) != _side(amount, against)
    ):
        decimals += 1
    return decimals


def _side(amount: float, bound: float) -> int:
    return (amount > bound) - (amount < bound)


def _fixed(amount: float, decimals: int) -> str:
    digits = f"{amount:.{decimals}f}"
    return digits.lstrip("-") if float(digits) == 0 else digits.replace("-", _MINUS)
