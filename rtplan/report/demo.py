"""The table of the sample studies: what was built, what the audit said, where the report lies."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["demo_table"]

HEAD = ("study", "site", "lesions", "verdict", "as built", "exceeded")
MOST = 34


def demo_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the table as text; each row is followed by the path of its report.

    Examples
    --------
    >>> print(demo_table([]).splitlines()[0])
    study  site  lesions  verdict  as built  exceeded
    """
    cells = [_cells(row) for row in rows]
    widths = [max([len(title), *(len(line[at][0]) for line in cells)]) for at, title in enumerate(HEAD[:-1])]
    lines = ["  ".join([*(f"{title:<{width}}" for title, width in zip(HEAD, widths, strict=False)), HEAD[-1]])]
    for row, cell in zip(rows, cells, strict=True):
        first, *more = cell[-1]
        lines.append("  ".join([*(f"{text[0]:<{width}}" for text, width in zip(cell, widths, strict=False)), first]))
        indent = " " * (sum(widths) + 2 * len(widths))
        lines += [indent + text for text in more]
        lines.append(f"  report: {row['report']}")
    as_built = sum(bool(row["as_built"]) for row in rows)
    lines.append(f"{as_built} of {len(rows)} studies audited as they were built")
    return "\n".join(line.rstrip() for line in lines)


def _cells(row: Mapping[str, Any]) -> list[list[str]]:
    exceeded = textwrap.wrap(", ".join(row["exceeded"]), MOST) or ["-"]
    plain = (row["study"], row["site"], str(row["lesions"]), row["verdict"], "yes" if row["as_built"] else "NO")
    return [*([text] for text in plain), exceeded]
