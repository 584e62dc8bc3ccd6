"""One structure that holds a pair, split into left and right where a gap between them shows which is which."""

from __future__ import annotations

import numpy as np

from rtplan.model import Contour, Structure

__all__ = ["split_by_side"]


def split_by_side(structure: Structure) -> tuple[Structure, Structure] | None:
    """Split a pair into its left and right half.

    Parameters
    ----------
    structure : Structure
        Contours in patient coordinates (LPS: x rises to the patient's left).

    Returns
    -------
    tuple of Structure or None
        Left and right, with numbers of their own (negative). None where no contour-free gap lies between two
        parts, or several gaps leave open which one is the middle.

    Notes
    -----
    The middle is the widest gap; each part has to lie within one side of it, and to reach as far along the body as
    half of the other at least: a pair is alike, two pieces of one side are not.

    Examples
    --------
    >>> split_by_side(Structure(1, "Hippocampi", "ORGAN", ())) is None
    True
    """
    spans = [(contour.points_mm[:, 0].min(), contour.points_mm[:, 0].max()) for contour in structure.contours]
    if len(spans) < 2:
        return None
    middle = _widest_gap(spans)
    if middle is None:
        return None
    left = tuple(item for item, span in zip(structure.contours, spans, strict=True) if span[0] > middle)
    right = tuple(item for item, span in zip(structure.contours, spans, strict=True) if span[1] < middle)
    if not _alike(len(left), len(right)):
        return None
    return _half(structure, left, "left", 0), _half(structure, right, "right", 1)


def _half(structure: Structure, contours: tuple[Contour, ...], side: str, offset: int) -> Structure:
    return Structure(-2 * structure.number - offset, f"{structure.name} {side}", structure.role, contours)


def _alike(one: int, other: int) -> bool:
    return min(one, other) >= 0.5 * max(one, other)


def _widest_gap(spans: list[tuple[float, float]]) -> float | None:
    """Return the middle of the widest stretch of x that no contour covers; None where there is none."""
    ordered = sorted(spans)
    reach = np.maximum.accumulate([high for _, high in ordered])
    gaps = [(low - far, (low + far) / 2) for far, (low, _) in zip(reach, ordered[1:], strict=False) if low > far]
    return float(max(gaps)[1]) if gaps else None
