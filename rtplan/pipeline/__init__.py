"""The audit itself: lesions, what governs, values, verdicts. Takes a Case, gives an AuditReport."""

from .audit import audit, select
from .sheet import Sheet, SheetLesion, parse_names, parse_sheet, with_names

__all__ = ["Sheet", "SheetLesion", "audit", "parse_names", "parse_sheet", "select", "with_names"]
