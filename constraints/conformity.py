"""Limits that depend on the volume of the target: the RTOG conformity table (RTOG 0813 and 0915).

"Linear interpolation between table entries is required"; outside the table there is no rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from .language import Limit
from .pack import load_pack
from .rules import ConformityRow, Constraint, Pack

__all__ = ["FACT", "constraints_at", "limits_at"]

PACK_ID = "rtog0813-0915-conformity"
FACT = "ptv_cc"
"""The fact that holds the volume of a lesion's planning target, in cc."""


def limits_at(ptv_cc: float, rows: Sequence[ConformityRow] | None = None) -> tuple[Constraint, ...] | None:
    """Return the conformity limits for one target volume.

    Parameters
    ----------
    ptv_cc : float
        Volume of the planning target, cc.
    rows : sequence of ConformityRow, optional
        The table, by rising volume; the shipped RTOG table where it is left out.

    Returns
    -------
    tuple of Constraint or None
        ``R100``, ``R50``, ``D2cm[%]`` and lung ``V20Gy``, each with a preferred (no deviation) and a required
        (minor deviation) limit; None outside the table.

    Examples
    --------
    >>> [str(row.prefer) for row in limits_at(28.0)]
    ['R100 < 1.2', 'R50 < 4.4', 'D2cm[%] < 56 %Rx', 'V20Gy[%] < 10 %']
    >>> limits_at(1.0) is None
    True
    """
    table = load_pack(PACK_ID).conformity if rows is None else rows
    for below, above in pairwise(table):
        if below.ptv_cc <= ptv_cc <= above.ptv_cc:
            weight = (ptv_cc - below.ptv_cc) / (above.ptv_cc - below.ptv_cc)
            pairs = zip(below.constraints, above.constraints, strict=True)
            return tuple(_between(low, high, weight) for low, high in pairs)
    return None


def constraints_at(pack: Pack, ptv_cc: float | None) -> tuple[Constraint, ...]:
    """Return the constraints of a pack's conformity table for one target, or say in each why there is none.

    A pack without such a table has none.
    """
    if not pack.conformity:
        return ()
    found = None if ptv_cc is None else limits_at(ptv_cc, pack.conformity)
    if found is not None:
        return found
    first, last = pack.conformity[0], pack.conformity[-1]
    reason = "the volume of the target is not known"
    if ptv_cc is not None:
        span = f"{first.ptv_cc:g} to {last.ptv_cc:g} cc"
        reason = f"outside the table: the target has {ptv_cc:.4g} cc, the table runs from {span}"
    return tuple(replace(row, obstacle=reason) for row in first.constraints)


def _between(low: Constraint, high: Constraint, weight: float) -> Constraint:
    return replace(
        low,
        require=_interpolated(low.require, high.require, weight),
        prefer=_interpolated(low.prefer, high.prefer, weight),
    )


def _interpolated(low: Limit | None, high: Limit | None, weight: float) -> Limit | None:
    if low is None or high is None or weight == 1:
        return high
    return replace(low, bound=low.bound + weight * (high.bound - low.bound))
