"""Spatial registrations: rigid matrices between frames of reference (PS3.3 C.20.2), and what they move."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from pydicom.dataset import Dataset

from rtplan.model import Contour, Image, Issue, Registration, StructureSet

from .elements import code, items, uid
from .faults import Unusable, warn
from .index import Entry
from .numbers import Array, numbers

__all__ = ["between", "describe", "moved_image", "moved_structures", "read_registrations"]

RIGID_TOLERANCE = 1e-4
# Two registrations that move no point of a patient apart by more than this say the same.
SAME_MM = 0.1
REACH_MM = 500.0


def read_registrations(entries: Iterable[Entry]) -> tuple[tuple[Registration, ...], tuple[Issue, ...]]:
    """Read the rigid registrations of REG objects.

    Returns
    -------
    tuple of Registration
        One from each frame of reference into the registered one, where the two differ.
    tuple of Issue
        A registration that is not rigid or cannot be read is a warning and moves nothing.
    """
    found: list[Registration] = []
    issues: list[Issue] = []
    for entry in entries:
        try:
            found += _registrations(entry)
        except Unusable as error:
            issues.append(warn("registration-unusable", f"a registration is not applied: {error}", entry.mark))
        except (Exception, RecursionError, MemoryError) as error:  # noqa: BLE001  (one bad file never sinks a study)
            message = f"a registration is not applied: it cannot be read ({type(error).__name__})"
            issues.append(warn("registration-unusable", message, entry.mark))
    return tuple(found), tuple(issues)


def between(registrations: Sequence[Registration], from_frame: str, to_frame: str) -> Array | None:
    """Return the one matrix that takes a frame into another; None where there is none or they differ.

    Raises
    ------
    Unusable
        Several registrations tie the two frames and do not agree.
    """
    matrices: list[Array] = [
        one.matrix for one in registrations if (one.from_frame_uid, one.to_frame_uid) == (from_frame, to_frame)
    ]
    matrices += [
        np.asarray(np.linalg.inv(one.matrix), dtype=np.float64)
        for one in registrations
        if (one.to_frame_uid, one.from_frame_uid) == (from_frame, to_frame)
    ]
    if not matrices:
        return None
    corners = REACH_MM * np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, -1)
    places = [matrix[:3, :3] @ corners + matrix[:3, 3:] for matrix in matrices]
    if any(np.abs(place - places[0]).max() > SAME_MM for place in places):
        raise Unusable("registration-ambiguous", f"{len(matrices)} registrations tie the two frames and differ")
    return matrices[0]


def describe(matrix: Array) -> str:
    """Say how far a rigid matrix shifts and turns."""
    turned = np.degrees(np.arccos(np.clip((np.trace(matrix[:3, :3]) - 1) / 2, -1, 1)))
    return f"by {np.linalg.norm(matrix[:3, 3]):.1f} mm and {turned:.1f} degrees"


def moved_structures(structures: StructureSet, matrix: Array, frame_uid: str) -> StructureSet:
    """Return a structure set in another frame."""
    turn, shift = matrix[:3, :3].T, matrix[:3, 3]
    moved = tuple(
        replace(one, contours=tuple(Contour(ring.points_mm @ turn + shift, ring.kind) for ring in one.contours))
        for one in structures.structures
    )
    return replace(structures, structures=moved, frame_uid=frame_uid)


def moved_image(image: Image, matrix: Array, frame_uid: str) -> Image:
    """Return an image in another frame."""
    grid = replace(image.grid, index_to_patient=matrix @ image.grid.index_to_patient, frame_uid=frame_uid)
    return replace(image, grid=grid)


def _registrations(entry: Entry) -> list[Registration]:
    into = entry.frame_uid
    found = []
    for item in items(entry.dataset, "RegistrationSequence"):
        frame = uid(item, "FrameOfReferenceUID")
        steps = [
            step
            for registration in items(item, "MatrixRegistrationSequence")
            for step in items(registration, "MatrixSequence")
        ]
        if frame and into and frame != into:
            found.append(Registration(frame, into, _product(steps), entry.uid))
    return found


def _product(steps: Sequence[Dataset]) -> Array:
    """Return the matrices of a sequence as one, the first applied first."""
    if not steps:
        raise Unusable("registration-unusable", "it holds no matrix")
    whole = np.eye(4)
    for step in steps:
        if code(step, "FrameOfReferenceTransformationMatrixType") != "RIGID":
            raise Unusable("registration-unusable", "it is not rigid")
        matrix = numbers(step, "FrameOfReferenceTransformationMatrix", count=16).reshape(4, 4)
        turn = matrix[:3, :3]
        off = max(float(np.abs(turn @ turn.T - np.eye(3)).max()), float(np.abs(matrix[3] - [0, 0, 0, 1]).max()))
        if off > RIGID_TOLERANCE or np.linalg.det(turn) < 0:
            raise Unusable("registration-unusable", "its matrix is not a turn and a shift")
        whole = matrix @ whole
    return whole
