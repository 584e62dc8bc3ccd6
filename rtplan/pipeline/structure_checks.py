"""Whether structures lie where they should: sides, targets in one another, in the body, in the dose grid."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from constraints.naming import target_class
from rtplan.dvh import DVH
from rtplan.dvh.sampling import sample_points
from rtplan.geometry.expression import Combination, Expression, Name
from rtplan.geometry.layout import volume_mm3
from rtplan.geometry.regions import Fineness
from rtplan.model import Issue, Severity, Structure

from .anatomy import Anatomy

__all__ = ["structure_checks"]

COARSE = Fineness(2.0, 8_000)
# Shares below these are how two contours of one border differ.
OUT_OF_PTV_PCT = 2.0
OUT_OF_BODY_PCT = 1.0
OUT_OF_GRID_PCT = 0.1
# An organ near the midline may lie a little on the other side.
BESIDE_MM = 10.0


def structure_checks(anatomy: Anatomy) -> tuple[Issue, ...]:
    """Return what is odd about where the structures of a treatment lie."""
    body = _body(anatomy)
    found = [*_sides(anatomy, body), *_targets(anatomy, body), *_outside_grid(anatomy), *_points(anatomy)]
    if body is None:
        message = "no outline of the patient is drawn: whether targets lie within is not checked"
        found.append(Issue("no-body", Severity.NOTE, message))
    return tuple(found)


def _body(anatomy: Anatomy) -> Structure | None:
    drawn = [item for item in anatomy.structures if anatomy.stack(item) is not None]
    named = [item for item in drawn if item.role == "EXTERNAL"]
    named = named or [item for item in drawn if item.standard_name in {"Body", "External"}]
    return named[0] if named else None


def _sides(anatomy: Anatomy, body: Structure | None) -> Iterator[Issue]:
    """Compare the side in a name with the side in the patient; x points to the patient's left."""
    places = {}
    for item in anatomy.structures:
        stack = anatomy.stack(item)
        if stack is not None and (item.standard_name or "").endswith(("_L", "_R")):
            places[item.standard_name or ""] = (item.number, float(stack.vertices_mm[:, 0].mean()))
    middle = _middle_mm(anatomy, body)
    for name, (number, x_mm) in places.items():
        organ, left = name[:-2], name.endswith("_L")
        other = places.get(f"{organ}_{'R' if left else 'L'}")
        sign = 1 if left else -1
        crossed = other is not None and sign * (x_mm - other[1]) < 0
        if crossed or (middle is not None and sign * (x_mm - middle) < -BESIDE_MM):
            message = "the side in the ROI's name is not the side on which it lies in the patient"
            yield Issue("side-differs", Severity.WARN, message, f"ROI {number}", "check names and patient position")


def _middle_mm(anatomy: Anatomy, body: Structure | None) -> float | None:
    stack = anatomy.stack(body) if body is not None else None
    if stack is None:
        return None
    x_mm = stack.vertices_mm[:, 0]
    return float(x_mm.min() + x_mm.max()) / 2


def _targets(anatomy: Anatomy, body: Structure | None) -> Iterator[Issue]:
    ptvs = anatomy.of_class("PTV")
    everywhere = _union(ptvs)
    for item in anatomy.of_class("GTV", "ITV") if everywhere is not None else ():
        share, cc = _share_outside(anatomy, item, everywhere)
        if share > OUT_OF_PTV_PCT:
            kind = target_class(item.name, item.role)
            message = f"{cc:.3g} cc ({share:.0f} %) of the {kind} lie outside every PTV"
            yield Issue("gtv-outside-ptv", Severity.WARN, message, f"ROI {item.number}")
    outline = _name(body) if body is not None else None
    for item in ptvs if outline is not None else ():
        share, cc = _share_outside(anatomy, item, outline)
        if share > OUT_OF_BODY_PCT:
            message = f"{cc:.3g} cc ({share:.0f} %) of the PTV lie outside the outline of the patient"
            yield Issue("ptv-outside-body", Severity.WARN, message, f"ROI {item.number}")


def _share_outside(anatomy: Anatomy, item: Structure, outer: Expression | None) -> tuple[float, float]:
    """Return how much of a structure lies outside another, per cent and cc."""
    whole = anatomy.region(_name(item))
    rest = anatomy.region(Combination("-", _name(item), outer)) if outer is not None else None
    if whole is None or rest is None:
        return 0.0, 0.0
    total, outside = volume_mm3(whole, COARSE), volume_mm3(rest, COARSE)
    return (100 * outside / total if total > 0 else 0.0), outside / 1000


def _outside_grid(anatomy: Anatomy) -> Iterator[Issue]:
    """Say what share of a target or named organ the dose grid covers; the outline may reach beyond."""
    for item in anatomy.structures:
        is_target = target_class(item.name, item.role) is not None
        is_organ = item.standard_name is not None and item.role != "EXTERNAL" and item.standard_name != "Body"
        if anatomy.stack(item) is None or not (is_target or is_organ):
            continue
        dvh = anatomy.dvh(_name(item))
        if not isinstance(dvh, DVH) or dvh.total_cc <= 0:
            continue
        share = 100 * dvh.outside_cc / dvh.total_cc
        if share > OUT_OF_GRID_PCT:
            message = f"the dose grid covers {100 - share:.1f} % of the structure: the rest is bounded, never zero"
            if is_target:
                yield Issue("outside-dose-grid", Severity.WARN, message, f"ROI {item.number}")
            else:
                yield Issue("outside-dose-grid", Severity.NOTE, message, f"ROI {item.number}")


def _points(anatomy: Anatomy) -> Iterator[Issue]:
    """Give the dose at ROIs that are single points."""
    dose = anatomy.treatment.dose
    for item in anatomy.structures:
        if dose is None or item.broken or {ring.kind for ring in item.contours} != {"POINT"}:
            continue
        points = np.concatenate([ring.points_mm for ring in item.contours])
        values, known = sample_points(dose, points, kernel="linear")
        if len(points) == 1 and known.all():
            message = (
                f"the ROI is a point: it receives {float(values[0]):.2f} {'Gy' if dose.unit == 'Gy' else ''}".strip()
            )
            yield Issue("point-dose", Severity.NOTE, message, f"ROI {item.number}")


def _union(found: tuple[Structure, ...]) -> Expression | None:
    tree: Expression | None = None
    for item in found:
        tree = _name(item) if tree is None else Combination("|", tree, _name(item))
    return tree


def _name(item: Structure) -> Expression:
    return Name(f"roi_{item.number}")
