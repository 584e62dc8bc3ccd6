"""`rtplan packs`."""

from __future__ import annotations

import json
from pathlib import Path

import click

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
        click.echo(f"{item.id:<{width}}  {item.status:<14} {item.title}")
    return 0


@command.command("show")
@click.argument("pack_id", metavar="ID")
@FORMAT
def show(pack_id: str, form: str) -> int:
    """Show every limit of the pack ID (or of a file)."""
    from constraints.pack import flat_rows, load_pack  # noqa: PLC0415

    pack = load_pack(pack_id)
    rows = flat_rows(pack)
    if form == "json":
        head = {"schema": "rtplan.pack/1", "id": pack.id, "title": pack.title, "status": pack.status}
        more = {"site": pack.site, "edition": pack.edition, "sha256": pack.sha256}
        click.echo(json.dumps({**head, **more, "constraints": rows}, indent=1, allow_nan=False))
        return 0
    click.echo(f"{pack.id}: {pack.title} ({pack.status}, {pack.edition})\n")
    for row in rows:
        count = ",".join(str(number) for number in row["fractions"] or ()) or "any"
        limit = f"{row['metric']} {row['op']} {row['limit']:g}"
        upper = f"..{row['upper']:g}" if row.get("upper") is not None else ""
        old = " superseded" if row["superseded"] else ""
        name = row["structure"] or row.get("organ") or ""
        line = f"{name:<38} {count:>5} fx  {limit}{upper} {row['unit']}"
        click.echo(f"{line:<74} {row['level']:<8}{row['trust']}{old}")
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
    click.echo(f"{pack.id}: {len(pack.constraints)} rows, no fault")
    return 0
