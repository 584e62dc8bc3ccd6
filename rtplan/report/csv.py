"""Tables for spreadsheets: ``constraints.csv``, ``metrics.csv`` and ``dvh.csv``.

Numbers are unrounded. A text cell that a spreadsheet would take for a formula gets a leading apostrophe;
numeric columns are left alone, so that negative numbers stay numbers. To undo it, drop an apostrophe that
stands before ``= + - @``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from rtplan.model import AuditReport, Curve, Finding, Measured, NotMeasured, Reading

from .dvh import DvhReport
from .names import display_text

__all__ = ["constraints", "dvh", "guarded", "metrics", "render"]

Cell = str | float | int | bool | None
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\0", "＝", "＋", "－", "＠")
_CONSTRAINT_COLUMNS = (
    "lesion", "structure", "roi", "metric", "limit", "verdict", "value", "low", "high", "unit", "bound",
    "margin_pct", "governs", "counts_as", "reason", "cause", "overlap_cc", "where_x_mm", "where_y_mm",
    "where_z_mm", "endpoint", "cite", "trust", "pack", "constraint", "note",
)  # fmt: skip
_METRIC_COLUMNS = (
    "subject", "roi_number", "name", "standard_name", "metric", "value", "low", "high", "unit", "cause", "reason",
)  # fmt: skip
_DVH_COLUMNS = (
    "roi_number",
    "name",
    "standard_name",
    "role",
    "dose_gy",
    "volume_pct",
    "low_pct",
    "high_pct",
    "volume_cc",
)


def render(report: AuditReport) -> str:
    """Return the table of findings, which is what ``rtplan audit --format csv`` prints."""
    return constraints(report)


def constraints(report: AuditReport) -> str:
    """Return one row a finding; `bound`, `value`, `low` and `high` are in `unit`."""
    return _table(_CONSTRAINT_COLUMNS, map(_finding, report.findings))


def metrics(report: AuditReport | DvhReport) -> str:
    """Return one row a reading: of each lesion, then of each structure, whose volume comes first."""
    return _table(_METRIC_COLUMNS, _readings(report))


def dvh(report: AuditReport | DvhReport) -> str:
    """Return one row a point of each cumulative DVH; `volume_cc` is the best estimate where there is one."""
    return _table(_DVH_COLUMNS, (row for curve in report.curves for row in _points(curve)))


def guarded(text: str) -> str:
    r"""Return a text cell that no spreadsheet takes for a formula.

    Examples
    --------
    >>> guarded("=1+1"), guarded("PTV"), guarded("")
    ("'=1+1", 'PTV', '')
    """
    shown = display_text(text)
    return f"'{shown}" if shown.startswith(_FORMULA_SIGNS) or text.startswith(_FORMULA_SIGNS) else shown


def _finding(finding: Finding) -> Mapping[str, Cell]:
    x_mm, y_mm, z_mm = finding.where_mm or (None, None, None)
    return {
        **_measured(finding.measured),
        "lesion": finding.lesion,
        "structure": finding.structure,
        "roi": finding.roi,
        "metric": finding.metric,
        "limit": finding.limit,
        "verdict": finding.verdict.value,
        "bound": finding.bound,
        "margin_pct": finding.margin_pct,
        "governs": finding.governs,
        "counts_as": finding.counts_as.value,
        "reason": finding.reason or _reason(finding.measured),
        "overlap_cc": finding.overlap_cc,
        "where_x_mm": x_mm,
        "where_y_mm": y_mm,
        "where_z_mm": z_mm,
        "endpoint": finding.endpoint,
        "cite": finding.cite,
        "trust": finding.trust,
        "pack": finding.pack,
        "constraint": finding.constraint,
        "note": finding.note,
    }


def _readings(report: AuditReport | DvhReport) -> Iterator[Mapping[str, Cell]]:
    for lesion in report.lesions if isinstance(report, AuditReport) else ():
        about: dict[str, Cell] = {"subject": "lesion", "name": lesion.name}
        yield from (about | _reading(reading) for reading in lesion.readings)
    for curve in report.curves:
        about = {"subject": "structure", **_about(curve)}
        volume = Reading("Volume", curve.volume_cc)
        yield from (about | _reading(reading) for reading in (volume, *curve.readings))


def _points(curve: Curve) -> Iterator[Mapping[str, Cell]]:
    about = {**_about(curve), "role": curve.role}
    scale = curve.volume_cc.value / 100.0 if isinstance(curve.volume_cc, Measured) else None
    columns = np.stack((curve.dose_gy, curve.volume_pct, curve.low_pct, curve.high_pct), axis=1)
    for dose_gy, volume_pct, low_pct, high_pct in columns.tolist():
        yield about | {
            "dose_gy": dose_gy,
            "volume_pct": volume_pct,
            "low_pct": low_pct,
            "high_pct": high_pct,
            "volume_cc": None if scale is None else volume_pct * scale,
        }


def _about(curve: Curve) -> dict[str, Cell]:
    return {"roi_number": curve.number, "name": curve.name, "standard_name": curve.standard_name}


def _reading(reading: Reading) -> dict[str, Cell]:
    return {"metric": reading.metric, **_measured(reading.value), "reason": _reason(reading.value)}


def _measured(measured: Measured | NotMeasured) -> dict[str, Cell]:
    if isinstance(measured, NotMeasured):
        return {"unit": measured.unit}
    return {
        "value": measured.value,
        "low": measured.low,
        "high": measured.high,
        "unit": measured.unit,
        "cause": "; ".join(measured.causes),
    }


def _reason(measured: Measured | NotMeasured) -> str:
    return measured.reason if isinstance(measured, NotMeasured) else ""


def _table(columns: Sequence[str], rows: Iterable[Mapping[str, Cell]]) -> str:
    page = io.StringIO()
    writer = csv.writer(page, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(row.get(column)) for column in columns] for row in rows)
    return page.getvalue()


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return guarded(value)
    return str(value).lower() if isinstance(value, bool) else repr(value)
