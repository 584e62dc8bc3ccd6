"""What every importer gives: goals, and what was left out with its reason; and how their files are opened."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from rtplan.errors import UsageError

__all__ = ["Goal", "LeftOut", "Table", "decoded", "json_of", "table_of"]

MOST_BYTES = 5_000_000
MOST_ROWS = 20_000
MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal in the limit language: its structure as written, and its limits, whole.

    `where` is its place in the file, `fractions` the counts it is for (empty: any).
    """

    where: str
    structure: str
    require: str = ""
    prefer: str = ""
    note: str = ""
    endpoint: str = ""
    cite: str = ""
    fractions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something of the file that the pack does not say: where, what was written, and why not."""

    where: str
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its columns by folded header, and whether a comma in it may be a decimal sign."""

    headers: tuple[str, ...]
    rows: tuple[tuple[int, Mapping[str, str]], ...]
    comma_decimals: bool


def decoded(content: bytes) -> str:
    """Return the text of a file: UTF-8, or UTF-16 with its mark; nothing is guessed.

    Raises
    ------
    UsageError
        Where it is too large, or in another encoding.
    """
    if len(content) > MOST_BYTES:
        raise UsageError(f"the file has {len(content) / 1e6:.1f} MB; goals have no more than {MOST_BYTES / 1e6:g} MB")
    encoding = next((name for mark, name in MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise UsageError("the file is not in UTF-8: save it again as UTF-8 (in a spreadsheet: CSV UTF-8)") from error
    if "\0" in text:
        raise UsageError("the file is not text")
    return text


def json_of(text: str) -> Any:
    """Read JSON; errors are usage errors in a sentence, and numbers are finite."""
    try:
        return json.loads(text, parse_constant=_no_number)
    except RecursionError as error:
        raise UsageError("the file is nested too deeply") from error
    except ValueError as error:
        raise UsageError(f"the file is not JSON: {error}") from error


def table_of(text: str, known: Mapping[str, str]) -> Table:
    """Read a table whose header line names its columns.

    Parameters
    ----------
    text : str
        Fields separated by comma, semicolon or tab; the first line in which two known headers stand is the header.
    known : mapping
        Column by folded header.

    Raises
    ------
    UsageError
        Where no such header is there, a column stands twice, or there are too many rows.
    """
    for number, line in enumerate(text.splitlines()[:50], 1):
        for sign in (",", ";", "\t"):
            fields = [_folded(field) for field in next(_rows(line, sign), [])]
            columns = [known.get(field, "") for field in fields]
            found = [column for column in columns if column]
            if len(set(found)) >= 2:
                if len(set(found)) < len(found):
                    raise UsageError(f"line {number}: two columns mean the same: {', '.join(fields)}")
                return _table(text, number, columns, sign)
    raise UsageError(f"no line names the columns; known are {', '.join(known)}")


def _table(text: str, header: int, columns: Sequence[str], sign: str) -> Table:
    rows: list[tuple[int, Mapping[str, str]]] = []
    for number, fields in enumerate(_rows(text, sign), 1):
        if number <= header or not any(field.strip() for field in fields):
            continue
        if len(rows) >= MOST_ROWS:
            raise UsageError(f"the table has more than {MOST_ROWS} rows")
        cells = {column: field.strip() for column, field in zip(columns, fields, strict=False) if column}
        rows.append((number, cells))
    return Table(tuple(columns), tuple(rows), sign != ",")


def _rows(text: str, sign: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=sign)
    except csv.Error as error:
        raise UsageError(f"the table cannot be read: {error}") from error


def _folded(text: str) -> str:
    return " ".join(text.replace("_", " ").casefold().split())


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number")
