"""What `rtplan dvh` says: the document, before it is text, JSON or CSV."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rtplan.model import Curve, Issue, PlanFacts

__all__ = ["DvhReport"]


@dataclass(frozen=True, slots=True, eq=False)
class DvhReport:
    """The structures of one plan with their curves and readings; `plan` is None where there is no RTPLAN."""

    plan: PlanFacts | None
    curves: tuple[Curve, ...] = ()
    issues: tuple[Issue, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
