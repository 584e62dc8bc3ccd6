"""Audits radiotherapy plans for oligometastatic disease against cited dose limits.

Research software, not a medical device.

>>> import rtplan
>>> rtplan.parse_metric("D95%").unit
'Gy'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dicom_io import read
    from rtplan.errors import InputError, RtplanError, UsageError
    from rtplan.metrics.notation import parse as parse_metric
    from rtplan.model import AuditReport, Case
    from rtplan.study import audit_case as audit
    from rtplan.study import write_audit

__all__ = [
    "AuditReport",
    "Case",
    "InputError",
    "RtplanError",
    "UsageError",
    "audit",
    "parse_metric",
    "read",
    "write_audit",
]

_HOMES = {
    "AuditReport": ("rtplan.model", "AuditReport"),
    "Case": ("rtplan.model", "Case"),
    "InputError": ("rtplan.errors", "InputError"),
    "RtplanError": ("rtplan.errors", "RtplanError"),
    "UsageError": ("rtplan.errors", "UsageError"),
    "audit": ("rtplan.study", "audit_case"),
    "parse_metric": ("rtplan.metrics.notation", "parse"),
    "read": ("dicom_io", "read"),
    "write_audit": ("rtplan.study", "write_audit"),
}
_NEIGHBOURS = ("dicom_io", "constraints", "sample_data")


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'rtplan' has no attribute {name!r}")
    _check_neighbours()
    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)


def _check_neighbours() -> None:
    """Say it when a module of the user's own shadows a package that belongs to this distribution."""
    from importlib.util import find_spec  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    home = Path(__file__).resolve().parent.parent
    for neighbour in _NEIGHBOURS:
        spec = find_spec(neighbour)
        if spec is None or spec.origin is None or not Path(spec.origin).resolve().is_relative_to(home / neighbour):
            found = "nothing" if spec is None or spec.origin is None else Path(spec.origin).name
            raise ImportError(f"another module called {neighbour!r} ({found}) hides the one of rtplan: rename it")
