"""`rtplan commission`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click


@click.command("commission")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for the report and the JSON.")
@click.option("--quick", is_flag=True, help="A part of each suite, in seconds.")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
def command(out: Path | None, quick: bool, form: str) -> int:
    """Test the DVH engine on this machine against closed forms.

    Exit code 0 when every criterion is met, 1 otherwise.
    """
    from rtplan.commission import commission, document  # noqa: PLC0415
    from rtplan.report.commission import render_html, render_text  # noqa: PLC0415

    def tell(title: str) -> None:
        if sys.stderr.isatty():
            click.echo(f"done: {title}", err=True)

    found = document(commission(quick=quick, progress=tell))
    if out is not None:
        _write(out, {"commission.json": _as_json(found), "commission.html": render_html(found)})
    click.echo(_as_json(found).rstrip() if form == "json" else render_text(found))
    return 0 if found["met"] else 1


def _as_json(found: Mapping[str, Any]) -> str:
    return json.dumps(found, indent=2, allow_nan=False) + "\n"


def _write(out: Path, files: Mapping[str, str]) -> None:
    from rtplan.errors import UsageError  # noqa: PLC0415

    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (out / name).write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise UsageError(f"the reports cannot be written to {out}: {error.strerror}") from error
