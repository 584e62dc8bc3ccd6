"""A commissioning as ``rtplan.commission/1``: plain values, the same bytes for the same numbers."""

from __future__ import annotations

import math
import os
import platform
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from rtplan.model import Measured

from .compare import Comparison
from .results import Commissioning, Suite

__all__ = ["SCHEMA", "document"]

SCHEMA = "rtplan.commission/1"
LIBRARIES = ("numpy", "scipy")
# Machines differ in the last digits of a float; a document that is filed need not.
DIGITS = 6


def document(found: Commissioning) -> dict[str, Any]:
    """Return the content of ``rtplan.commission/1``.

    No clock is read; SOURCE_DATE_EPOCH adds a time where it is set. A value that is not finite is null.
    """
    return {
        "schema": SCHEMA,
        "met": found.met,
        "quick": found.quick,
        "provenance": _provenance(),
        "suites": [_suite(suite) for suite in found.suites],
    }


def _provenance() -> dict[str, Any]:
    facts: dict[str, Any] = {
        "tool": "rtplan",
        "version": version("rtplan"),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
    }
    if epoch := os.environ.get("SOURCE_DATE_EPOCH"):
        facts["source_date_epoch"] = epoch
    return facts


def _suite(suite: Suite) -> dict[str, Any]:
    return {
        "id": suite.id,
        "title": suite.title,
        "about": suite.about,
        "cite": suite.cite,
        "met": suite.met,
        "criteria": [{**_plain(asdict(item)), "met": item.met} for item in suite.criteria],
        "rows": [{"label": row.label, **_plain(asdict(row.summary))} for row in suite.rows],
        "listed": [_comparison(item) for item in suite.listed],
        "published": [asdict(item) for item in suite.published],
    }


def _comparison(item: Comparison) -> dict[str, Any]:
    measured = item.found if isinstance(item.found, Measured) else None
    values = {
        "truth": item.truth,
        "value": measured.value if measured else None,
        "low": measured.low if measured else None,
        "high": measured.high if measured else None,
        "error_pct": item.error_pct,
    }
    return {"case": item.case, "metric": item.metric, **_plain(values), "unit": item.found.unit}


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Round what is a float, and leave out what no document has a form for."""
    return {key: _rounded(value) if isinstance(value, float) else value for key, value in values.items()}


def _rounded(value: float) -> float | None:
    # A sum with zero takes the sign off a negative one.
    return round(value, DIGITS) + 0.0 if math.isfinite(value) else None
