"""Limits for a fraction count that a table lacks, from its two neighbouring columns; converted, not published.

Each neighbour is converted by EQD2 with the alpha/beta of the tissue (with every value, where sources conflict), and
the lowest result stands. Never beyond the ends of a table, never a mean dose, and never as a limit that governs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

from rtplan.metrics.notation import Kind
from rtplan.radiobiology import alpha_beta_of, bed_gy
from rtplan.units import GY

from .language import Limit
from .rules import Constraint, Pack

__all__ = ["LABEL", "converted_pack", "equieffective_gy"]

LABEL = "converted, not published"
_KINDS = frozenset({Kind.MAXIMUM, Kind.DOSE_AT_VOLUME, Kind.COLD_DOSE})
_NO_OWN: Mapping[str, float] = {}


def equieffective_gy(dose_gy: float, fractions: int, new_fractions: int, *, alpha_beta_gy: float) -> float:
    """Return the dose in another number of fractions that has the same EQD2 (and BED).

    Parameters
    ----------
    dose_gy : float
    fractions, new_fractions : int
    alpha_beta_gy : float

    Returns
    -------
    float
        The positive root of ``D (1 + D / (n alpha/beta)) = BED``, Gy.

    Examples
    --------
    >>> round(equieffective_gy(14.0, 1, 2, alpha_beta_gy=2.0), 2)
    19.26
    >>> equieffective_gy(0.0, 1, 2, alpha_beta_gy=2.0)
    0.0
    """
    bed = float(bed_gy(dose_gy, fractions, alpha_beta_gy=alpha_beta_gy))
    whole = new_fractions * alpha_beta_gy
    return 0.5 * whole * (math.sqrt(1.0 + 4.0 * bed / whole) - 1.0)


def converted_pack(pack: Pack, fractions: int | None, own_alpha_beta_gy: Mapping[str, float] = _NO_OWN) -> Pack:
    """Return a pack of the limits that a table does not print for this fraction count.

    Parameters
    ----------
    pack : Pack
    fractions : int or None
    own_alpha_beta_gy : mapping
        Values by tissue or structure that take the place of the table's, Gy.

    Returns
    -------
    Pack
        With the rows that lie between two published columns, as information, their trust ``D``; without any rows
        where the table has the column, ends before it, or no alpha/beta is known.

    Examples
    --------
    >>> from constraints.pack import load_pack
    >>> rows = converted_pack(load_pack("tg101-2010"), 2).constraints
    >>> [str(row.require) for row in rows if row.id == "spinalcord-d0.035cc-converted-2fx"]
    ['D0.035cc < 18.2815 Gy']
    >>> converted_pack(load_pack("tg101-2010"), 7).constraints
    ()
    """
    rows = [] if fractions is None else list(_converted(pack, fractions, own_alpha_beta_gy))
    return replace(pack, constraints=tuple(rows), conformity=(), applies=replace(pack.applies, fractions=None))


def _converted(pack: Pack, fractions: int, own: Mapping[str, float]) -> Iterable[Constraint]:
    columns: dict[tuple[object, ...], dict[int, Constraint]] = {}
    printed = set()
    for row in pack.constraints:
        if row.superseded or not row.fractions:
            continue
        if fractions in row.fractions:
            printed.add(row.structure)
        if len(row.fractions) == 1 and row.computable and _is_convertible(row):
            (count,) = row.fractions
            columns.setdefault(_identity(row), {})[count] = row
    for found in columns.values():
        below, above = [n for n in found if n < fractions], [n for n in found if n > fractions]
        if below and above and fractions not in found:
            low, high = found[max(below)], found[min(above)]
            values = _ratios(low.structure, own)
            if values and low.structure not in printed:
                yield _between(low, high, fractions, values)


def _is_convertible(row: Constraint) -> bool:
    return bool(row.limits) and not row.bands and all(_is_dose_limit(limit) for limit in row.limits)


def _is_dose_limit(limit: Limit) -> bool:
    plain = limit.metric.kind in _KINDS and limit.metric.unit == limit.unit == GY
    return plain and limit.metric.twin is None and limit.op.startswith("<")


def _identity(row: Constraint) -> tuple[object, ...]:
    when = tuple(sorted((key, str(values)) for key, values in row.when.items()))
    levels = tuple(limit is not None for limit in (row.require, row.prefer))
    return row.structure, row.organ, row.combine, when, str(row.metric), row.or_share_pct, levels


def _ratios(structure: str, own: Mapping[str, float]) -> tuple[float, ...]:
    """Return every alpha/beta that the sources hold for a structure; none where one of its names has none."""
    found = [alpha_beta_of(name.strip(), own) for name in structure.split("|")]
    if any(item is None for item in found):
        return ()
    return tuple(sorted({value for item in found if item is not None for value in item.values_gy}))


def _between(low: Constraint, high: Constraint, fractions: int, values: tuple[float, ...]) -> Constraint:
    ratios = " and ".join(f"{value:g}" for value in values)
    sources = " and ".join(f"{_dose(row):g} Gy in {_count(row)}" for row in (low, high))
    note = f"{LABEL}: EQD2 with alpha/beta {ratios} Gy from {sources}, the lower result"
    return replace(
        low,
        id=f"{low.id.removesuffix(f'-{_count(low)}fx')}-converted-{fractions}fx",
        require=_lower(low.require, high.require, low, high, fractions, values),
        prefer=_lower(low.prefer, high.prefer, low, high, fractions, values),
        fractions=frozenset({fractions}),
        trust="D",
        information=True,
        note="; ".join(filter(None, (note, low.note))),
    )


def _count(row: Constraint) -> int:
    """Return the fraction count of a row that is for one count only."""
    return min(row.fractions) if row.fractions else 0


def _dose(row: Constraint) -> float:
    return row.limits[0].bound


def _lower(
    first: Limit | None, second: Limit | None, low: Constraint, high: Constraint, count: int, values: Iterable[float]
) -> Limit | None:
    if first is None or second is None:
        return None
    pairs = ((first.bound, _count(low)), (second.bound, _count(high)))
    doses = [
        equieffective_gy(dose, published, count, alpha_beta_gy=value) for value in values for dose, published in pairs
    ]
    strict = "<" if "<" in {first.op, second.op} else first.op
    return replace(first, op=strict, bound=min(doses))
