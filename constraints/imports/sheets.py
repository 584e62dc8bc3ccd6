"""A table of goals: metric, structure, limit, note; one goal a row."""

from __future__ import annotations

import re

from rtplan.errors import MetricError, UsageError

from .goals import Goal, LeftOut, table_of
from .words import limit_text

__all__ = ["read"]

COLUMNS = {
    "metric": "metric", "dvh metric": "metric", "measure": "metric", "structure": "structure", "roi": "structure",
    "roi name": "structure", "organ": "structure", "limit": "limit", "constraint": "limit", "goal": "limit",
    "required": "limit", "mandatory": "limit", "prefer": "prefer", "preferred": "prefer", "optimal": "prefer",
    "note": "note", "notes": "note", "comment": "note", "endpoint": "endpoint",
    "fractions": "fractions", "fx": "fractions",
    "cite": "cite", "source": "cite", "reference": "cite",
}  # fmt: skip


def read(text: str) -> tuple[list[Goal], list[LeftOut], tuple[int, ...]]:
    """Read a table of goals.

    Returns
    -------
    goals, left_out
    fractions : tuple of int
        Empty: a table says it row by row.

    Raises
    ------
    UsageError
        Where there is no column for the structure or the limit.
    """
    table = table_of(text, COLUMNS)
    for needed in ("structure", "limit"):
        if needed not in table.headers:
            raise UsageError(f"no column for the {needed}; known headers are {', '.join(COLUMNS)}")
    goals: list[Goal] = []
    left_out: list[LeftOut] = []
    for number, row in table.rows:
        where = f"row {number}"
        shown = " | ".join(filter(None, (row.get(key, "") for key in ("structure", "metric", "limit", "prefer"))))
        try:
            limits = {
                level: limit_text(row.get("metric", ""), row[key], comma_decimals=table.comma_decimals)
                for level, key in (("require", "limit"), ("prefer", "prefer"))
                if row.get(key)
            }
            counts = _fractions(row.get("fractions", ""))
        except MetricError as error:
            left_out.append(LeftOut(where, shown, str(error)))
            continue
        if not row.get("structure") or not limits:
            missing = "structure" if not row.get("structure") else "limit"
            left_out.append(LeftOut(where, shown, f"the {missing} is missing"))
            continue
        texts = {key: row.get(key, "") for key in ("note", "endpoint", "cite")}
        goals.append(Goal(where, row["structure"], **limits, **texts, fractions=counts))
    return goals, left_out, ()


def _fractions(text: str) -> tuple[int, ...]:
    if not re.fullmatch(r"\s*(\d{1,3}\s*([,;/ ]\s*\d{1,3}\s*)*)?", text):
        raise MetricError(f"fractions {text!r}: whole numbers are expected")
    return tuple(sorted({int(number) for number in re.findall(r"\d+", text)}))
