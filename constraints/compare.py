"""Several packs side by side: what each asks of the same metric of the same structure, and where they disagree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .pack import flat_rows
from .rules import Pack

__all__ = ["Comparison", "compare_packs"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One structure, metric and fraction count; `limits` holds by pack what it prints, with level and trust."""

    structure: str
    metric: str
    fractions: int | None
    limits: dict[str, list[str]] = field(default_factory=dict)

    @property
    def disagree(self) -> bool:
        """Whether two packs print different limits."""
        return len({tuple(sorted(texts)) for texts in self.limits.values()}) > 1


def compare_packs(
    packs: Sequence[Pack], *, structure: str | None = None, fractions: int | None = None
) -> tuple[Comparison, ...]:
    """Lay packs side by side.

    Parameters
    ----------
    packs : sequence of Pack
    structure : str, optional
        Only rows that name this structure.
    fractions : int, optional
        Only rows for this fraction count.

    Returns
    -------
    tuple of Comparison
        By structure, fraction count and metric. Superseded rows are left out; near-maximum metrics of different
        volumes stay apart, for they are not interchangeable.

    Examples
    --------
    >>> from constraints.pack import load_pack
    >>> packs = [load_pack("tg101-2010"), load_pack("timmerman-2021")]
    >>> found = compare_packs(packs, structure="SpinalCord", fractions=3)
    >>> [(item.metric, item.limits["tg101-2010"], item.disagree) for item in found][0]
    ('D0.035cc', ['< 21.9 Gy require V'], True)
    >>> compare_packs([])
    ()
    """
    found: dict[tuple[str, int, str], Comparison] = {}
    for pack in packs:
        for row in flat_rows(pack):
            names = sorted(name.strip() for name in row["structure"].split("|"))
            if row["superseded"] or (structure is not None and structure not in names):
                continue
            for count in row["fractions"] or (0,):
                if fractions is not None and count not in {0, fractions}:
                    continue
                key = ("|".join(names) or row["organ"], count, row["metric"])
                entry = found.setdefault(key, Comparison(key[0], key[2], count or None))
                entry.limits.setdefault(pack.id, []).append(_text(row))
    return tuple(found[key] for key in sorted(found))


def _text(row: dict[str, object]) -> str:
    number = f"{row['limit']:g}" if row["upper"] is None else f"{row['limit']:g}..{row['upper']:g}"
    when = row["when"]
    facts = ", ".join(f"{key} {value}" for key, value in when.items()) if isinstance(when, dict) else ""
    parts = (f"{row['op']} {number}", row["unit"], row["level"], row["trust"], f"({facts})" if facts else "")
    return " ".join(str(part) for part in parts if part)
