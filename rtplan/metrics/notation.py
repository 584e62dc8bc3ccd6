"""Metric notation: text to :class:`Metric` and back (TG-263 style, `mayo2018`).

``Dmin Dmax Dmean D95% D0.03cc V20Gy V20Gy[cc] V95%[%] CV700cc CV17.1Gy[cc] gEUD(a=8) Volume``, a share of the
prescription as ``D95%[%]``, plan indices ``CI PITV PaddickCI GI HI R50 R100 D2cm MDPD``, and biological twins
``EQD2(3){D0.1cc}``, ``BED(10){D95%}``; and the name of a metric that a plugin gives.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from rtplan.errors import MetricError
from rtplan.units import CC, GY, NONE, PERCENT, PERCENT_RX

__all__ = ["INDICES", "Kind", "Metric", "Twin", "parse"]


class Kind(StrEnum):
    """What a metric asks of a structure."""

    MINIMUM = "Dmin"
    MAXIMUM = "Dmax"
    MEAN = "Dmean"
    DOSE_AT_VOLUME = "D"
    VOLUME_AT_DOSE = "V"
    COLD_DOSE = "CV at volume"
    COLD_VOLUME = "CV at dose"
    GEUD = "gEUD"
    VOLUME = "Volume"
    INDEX = "index"
    PLUGIN = "plugin"


INDICES = ("CI", "PITV", "PaddickCI", "GI", "HI", "R50", "R100", "D2cm", "MDPD")
_WORDS = {"Dmin": Kind.MINIMUM, "Dmax": Kind.MAXIMUM, "Dmean": Kind.MEAN}
_NUMBER = r"(\d+(?:\.\d+)?|\.\d+)"
_BRACKET = r"(?:\[(Gy|cc|%)\])?"
_DOSE_AT = re.compile(rf"D{_NUMBER}(%|cc){_BRACKET}")
_VOLUME_AT = re.compile(rf"(C?V){_NUMBER}(Gy|%){_BRACKET}")
_COLD_AT = re.compile(rf"CV{_NUMBER}(cc|%){_BRACKET}")
_WORD = re.compile(rf"(Dmin|Dmax|Dmean|D2cm){_BRACKET}")
_GEUD = re.compile(r"gEUD\(a=(-?\d+(?:\.\d+)?)\)")
_TWIN = re.compile(rf"(EQD2|BED)\({_NUMBER}\)\{{(.+)\}}")
_UNITLESS = re.compile(rf"(D|V|CV){_NUMBER}")


@dataclass(frozen=True, slots=True)
class Twin:
    """A conversion of the dose distribution before it is measured: EQD2 or BED with its alpha/beta in Gy."""

    name: str
    alpha_beta_gy: float


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Attributes
    ----------
    kind : Kind
    at : float or None
        The volume or dose it is taken at, the exponent of a gEUD.
    at_unit : str
        ``"%"`` or ``"cc"`` for a volume, ``"Gy"`` or ``"%Rx"`` for a dose.
    unit : str
        Of the result: Gy, ``"%Rx"`` (a dose as a share of the prescription), ``"%"``, cc, none.
    index : str
        Name of the plan index where `kind` is INDEX; else what the value is joined with (``"+ prior"``).
    twin : Twin or None
    plugin : str
        Name of the metric where `kind` is PLUGIN.
    """

    kind: Kind
    at: float | None = None
    at_unit: str = NONE
    unit: str = GY
    index: str = ""
    twin: Twin | None = None
    plugin: str = ""

    @property
    def needs_prescription(self) -> bool:
        """Whether the value exists only together with a prescribed dose."""
        of_rx = PERCENT_RX in (self.unit, self.at_unit)
        return of_rx or (self.kind is Kind.INDEX and self.index not in {"HI", "D2cm"})

    def __str__(self) -> str:
        text = self._body()
        if self.twin:
            text = f"{self.twin.name}({_plain(self.twin.alpha_beta_gy)}){{{text}}}"
        # What a limit is put to beyond the measured value (an earlier course) stands behind it.
        return f"{text} {self.index}" if self.index and self.kind is not Kind.INDEX else text

    def _body(self) -> str:
        share = "[%]" if self.unit == PERCENT_RX else ""
        if self.kind is Kind.INDEX:
            return self.index + share
        if self.kind is Kind.VOLUME:
            return "Volume"
        if self.kind is Kind.PLUGIN:
            return self.plugin
        if self.kind is Kind.GEUD:
            return f"gEUD(a={_plain(self.at)})"
        if self.kind in _WORDS.values():
            return self.kind.value + share
        sign = {Kind.DOSE_AT_VOLUME: "D", Kind.VOLUME_AT_DOSE: "V"}.get(self.kind, "CV")
        unit = PERCENT if self.at_unit == PERCENT_RX else self.at_unit
        if self.kind in {Kind.VOLUME_AT_DOSE, Kind.COLD_VOLUME}:
            share = f"[{self.unit}]"
        return f"{sign}{_plain(self.at)}{unit}{share}"


