"""One case is one patient: objects of several are refused, and mixed identifiers in one chain are said."""

from __future__ import annotations

from collections import Counter

from rtplan.errors import InputError
from rtplan.model import Issue

from .faults import note
from .index import RT_KINDS, Entry, Index, Kind

__all__ = ["one_patient"]


def one_patient(index: Index) -> tuple[Issue, ...]:
    """Check that all RT objects and images belong to one patient, as far as their identifiers say.

    Objects that refer to one another count as one patient's here even where their identifiers differ:
    linking then refuses that very link.

    Returns
    -------
    tuple of Issue

    Raises
    ------
    InputError
        There are objects of several patients that have nothing to do with each other.
    """
    entries = index.of(*RT_KINDS, Kind.IMAGE)
    chains = _chains(entries)
    named = {chain for entry, chain in chains.items() if entry.patient}
    if len(named) > 1:
        counts = Counter(chain for chain in chains.values() if chain in named)
        sizes = ", ".join(map(str, sorted(counts.values(), reverse=True)))
        raise InputError(f"the path holds objects of {len(named)} patients ({sizes} objects): name one patient's alone")
    nameless = sum(not entry.patient for entry in entries)
    if nameless and named:
        message = f"objects without a PatientID are taken for the same patient's: {nameless}"
        return (note("patient-missing", message),)
    return ()


def _chains(entries: tuple[Entry, ...]) -> dict[Entry, int]:
    """Give entries that share a patient, or refer to one another, the same number."""
    group = list(range(len(entries)))

    def root(index: int) -> int:
        while group[index] != index:
            group[index] = group[group[index]]
            index = group[index]
        return index

    keepers: dict[tuple[str, str], int] = {}
    for index, entry in enumerate(entries):
        keys = [("uid", entry.uid), ("series", entry.series_uid)]
        keys += [("patient", entry.patient)] if entry.patient else []
        for key in keys:
            group[root(index)] = root(keepers.setdefault(key, index))
    for index, entry in enumerate(entries):
        for reference in entry.references:
            for kind in ("uid", "series"):
                if (target := keepers.get((kind, reference))) is not None:
                    group[root(index)] = root(target)
    return {entry: root(index) for index, entry in enumerate(entries)}
