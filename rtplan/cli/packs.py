"""`rtplan packs`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

if TYPE_CHECKING:
    from constraints.imports import LeftOut
    from constraints.imports.packing import Kind

FORMAT = click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)


@click.group("packs")
def command() -> None:
    """List, show and check rule packs."""


@command.command("list")
@FORMAT
def list_packs(form: str) -> int:
    """List the packs that can be named by their id."""
    from constraints.pack import available_packs, plugin_problems  # noqa: PLC0415
    from rtplan.report.names import display_text  # noqa: PLC0415

    found = available_packs()
    for problem in plugin_problems():
        click.echo(f"rtplan: {display_text(problem)}", err=True)
    if form == "json":
        keys = ("id", "title", "site", "status", "edition")
        packs = [{key: getattr(item, key) for key in keys} for item in found]
        click.echo(json.dumps({"schema": "rtplan.packs/1", "packs": packs}, indent=1))
        return 0
    width = max((len(item.id) for item in found), default=0)
    for item in found:
        _say(f"{item.id:<{width}}  {item.status:<14} {item.title}")
    return 0


@command.command("show")
@click.argument("pack_id", metavar="ID")
@FORMAT
def show(pack_id: str, form: str) -> int:
    """Show every limit of the pack ID (or of a file)."""
    from constraints.pack import flat_rows, load_pack  # noqa: PLC0415

    pack = load_pack(pack_id)
    rows = flat_rows(pack)
    missing = [row for row in pack.constraints if row.to_transcribe]
    if form == "json":
        head = {"schema": "rtplan.pack/1", "id": pack.id, "title": pack.title, "status": pack.status}
        more = {"site": pack.site, "edition": pack.edition, "sha256": pack.sha256}
        open_rows = [{"structure": row.structure, "organ": row.organ, "metric": row.to_transcribe} for row in missing]
        document = {**head, **more, "constraints": rows, "needs_transcription": open_rows}
        click.echo(json.dumps(document, indent=1, allow_nan=False))
        return 0
    _say(f"{pack.id}: {pack.title} ({pack.status}, {pack.edition})")
    click.echo()
    for row in rows:
        _say(_line(row))
    for left in missing:
        _say(f"{left.structure or left.organ:<45}  its limit needs transcription; nothing is judged")
    return 0


def _line(row: Mapping[str, Any]) -> str:
    count = ",".join(str(number) for number in row["fractions"] or ()) or "any"
    limit = f"{row['metric']} {row['op']} {row['limit']:g}"
    upper = f"..{row['upper']:g}" if row.get("upper") is not None else ""
    old = " superseded" if row["superseded"] else ""
    name = row["structure"] or row.get("organ") or ""
    line = f"{name:<38} {count:>5} fx  {limit}{upper} {row['unit']}"
    return f"{line:<74} {row['level']:<8}{row['trust']}{old}"


@command.command("compare")
@click.argument("pack_ids", metavar="ID ID...", nargs=-1, required=True)
@click.option("--structure", help="Only rows that name this structure (a TG-263 name).")
@click.option("--fractions", type=click.IntRange(min=1), help="Only rows for this fraction count.")
@click.option("--on", "study", type=click.Path(path_type=Path), help="A study: what each limit says of its plan.")
@FORMAT
def compare(
    pack_ids: tuple[str, ...], structure: str | None, fractions: int | None, study: Path | None, form: str
) -> int:
    """Show several packs (ids or files) side by side, and where they disagree."""
    from constraints.compare import compare_packs  # noqa: PLC0415
    from constraints.pack import load_pack  # noqa: PLC0415

    if study is not None:
        return _on_plan(study, pack_ids, structure, form)
    found = compare_packs([load_pack(item) for item in pack_ids], structure=structure, fractions=fractions)
    if form == "json":
        rows = [
            {"structure": item.structure, "fractions": item.fractions, "metric": item.metric}
            | {"limits": item.limits, "disagree": item.disagree}
            for item in found
        ]
        click.echo(json.dumps({"schema": "rtplan.packcompare/1", "packs": list(pack_ids), "rows": rows}, indent=1))
        return 0
    for item in found:
        count = f"{item.fractions} fx" if item.fractions else "any"
        _say(f"{item.structure}  {count}  {item.metric}{'  (they disagree)' if item.disagree else ''}")
        for name, texts in item.limits.items():
            _say(f"    {name:<26}{'; '.join(texts)}")
    return 0


def _on_plan(study: Path, pack_ids: tuple[str, ...], structure: str | None, form: str) -> int:
    """Put every pack to one plan; the verdicts stand side by side and decide nothing."""
    from rtplan.report.conflicts import side_by_side  # noqa: PLC0415
    from rtplan.study import audit_path  # noqa: PLC0415

    report = audit_path(study, packs=pack_ids)
    rows = side_by_side(report.findings, {Path(item).stem if item.endswith(".toml") else item for item in pack_ids})
    rows = [row for row in rows if structure is None or structure in row["structure"].split("|")]
    if form == "json":
        click.echo(json.dumps({"schema": "rtplan.packcompare/1", "packs": list(pack_ids), "rows": rows}, indent=1))
        return 0
    for row in rows:
        head = f"{row['structure']}  {row['metric']}  {row['value']}"
        _say(f"{head}{'  (they disagree)' if row['disagree'] else ''}")
        for item in row["limits"]:
            _say(f"    {item['pack']:<26}{item['limit']} [{item['trust']}]: {item['verdict']}")
    return 0


@command.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@FORMAT
def check(file: Path, form: str) -> int:
    """Check the pack in FILE: every fault at once, each with its address."""
    from constraints.pack import load_pack  # noqa: PLC0415
    from rtplan.errors import PackError  # noqa: PLC0415

    problems: tuple[str, ...] = ()
    try:
        pack = load_pack(file)
    except PackError as error:
        if form == "text":
            raise
        problems = error.problems or (str(error),)
    if form == "json":
        click.echo(json.dumps({"schema": "rtplan.packcheck/1", "valid": not problems, "problems": list(problems)}))
        return 2 if problems else 0
    _say(f"{pack.id}: {len(pack.constraints)} rows, no fault")
    return 0


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--from", "kind", type=click.Choice(("csv", "raystation", "planscorecard")), required=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The pack to write; its name is the id.")
@click.option("--title", default="", help="What to call the pack.")
@click.option("--cite", default="", help="The source of its rows; without it, the hash of the file.")
@click.option("--edition", metavar="DATE", help="Such as 2026-01-15.  [default: today]")
@click.option("--strict", is_flag=True, help="Exit code 2 where anything was left out.")
@FORMAT
def import_pack(file: Path, *, kind: str, out: Path, edition: str | None, strict: bool, form: str, **said: str) -> int:
    """Make a pack of the goals in FILE, and list what it cannot say."""
    import datetime as dt  # noqa: PLC0415

    from constraints.imports import import_goals  # noqa: PLC0415

    day = edition or dt.datetime.now(tz=dt.UTC).date().isoformat()
    made = import_goals(
        _content(file), kind=cast("Kind", kind), pack_id=_stem(out), edition=day, title=said["title"], cite=said["cite"]
    )
    _write_new(out, made.text)
    _tell_import(form, f"{out.name}: {made.rows} rows", made.rows, made.left_out, made.warnings)
    return 2 if strict and made.left_out else 0


@command.command("import-names")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The names file to write (TOML).")
@click.option("--strict", is_flag=True, help="Exit code 2 where anything was left out.")
@FORMAT
def import_list(file: Path, out: Path, strict: bool, form: str) -> int:
    """Make a names file (for audit --names) of a table of local and TG-263 names."""
    from constraints.imports import import_names  # noqa: PLC0415

    made = import_names(_content(file))
    _stem(out)
    _write_new(out, made.text)
    _tell_import(form, f"{out.name}: {made.names} names", made.names, made.left_out, made.warnings)
    return 2 if strict and made.left_out else 0


def _content(file: Path) -> bytes:
    from rtplan.errors import UsageError  # noqa: PLC0415

    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"the file cannot be read: {(error.strerror or 'no such file').lower()}") from error


def _stem(out: Path) -> str:
    from rtplan.errors import UsageError  # noqa: PLC0415

    if out.suffix != ".toml":
        raise UsageError("--out names a .toml file")
    return out.stem


def _write_new(out: Path, text: str) -> None:
    """Write a file that is not there yet: what a person has worked on is never written over."""
    from rtplan.errors import UsageError  # noqa: PLC0415

    try:
        with out.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
    except FileExistsError as error:
        raise UsageError(f"{out.name} is there already: remove it, or choose another name") from error
    except OSError as error:
        raise UsageError(f"{out.name} cannot be written: {(error.strerror or 'unknown reason').lower()}") from error


def _tell_import(form: str, head: str, count: int, left_out: Sequence[LeftOut], warnings: Sequence[LeftOut]) -> None:
    from dataclasses import asdict  # noqa: PLC0415

    from rtplan.report.names import display_text  # noqa: PLC0415

    lists = {"left_out": left_out, "warnings": warnings}
    if form == "json":
        found = {key: [asdict(item) for item in items] for key, items in lists.items()}
        click.echo(json.dumps({"schema": "rtplan.import/1", "imported": count, **found}, indent=1))
        return
    click.echo(display_text(head))
    for title, items in (("left out", left_out), ("to look at", warnings)):
        if items:
            click.echo(f"{title}: {len(items)}", err=True)
        for item in items:
            click.echo(f"  {display_text(f'{item.where}: {item.text}: {item.reason}')}", err=True)


def _say(line: str) -> None:
    """Print a line whose words may be of somebody else's pack; its columns stay."""
    from rtplan.report.names import display_line  # noqa: PLC0415

    click.echo(display_line(line))
