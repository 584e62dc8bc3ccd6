"""Goals that hospitals keep, made into rule packs: what the limit language can say, and a list of what it cannot."""

from .goals import Goal, LeftOut
from .names import ImportedNames, import_names
from .packing import Imported, import_goals

__all__ = ["Goal", "Imported", "ImportedNames", "LeftOut", "import_goals", "import_names"]
