"""The estimated dose to immune cells: unverified, for no text of its source was found."""

from __future__ import annotations

import math

from .outcomes import outcome_model

__all__ = ["edic_gy"]


def edic_gy(*, lung_mean_gy: float, heart_mean_gy: float, body_mean_gy: float, fractions: int) -> float:
    """Estimate the dose to immune cells from mean physical doses.

    Parameters
    ----------
    lung_mean_gy, heart_mean_gy : float
    body_mean_gy : float
        Integral dose of the body over the model's fixed body volume.
    fractions : int

    Returns
    -------
    float
        Gy. Unverified: the parameters are from memory.

    Examples
    --------
    >>> round(edic_gy(lung_mean_gy=10, heart_mean_gy=8, body_mean_gy=2, fractions=30), 3)
    3.226
    """
    given = outcome_model("edic").parameters
    body = given["body"] + given["body_root"] * math.sqrt(fractions / given["reference_fractions"])
    return float(given["lung"] * lung_mean_gy + given["heart"] * heart_mean_gy + body * body_mean_gy)
