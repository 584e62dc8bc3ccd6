"""The JSON documents ``rtplan.audit/1`` and ``rtplan.dvh/1``: every value unrounded, every name as written.

Their schemas are ``rtplan/schema/audit.schema.json`` and ``dvh.schema.json``. The text is plain ASCII, so that
a control or bidi character in a name reaches neither a terminal nor a log other than as an escape.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from rtplan.model import (
    AuditReport,
    Curve,
    Finding,
    Issue,
    LesionReport,
    Measured,
    NotMeasured,
    PlanFacts,
    Reading,
)

from .dvh import DvhReport
from .outcomes import panel_document

__all__ = ["AUDIT_SCHEMA", "DVH_SCHEMA", "audit_document", "dvh_document", "render", "render_dvh", "run_document"]

AUDIT_SCHEMA = "rtplan.audit/1"
DVH_SCHEMA = "rtplan.dvh/1"
RUN_SCHEMA = "rtplan.run/1"


def render(report: AuditReport) -> str:
    """Return an audit as ``rtplan.audit/1``; the same report gives the same bytes.

    Raises
    ------
    ValueError
        If the provenance holds a number that is not finite.
    TypeError
        If it holds something that JSON has no form for.
    """
    return _dump(audit_document(report))


def render_dvh(report: DvhReport) -> str:
    """Return the answer of ``rtplan dvh`` as ``rtplan.dvh/1``; errors as in :func:`render`."""
    return _dump(dvh_document(report))


def audit_document(report: AuditReport) -> dict[str, Any]:
    """Return the content of ``rtplan.audit/1``; the keys stand in the order of the public contract."""
    return {
        "schema": AUDIT_SCHEMA,
        "verdict": report.verdict.value,
        "provenance": report.provenance,
        "issues": [_issue(issue) for issue in report.issues],
        "plans": [_plan(plan) for plan in report.plans],
        "lesions": [_lesion(lesion) for lesion in report.lesions],
        "findings": [_finding(finding) for finding in report.findings],
        "panels": [panel_document(panel) for panel in report.panels],
        "structures": [_structure(curve) for curve in report.curves],
    }


def run_document(report: AuditReport) -> str:
    """Return ``run.json``: what was run on what, and how it ended, without the findings."""
    return _dump({"schema": RUN_SCHEMA, "verdict": report.verdict.value, "provenance": report.provenance})


def dvh_document(report: DvhReport) -> dict[str, Any]:
    """Return the content of ``rtplan.dvh/1``; without a plan the label is empty and `fractions` null."""
    return {
        "schema": DVH_SCHEMA,
        "provenance": report.provenance,
        "plan": _plan(report.plan or PlanFacts(label="", fractions=None, dose="")),
        "structures": [_structure(curve) for curve in report.curves],
        "issues": [_issue(issue) for issue in report.issues],
    }


def _issue(issue: Issue) -> dict[str, Any]:
    return {
        "code": issue.code,
        "severity": issue.severity.value,
        "message": issue.message,
        "where": issue.where,
        "remedy": issue.remedy,
    }


def _plan(plan: PlanFacts) -> dict[str, Any]:
    return {
        "label": plan.label,
        "fractions": plan.fractions,
        "dose": plan.dose,
        "uid": plan.uid,
        "approval": plan.approval,
        "modality": plan.modality,
        "dose_type": plan.dose_type,
        "summation": plan.summation,
        "has_image": plan.has_image,
    }


def _lesion(lesion: LesionReport) -> dict[str, Any]:
    return {
        "name": lesion.name,
        "site": lesion.site,
        "prescription_gy": lesion.prescription_gy,
        "fractions": lesion.fractions,
        "bed10_gy": lesion.bed10_gy,
        "metrics": [_reading(reading) for reading in lesion.readings],
        "roi_numbers": list(lesion.roi_numbers),
        "protocol": lesion.protocol,
        "evidence": lesion.evidence,
        "caveats": list(lesion.caveats),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    measured = finding.measured
    return {
        "pack": finding.pack,
        "constraint": finding.constraint,
        "governs": finding.governs,
        "structure": finding.structure,
        "roi": finding.roi,
        "metric": finding.metric,
        "limit": finding.limit,
        "verdict": finding.verdict.value,
        **_interval(measured),
        "unit": measured.unit,
        "cause": _cause(measured),
        "where_mm": _where(measured),
        "reason": finding.reason or _reason(measured),
        "overlap_cc": finding.overlap_cc,
        "cite": finding.cite,
        "trust": finding.trust,
        "bound": finding.bound,
        "margin_pct": finding.margin_pct,
        "endpoint": finding.endpoint,
        "lesion": finding.lesion,
        "counts_as": finding.counts_as.value,
        "note": finding.note,
    }


def _structure(curve: Curve) -> dict[str, Any]:
    return {
        "number": curve.number,
        "name": curve.name,
        "standard_name": curve.standard_name,
        "volume_cc": _interval(curve.volume_cc),
        "outside_dose_cc": curve.outside_cc,
        "metrics": [_reading(reading) for reading in curve.readings],
        "issues": [*curve.issues, *filter(None, [_reason(curve.volume_cc)])],
        "role": curve.role,
    }


def _reading(reading: Reading) -> dict[str, Any]:
    return {
        "metric": reading.metric,
        **_interval(reading.value),
        "unit": reading.value.unit,
        "cause": _cause(reading.value),
        "where_mm": _where(reading.value),
        "reason": _reason(reading.value),
    }


def _interval(measured: Measured | NotMeasured) -> dict[str, float | None]:
    if isinstance(measured, NotMeasured):
        return {"value": None, "low": None, "high": None}
    return {"value": measured.value, "low": measured.low, "high": measured.high}


def _cause(measured: Measured | NotMeasured) -> str:
    return "; ".join(measured.causes) if isinstance(measured, Measured) else ""


def _where(measured: Measured | NotMeasured) -> list[float] | None:
    return list(measured.where_mm) if isinstance(measured, Measured) and measured.where_mm else None


def _reason(measured: Measured | NotMeasured) -> str | None:
    return measured.reason if isinstance(measured, NotMeasured) else None


def _dump(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, allow_nan=False, default=_plain) + "\n"


def _plain(value: object) -> object:
    """Give what the encoder does not know (read-only mappings, numpy scalars) in a form that it does."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"provenance holds a {type(value).__name__}, for which JSON has no form")
