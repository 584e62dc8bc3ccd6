"""Which treatments are meant: those a person names, and doses taken as a person says they are to be taken.

A choice settles what linking left open or only guessed. A dose of beams or of a fraction stands for the course
only where somebody says so; that is kept beside every result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from rtplan.errors import UsageError
from rtplan.model import Case, Dose, Issue, Link, Plan, Severity, StructureSet, Treatment

__all__ = ["DOSE_AS", "missing_beams", "select", "taken_as"]

T = TypeVar("T", Plan, StructureSet)

DOSE_AS = ("course", "fraction", "beams")


def select(
    case: Case, *, plan: str | None = None, dose: str | None = None, structures: str | None = None
) -> tuple[Treatment, ...]:
    """Return the treatments that match a plan, dose and structure set, each named by label or UID.

    A plan or structure set that no link settles, or only a guess does, is put in where it is named.

    Raises
    ------
    UsageError
        Where nothing matches; the message lists what there is by label.
    """
    chosen = case.treatments
    if dose is not None:
        chosen = _matching(chosen, "dose", dose)
    if plan is not None:
        chosen = _chosen_plan(case, chosen, plan)
    if structures is not None:
        chosen = _chosen_structures(case, chosen, structures)
    return chosen


def _matching(treatments: Sequence[Treatment], kind: str, wanted: str) -> tuple[Treatment, ...]:
    matching = tuple(item for item in treatments if wanted in _handles(getattr(item, kind)))
    if not matching:
        known = sorted({handle for item in treatments for handle in _handles(getattr(item, kind)) if handle})
        raise UsageError(f"--{kind} {wanted!r} matches nothing; there is: {', '.join(known) or 'none'}")
    return tuple(_confirmed(item, kind) for item in matching)


def _handles(found: Dose | Plan | StructureSet | None) -> tuple[str, ...]:
    return (found.label, found.uid) if found is not None else ()


def _confirmed(treatment: Treatment, kind: str) -> Treatment:
    """Turn the guess that a named part rests on into a choice."""
    ends = {"plan": "-> plan", "structures": "-> structure set", "dose": ""}[kind]
    links = tuple(
        replace(link, confidence="certain", evidence=f"{link.evidence}, chosen")
        if link.confidence == "guess" and ends and link.relation.endswith(ends)
        else link
        for link in treatment.links
    )
    return replace(treatment, links=links)


def _chosen_plan(case: Case, treatments: Sequence[Treatment], wanted: str) -> tuple[Treatment, ...]:
    named = _only(case.plans, wanted)
    open_ones = [item for item in treatments if item.plan is None and item.dose is not None]
    if any(wanted in _handles(item.plan) for item in treatments) or named is None or not open_ones:
        return _matching(treatments, "plan", wanted)
    return tuple(replace(item, plan=named, links=(*item.links, _choice("dose", item, named.uid))) for item in open_ones)


def _chosen_structures(case: Case, treatments: Sequence[Treatment], wanted: str) -> tuple[Treatment, ...]:
    named = _only(case.structure_sets, wanted)
    open_ones = [item for item in treatments if item.structures is None and item.dose is not None]
    if any(wanted in _handles(item.structures) for item in treatments) or named is None or not open_ones:
        return _matching(treatments, "structures", wanted)
    fitting = [item for item in open_ones if item.dose and _share_frame(named.frame_uid, item.dose.grid.frame_uid)]
    if not fitting:
        raise UsageError(f"--structures {wanted!r} lies in another frame of reference than the dose")
    drawn_on = {link.target for link in case.links if link.source == named.uid and link.relation.endswith("image")}
    image = next((item for item in case.images if item.series_uid in drawn_on), None)
    return tuple(
        replace(item, structures=named, image=image, links=(*item.links, _choice("dose", item, named.uid)))
        for item in fitting
    )


def _choice(source: str, treatment: Treatment, target: str) -> Link:
    uid = treatment.dose.uid if treatment.dose else ""
    return Link(f"{source} -> chosen", uid, target, "certain", "chosen")


def _only(found: Sequence[T], wanted: str) -> T | None:
    named = [item for item in found if wanted in _handles(item)]
    return named[0] if len(named) == 1 else None


def _share_frame(one: str, other: str) -> bool:
    return not one or not other or one == other


def taken_as(treatments: Sequence[Treatment], how: str) -> tuple[tuple[Treatment, ...], tuple[Issue, ...]]:
    """Take doses that are not those of a whole plan as a person says.

    Parameters
    ----------
    treatments : sequence of Treatment
    how : {"course", "fraction", "beams"}
        ``course``: a dose that says FRACTION or nothing holds the whole course all the same; ``fraction``: it is
        multiplied by the plan's number of fractions; ``beams``: doses of every beam of a plan are added.

    Returns
    -------
    tuple of Treatment, tuple of Issue
        Doses that are whole stay as they are. What was taken how is a note.

    Raises
    ------
    UsageError
        Where no dose can be taken so: beams are missing, grids differ, no number of fractions is known.
    """
    if how not in DOSE_AS:
        raise UsageError(f"--dose-as knows {', '.join(DOSE_AS)}, not {how!r}")
    wholes = [item for item in treatments if _is_whole(item.dose)]
    parts = [item for item in treatments if not _is_whole(item.dose) and item.dose is not None]
    if not parts:
        raise UsageError(f"--dose-as {how}: every dose here is that of a whole plan")
    if how == "beams":
        taken = tuple(_summed(group) for group in _by_plan(parts))
        message = f"as asked, the doses of all beams are added: {len(parts)}"
    elif how == "fraction":
        taken = tuple(_multiplied(item) for item in parts)
        message = "as asked, the dose of one fraction is multiplied by the number of fractions"
    else:
        taken = tuple(replace(item, dose=_as_plan(item.dose, 1.0)) for item in parts)
        message = "as asked, the dose is taken for that of the whole course"
    return (*wholes, *taken), (Issue("dose-taken-as", Severity.NOTE, message),)


def missing_beams(plan: Plan | None, doses: Sequence[Dose]) -> tuple[int, ...] | None:
    """Return the treatment beams of a plan that have no dose of their own; None where that cannot be known."""
    if plan is None or not plan.beams or any(dose.beam_number is None for dose in doses):
        return None
    given = {dose.beam_number for dose in doses}
    return tuple(beam.number for beam in plan.beams if beam.delivery == "TREATMENT" and beam.number not in given)


def _is_whole(dose: Dose | None) -> bool:
    return dose is not None and dose.summation in {"PLAN", "MULTI_PLAN"}


def _by_plan(parts: Sequence[Treatment]) -> list[list[Treatment]]:
    groups: dict[str, list[Treatment]] = {}
    for item in parts:
        groups.setdefault(item.plan.uid if item.plan else "", []).append(item)
    return list(groups.values())


def _summed(group: Sequence[Treatment]) -> Treatment:
    doses = [item.dose for item in group if item.dose is not None]
    first, numbers = doses[0], [dose.beam_number for dose in doses]
    if any(dose.summation != "BEAM" for dose in doses):
        raise UsageError("--dose-as beams: not every dose here is that of a beam")
    missing = missing_beams(group[0].plan, doses)
    if missing is None:
        raise UsageError("--dose-as beams: plan or doses do not say which beams there are")
    if missing or len(set(numbers)) < len(numbers):
        listed = ", ".join(map(str, missing)) or "none"
        raise UsageError(f"--dose-as beams: beams without a dose: {listed}; doses: {len(numbers)}")
    if any(not _same_grid(first, dose) or dose.unit != first.unit for dose in doses):
        raise UsageError("--dose-as beams: the doses of the beams do not lie on one grid")
    values = first.values.astype(np.float64)
    for dose in doses[1:]:
        values += dose.values
    total = replace(_as_plan(first, 1.0), values=values, beam_number=None, stored_dvhs=())
    return replace(group[0], dose=total)


def _same_grid(one: Dose, other: Dose) -> bool:
    a, b = one.grid, other.grid
    offsets = [np.zeros(0) if grid.plane_offsets_mm is None else grid.plane_offsets_mm for grid in (a, b)]
    alike = a.shape == b.shape and offsets[0].shape == offsets[1].shape and a.frame_uid == b.frame_uid
    placed = bool(np.allclose(a.index_to_patient, b.index_to_patient, atol=1e-3))
    return alike and placed and bool(np.allclose(offsets[0], offsets[1]))


def _multiplied(treatment: Treatment) -> Treatment:
    fractions = treatment.plan.fractions if treatment.plan else None
    if not fractions:
        raise UsageError("--dose-as fraction: no number of fractions is known")
    return replace(treatment, dose=_as_plan(treatment.dose, float(fractions)))


def _as_plan(dose: Dose | None, factor: float) -> Dose:
    if dose is None:
        raise ValueError("a dose is taken as something where there is one")
    values = dose.values if factor == 1.0 else dose.values * factor
    return replace(dose, values=values, summation="PLAN", quantum=dose.quantum * factor)
