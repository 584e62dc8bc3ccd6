"""The generalised equivalent uniform dose (`niemierko1999`)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["geud_gy"]

# A gEUD takes logarithms: no dose at all stands for this much.
NO_DOSE_GY = 1e-12


def geud_gy(dose_gy: ArrayLike, volume_cc: ArrayLike, *, exponent: float) -> float:
    """Return ``(sum v_i D_i^a)^(1/a)``, v the shares of the volume; over logarithms, so that no power overflows.

    Parameters
    ----------
    dose_gy, volume_cc : array_like, shape (n,)
        Doses and the volume that receives each.
    exponent : float
        a, not zero: 1 is the mean; large for serial organs, negative for targets.

    Returns
    -------
    float
        Gy.

    Raises
    ------
    ValueError
        Where there is no volume or the exponent is zero.

    Examples
    --------
    >>> round(geud_gy([10.0, 20.0], [1.0, 1.0], exponent=1.0), 9)
    15.0
    >>> geud_gy([], [], exponent=2.0)
    Traceback (most recent call last):
    ValueError: a gEUD is of some volume and its exponent is not zero
    """
    dose, volume = np.asarray(dose_gy, dtype=np.float64), np.asarray(volume_cc, dtype=np.float64)
    if exponent == 0 or not volume.sum() > 0:
        raise ValueError("a gEUD is of some volume and its exponent is not zero")
    logs = exponent * np.log(np.maximum(dose, NO_DOSE_GY))
    largest = float(logs.max())
    mean = float(np.average(np.exp(logs - largest), weights=volume))
    return float(np.exp((np.log(mean) + largest) / exponent))
