"""The only reader of DICOM files: a folder, a zip archive or a file becomes a `Case` and its issues."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .inventories import Inventory, Linkage, Series, inventory
    from .reading import Identity, read, read_identity

__all__ = ["Identity", "Inventory", "Linkage", "Series", "inventory", "read", "read_identity"]

_HOMES = {
    "Identity": "reading",
    "Inventory": "inventories",
    "Linkage": "inventories",
    "Series": "inventories",
    "inventory": "inventories",
    "read": "reading",
    "read_identity": "reading",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
