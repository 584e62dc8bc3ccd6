"""Where a lesion lies among the organs: near the airway, touching it, at the top of the lungs, beside an ear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from constraints.facts import holds
from constraints.protocol import Nearby, Protocol, avoidance_region, central_airway, ultracentral_touch
from rtplan.model import Issue, Severity

from .lesions import Lesion, overlap_cc
from .measuring import Measurer

__all__ = ["ULTRACENTRAL", "advice", "airway_facts", "lies_at_top", "lies_near"]

Array = NDArray[np.float64]
ULTRACENTRAL = "ultracentral_organs"
"""The fact that holds which organs a lesion must touch to be ultracentral, where the sheet has its own definition."""
# A PTV of hippocampal avoidance leaves the region out; contours at its border overlap by a little.
AVOIDANCE_SHARE = 0.05


def airway_facts(
    protocol: Protocol, lesions: Sequence[Lesion], measurer: Measurer, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """Say whether the lesions of a lung protocol are central or ultracentral.

    Returns
    -------
    dict
        ``central`` and ``ultracentral``: True, False, or None where no airway is contoured and nobody says.
        What geometry shows is never overruled by a sheet that denies it.
    """
    if protocol.site != "lung":
        return {"central": False, "ultracentral": False}
    ultracentral = bool(touched(lesions, measurer, facts)) or facts.get("ultracentral") is True
    airway = points_of(central_airway().landmarks, measurer)
    near = any(distance_mm(lesion, airway, measurer) <= central_airway().within_mm for lesion in lesions)
    said = facts.get("central")
    central = ultracentral or near or (said if isinstance(said, bool) else False if airway else None)
    return {"central": central, "ultracentral": ultracentral if ultracentral or airway else facts.get("ultracentral")}


def touched(lesions: Sequence[Lesion], measurer: Measurer, facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the organs of the definition of ultracentral that a lesion touches or overlaps."""
    within_mm = ultracentral_touch().within_mm
    found = []
    for name in facts.get(ULTRACENTRAL) or ultracentral_touch().landmarks:
        tree = measurer.anatomy.find(name).tree
        points = points_of((name,), measurer)
        if tree is not None and any(
            distance_mm(lesion, points, measurer) <= within_mm or overlap_cc(measurer.anatomy, lesion.key, tree) > 0
            for lesion in lesions
        ):
            found.append(name)
    return tuple(found)


def advice(protocol: Protocol, lesions: Sequence[Lesion], measurer: Measurer, facts: Mapping[str, Any]) -> list[Issue]:
    """Return what a person should be told of these lesions beyond the limits."""
    found = []
    if protocol.advice:
        found.append(Issue("protocol-advice", Severity.NOTE, protocol.advice, where=protocol.id))
    if protocol.site == "lung" and facts.get("ultracentral"):
        names = ", ".join(touched(lesions, measurer, facts)) or "as the sheet says"
        message = f"a lesion is ultracentral: it touches an organ of the definition ({names})"
        found.append(Issue("lung-ultracentral", Severity.NOTE, message, where=protocol.id))
    counts = {lesion.fractions for lesion in lesions}
    for item in protocol.warnings:
        fits = item.fractions is None or counts & item.fractions
        if fits and all(holds(facts.get(key), value) for key, value in item.when.items()):
            found.append(Issue("protocol-warning", Severity.WARN, item.text, where=protocol.id))
    if protocol.technique == "ha-wbrt":
        found += _avoidance(lesions, measurer)
    for near in protocol.nearby:
        if not points_of(near.landmarks, measurer):
            organs = " and ".join(near.structures)
            message = f"whether a target lies within {near.within_mm:g} mm of {organs} is not known: none is contoured"
            found.append(Issue("nearness-unknown", Severity.WARN, message, where=protocol.id))
    return found


def lies_near(near: Nearby, lesion: Lesion, measurer: Measurer) -> bool:
    """Whether a lesion lies within a distance of any landmark, or of the mirror image of one whose pair is missing."""
    points = points_of(near.landmarks, measurer)
    return distance_mm(lesion, [*points, *_mirrored(near.landmarks, measurer)], measurer) <= near.within_mm


def lies_at_top(apex: Nearby, lesion: Lesion, measurer: Measurer) -> bool:
    """Whether the highest point of a lesion lies within a distance of the top of the landmarks."""
    points = points_of(apex.landmarks, measurer)
    stack = measurer.anatomy.stack(lesion.structure)
    if stack is None or not points:
        return False
    top = max(float(cloud[:, 2].max()) for cloud in points)
    return bool(top - stack.vertices_mm[:, 2].max() <= apex.within_mm)


def points_of(names: Sequence[str], measurer: Measurer) -> list[Array]:
    """Return points along the contours of the structures of these names that are there."""
    trees = [tree for name in names if (tree := measurer.anatomy.find(name).tree) is not None]
    return [measurer.anatomy.border_mm(tree) for tree in trees]


def distance_mm(lesion: Lesion, points: Sequence[Array], measurer: Measurer) -> float:
    """Return the distance between the contours of a lesion and the nearest of some points; infinite without any."""
    if measurer.anatomy.stack(lesion.structure) is None or not points:
        return float("inf")
    from scipy.spatial import cKDTree  # noqa: PLC0415 -- half of the time a short command takes to start

    own = cKDTree(measurer.anatomy.border_mm(lesion.key))
    return float(min(own.query(cloud)[0].min() for cloud in points))


def _mirrored(names: Sequence[str], measurer: Measurer) -> list[Array]:
    """Return where the missing half of a pair would lie: the other half across the middle of brain or brainstem."""
    middle = points_of(("Brainstem",), measurer) or points_of(("Brain",), measurer)
    if not middle:
        return []
    centre = float(np.concatenate(middle)[:, 0].min() + np.concatenate(middle)[:, 0].max()) / 2
    found = []
    for name in names:
        other = {"_L": "_R", "_R": "_L"}.get(name[-2:], "")
        if other and not points_of((name[:-2] + other,), measurer):
            own = points_of((name,), measurer)
            found += [np.column_stack([2 * centre - cloud[:, 0], cloud[:, 1:]]) for cloud in own]
    return found


def _avoidance(lesions: Sequence[Lesion], measurer: Measurer) -> list[Issue]:
    """Say where the target of hippocampal avoidance covers the region it should leave out."""
    region = avoidance_region()
    margin = f"{region.within_mm:g} mm"
    sides = [measurer.anatomy.find_expression(f"{name} + {margin}").tree for name in region.landmarks]
    regions = [tree for tree in sides if tree is not None]
    whole = sum(overlap_cc(measurer.anatomy, tree, tree) for tree in regions)
    found = []
    for lesion in lesions:
        shared = sum(overlap_cc(measurer.anatomy, lesion.key, tree) for tree in regions)
        if shared > AVOIDANCE_SHARE * whole:
            message = f"the target covers {shared:.3g} of the {whole:.3g} cc of hippocampi + {margin}"
            found.append(Issue("avoidance-covered", Severity.WARN, message, f"ROI {lesion.structure.number}"))
    return found
