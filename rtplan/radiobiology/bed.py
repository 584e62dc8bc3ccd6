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

__all__ = ["Effect", "Model", "bed_gy", "effect", "eqd2_gy", "parameters"]

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
    return Effect(dose_gy, fractions, alpha_beta_gy, model, bed, bed / (1.0 + 2.0 / alpha_beta_gy), tuple(caveats))


def _lq(size: float, fractions: int, alpha_beta: float) -> tuple[float, list[str]]:
    border = parameters()["lq"]["uncertain_above_gy"]
    caveats = [f"LQ is uncertain above about {border:g}-15 Gy a fraction"] if size > border else []
    return float(bed_gy(size * fractions, fractions, alpha_beta_gy=alpha_beta)), caveats


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
