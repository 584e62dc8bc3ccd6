"""`rtplan dvh`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import choice_of, choice_options, in_color, limit_options, limits_of, model_options, models_of


@click.command("dvh")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--structure", "names", multiple=True, metavar="NAME", help="A structure; all of them without it.")
@click.option("--metric", "metrics", multiple=True, metavar="EXPR", help="A metric, such as D95% or V20Gy[cc].")
@click.option("--format", "form", type=click.Choice(("text", "json", "csv")), default="text", show_default=True)
@model_options
@choice_options
@limit_options
def command(path: Path, names: tuple[str, ...], metrics: tuple[str, ...], form: str, **rest: Any) -> int:
    """Measure dose-volume metrics of the study at PATH."""
    from rtplan.report import render_dvh  # noqa: PLC0415
    from rtplan.study import dvh_path  # noqa: PLC0415

    report = dvh_path(
        path,
        structures=names,
        metrics=metrics,
        models=models_of(rest["dose_interpolation"], rest["between_slices"], rest["end_caps"]),
        choice=choice_of(rest),
        limits=limits_of(rest["memory_limit_mib"], rest["time_limit_s"]),
    )
    shown = render_dvh(report, form, color=in_color())
    click.echo(shown, nl=not shown.endswith("\n"))
    return 0