def parse(text: str) -> Metric:
    """Read one metric.

    Parameters
    ----------
    text : str
        In the notation above; spaces around it are ignored, spaces within are not allowed.

    Returns
    -------
    Metric

    Raises
    ------
    MetricError
        With one sentence that says what is missing or near: ``V20`` (20 what?), ``D95`` (per cent or cc?).

    Examples
    --------
    >>> str(parse("V20Gy"))
    'V20Gy[%]'
    >>> parse("D0.03cc").unit
    'Gy'
    >>> parse("")
    Traceback (most recent call last):
    rtplan.errors.MetricError: a metric is missing: the text is empty
    """
    text = text.strip()
    if not text:
        raise MetricError("a metric is missing: the text is empty")
    if match := _TWIN.fullmatch(text):
        return _twin(text, match)
    for reader in (_word, _dose_at, _volume_at, _cold_at, _geud):
        if metric := reader(text):
            return metric
    if text in INDICES:
        return Metric(Kind.INDEX, unit=NONE, index=text)
    if text == "Volume":
        return Metric(Kind.VOLUME, unit=CC)
    if metric := _plugin(text):
        return metric
    raise MetricError(_complaint(text))


def _plugin(text: str) -> Metric | None:
    """Look for a metric of that name among the plugins: the last resort, for it may import another's code."""
    from .plugins import plugin_unit  # noqa: PLC0415 - names of plugins are looked up only where nothing else fits

    unit = plugin_unit(text)
    return None if unit is None else Metric(Kind.PLUGIN, unit=unit, plugin=text)


def _plain(number: float | None) -> str:
    """Write a number in full, without an exponent, so that it reads back as the same number."""
    return f"{Decimal(repr(number or 0.0)):f}".removesuffix(".0")


def _twin(text: str, match: re.Match[str]) -> Metric:
    alpha_beta_gy = float(match[2])
    inner = parse(match[3])
    if inner.twin or inner.kind in {Kind.INDEX, Kind.VOLUME} or PERCENT_RX in (inner.unit, inner.at_unit):
        raise MetricError(f"{text}: a biological twin exists for dose and volume metrics in Gy, not {match[3]}")
    if alpha_beta_gy <= 0:
        raise MetricError(f"{text}: alpha/beta is positive")
    twin = Twin(match[1], alpha_beta_gy)
    return Metric(inner.kind, inner.at, inner.at_unit, inner.unit, twin=twin, plugin=inner.plugin)


def _dose_unit(text: str, bracket: str | None) -> str:
    if bracket == CC:
        raise MetricError(f"{text}: a dose is in Gy or in % of the prescription, not in cc")
    return PERCENT_RX if bracket == PERCENT else GY


def _volume_unit(text: str, bracket: str | None) -> str:
    if bracket == GY:
        raise MetricError(f"{text}: a volume is in % or cc, not in Gy")
    return bracket or PERCENT


def _word(text: str) -> Metric | None:
    if not (match := _WORD.fullmatch(text)):
        return None
    unit = _dose_unit(text, match[2])
    if match[1] == "D2cm":
        return Metric(Kind.INDEX, unit=unit, index="D2cm")
    return Metric(_WORDS[match[1]], unit=unit)


def _dose_at(text: str) -> Metric | None:
    if not (match := _DOSE_AT.fullmatch(text)):
        return None
    at = float(match[1])
    _check_share(text, at, match[2])
    return Metric(Kind.DOSE_AT_VOLUME, at, match[2], _dose_unit(text, match[3]))


def _volume_at(text: str) -> Metric | None:
    if not (match := _VOLUME_AT.fullmatch(text)):
        return None
    # "CV50%" is a volume share, read by _cold_at; "CV17.1Gy[cc]" and "CV80%[cc]" are volumes below a dose.
    if match[1] == "CV" and match[3] == PERCENT and match[4] in {None, GY}:
        return None
    kind = Kind.COLD_VOLUME if match[1] == "CV" else Kind.VOLUME_AT_DOSE
    at_unit = GY if match[3] == GY else PERCENT_RX
    return Metric(kind, float(match[2]), at_unit, _volume_unit(text, match[4]))


def _cold_at(text: str) -> Metric | None:
    if not (match := _COLD_AT.fullmatch(text)):
        return None
    at = float(match[1])
    _check_share(text, at, match[2])
    return Metric(Kind.COLD_DOSE, at, match[2], _dose_unit(text, match[3]))


def _geud(text: str) -> Metric | None:
    if not (match := _GEUD.fullmatch(text)):
        return None
    exponent = float(match[1])
    if exponent == 0:
        raise MetricError(f"{text}: the exponent of a gEUD is not zero")
    return Metric(Kind.GEUD, exponent, NONE, GY)


def _check_share(text: str, at: float, unit: str) -> None:
    if unit == PERCENT and at > 100:
        raise MetricError(f"{text}: a structure has no more than 100 % of its volume")


def _complaint(text: str) -> str:
    if match := _UNITLESS.fullmatch(text):
        if match[1] == "V":
            return f"{text}: {match[2]} what? Write V{match[2]}Gy or V{match[2]}%"
        return f"{text}: per cent or cc? Write {match[1]}{match[2]}% or {match[1]}{match[2]}cc"
    known = [*_WORDS, *INDICES, "Volume", "D95%", "D0.03cc", "V20Gy", "V95%", "CV700cc", "gEUD(a=8)"]
    near = difflib.get_close_matches(text, known, n=1, cutoff=0.7)
    hint = f"; did you mean {near[0]}?" if near else "; for example D95%, D0.03cc, V20Gy, Dmean, CV700cc"
    return f"{text!r} is not a metric{hint}"
