"""Frozen types that every other room speaks in; no verbs beyond validation."""

from .case import Case, Link, Registration, SourceFile, Treatment
from .findings import (
    AuditReport,
    Curve,
    Finding,
    Issue,
    LesionReport,
    PlanFacts,
    Reading,
    Severity,
    Verdict,
    worst,
)
from .grid import Grid
from .images import Dose, Image, StoredDVH
from .measured import Measured, NotMeasured, Point, Quantity
from .outcomes import UNKNOWN_FACTS, Outcome, OutcomePanel, StructureReading
from .plans import Beam, FractionGroup, Plan, Prescription
from .structures import TARGET_ROLES, Contour, Structure, StructureSet

__all__ = [
    "TARGET_ROLES",
    "UNKNOWN_FACTS",
    "AuditReport",
    "Beam",
    "Case",
    "Contour",
    "Curve",
    "Dose",
    "Finding",
    "FractionGroup",
    "Grid",
    "Image",
    "Issue",
    "LesionReport",
    "Link",
    "Measured",
    "NotMeasured",
    "Outcome",
    "OutcomePanel",
    "Plan",
    "PlanFacts",
    "Point",
    "Prescription",
    "Quantity",
    "Reading",
    "Registration",
    "Severity",
    "SourceFile",
    "StoredDVH",
    "Structure",
    "StructureReading",
    "StructureSet",
    "Treatment",
    "Verdict",
    "worst",
]
