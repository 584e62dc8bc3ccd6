"""BED and EQD2: linear-quadratic, linear-quadratic-linear, universal survival curve.

``BED = D (1 + d / (alpha/beta))`` and ``EQD2 = BED / (1 + 2 / (alpha/beta))`` with d the dose a fraction
(`fowler1989`). LQ-L goes on along the tangent beyond a transition dose (`astrahan2008`); the universal survival
curve along its final slope (`park2008`).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rtplan.errors import UsageError

__all__ = [
    "Effect",
    "Model",
    "bed_gy",
    "effect",
    "eqd2_gy",
    "large_fraction_caveats",
    "parameters",
    "repopulated_bed_gy",
    "same_effect_gy",
]

Model = Literal["lq", "lql", "usc"]
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a schedule is worth: BED and EQD2 in Gy, the alpha/beta and model they hold for, and caveats."""

    dose_gy: float
    fractions: int
    alpha_beta_gy: float
    model: Model
    bed_gy: float
    eqd2_gy: float
    caveats: tuple[str, ...] = ()


@cache
def parameters() -> dict[str, Any]:
    """Return the parameters of the models, as kept in ``parameters.toml`` with their sources."""
    text = resources.files(__package__).joinpath("parameters.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def bed_gy(dose_gy: ArrayLike, fractions: int, *, alpha_beta_gy: float) -> Array:
    """Convert total physical dose to BED by the linear-quadratic model.

    Parameters
    ----------
    dose_gy : array_like
        Total dose, Gy, any shape.
    fractions : int
    alpha_beta_gy : float

    Returns
    -------
    ndarray
        BED in Gy, same shape.

    Examples
    --------
    >>> float(bed_gy(54.0, 3, alpha_beta_gy=10.0).round(6))
    151.2
    >>> bed_gy([], 3, alpha_beta_gy=10.0)
    array([], dtype=float64)
    """
    dose = np.asarray(dose_gy, dtype=np.float64)
    return np.asarray(dose * (1.0 + dose / fractions / alpha_beta_gy))


def eqd2_gy(dose_gy: ArrayLike, fractions: int, *, alpha_beta_gy: float) -> Array:
    """Convert total physical dose to the equieffective dose in 2 Gy fractions; see :func:`bed_gy`.

    Examples
    --------
    >>> float(eqd2_gy(54.0, 3, alpha_beta_gy=10.0).round(6))
    126.0
    """
    return np.asarray(bed_gy(dose_gy, fractions, alpha_beta_gy=alpha_beta_gy) / (1.0 + 2.0 / alpha_beta_gy))


def same_effect_gy(
    dose_gy: ArrayLike, fractions: int, *, alpha_beta_gy: float, fraction_gy: float | None = None, to: int | None = None
) -> Array:
    """Convert total physical dose to the dose of the same BED in fractions of a size, or in a number of them.

    Parameters
    ----------
    dose_gy : array_like
        Total dose, Gy, any shape.
    fractions : int
    alpha_beta_gy : float
    fraction_gy : float, optional
        The size to convert to.
    to : int, optional
        The number of fractions to convert to; without either the dose stays as it is.

    Examples
    --------
    >>> float(same_effect_gy(54.0, 3, alpha_beta_gy=10.0, fraction_gy=2.0).round(6))
    126.0
    >>> float(same_effect_gy(54.0, 3, alpha_beta_gy=10.0, to=3).round(6))
    54.0
    """
    bed = bed_gy(dose_gy, fractions, alpha_beta_gy=alpha_beta_gy)
    if to is not None:
        # BED = D (1 + D / (to alpha/beta)), solved for D.
        half = to * alpha_beta_gy / 2.0
        return np.asarray(half * (np.sqrt(1.0 + 2.0 * bed / half) - 1.0))
    if fraction_gy is not None:
        return np.asarray(bed / (1.0 + fraction_gy / alpha_beta_gy))
    return np.asarray(dose_gy, dtype=np.float64)


def repopulated_bed_gy(bed_gy: float, days: float) -> float:
    """Take from a tumour's BED what repopulation undoes in a course of `days`; nothing before its onset.

    Examples
    --------
    >>> repopulated_bed_gy(100.0, 28.0)
    100.0
    """
    given = parameters()["repopulation"]
    late = max(days - given["onset_days"], 0.0)
    return float(bed_gy - np.log(2.0) * late / (given["alpha_per_gy"] * given["doubling_days"]))


def effect(dose_gy: float, fractions: int, *, alpha_beta_gy: float = 10.0, model: Model = "lq") -> Effect:
    """Evaluate one schedule under one model.

    Parameters
    ----------
    dose_gy : float
        Total dose, positive.
    fractions : int
        One or more.
    alpha_beta_gy : float
        For ``usc`` only EQD2 uses it: the curve has an alpha/beta of its own.
    model : {"lq", "lql", "usc"}

    Returns
    -------
    Effect

    Raises
    ------
    UsageError
        Where a number is not positive.
    """
    if not (dose_gy > 0 and fractions >= 1 and alpha_beta_gy > 0 and np.isfinite([dose_gy, alpha_beta_gy]).all()):
        raise UsageError("dose and alpha/beta are positive numbers and a schedule has one fraction or more")
    size = dose_gy / fractions
    bed, caveats = {"lq": _lq, "lql": _lql, "usc": _usc}[model](size, fractions, alpha_beta_gy)
    told = (*caveats, *large_fraction_caveats(size))
    return Effect(dose_gy, fractions, alpha_beta_gy, model, bed, bed / (1.0 + 2.0 / alpha_beta_gy), told)


def large_fraction_caveats(fraction_gy: float) -> tuple[str, ...]:
    """Say that linear-quadratic is uncertain, where fractions are so large; it stands on every BED of such a size."""
    border = parameters()["lq"]["uncertain_above_gy"]
    return (f"LQ is uncertain above about {border:g}-15 Gy a fraction",) if fraction_gy > border else ()


def _lq(size: float, fractions: int, alpha_beta: float) -> tuple[float, list[str]]:
    return float(bed_gy(size * fractions, fractions, alpha_beta_gy=alpha_beta)), []


def _lql(size: float, fractions: int, alpha_beta: float) -> tuple[float, list[str]]:
    transition = parameters()["lql"]["transition_dose_gy"]
    caveats = [f"LQ-L with a transition dose of {transition:g} Gy, which is a choice"]
    if size <= transition:
        return _lq(size, fractions, alpha_beta)[0], caveats
    at_transition = transition * (1.0 + transition / alpha_beta)
    beyond = (1.0 + 2.0 * transition / alpha_beta) * (size - transition)
    return fractions * (at_transition + beyond), caveats


def _usc(size: float, fractions: int, alpha_beta: float) -> tuple[float, list[str]]:
    usc = parameters()["usc"]
    own = usc["alpha_per_gy"] / usc["beta_per_gy2"]
    transition = 2.0 * usc["dq_gy"] / (1.0 - usc["alpha_per_gy"] * usc["d0_gy"])
    caveats = [f"universal survival curve with its own alpha/beta of {own:.1f} Gy: research only"]
    if abs(alpha_beta - own) > 0.5:
        caveats.append(f"EQD2 uses alpha/beta {alpha_beta:g} Gy")
    if size <= transition:
        return _lq(size, fractions, own)[0], caveats
    dose = size * fractions
    return (dose - fractions * usc["dq_gy"]) / (usc["alpha_per_gy"] * usc["d0_gy"]), caveats
