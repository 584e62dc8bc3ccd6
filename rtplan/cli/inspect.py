"""`rtplan inspect`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("inspect")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
@click.option("--show-identity", is_flag=True, help="Show the patient's name and ID.")
def command(path: Path, form: str, show_identity: bool) -> int:
    """Say what is behind PATH, how it links and what is odd."""
    import dicom_io  # noqa: PLC0415
    from rtplan.report.inspection import inspection_json, inspection_text  # noqa: PLC0415

    inventory = dicom_io.inventory(path)
    identity = dicom_io.read_identity(path) if show_identity else None
    named = (identity.name, identity.patient_id) if identity else None
    render = inspection_json if form == "json" else inspection_text
    click.echo(render(inventory, identity=named))
    return 0
