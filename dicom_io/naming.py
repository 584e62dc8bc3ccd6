"""What is odd about the names of ROIs: none, one for several, one too long to be shown whole."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from rtplan.model import Issue, Structure

from .faults import note, warn

__all__ = ["listed", "name_issues"]

# The length of a ROIName (VR LO) by the standard.
LONGEST_NAME = 64
_NO_LETTER = re.compile(r"[\s_]+")


def name_issues(structures: Iterable[Structure], mark: str) -> list[Issue]:
    """Say which ROIs share a name, differ by case, space or underscore alone, or have none."""
    same: defaultdict[str, list[Structure]] = defaultdict(list)
    for structure in structures:
        same[_NO_LETTER.sub("", structure.name.casefold())].append(structure)
    found = []
    for name, group in same.items():
        numbers = [item.number for item in group]
        where = f"{mark} ROI {listed(numbers)}"
        if not name:
            found.append(note("roi-name-empty", f"ROIs without a name: {listed(numbers)}", where))
        elif len(group) > 1:
            remedy = "name the ROI by its number"
            if len({item.name.casefold() for item in group}) < len(group):
                found.append(warn("roi-names-repeated", f"ROIs {listed(numbers)} share one name", where, remedy))
            else:
                message = f"names of ROIs {listed(numbers)} differ by spaces or underscores alone"
                found.append(note("roi-names-repeated", message, where, remedy))
    if long := [item.number for group in same.values() for item in group if len(item.name) > LONGEST_NAME]:
        message = f"ROI names of more than {LONGEST_NAME} characters: {listed(long)}"
        found.append(note("roi-name-long", message, f"{mark} ROI {listed(long)}"))
    return found


def listed(numbers: Iterable[int]) -> str:
    """Return numbers as a list to read."""
    return ", ".join(map(str, numbers))
