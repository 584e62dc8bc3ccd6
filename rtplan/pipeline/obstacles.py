"""What keeps a dose from being judged: its kind, a value far from the prescription, other plans beside it."""

from __future__ import annotations

from collections.abc import Sequence

from rtplan.metrics.notation import parse
from rtplan.model import Case, Issue, Measured, Plan, Severity, Treatment

from .lesions import Lesion
from .measuring import Measurer
from .selecting import missing_beams
from .sheet import Sheet

__all__ = ["beam_sets", "held_in", "implausible", "obstacles", "part_of_more"]

# The median of a target is within a factor of the prescription in any plan that treats it: an isodose of 45 %
# at the border makes less than two of it. One fraction of a course, a multiple, a unit lie outside.
PLAUSIBLE = (0.7, 2.2)
# PlanIntent of plans that no patient is treated with.
NOT_GIVEN = frozenset({"VERIFICATION", "MACHINE_QA", "RESEARCH", "SERVICE"})


def obstacles(treatment: Treatment, sheet: Sheet) -> list[Issue]:
    """Return what keeps a dose from being judged at all, the gravest first."""
    dose, plan = treatment.dose, treatment.plan
    if dose is None:
        return []
    found = _guessed(treatment)
    if plan is not None and plan.intent in NOT_GIVEN:
        message = f"the plan is not one to treat with (PlanIntent {plan.intent})"
        found.append(Issue("plan-not-for-treatment", Severity.WARN, message, remedy="audit the plan that is given"))
    if dose.unit != "Gy":
        found.append(Issue("dose-relative", Severity.WARN, "the dose is relative: it has no value in Gy"))
    if dose.summation not in {"PLAN", "MULTI_PLAN"}:
        kind = dose.summation or "missing"
        message = f"the dose's summation type is {kind}, not PLAN: it may be a part of the dose only"
        remedy = "export the dose of the whole plan, or see --dose-as"
        found.append(Issue("dose-not-plan", Severity.WARN, message, remedy=remedy))
    ions = plan is not None and plan.modality == "RTIONPLAN"
    if dose.dose_type == "EFFECTIVE" and not (_is_proton(plan) and sheet.patient.get("rbe") == 1.1):
        message = "the dose is EFFECTIVE and no proton plan with a stated RBE of 1.1 explains it"
        remedy = "state rbe = 1.1 under [patient] in the sheet of a proton plan"
        found.append(Issue("dose-effective", Severity.WARN, message, remedy=remedy))
    if dose.dose_type == "PHYSICAL" and ions:
        message = "the dose of an ion plan is PHYSICAL: limits hold for the RBE-weighted dose"
        found.append(Issue("dose-physical-ion", Severity.WARN, message))
    if dose.dose_type not in {"EFFECTIVE", "PHYSICAL"}:
        message = f"the dose type is {dose.dose_type or 'missing'}"
        found.append(Issue("dose-type", Severity.WARN, message))
    return found


def _guessed(treatment: Treatment) -> list[Issue]:
    """Return the links that are guesses: they are shown, and nothing is judged on them."""
    choices = {"plan": "--plan", "set": "--structures"}
    return [
        Issue(
            "link-unconfirmed",
            Severity.WARN,
            f"{link.relation} is a guess: it is not judged unless chosen",
            remedy=f"choose it with {choices[link.relation.split()[-1]]}",
        )
        for link in treatment.guesses
    ]


