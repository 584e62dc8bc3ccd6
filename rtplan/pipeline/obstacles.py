"""What keeps a dose from being judged: its kind, a value far from the prescription, other plans beside it."""

from __future__ import annotations

from collections.abc import Sequence

from rtplan.metrics.notation import parse
from rtplan.model import Case, Dose, Issue, Measured, Plan, Severity, Treatment

from .lesions import Lesion
from .measuring import Measurer
from .sheet import Sheet

__all__ = ["implausible", "obstacles", "part_of_more"]

# The median of a target is within a factor of the prescription in any plan that treats it: an isodose of 45 %
# at the border makes less than two of it. One fraction of a course, a multiple, a unit lie outside.
PLAUSIBLE = (0.7, 2.2)
# PlanIntent of plans that no patient is treated with.
NOT_GIVEN = frozenset({"VERIFICATION", "MACHINE_QA", "RESEARCH", "SERVICE"})


def obstacles(dose: Dose, plan: Plan | None, sheet: Sheet) -> list[Issue]:
    """Return what keeps a dose from being judged at all, the gravest first."""
    found: list[Issue] = []
    if dose.unit != "Gy":
        found.append(Issue("dose-relative", Severity.WARN, "the dose is relative: it has no value in Gy"))
    if dose.summation not in {"PLAN", "MULTI_PLAN"}:
        kind = dose.summation or "missing"
        message = f"the dose's summation type is {kind}, not PLAN: it may be a part of the dose only"
        found.append(Issue("dose-not-plan", Severity.WARN, message))
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


def implausible(measurer: Measurer, lesions: Sequence[Lesion], issues: list[Issue]) -> str:
    """Refuse a dose whose median in a target is nowhere near the prescription; return the reason."""
    for lesion in lesions:
        median = measurer.reading(lesion, parse("D50%"))
        if not isinstance(median, Measured) or not lesion.prescription_gy:
            continue
        ratio = median.value / lesion.prescription_gy
        if not PLAUSIBLE[0] <= ratio <= PLAUSIBLE[1]:
            message = f"the median dose of a target is {ratio:.3g} times its prescription: another dose or a part of it"
            issues.append(Issue("dose-not-prescription", Severity.REFUSE, message, f"ROI {lesion.structure.number}"))
            return message
    return ""


def part_of_more(case: Case, treatments: Sequence[Treatment], sheet: Sheet, *, chosen: bool) -> str:
    """Say why organs cannot be judged on one dose alone: other plans may add to it. Empty where none can."""
    if len(treatments) > 1:
        if sheet.courses:
            return "the plans of a course are not added up here: organs are judged on the sum"
        return "several plans and no course declared: organs are judged on the sum"
    summed = {uid for item in treatments if item.dose for uid in item.dose.plan_uids}
    given = {item.plan.uid for item in treatments if item.plan} | summed
    others = [item for item in case.plans if item.uid not in given and item.intent not in NOT_GIVEN]
    if others and not chosen:
        return "several plans, one of them without its dose: organs are judged on the sum"
    return ""


def _is_proton(plan: Plan | None) -> bool:
    """Whether every beam of an ion plan is of protons; of other ions no single RBE holds."""
    if plan is None or plan.modality != "RTIONPLAN":
        return False
    return {beam.radiation for beam in plan.beams} == {"PROTON"}
