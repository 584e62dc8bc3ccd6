"""`rtplan audit`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rtplan.errors import InputError

from .options import choice_of, choice_options, in_color, limit_options, limits_of, model_options, models_of

FORMATS = ("text", "json", "html", "csv", "junit")


@click.command("audit")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--pack", "packs", multiple=True, metavar="ID|FILE", help="A rule pack that shall govern.")
@click.option("--sheet", type=click.Path(path_type=Path), help="Audit sheet (TOML).")
@click.option("--names", type=click.Path(path_type=Path), help="Names file (TOML): ROI name to standard name.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for audit.json, report.html and the tables.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--show-identity", is_flag=True, help="Show the patient's name and ID.")
@click.option("--fail-on", type=click.Choice(("exceeded", "indeterminate", "not_judged")), help="Mildest failure.")
@model_options
@choice_options
@limit_options
def command(path: Path, packs: tuple[str, ...], sheet: Path | None, out: Path | None, form: str, **rest: Any) -> int:
    """Audit the study at PATH (a folder, a file or a zip)."""
    from rtplan.report import render  # noqa: PLC0415
    from rtplan.study import audit_path, exit_code, refused, write_audit  # noqa: PLC0415

    models = models_of(rest["dose_interpolation"], rest["between_slices"], rest["end_caps"])
    choice = choice_of(rest)
    try:
        report = audit_path(
            path,
            packs=packs,
            sheet=sheet,
            names=rest["names"],
            models=models,
            choice=choice,
            show_identity=rest["show_identity"],
            limits=limits_of(rest["memory_limit_mib"], rest["time_limit_s"]),
        )
    except InputError as error:
        if form == "json":
            # Whoever reads the document finds the reason in it; standard error has the sentence all the same.
            click.echo(render(refused(error), form), nl=False)
        raise
    shown = render(report, form, color=in_color())
    if out is not None:
        write_audit(report, out)
    click.echo(shown, nl=not str(shown).endswith("\n"))
    if out is not None:
        click.echo(f"written to {out}", err=True)
    return exit_code(report, fail_on=rest["fail_on"])
