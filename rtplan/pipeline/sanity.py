"""Whether a plan is one that a patient can be treated with, as far as its objects tell.

In the spirit of MPPG 11.a and TG-275: dose grid against lesion, planes, heterogeneity, approval, beam doses against
the prescription, isocentre against lesion, patient position. Nothing here decides a verdict; each is an issue.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from constraints.checks import checks
from rtplan.model import Dose, Issue, Plan, Severity

from .anatomy import Anatomy
from .lesions import Lesion

__all__ = ["plan_checks"]

# The beams' doses are stated at a point of the system's choice: a factor beside the prescription, not per cents.
PLAUSIBLE_SUM = (0.6, 1.8)
UNEVEN_MM = 0.05


def plan_checks(anatomy: Anatomy, lesions: Sequence[Lesion]) -> tuple[Issue, ...]:
    """Return what a person should look at before the numbers are believed."""
    dose, plan = anatomy.treatment.dose, anatomy.treatment.plan
    found = [*_planes(anatomy, lesions)]
    if dose is not None:
        found += [*_grid(dose, lesions), *_medium(dose)]
    if plan is not None:
        found += [*_approval(plan), *_beam_doses(plan, lesions), *_isocentres(anatomy, plan, lesions)]
        found += _position(anatomy, plan)
    return tuple(found)


def _grid(dose: Dose, lesions: Sequence[Lesion]) -> Iterator[Issue]:
    """Compare the widest spacing with what the technique asks for, once a technique."""
    spacing_mm = max(dose.grid.spacing_mm)
    focal = {lesion.site == "brain" for lesion in lesions if lesion.technique == "focal"}
    for brain in sorted(focal):
        check = checks()["dose-grid-brain" if brain else "dose-grid-focal"]
        if spacing_mm > check.limit + UNEVEN_MM:
            message = f"the dose grid has {spacing_mm:.3g} mm: {check.text} ({check.source})"
            remedy = "compute the dose on a finer grid"
            yield Issue("dose-grid-coarse", Severity.WARN, message, remedy=remedy)


def _medium(dose: Dose) -> Iterator[Issue]:
    if dose.heterogeneity == ("WATER",):
        message = "the dose was computed as in water, without correction for heterogeneity"
        yield Issue("dose-water", Severity.WARN, message, remedy="compute the dose with heterogeneity correction")


def _planes(anatomy: Anatomy, lesions: Sequence[Lesion]) -> Iterator[Issue]:
    check = checks()["lesion-planes"]
    for lesion in lesions:
        stack = anatomy.stack(lesion.structure)
        if stack is not None and len(stack.planes) < check.limit:
            message = f"the lesion is drawn on {len(stack.planes)} planes: {check.text} ({check.source})"
            yield Issue("lesion-few-planes", Severity.WARN, message, f"ROI {lesion.structure.number}")


def _approval(plan: Plan) -> Iterator[Issue]:
    if plan.approval == "REJECTED":
        yield Issue("plan-rejected", Severity.WARN, "the plan was rejected", remedy="audit the plan that is given")
    elif plan.approval != "APPROVED":
        yield Issue("plan-unapproved", Severity.NOTE, "the plan is not approved")


def _beam_doses(plan: Plan, lesions: Sequence[Lesion]) -> Iterator[Issue]:
    """Compare the beams' stated doses times the fractions with the prescriptions."""
    total_gy = sum(sum(group.beam_doses_gy) * (group.fractions or 0) for group in plan.fraction_groups)
    wanted = [lesion.prescription_gy for lesion in lesions if lesion.prescription_gy]
    if not total_gy or not wanted:
        return
    # One isocentre may serve several lesions: the sum need only fit one of them, or all of them together.
    ratios = [total_gy / dose_gy for dose_gy in (*wanted, sum(wanted))]
    if not any(PLAUSIBLE_SUM[0] <= ratio <= PLAUSIBLE_SUM[1] for ratio in ratios):
        message = (
            f"the beam doses times the fractions make {total_gy:.4g} Gy, "
            f"{total_gy / max(wanted):.2g} times the largest prescription"
        )
        yield Issue("beam-doses-differ", Severity.WARN, message, remedy="check prescription and fractions of the plan")


def _isocentres(anatomy: Anatomy, plan: Plan, lesions: Sequence[Lesion]) -> Iterator[Issue]:
    centres = [beam.isocentre_mm for beam in plan.beams if beam.isocentre_mm and beam.delivery == "TREATMENT"]
    check = checks()["isocentre-distance"]
    for lesion in lesions if centres else ():
        stack = anatomy.stack(lesion.structure)
        if stack is None:
            continue
        points = stack.vertices_mm
        middle = (points.min(axis=0) + points.max(axis=0)) / 2
        distance_mm = float(np.linalg.norm(np.array(centres) - middle, axis=1).min())
        if distance_mm > check.limit:
            message = f"the nearest isocentre lies {distance_mm:.0f} mm from the lesion's middle: {check.text}"
            yield Issue("isocentre-far", Severity.NOTE, message, f"ROI {lesion.structure.number}")


def _position(anatomy: Anatomy, plan: Plan) -> Iterator[Issue]:
    image = anatomy.treatment.image
    if image is None or not image.patient_position or not plan.patient_position:
        return
    if image.patient_position != plan.patient_position:
        message = (
            f"the plan states the position {_shown(plan.patient_position)}, its images {_shown(image.patient_position)}"
        )
        yield Issue("position-differs", Severity.WARN, message, remedy="check which images the plan was made on")


def _shown(position: str) -> str:
    """Return a patient position that is fit to be shown."""
    return position if position.isalpha() and position.isascii() and len(position) <= 5 else "unknown"
