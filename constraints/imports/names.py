"""A hospital's own list of structure names, made into a names file: local name to standard name.

The list decides, suggestions never do. Left and right are hard keys: a name of one side is never mapped to the other,
nor a name without a side to a sided one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from constraints.naming import is_standard, resolve, side_of
from rtplan.errors import UsageError

from .goals import LeftOut, decoded, table_of
from .packing import quoted

__all__ = ["ImportedNames", "import_names"]

COLUMNS = {
    "tg263-primary name": "standard", "tg-263-primary name": "standard", "tg-263 primary name": "standard",
    "primary name": "standard", "standard name": "standard", "standard": "standard",
    "tg263": "standard", "tg-263": "standard",
    "tg263-reverse order name": "reverse", "tg-263-reverse order name": "reverse", "reverse order name": "reverse",
    "local name": "local", "local": "local", "roi": "local", "roi name": "local", "name": "local", "alias": "local",
    "synonym": "local", "synonyms": "local", "local names": "local", "description": "description",
}  # fmt: skip
_STANDARD = re.compile(r"[A-Za-z][A-Za-z0-9_+~^-]{0,15}")


@dataclass(frozen=True, slots=True)
class ImportedNames:
    """A names file as text, how many names it maps, what was left out, and what a person should look at."""

    text: str
    names: int
    left_out: tuple[LeftOut, ...]
    warnings: tuple[LeftOut, ...]


def import_names(content: bytes) -> ImportedNames:
    """Make a names file of a table with a column of standard names and one of local names.

    Parameters
    ----------
    content : bytes
        A CSV file, as a spreadsheet of TG-263 names exports it. A cell of local names may hold several, divided by
        ``|`` or ``;``; the reversed names of TG-263 are local names too.

    Returns
    -------
    ImportedNames

    Raises
    ------
    UsageError
        Where the file cannot be read, or nothing in it maps a name.
    """
    table = table_of(decoded(content), COLUMNS)
    if "standard" not in table.headers:
        raise UsageError("no column holds the standard names; its header may be TG263-Primary Name or Standard")
    wanted: dict[str, dict[str, str]] = {}
    left_out: list[LeftOut] = []
    warnings: list[LeftOut] = []
    for number, row in table.rows:
        where, standard = f"row {number}", row.get("standard", "")
        for local in _locals(row):
            if reason := _obstacle(local, standard):
                left_out.append(LeftOut(where, f"{local} = {standard}", reason))
            else:
                wanted.setdefault(local, {}).setdefault(standard, where)
        warnings += _doubts(where, row, standard)
    for local, standards in wanted.items():
        if len(standards) > 1:
            places = ", ".join(standards.values())
            left_out.append(LeftOut(places, f"{local} = {' or '.join(standards)}", "the rows map it differently"))
    kept = {local: next(iter(standards)) for local, standards in wanted.items() if len(standards) == 1}
    if not kept:
        raise UsageError("the file maps no name" + (f"; the first: {left_out[0].reason}" if left_out else ""))
    lines = [f"{quoted(local)} = {quoted(standard)}" for local, standard in kept.items()]
    return ImportedNames("\n".join(["[names]", *lines, ""]), len(kept), tuple(left_out), tuple(warnings))


def _locals(row: Mapping[str, str]) -> list[str]:
    found = [part.strip() for part in re.split(r"[|;]", row.get("local", ""))]
    found += [row.get("reverse", "")]
    return [name for name in dict.fromkeys(found) if name and name != row.get("standard")]


def _obstacle(local: str, standard: str) -> str:
    """Say why a local name cannot stand for a standard one; empty where it can."""
    if not standard:
        near = resolve(local).suggestions
        return "no standard name is given" + (f"; near are {', '.join(near)}" if near else "")
    if not _STANDARD.fullmatch(standard):
        return f"{standard!r} is not a name as TG-263 writes them"
    if any(unicodedata.category(sign) in {"Cc", "Cf"} for sign in local):
        return "it holds control characters"
    own, wanted = side_of(local), side_of(standard)
    if own != wanted:
        told = {"_L": "left", "_R": "right", "": "no side"}
        return f"{told[own]} is never {told[wanted]}: sides differ" if own and wanted else "one of the two has no side"
    return ""


def _doubts(where: str, row: Mapping[str, str], standard: str) -> list[LeftOut]:
    doubts = []
    for local in _locals(row):
        usual = resolve(local).standard_name
        if standard and usual and usual != standard:
            doubts.append(LeftOut(where, f"{local} = {standard}", f"it is usually {usual}; the list decides"))
    if standard and _STANDARD.fullmatch(standard) and not is_standard(standard) and _locals(row):
        doubts.append(LeftOut(where, standard, "no pack here names that structure"))
    return doubts
