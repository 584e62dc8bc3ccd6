"""The audit on a terminal: the words and order of the HTML report in eighty columns.

No string is ever read as markup: everything is a `rich.text.Text`, so that ``[/bold]`` in a name stays a name.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Literal

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rtplan.model import AuditReport

from .dvh import DvhReport
from .facts import plan_facts
from .outcomes import NOTE, OutcomeRow, PanelView, ReadingRow
from .view import Gap, Group, Lesion, Note, Page, Row, StructureRow, Value, notes, page, structure_row
from .words import DISCLAIMER, Mark

__all__ = ["render", "render_dvh"]

_COLUMNS = 80
_STYLES = {
    "met": "green",
    "acceptable": "green",
    "band": "blue",
    "indeterminate": "yellow",
    "not_judged": "magenta",
    "exceeded": "bold red",
    "refuse": "bold red",
    "warn": "yellow",
    "note": "dim",
}


def render(report: AuditReport, *, color: bool = False) -> str:
    """Return an audit as text of at most 80 columns.

    Parameters
    ----------
    report : AuditReport
    color : bool
        Whether to write ANSI colours; the words and signs say the same without them.

    Returns
    -------
    str
        Ends in a line break.
    """
    shown = page(report, most_listed=3)
    console = _console(color)
    _headline(console, shown)
    _section(console, "What was audited", map(Text, shown.audited))
    _section(console, "Not judged, and why", map(_gap, shown.gaps))
    _section(console, "Lesions", map(_lesion, shown.lesions))
    _section(console, "Findings, the worst first", map(_group, shown.groups))
    _section(console, "Beside them, for comparison only", map(_group, shown.comparisons))
    _section(console, "Models of complication and control", _panels(shown.panels))
    _section(console, "Trust of the sources", (Text(f"[{tag}] {meaning}") for tag, meaning in shown.trust))
    _section(console, "Structures", map(_structure, shown.structures))
    _section(console, "Issues with the input", map(_issue, shown.issues))
    _section(console, "Plan facts", map(_facts, shown.plans))
    _section(console, "Provenance", [_facts(shown.provenance)] if shown.provenance else [])
    console.print()
    console.print(Text(DISCLAIMER, "dim"))
    return _written(console)


def render_dvh(report: DvhReport, *, color: bool = False) -> str:
    """Return the readings of ``rtplan dvh`` as text of at most 80 columns."""
    console = _console(color)
    _section(console, "Structures", (_structure(structure_row(curve)) for curve in report.curves))
    _section(console, "Issues with the input", map(_issue, notes(report.issues)))
    _section(console, "Plan facts", [_facts(plan_facts(report.plan))] if report.plan else [])
    console.print()
    console.print(Text(DISCLAIMER, "dim"))
    return _written(console)


def _console(color: bool) -> Console:
    # An empty environment: COLUMNS, NO_COLOR and the like were heeded by the caller, and bytes stay the same.
    return Console(
        file=io.StringIO(),
        width=_COLUMNS,
        force_terminal=color,
        color_system="standard" if color else None,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
        force_jupyter=False,
        _environ={},
    )


def _written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    return "\n".join(line.rstrip() for line in lines).strip("\n") + "\n"


def _section(console: Console, title: str, blocks: Iterable[RenderableType]) -> None:
    for place, block in enumerate(blocks):
        if place == 0:
            console.print()
            console.print(Text(title.upper(), "bold"))
        console.print(Padding(block, (0, 0, 0, 2)))


def _headline(console: Console, shown: Page) -> None:
    console.print(Text.assemble(("Plan audit  ", "bold"), _marked(shown.mark)))
    console.print(Text(shown.sentence))
    if shown.counts:
        console.print(Text(" · ".join(f"{count} {mark.word}" for mark, count in shown.counts)))


def _marked(mark: Mark) -> Text:
    return Text(f"{mark.sign} {mark.word}", _STYLES[mark.key])


def _gap(gap: Gap) -> RenderableType:
    return _stack(Text(gap.reason), [Text(what) for what in gap.what])


def _lesion(lesion: Lesion) -> RenderableType:
    head = f"{lesion.name} · {lesion.site} · {lesion.prescription} · BED10 {lesion.bed10}"
    told = [Text(line, "dim") for line in (*lesion.caveats, lesion.evidence) if line]
    return _stack(Text(head, "bold"), [*told, _values(lesion.values)])


def _group(group: Group) -> RenderableType:
    head = Text(group.name, "bold")
    if group.roi:
        head.append(f"  (measured on {group.roi})", "dim")
    return _stack(head, [block for row in group.rows for block in _row(row)])


def _row(row: Row) -> Iterable[RenderableType]:
    line = _grid(15, 13, 15, 20, 9)
    found = Text(f"{row.value}\n{row.interval}".rstrip())
    line.add_row(_marked(row.mark), Text(row.metric), found, Text(row.limit), Text(row.margin, justify="right"))
    yield line
    source = f"{row.cite} [{row.trust}]" if row.trust else row.cite
    about = " · ".join(filter(None, (row.endpoint, source, row.source)))
    yield Padding(Text(" ".join((f"{about}.", *row.notes)), "dim"), (0, 0, 0, 2))


def _panels(panels: Sequence[PanelView]) -> Iterable[RenderableType]:
    if panels:
        yield Text(NOTE, "dim")
    for panel in panels:
        head = Text.assemble((panel.title, "bold"), (f"  {panel.lesions}", "dim"))
        told = [Text(panel.reason)] if panel.reason else []
        yield _stack(head, [*told, *map(_reading, panel.readings), *map(_outcome, panel.outcomes)])


def _reading(row: ReadingRow) -> RenderableType:
    line = _grid(34, 12, 26)
    line.add_row(Text(row.what), Text(row.value), Text(row.reason or row.interval))
    return _stack(line, [Text(f"{row.note}.", "dim")]) if row.note else line


def _outcome(row: OutcomeRow) -> RenderableType:
    title = f"{row.title}, {row.lesion}" if row.lesion else row.title
    found = " ".join(filter(None, (row.value, row.interval and f"({row.interval})", row.reason)))
    told = "; ".join((f"{row.cite} [{row.trust}]", *(() if row.reason else row.caveats)))
    inputs = [_reading(item) for item in row.inputs if not row.reason]
    return _stack(Text.assemble(f"{title}: ", (found, "bold")), [*inputs, Text(f"{told}.", "dim")])


def _structure(row: StructureRow) -> RenderableType:
    standard = f" = {row.standard_name}" if row.standard_name and row.standard_name != row.name else ""
    outside = [Text(f"{row.outside} outside the dose grid")] if row.outside else []
    values = _values((row.volume, *row.values))
    return _stack(Text(f"{row.number}  {row.name}{standard}", "bold"), [values, *outside, *map(Text, row.issues)])


def _values(values: Sequence[Value]) -> RenderableType:
    table = _grid(20, 14, 38)
    for shown in values:
        table.add_row(Text(shown.metric), Text(shown.value), Text(shown.reason or shown.interval))
    return table


def _issue(note: Note) -> RenderableType:
    head = Text.assemble((note.word, _STYLES[note.severity]), f" {note.code}: {note.message}")
    where = " · ".join(filter(None, (note.where, note.remedy)))
    return _stack(head, [Text(where, "dim")] if where else [])


def _facts(facts: Sequence[tuple[str, str]]) -> RenderableType:
    table = _grid(24, 50)
    for label, told in facts:
        table.add_row(Text(label, "dim"), Text(told))
    return table


def _grid(*widths: int) -> Table:
    table = Table.grid(padding=(0, 1, 0, 0), pad_edge=False)
    fold: Literal["fold"] = "fold"
    for width in widths:
        table.add_column(width=width, overflow=fold)
    return table


def _stack(head: RenderableType, below: Sequence[RenderableType]) -> RenderableType:
    stack = Table.grid(padding=0)
    stack.add_column(overflow="fold")
    stack.add_row(head)
    for block in below:
        stack.add_row(Padding(block, (0, 0, 0, 2)))
    return stack
