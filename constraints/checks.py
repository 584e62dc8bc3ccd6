"""Numbers that a sound plan keeps to beyond dose limits, as cited data."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

__all__ = ["Check", "checks"]


@dataclass(frozen=True, slots=True)
class Check:
    """One number: its unit, source by key (empty for the project's own) and trust tag, and what it says."""

    limit: float
    unit: str
    cite: str
    trust: str
    text: str

    @property
    def source(self) -> str:
        """Return the source as it stands in a message."""
        return f"{self.cite}, {self.trust}" if self.cite else "rtplan's own mark"


@cache
def checks() -> Mapping[str, Check]:
    """Return every check by name.

    Examples
    --------
    >>> checks()["dose-grid-focal"].limit
    2.0
    """
    table = tomllib.loads((resources.files("constraints") / "checks.toml").read_text(encoding="utf-8"))
    found = {
        name: Check(float(row["limit"]), row["unit"], row["cite"], row["trust"], row["text"])
        for name, row in table.items()
    }
    return MappingProxyType(found)
