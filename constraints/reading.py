"""Build a :class:`Pack` from the tables of a TOML file, collecting every fault with its address.

An address counts from one: ``constraint[3] 'esophagus-d5cc' require: ...``.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType
from typing import Any, TypeVar

from rtplan.errors import MetricError
from rtplan.geometry.expression import ExpressionError, names_in, parse_expression
from rtplan.model import TARGET_ROLES

from .language import Limit, parse_limit, parse_metric, split_limit
from .naming import is_standard
from .rules import COMBINE, NEEDS_TRANSCRIPTION, STATUS, TRUST, Applies, Band, ConformityRow, Constraint, Fact, Pack

__all__ = ["FORMAT", "build_pack"]

FORMAT = 1
_HEAD = {"format", "id", "title", "site", "status", "edition", "note", "applies", "constraint", "column", "row"}
_LIMITS = {"require", "prefer", "bands", "unmeasurable", "to_transcribe"}
_PLAIN = {"id", "structure", "organ", "combine", "endpoint", "cite", "trust", "note", "local"}
_ROW = _PLAIN | _LIMITS | {"beyond", "fractions", "when", "or_share_pct", "superseded", "information"}
_COLUMN = _PLAIN | {"metric", "op", "unit"}
_BAND = {"limit", "risk", "cite", "trust", "endpoint", "note"}
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Table:
    """One table of the file, where it stands, and the list that its faults go to."""

    data: Mapping[str, Any]
    where: str
    faults: list[str] = field(repr=False)

    def fault(self, what: str, key: str = "") -> None:
        place = " ".join(part for part in (self.where, key) if part)
        self.faults.append(f"{place}: {what}" if place else what)

    def check_keys(self, known: set[str]) -> None:
        for key in self.data:
            if key not in known:
                self.fault("unknown key", key)

    def text(self, key: str, *, needed: bool = False) -> str:
        value = self.data.get(key, "")
        if not isinstance(value, str):
            self.fault(f"a text is expected, not {value!r}", key)
            return ""
        if needed and not value.strip():
            self.fault("missing", key)
        return value

    def flag(self, key: str) -> bool:
        value = self.data.get(key, False)
        if not isinstance(value, bool):
            self.fault(f"true or false is expected, not {value!r}", key)
        return value is True

    def one_of(self, key: str, allowed: tuple[str, ...], default: _T) -> str | _T:
        if key not in self.data:
            return default
        value = self.data[key]
        if value not in allowed:
            self.fault(f"{value!r} is not one of {', '.join(allowed)}", key)
        return str(value)

    def number(self, key: str) -> float | None:
        value = self.data.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            self.fault(f"a positive number is expected, not {value!r}", key)
            return None
        return float(value)

    def limit(self, key: str) -> Limit | None:
        if key not in self.data:
            return None
        try:
            return parse_limit(self.text(key))
        except MetricError as error:
            self.fault(str(error), key)
            return None

    def tables(self, key: str) -> list[_Table]:
        value = self.data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
            self.fault("a list of tables is expected", key)
            return []
        return [_Table(item, self._address(key, number, item), self.faults) for number, item in enumerate(value, 1)]

    def _address(self, key: str, number: int, item: Mapping[str, Any]) -> str:
        named = f" {item['id']!r}" if isinstance(item.get("id"), str) else ""
        return f"{self.where} {key}[{number}]{named}".strip()


def build_pack(data: Mapping[str, Any], *, file_stem: str, sha256: str = "") -> tuple[Pack | None, tuple[str, ...]]:
    """Check the tables of a pack and build it.

    Parameters
    ----------
    data : mapping
        As `tomllib` reads the file.
    file_stem : str
        The file's name without ``.toml``; the id has to equal it.
    sha256 : str
        Of the file.

    Returns
    -------
    pack : Pack or None
        None where there is any fault.
    faults : tuple of str
        Every fault with its address; empty where the pack is sound.
    """
    head = _Table(data, "", [])
    head.check_keys(_HEAD)
    _check_identity(head, file_stem)
    pack = Pack(
        id=head.text("id"),
        title=head.text("title", needed=True),
        site=head.text("site", needed=True),
        status=head.one_of("status", STATUS, "") or "",
        edition=_edition(head),
        applies=_applies(head),
        constraints=tuple(_constraint(table) for table in head.tables("constraint")),
        conformity=_conformity(head),
        sha256=sha256,
        note=head.text("note"),
    )
    _check_whole(head, pack)
    return (None if head.faults else pack), tuple(head.faults)


def _check_identity(head: _Table, file_stem: str) -> None:
    if head.data.get("format") != FORMAT:
        head.fault(f"this version reads format {FORMAT}, not {head.data.get('format')!r}", "format")
    if head.text("id", needed=True) not in {"", file_stem}:
        head.fault(f"{head.data['id']!r} is not the file's name {file_stem!r}", "id")
    if "status" not in head.data:
        head.fault("missing", "status")


def _check_whole(head: _Table, pack: Pack) -> None:
    if not pack.constraints and not pack.conformity:
        head.fault("a pack holds at least one constraint", "constraint")
    for row in pack.constraints:
        if bool(row.to_transcribe) != (pack.status == NEEDS_TRANSCRIPTION):
            what = "a row without a limit" if row.to_transcribe else "a limit"
            head.fault(f"{what} does not fit the status {pack.status!r}", f"constraint {row.id!r}")
    columns = pack.conformity[0].constraints if pack.conformity else ()
    counts = Counter(row.id for row in (*pack.constraints, *columns) if row.id)
    for constraint_id, count in counts.items():
        if count > 1:
            head.fault(f"the id {constraint_id!r} is used {count} times", "constraint")


def _edition(head: _Table) -> str:
    value = head.data.get("edition")
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value.isoformat()
    head.fault("missing" if value is None else f"a date such as 2026-01-15 is expected, not {value!r}", "edition")
    return ""


def _applies(head: _Table) -> Applies:
    value = head.data.get("applies", {})
    if not isinstance(value, Mapping):
        head.fault("a table is expected", "applies")
        return Applies()
    table = _Table(value, "applies", head.faults)
    facts = {key: fact for key, fact in value.items() if key != "fractions"}
    return Applies(_fractions(table), _facts(_Table(facts, "applies", head.faults)))


def _constraint(table: _Table) -> Constraint:
    table.check_keys(_ROW)
    cite, trust = table.text("cite", needed=True), table.one_of("trust", tuple(TRUST), "V1")
    row = Constraint(
        id=table.text("id", needed=True),
        structure=_structure(table),
        organ=table.text("organ"),
        combine=table.one_of("combine", COMBINE, None),
        require=table.limit("require"),
        prefer=table.limit("prefer"),
        bands=tuple(band for item in table.tables("bands") if (band := _band(item, table, cite, trust))),
        beyond=table.text("beyond"),
        fractions=_fractions(table),
        when=_when(table),
        endpoint=table.text("endpoint"),
        cite=cite,
        trust=trust,
        note=table.text("note"),
        or_share_pct=table.number("or_share_pct"),
        unmeasurable=_unmeasurable(table),
        to_transcribe=_to_transcribe(table),
        obstacle=_obstacle(table),
        superseded=table.flag("superseded"),
        information=table.flag("information"),
    )
    _check_limits(table, row)
    return row


def _structure(table: _Table) -> str:
    text = table.text("structure")
    if not text:
        if not table.text("organ"):
            table.fault("missing", "structure")
        return text
    try:
        names = names_in(parse_expression(text))
    except ExpressionError as error:
        table.fault(str(error), "structure")
        return text
    if not table.flag("local"):
        for name in names:
            if name not in TARGET_ROLES and not is_standard(name):
                table.fault(f"{name!r} is not a known TG-263 name; a name of your own needs local = true", "structure")
    if "|" in text and "combine" not in table.data:
        table.fault('several structures need combine = "each" or "union"', "structure")
    return text


def _band(item: _Table, parent: _Table, cite: str, trust: str) -> Band | None:
    item.check_keys(_BAND)
    if "limit" not in item.data:
        item.fault("missing", "limit")
    limit, risk = item.limit("limit"), item.text("risk", needed=True)
    if limit is None:
        return None
    return Band(
        limit,
        risk,
        item.text("cite") or cite,
        item.one_of("trust", tuple(TRUST), trust),
        item.text("endpoint") or parent.text("endpoint"),
        item.text("note") or parent.text("note"),
    )


def _fractions(table: _Table) -> frozenset[int] | None:
    value = table.data.get("fractions")
    if value is None:
        return None
    counts = value if isinstance(value, list) else [value]
    if not counts or not all(type(count) is int and count > 0 for count in counts):
        table.fault(f"a list of whole numbers is expected, not {value!r}", "fractions")
        return None
    return frozenset(counts)


def _when(table: _Table) -> Mapping[str, tuple[Fact, ...]]:
    value = table.data.get("when", {})
    if not isinstance(value, Mapping):
        table.fault('a table such as { sex = "female" } is expected', "when")
        return {}
    return _facts(_Table(value, f"{table.where} when".strip(), table.faults))


def _facts(table: _Table) -> Mapping[str, tuple[Fact, ...]]:
    facts: dict[str, tuple[Fact, ...]] = {}
    for key, value in table.data.items():
        values = value if isinstance(value, list) else [value]
        if not values or not all(isinstance(item, str | bool | int | float) for item in values):
            table.fault(f"a value or a list of values is expected, not {value!r}", key)
        facts[key] = tuple(values)
    return MappingProxyType(facts)


def _unmeasurable(table: _Table) -> str:
    text = table.text("unmeasurable")
    if text:
        try:
            split_limit(text)
        except MetricError as error:
            table.fault(str(error), "unmeasurable")
    return text


def _to_transcribe(table: _Table) -> str:
    text = table.text("to_transcribe")
    if text and text != "open":
        try:
            parse_metric(text)
        except MetricError as error:
            table.fault(str(error), "to_transcribe")
    return text


def _obstacle(table: _Table) -> str:
    if table.data.get("to_transcribe"):
        return "the limit needs transcription: the table it stands in could not be read"
    if table.data.get("unmeasurable"):
        return table.text("note") or "no dose-volume metric expresses this limit"
    if not table.data.get("structure"):
        return f"the table names {table.text('organ')!r} without a TG-263 name"
    return ""


def _check_limits(table: _Table, row: Constraint) -> None:
    given = _LIMITS & table.data.keys()
    if not given:
        table.fault("a limit is missing: require, prefer or bands", "require")
    if len(given) > 1 and given != {"require", "prefer"}:
        table.fault(f"{' and '.join(sorted(given))} do not stand in one row", "require")
    if len({limit.metric for limit in row.limits}) > 1:
        table.fault("all limits of a row are of one metric", "require")
    elif row.prefer and row.require and _looser(row.prefer, row.require):
        table.fault("the preferred limit is looser than the required one", "prefer")
    elif any(not _looser(wide.limit, tight.limit) for tight, wide in pairwise(row.bands)):
        table.fault("the edges of a risk band run from good to bad, without ranges", "bands")


def _looser(limit: Limit, than: Limit) -> bool:
    """Whether `limit` lets pass more than `than`; limits that cannot be compared are not looser."""
    if limit.unit != than.unit or (limit.upper is None) != (than.upper is None):
        return False
    if limit.upper is not None and than.upper is not None:
        return limit.bound < than.bound or limit.upper > than.upper
    if limit.op[0] != than.op[0]:
        return limit.op[0] in "<>"
    return limit.bound < than.bound if limit.op[0] == ">" else limit.bound > than.bound


def _conformity(head: _Table) -> tuple[ConformityRow, ...]:
    columns, lines = head.tables("column"), head.tables("row")
    if bool(columns) != bool(lines):
        head.fault("a table by target volume has columns and rows", "column")
    for column in columns:
        column.check_keys(_COLUMN)
    rows = tuple(_conformity_row(line, columns) for line in lines)
    if any(below.ptv_cc >= above.ptv_cc for below, above in pairwise(rows)):
        head.fault("the volumes rise from row to row", "row")
    return rows


def _conformity_row(line: _Table, columns: list[_Table]) -> ConformityRow:
    line.check_keys({"ptv_cc", *(str(column.data.get("id")) for column in columns)})
    ptv_cc = line.number("ptv_cc")
    if ptv_cc is None:
        line.fault("missing or not a number", "ptv_cc")
    return ConformityRow(ptv_cc or 0.0, tuple(_cell(line, column) for column in columns))


def _cell(line: _Table, column: _Table) -> Constraint:
    """Read one cell, ``[preferred, required]``, as the constraint its column describes."""
    head = {key: value for key, value in column.data.items() if key in _PLAIN}
    value = line.data.get(str(head.get("id")))
    if not isinstance(value, list) or len(value) != 2:
        line.fault(f"two numbers are expected, preferred and required, not {value!r}", str(head.get("id")))
        value = [0, 0]
    metric, op, unit = (column.text(key) for key in ("metric", "op", "unit"))
    texts = [f"{metric} {op} {number} {unit}" for number in value]
    return _constraint(_Table({**head, "prefer": texts[0], "require": texts[1]}, line.where, line.faults))