def beam_sets(treatments: Sequence[Treatment]) -> list[Issue]:
    """Say of doses of beams that stand alone whether they are all that the plan has."""
    groups: dict[str, list[Treatment]] = {}
    for item in treatments:
        if item.dose is not None and item.dose.summation == "BEAM" and item.plan is not None:
            groups.setdefault(item.plan.uid, []).append(item)
    found = []
    for group in groups.values():
        missing = missing_beams(group[0].plan, [item.dose for item in group if item.dose])
        if missing:
            listed = ", ".join(map(str, missing))
            message = f"of a plan, beams have no dose here: {listed}; what there is is not the dose of the plan"
            found.append(Issue("dose-set-incomplete", Severity.WARN, message, remedy="export the dose of the plan"))
        elif missing is not None:
            message = f"every beam of a plan has its dose here ({len(group)}), and the plan itself has none"
            remedy = "export the dose of the plan, or add them with --dose-as beams"
            found.append(Issue("dose-set-complete", Severity.WARN, message, remedy=remedy))
    return found


def held_in(measurer: Measurer, lesions: Sequence[Lesion]) -> list[Issue]:
    """Say what a dose that is no plan's seems to hold, by the prescription: a person decides, never the ratio."""
    dose = measurer.anatomy.treatment.dose
    if dose is None or dose.summation not in {"FRACTION", ""}:
        return []
    for lesion in lesions:
        ratio = _ratio(measurer, lesion)
        if ratio is None:
            continue
        if PLAUSIBLE[0] <= ratio <= PLAUSIBLE[1]:
            message = f"the median of a target is {ratio:.2g} times its prescription: it may hold the whole course"
            return [Issue("dose-as-course", Severity.WARN, message, remedy="if it does: --dose-as course")]
        if lesion.fractions and PLAUSIBLE[0] <= ratio * lesion.fractions <= PLAUSIBLE[1]:
            message = (
                f"the median of a target is {ratio:.2g} times its prescription: one of {lesion.fractions} fractions"
            )
            return [Issue("dose-as-fraction", Severity.WARN, message, remedy="if it is: --dose-as fraction")]
    return []


def implausible(measurer: Measurer, lesions: Sequence[Lesion], issues: list[Issue]) -> str:
    """Refuse a dose whose median in a target is nowhere near the prescription; return the reason."""
    for lesion in lesions:
        ratio = _ratio(measurer, lesion)
        if ratio is not None and not PLAUSIBLE[0] <= ratio <= PLAUSIBLE[1]:
            message = f"the median dose of a target is {ratio:.3g} times its prescription: another dose or a part of it"
            issues.append(Issue("dose-not-prescription", Severity.REFUSE, message, f"ROI {lesion.structure.number}"))
            return message
    return ""


def _ratio(measurer: Measurer, lesion: Lesion) -> float | None:
    """Return the median dose of a target in units of its prescription."""
    median = measurer.reading(lesion, parse("D50%"))
    if not isinstance(median, Measured) or not lesion.prescription_gy:
        return None
    return median.value / lesion.prescription_gy


def part_of_more(case: Case, treatments: Sequence[Treatment], sheet: Sheet, *, chosen: bool) -> str:
    """Say why organs cannot be judged on one dose alone: other plans may add to it. Empty where none can."""
    if len(treatments) > 1 and not _are_beams_of_one(treatments):
        if sheet.courses:
            return "the plans of a course are not added up here: organs are judged on the sum"
        return "several plans and no course declared: organs are judged on the sum"
    summed = {uid for item in treatments if item.dose for uid in item.dose.plan_uids}
    given = {item.plan.uid for item in treatments if item.plan} | summed
    others = [item for item in case.plans if item.uid not in given and item.intent not in NOT_GIVEN]
    if others and not chosen:
        return "several plans, one of them without its dose: organs are judged on the sum"
    return ""


def _are_beams_of_one(treatments: Sequence[Treatment]) -> bool:
    plans = {item.plan.uid if item.plan else "" for item in treatments}
    kinds = {item.dose.summation if item.dose else "" for item in treatments}
    return kinds == {"BEAM"} and len(plans) == 1 and "" not in plans


def _is_proton(plan: Plan | None) -> bool:
    """Whether every beam of an ion plan is of protons; of other ions no single RBE holds."""
    if plan is None or plan.modality != "RTIONPLAN":
        return False
    return {beam.radiation for beam in plan.beams} == {"PROTON"}
