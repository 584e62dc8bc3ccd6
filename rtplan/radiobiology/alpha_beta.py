"""Alpha/beta by tissue, as data with its sources; a user's own value takes the place of any.

Where the sources agree a tissue has one default. Where they conflict it has several values and no default: what
depends on it is worked out with each, or asks a person to choose.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources

__all__ = ["AlphaBeta", "Tissue", "alpha_beta_of", "tissues"]


@dataclass(frozen=True, slots=True)
class Tissue:
    """One tissue.

    Attributes
    ----------
    id, title : str
    structures : tuple of str
        Standard names it holds for; ``*`` stands for any ending.
    values_gy : tuple of float
        One where the sources agree, several where they conflict, the lowest first.
    trust, cite, note : str
    other : tuple of (float, str)
        Values seen elsewhere, Gy, and where.
    """

    id: str
    title: str
    structures: tuple[str, ...]
    values_gy: tuple[float, ...]
    trust: str
    cite: str
    note: str = ""
    other: tuple[tuple[float, str], ...] = ()

    @property
    def default_gy(self) -> float | None:
        """The value the sources agree on; None where they conflict."""
        return self.values_gy[0] if len(self.values_gy) == 1 else None


@dataclass(frozen=True, slots=True)
class AlphaBeta:
    """The alpha/beta to work with: one value, or several of which none is the default, and whose they are."""

    values_gy: tuple[float, ...]
    tissue: str
    trust: str
    cite: str

    def __str__(self) -> str:
        values = " or ".join(f"{value:g}" for value in self.values_gy)
        return f"alpha/beta {values} Gy ({self.tissue}; {self.cite})"


@cache
def tissues() -> tuple[Tissue, ...]:
    """Return every tissue of the table.

    Examples
    --------
    >>> [item.default_gy for item in tissues() if item.id in {"cord", "liver"}]
    [2.0, None]
    """
    text = resources.files(__package__).joinpath("alpha_beta.toml").read_text(encoding="utf-8")
    return tuple(
        Tissue(
            item["id"],
            item["title"],
            tuple(item["structures"]),
            tuple(sorted(item.get("values_gy", [item.get("default_gy")]))),
            item["trust"],
            item["cite"],
            item.get("note", ""),
            tuple((other["gy"], other["from"]) for other in item.get("other", ())),
        )
        for item in tomllib.loads(text)["tissue"]
    )


def alpha_beta_of(structure: str, own_gy: Mapping[str, float] | None = None) -> AlphaBeta | None:
    """Find the alpha/beta of a structure.

    Parameters
    ----------
    structure : str
        A standard name, or the id of a tissue. Of an expression (``Lungs - GTV``), its first name.
    own_gy : mapping, optional
        The user's values by standard name or tissue id, Gy; they come first.

    Returns
    -------
    AlphaBeta or None
        None where no tissue of the table is meant.

    Examples
    --------
    >>> str(alpha_beta_of("SpinalCord_PRV03", {"cord": 2.2}))
    'alpha/beta 2.2 Gy (spinal cord; the user)'
    >>> alpha_beta_of("Liver").values_gy
    (2.0, 3.0)
    >>> alpha_beta_of("") is None
    True
    """
    name = re.split(r"\s*[-+|&]", structure, maxsplit=1)[0]
    found = next((item for item in tissues() if _is_meant(item, name)), None)
    said = own_gy or {}
    for key in (structure, name, found.id if found else ""):
        if key and key in said:
            return AlphaBeta((said[key],), found.title if found else name, "", "the user")
    return AlphaBeta(found.values_gy, found.title, found.trust, found.cite) if found else None


def _is_meant(tissue: Tissue, name: str) -> bool:
    return name == tissue.id or any(fnmatchcase(name, pattern) for pattern in tissue.structures)
