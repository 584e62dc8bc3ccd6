"""The acceptance test of the DVH engine on the user's own machine: analytic solids in analytic fields."""

from .document import document
from .results import Commissioning, Criterion, Published, Row, Suite
from .run import commission

__all__ = ["Commissioning", "Criterion", "Published", "Row", "Suite", "commission", "document"]
