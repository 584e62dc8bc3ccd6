"""Where the ink goes: geometry of the interval bars and of the DVH plot, in the units of their SVG canvases.

Numbers only. The template draws them, so that every name passes through its escaping.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtplan.model import Curve, Finding, Measured

from .names import display_name

__all__ = ["Bar", "Line", "Plot", "bar", "plot"]

BAR_WIDTH = 150.0
_BAR_BOUND = 0.72 * BAR_WIDTH  # every limit stands in the same place, so that a column of bars can be scanned
_THINNEST = 2.0
_HUES = 8
_DASHES = ("", "7 3", "2 3", "9 3 2 3", "13 4")
_SAMPLES = 241


@dataclass(frozen=True, slots=True)
class Bar:
    """A value and its interval against a limit, all as positions along `BAR_WIDTH`.

    `beyond` is the forbidden side of the limit, ``(start, width)``; None where the limit has two sides.
    """

    low: float
    width: float
    value: float
    bound: float
    beyond: tuple[float, float] | None
    clipped: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One curve of the DVH plot: its path, the path round its band, and how it is told apart."""

    name: str
    path: str
    band: str
    hue: int
    dash: str


@dataclass(frozen=True, slots=True)
class Plot:
    """The DVH plot: canvas, frame, ticks as ``(position, text)``, and lines."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    dose_ticks: tuple[tuple[float, str], ...]
    volume_ticks: tuple[tuple[float, str], ...]
    lines: tuple[Line, ...]


def bar(finding: Finding) -> Bar | None:
    """Place a finding's interval against its bound; None where there is no value or no positive bound.

    Examples
    --------
    >>> from rtplan.model import Verdict
    >>> ten = Measured(10.0, 9.9, 10.1, "Gy")
    >>> drawn = bar(Finding("p", "c", True, "Cord", "cord", "Dmax", "<= 20 Gy", Verdict.MET, ten, 20.0))
    >>> drawn.value / drawn.bound
    0.5
    """
    measured, bound = finding.measured, finding.bound
    if not isinstance(measured, Measured) or bound is None or bound <= 0:
        return None
    scale = _BAR_BOUND / bound
    low, mid, high = (
        float(np.clip(amount * scale, 0.0, BAR_WIDTH)) for amount in (measured.low, measured.value, measured.high)
    )
    width = max(high - low, _THINNEST)
    return Bar(
        low=_fixed(min(low, BAR_WIDTH - width)),
        width=_fixed(width),
        value=_fixed(mid),
        bound=_fixed(_BAR_BOUND),
        beyond=_beyond(finding.limit),
        clipped=measured.high * scale > BAR_WIDTH,
    )


def _beyond(limit: str) -> tuple[float, float] | None:
    sense = limit.lstrip()[:1]
    if sense == "<":
        return _fixed(_BAR_BOUND), _fixed(BAR_WIDTH - _BAR_BOUND)
    return (0.0, _fixed(_BAR_BOUND)) if sense == ">" else None


def plot(curves: Iterable[Curve], *, width: float = 960.0, height: float = 430.0) -> Plot | None:
    """Place cumulative DVHs on a canvas; None where no curve has a point.

    Parameters
    ----------
    curves : iterable of Curve
        Dose in Gy, volume in per cent; a curve without points is left out.
    width, height : float
        Of the canvas.

    Returns
    -------
    Plot or None
        Each pair of hue and dash occurs once among the first forty curves.
    """
    drawn = [curve for curve in curves if curve.dose_gy.size and curve.dose_gy[-1] > 0]
    if not drawn:
        return None
    frame = _Frame(left=56.0, right=width - 14.0, top=12.0, bottom=height - 46.0, most_gy=_most(drawn))
    return Plot(
        width=width,
        height=height,
        left=frame.left,
        right=frame.right,
        top=frame.top,
        bottom=frame.bottom,
        dose_ticks=tuple((_fixed(float(frame.across(dose))), f"{dose:g}") for dose in _ticks(frame.most_gy)),
        volume_ticks=tuple((_fixed(float(frame.down(share))), f"{share}") for share in range(0, 101, 20)),
        lines=tuple(_line(curve, frame, place) for place, curve in enumerate(drawn)),
    )


@dataclass(frozen=True, slots=True)
class _Frame:
    left: float
    right: float
    top: float
    bottom: float
    most_gy: float

    def across(self, dose_gy: NDArray[np.float64] | float) -> NDArray[np.float64]:
        return np.asarray(self.left + np.asarray(dose_gy) / self.most_gy * (self.right - self.left))

    def down(self, volume_pct: NDArray[np.float64] | float) -> NDArray[np.float64]:
        return np.asarray(self.bottom - np.asarray(volume_pct) / 100.0 * (self.bottom - self.top))


def _line(curve: Curve, frame: _Frame, place: int) -> Line:
    dose = np.linspace(0.0, min(float(curve.dose_gy[-1]), frame.most_gy), _SAMPLES)
    across = frame.across(dose)
    mid, low, high = (
        frame.down(np.interp(dose, curve.dose_gy, share)) for share in (curve.volume_pct, curve.low_pct, curve.high_pct)
    )
    return Line(
        name=display_name(curve.name),
        path=_path(across, mid),
        band=_path(np.concatenate((across, across[::-1])), np.concatenate((high, low[::-1]))) + "Z",
        hue=place % _HUES,
        dash=_DASHES[place % len(_DASHES)],
    )


def _path(across: NDArray[np.float64], down: NDArray[np.float64]) -> str:
    points = zip(across.tolist(), down.tolist(), strict=True)
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _most(curves: Sequence[Curve]) -> float:
    ticks = _ticks(max(float(curve.dose_gy[-1]) for curve in curves))
    return ticks[-1]


def _ticks(most: float) -> list[float]:
    """Return round doses from 0 to the first one that is not below `most`, about eight of them."""
    rough = most / 8
    power = 10.0 ** np.floor(np.log10(rough))
    step = float(next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * (1 - 1e-9)))
    count = int(np.ceil(most / step * (1 - 1e-9)))
    return [round(index * step, 10) for index in range(count + 1)]


def _fixed(amount: float) -> float:
    return round(amount, 1)
