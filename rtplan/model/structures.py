"""Contours as they were drawn, and the structures and structure sets that hold them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .findings import Issue

__all__ = ["TARGET_ROLES", "Contour", "Structure", "StructureSet"]

TARGET_ROLES = frozenset({"GTV", "CTV", "ITV", "PTV"})


@dataclass(frozen=True, slots=True, eq=False)
class Contour:
    """One ring or point of a structure: `points_mm` has shape (n, 3), mm in LPS, read-only.

    `kind` is the ContourGeometricType (CLOSED_PLANAR, POINT, OPEN_PLANAR, ...).
    """

    points_mm: NDArray[np.float64]
    kind: str = "CLOSED_PLANAR"

    def __post_init__(self) -> None:
        points = np.asarray(self.points_mm, dtype=np.float64)
        if points.ndim != 2 or points.shape[1] != 3:
            raise ValueError(f"contour points have shape (n, 3), not {points.shape}")
        if not np.isfinite(points).all():
            raise ValueError("a contour coordinate is not finite")
        if points.flags.writeable:
            points = points.view()
            points.setflags(write=False)
        object.__setattr__(self, "points_mm", points)


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """One ROI.

    Attributes
    ----------
    number : int
        ROINumber.
    name : str
        As written.
    role : str
        RTROIInterpretedType (PTV, GTV, ORGAN, EXTERNAL, ...); empty where none was given.
    contours : tuple of Contour
        As drawn, empty where the ROI has none.
    standard_name : str or None
        The TG-263 name once it has been resolved.
    broken : str
        Empty, or the reason why the contours must not be measured.
    """

    number: int
    name: str
    role: str = ""
    contours: tuple[Contour, ...] = ()
    standard_name: str | None = None
    broken: str = ""

    def renamed(self, standard_name: str | None) -> Structure:
        """Return the same structure under a standard name."""
        return replace(self, standard_name=standard_name)


@dataclass(frozen=True, slots=True, eq=False)
class StructureSet:
    """The structures of one RTSTRUCT, in its order.

    `plane_spacing_mm` is the spacing of the image it was drawn on where that is known: the thickness of a
    structure with a single plane comes from it.
    """

    structures: tuple[Structure, ...]
    uid: str = ""
    label: str = ""
    frame_uid: str = ""
    image_series_uids: tuple[str, ...] = ()
    plane_spacing_mm: float | None = None
    issues: tuple[Issue, ...] = field(default=())
