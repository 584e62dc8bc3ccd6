"""The audit itself: lesions, what governs, values, verdicts. Takes a Case, gives an AuditReport."""

from .audit import audit, select
from .sheet import Sheet, SheetLesion, parse_sheet

__all__ = ["Sheet", "SheetLesion", "audit", "parse_sheet", "select"]
