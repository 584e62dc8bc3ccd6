"""A commissioning for the terminal and for the file: text of 80 columns, and a page that needs nothing else.

Both are made from the document ``rtplan.commission/1``, so that what is read is what is filed as JSON.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .html import filled
from .numbers import ABSENT

__all__ = ["render_html", "render_text"]

WIDTH = 80
LABEL = 33
HEADS = {
    "count": "n",
    "mean_pct": "mean %",
    "median_pct": "median %",
    "worst_pct": "worst %",
    "covered_pct": "inside %",
    "half_width_pct": "± %",
}
LEGEND = (
    "n values; mean error; median and worst size of the error in per cent of the true value; share of true values "
    "inside the interval that was given; median half-width of that interval."
)
MET = {True: "met", False: "NOT MET"}


def render_text(document: Mapping[str, Any]) -> str:
    """Return a commissioning as text, no line longer than 80 characters.

    Examples
    --------
    >>> print(render_text({"met": True, "quick": False, "provenance": {}, "suites": []}).splitlines()[0])
    Commissioning of the DVH engine: every criterion is met
    """
    lines = [f"Commissioning of the DVH engine: {_sentence(document)}", *_wrapped(_made_with(document)), ""]
    for suite in document["suites"]:
        lines += [*_suite(suite), ""]
    return "\n".join([*lines, *_wrapped(LEGEND)])


def render_html(document: Mapping[str, Any]) -> str:
    """Return a commissioning as one self-contained page; the same document gives the same bytes."""
    suites = [
        {
            **suite,
            "shown_criteria": [(_mark(item), item["what"], *_found_and_bound(item)) for item in suite["criteria"]],
            "shown_rows": [(row["label"], [_cell(row[key], key) for key in HEADS]) for row in suite["rows"]],
            "shown_listed": [_listed(item) for item in suite["listed"]],
        }
        for suite in document["suites"]
    ]
    return filled(
        "commission.html.j2",
        met=document["met"],
        sentence=_sentence(document).capitalize() + ".",
        made_with=_made_with(document),
        heads=tuple(HEADS.values()),
        legend=LEGEND,
        suites=suites,
    )


def _sentence(document: Mapping[str, Any]) -> str:
    missed = sum(not item["met"] for suite in document["suites"] for item in suite["criteria"])
    if not missed:
        return "every criterion is met"
    return "one criterion is not met" if missed == 1 else f"{missed} criteria are not met"


def _made_with(document: Mapping[str, Any]) -> str:
    facts = document["provenance"]
    named = {"rtplan": facts.get("version"), "Python": facts.get("python"), **facts.get("libraries", {})}
    made = ", ".join(f"{name} {version}" for name, version in named.items() if version)
    part = "A part of each suite (quick). " if document["quick"] else ""
    epoch = facts.get("source_date_epoch")
    return f"{part}{made}{f'; SOURCE_DATE_EPOCH {epoch}' if epoch else ''}"


def _suite(suite: Mapping[str, Any]) -> Iterator[str]:
    cite = f" [{suite['cite']}]" if suite["cite"] else ""
    yield f"{suite['title']}{cite}"
    yield "-" * min(len(suite["title"] + cite), WIDTH)
    yield from _wrapped(suite["about"])
    for item in suite["criteria"]:
        found, bound = _found_and_bound(item)
        yield f"  {MET[item['met']]:8}{item['what']:<42}{found:>10}  {bound}".rstrip()
    yield ""
    yield _row("", list(HEADS.values()))
    for row in suite["rows"]:
        yield _row(row["label"], [_cell(row[key], key) for key in HEADS])
    if suite["listed"]:
        yield from ("", "  largest deviations")
        for item in suite["listed"]:
            yield from _wrapped("  ".join(_listed(item)), first="    ", rest="      ")
    if suite["published"]:
        yield from ("", "  others")
        for item in suite["published"]:
            yield from _wrapped(_others(item), first="    ", rest="      ")


def _row(label: str, cells: Sequence[str]) -> str:
    short = label if len(label) <= LABEL else label[: LABEL - 1] + "…"
    widths = (5, 8, 9, 8, 9, 6)
    return f"  {short:<{LABEL}}" + "".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))


def _cell(value: float | None, key: str) -> str:
    if value is None:
        return ABSENT
    if key == "count":
        return str(value)
    return f"{value:.1f}" if key == "covered_pct" else _short(value)


def _short(value: float) -> str:
    """Two decimals, more for a small number, none of it a zero with a sign."""
    if value == 0:
        return "0"
    if abs(value) < 0.0005:
        return "<0.001"
    return f"{value:.3f}" if abs(value) < 0.1 else f"{value:.2f}"


def _found_and_bound(item: Mapping[str, Any]) -> tuple[str, str]:
    unit = f" {item['unit']}" if item["unit"] else ""
    found = ABSENT if item["found"] is None else f"{item['found']:.3g}{unit}"
    return found, f"{'at most' if item['at_most'] else 'at least'} {item['bound']:.3g}{unit}"


def _mark(item: Mapping[str, Any]) -> str:
    return MET[item["met"]]


def _listed(item: Mapping[str, Any]) -> tuple[str, str, str, str]:
    error = ABSENT if item["error_pct"] is None else f"{item['error_pct']:+.2f} %"
    value = ABSENT if item["value"] is None else f"{item['value']:.3f}"
    return item["case"], item["metric"], f"{value} for {item['truth']:.3f} {item['unit']}", error


def _others(item: Mapping[str, Any]) -> str:
    cite = f" [{item['cite']}]" if item["cite"] else ""
    return f"{item['whose']}: {item['what']}: {item['figure']}{cite}"


def _wrapped(text: str, *, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=rest)
