"""What is odd about how structures are drawn: rings that overlap or cross, slivers, gaps, planes of their own."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from rtplan.geometry.bodies import BRIDGED_SPACINGS
from rtplan.geometry.crossings import enclosed_mm2, rings_cut, turns, union_and_odd_mm2
from rtplan.geometry.stack import Stack, polygon_area
from rtplan.model import Issue, Severity, Structure

from .anatomy import Anatomy

__all__ = ["contour_checks"]

Array = NDArray[np.float64]

SLIVER_MM = 0.2
OFF_PLANE_MM = 0.1
# Areas that differ by less than this share say nothing.
SAME_SHARE = 0.01
ODD_TURN = 0.25


def contour_checks(anatomy: Anatomy) -> tuple[Issue, ...]:
    """Return what is odd about the contours of every structure of a treatment."""
    found: list[Issue] = []
    for structure in anatomy.structures:
        stack = anatomy.stack(structure)
        where = f"ROI {structure.number}"
        if stack is None:
            found += _unusable(anatomy, structure, where)
            continue
        found += [*_overlaps(stack, where), *_crossings(stack, where), *_slivers(stack, where)]
        found += [*_gaps(stack, where), *_single(stack, anatomy.spacing_mm, where), *_off_planes(anatomy, stack, where)]
    return tuple(found)


def _unusable(anatomy: Anatomy, structure: Structure, where: str) -> Iterator[Issue]:
    problem = anatomy.problem(structure)
    if structure.broken or not any(one.kind != "POINT" for one in structure.contours):
        return
    code = "roi-not-planar" if "plane" in problem or "parallel" in problem else "contours-overlap"
    yield Issue(code, Severity.WARN, f"the ROI cannot be measured: {problem}", where)


def _overlaps(stack: Stack, where: str) -> Iterator[Issue]:
    """Compare union and exclusive-or where rings of a plane overlap and none holds the other."""
    planes = [plane for plane in stack.planes if rings_cut(plane.rings)]
    if not planes:
        return
    union, either = np.sum([union_and_odd_mm2(plane.rings) for plane in planes], axis=0)
    spacing_mm = stack.spacing_mm or 1.0
    if either < (1 - SAME_SHARE) * union:
        shares = f"{union * spacing_mm / 1000:.3g} cc as their union, {either * spacing_mm / 1000:.3g} cc without"
        message = f"rings overlap in {len(planes)} planes: {shares} what two of them share; the union is taken"
        yield Issue("contours-overlap", Severity.NOTE, message, where)


def _crossings(stack: Stack, where: str) -> Iterator[Issue]:
    """Find rings that cross themselves: their tangent does not turn just once, and their lobes cancel."""
    rings = [ring for plane in stack.planes for ring in plane.rings]
    suspects = [ring for ring in rings if abs(abs(turns(ring)) - 1) > ODD_TURN]
    lost = [ring for ring in suspects if abs(polygon_area(ring)) < (1 - SAME_SHARE) * enclosed_mm2([ring])]
    if lost:
        message = f"rings that cross themselves: {len(lost)} of {len(rings)}; what they enclose is not plain"
        yield Issue("contours-cross", Severity.NOTE, message, where, "draw the structure again on these planes")


def _slivers(stack: Stack, where: str) -> Iterator[Issue]:
    rings = [ring for plane in stack.planes for ring in plane.rings]
    count = sum(_width_mm(ring) < SLIVER_MM for ring in rings)
    if count:
        message = f"rings less than {SLIVER_MM:g} mm wide: {count} of {len(rings)}; they are measured as drawn"
        yield Issue("contours-sliver", Severity.NOTE, message, where)


def _width_mm(ring: Array) -> float:
    length = float(np.linalg.norm(np.roll(ring, -1, axis=0) - ring, axis=1).sum())
    return 2 * abs(polygon_area(ring)) / max(length, 1e-9)


def _gaps(stack: Stack, where: str) -> Iterator[Issue]:
    steps = np.diff(stack.offsets_mm)
    wide = steps[steps > BRIDGED_SPACINGS * (stack.spacing_mm or np.inf)]
    if len(wide):
        message = f"planes without a contour within the structure: {len(wide)} gaps of up to {wide.max():.3g} mm"
        yield Issue("contours-gap", Severity.NOTE, f"{message}; nothing is filled in there", where)


def _single(stack: Stack, spacing_mm: float | None, where: str) -> Iterator[Issue]:
    if len(stack.planes) > 1:
        return
    thickness = stack.spacing_mm or spacing_mm
    said = f"it counts as {thickness:.3g} mm thick" if thickness else "no thickness is known"
    yield Issue("roi-single-plane", Severity.NOTE, f"the structure is drawn on a single plane: {said}", where)


def _off_planes(anatomy: Anatomy, stack: Stack, where: str) -> Iterator[Issue]:
    image = anatomy.treatment.image
    if image is None or image.grid.shape[0] < 2:
        return
    points = np.array([np.append(plane.rings[0][0], plane.offset_mm) for plane in stack.planes]) @ stack.frame.T
    heights = image.grid.to_index(points)[:, 2]
    planes = image.grid.axis_coordinates[2]
    step_mm = float(np.linalg.norm(image.grid.index_to_patient[:3, 2]))
    off_mm = np.abs(heights[:, None] - planes).min(axis=1) * step_mm
    if (off_mm > OFF_PLANE_MM).any():
        count = int((off_mm > OFF_PLANE_MM).sum())
        message = f"contours beside the image planes: {count} of {len(off_mm)}, by up to {off_mm.max():.2g} mm"
        yield Issue("contours-off-planes", Severity.NOTE, f"{message}; their own planes are used", where)
