"""`rtplan bed`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, cast

import click

if TYPE_CHECKING:
    from rtplan.radiobiology import Model


@click.command("bed")
@click.argument("dose_gy", type=float)
@click.argument("fractions", type=click.IntRange(min=1))
@click.option("--alpha-beta", "alpha_beta_gy", type=float, default=10.0, show_default=True, help="In Gy.")
@click.option("--model", type=click.Choice(("lq", "lql", "usc")), default="lq", show_default=True)
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
def command(dose_gy: float, fractions: int, alpha_beta_gy: float, model: str, form: str) -> int:
    """BED and EQD2 of DOSE_GY in FRACTIONS."""
    from rtplan.radiobiology import effect  # noqa: PLC0415

    found = effect(dose_gy, fractions, alpha_beta_gy=alpha_beta_gy, model=cast("Model", model))
    if form == "json":
        values = asdict(found)
        rounded = {**values, "bed_gy": round(found.bed_gy, 9), "eqd2_gy": round(found.eqd2_gy, 9)}
        click.echo(json.dumps(rounded, allow_nan=False))
        return 0
    click.echo(f"BED  {_shown(found.bed_gy)} Gy (alpha/beta {alpha_beta_gy:g} Gy, {model})")
    click.echo(f"EQD2 {_shown(found.eqd2_gy)} Gy")
    for caveat in found.caveats:
        click.echo(f"note: {caveat}")
    return 0


def _shown(value: float) -> str:
    """Two decimals where they are needed, one at the least."""
    return f"{value:.2f}".removesuffix("0")
