"""`rtplan demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


@click.command("demo")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("demo"))
def command(folder: Path) -> int:
    """Write the sample studies into FOLDER and audit every one of them.

    Exit code 0 when every verdict and every exceeded limit is as the study was constructed.
    """
    import sample_data  # noqa: PLC0415
    from rtplan.report.demo import demo_table  # noqa: PLC0415
    from rtplan.study import audit_path, write_audit  # noqa: PLC0415

    rows: list[dict[str, Any]] = []
    for study in sample_data.studies():
        written = sample_data.write(study, folder / study.id)
        report = audit_path(written.folder)
        out = folder / "reports" / study.id
        write_audit(report, out)
        governing = [item for item in report.findings if item.governs]
        broken = [item for item in governing if item.verdict == "exceeded"]
        exceeded = {(item.roi if item.lesion else item.structure, item.metric) for item in broken}
        expected = written.truth["expected"]
        as_built = report.verdict == expected["verdict"] and exceeded == {tuple(pair) for pair in expected["exceeded"]}
        rows.append(
            {
                "study": study.id,
                "site": ", ".join(sorted({lesion.site or "?" for lesion in report.lesions})),
                "lesions": len(report.lesions),
                "verdict": report.verdict.value,
                "exceeded": sorted(f"{structure} {metric}" for structure, metric in exceeded),
                "as_built": as_built,
                "report": str(out / "report.html"),
            }
        )
        click.echo(f"audited {study.id}", err=True)
    click.echo(demo_table(rows))
    return 0 if all(row["as_built"] for row in rows) else 1
