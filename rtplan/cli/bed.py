"""`rtplan bed`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, cast

import click

if TYPE_CHECKING:
    from rtplan.radiobiology import Model

DEFAULT_GY = 10.0


@click.command("bed")
@click.argument("dose_gy", type=float)
@click.argument("fractions", type=click.IntRange(min=1))
@click.option("--alpha-beta", "alpha_beta_gy", type=float, help=f"In Gy.  [default: {DEFAULT_GY:g}]")
@click.option("--tissue", metavar="NAME", help="Take the alpha/beta of a tissue or of a standard structure name.")
@click.option("--model", type=click.Choice(("lq", "lql", "usc")), default="lq", show_default=True)
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
def command(
    dose_gy: float, fractions: int, alpha_beta_gy: float | None, tissue: str | None, model: str, form: str
) -> int:
    """BED and EQD2 of DOSE_GY in FRACTIONS."""
    from rtplan.radiobiology import effect  # noqa: PLC0415

    ratio, source = _ratio(alpha_beta_gy, tissue)
    found = effect(dose_gy, fractions, alpha_beta_gy=ratio, model=cast("Model", model))
    if form == "json":
        values = asdict(found)
        rounded = {**values, "bed_gy": round(found.bed_gy, 9), "eqd2_gy": round(found.eqd2_gy, 9)}
        click.echo(json.dumps({**rounded, "alpha_beta_source": source}, allow_nan=False))
        return 0
    click.echo(f"BED  {_shown(found.bed_gy)} Gy (alpha/beta {ratio:g} Gy, {model})")
    click.echo(f"EQD2 {_shown(found.eqd2_gy)} Gy (alpha/beta {ratio:g} Gy)")
    for note in (*filter(None, [source]), *found.caveats):
        click.echo(f"note: {note}")
    return 0


def _ratio(alpha_beta_gy: float | None, tissue: str | None) -> tuple[float, str]:
    """Return the alpha/beta to take and whose it is; a tissue on which sources conflict asks for a choice."""
    from rtplan.errors import UsageError  # noqa: PLC0415
    from rtplan.radiobiology import alpha_beta_of, tissues  # noqa: PLC0415

    if tissue is None:
        return (DEFAULT_GY if alpha_beta_gy is None else alpha_beta_gy), ""
    if alpha_beta_gy is not None:
        raise UsageError("--alpha-beta and --tissue both say what the alpha/beta is: give one of them")
    chosen = alpha_beta_of(tissue)
    if chosen is None:
        raise UsageError(f"there is no tissue {tissue!r}; there is: {', '.join(item.id for item in tissues())}")
    if len(chosen.values_gy) > 1:
        raise UsageError(f"sources conflict: {chosen}; choose with --alpha-beta")
    return chosen.values_gy[0], f"{chosen} [{chosen.trust}]"


def _shown(value: float) -> str:
    """Two decimals where they are needed, one at the least."""
    return f"{value:.2f}".removesuffix("0")
