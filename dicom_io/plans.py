"""RT plans and RT ion plans: what was prescribed, in how many fractions, with which beams."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from pydicom.dataset import Dataset

from rtplan.model import Beam, FractionGroup, Issue, Plan, Prescription

from .elements import code, items, text, uids
from .faults import Unusable, note, warn
from .index import Entry
from .numbers import is_present, number, numbers, optional, whole

__all__ = ["read_plan"]

ION_PLAN = "1.2.840.10008.5.1.4.1.1.481.8"
IMPLAUSIBLE_GY = 300.0
# A dose reference of these types speaks of a point, not of the target's volume.
POINT_TYPES = frozenset({"COORDINATES", "POINT"})


def read_plan(entry: Entry) -> tuple[Plan, tuple[Issue, ...]]:
    """Read one RTPLAN or RT Ion Plan.

    Parameters
    ----------
    entry : Entry

    Returns
    -------
    Plan, tuple of Issue
        A prescription's `source` is ``"plan"``, or ``"plan-point"`` where it was given to a point.
    """
    dataset = entry.dataset
    issues: list[Issue] = []
    groups = tuple(_group(item) for item in items(dataset, "FractionGroupSequence"))
    is_ion = text(dataset, "SOPClassUID") == ION_PLAN
    plan = Plan(
        uid=entry.uid,
        label=text(dataset, "RTPlanLabel"),
        modality="RTIONPLAN" if is_ion else "RTPLAN",
        approval=code(dataset, "ApprovalStatus"),
        intent=code(dataset, "PlanIntent"),
        structure_set_uids=uids(dataset, "ReferencedStructureSetSequence"),
        prescriptions=tuple(_prescriptions(dataset, groups, entry.mark, issues)),
        fraction_groups=groups,
        beams=tuple(_beams(dataset, entry.mark, issues)),
        patient_position=_position(dataset),
    )
    if any(group.fractions is None for group in groups) or not groups:
        issues.append(warn("plan-without-fractions", "the plan does not state its number of fractions", entry.mark))
    return plan, tuple(issues)


def _group(item: Dataset) -> FractionGroup:
    beams = tuple(whole(beam, "ReferencedBeamNumber") for beam in items(item, "ReferencedBeamSequence"))
    fractions = optional(whole, item, "NumberOfFractionsPlanned") or None
    return FractionGroup(optional(whole, item, "FractionGroupNumber") or 0, fractions, beams, _beam_doses(item))


def _beam_doses(item: Dataset) -> tuple[float, ...]:
    """Return the stated doses of a group's beams; one that is no number says nothing and harms nothing."""
    found = []
    for beam in items(item, "ReferencedBeamSequence"):
        with suppress(Unusable):
            found.append(optional(number, beam, "BeamDose"))
    return tuple(dose for dose in found if dose)


def _prescriptions(
    dataset: Dataset, groups: tuple[FractionGroup, ...], mark: str, issues: list[Issue]
) -> Iterable[Prescription]:
    fractions_of = _fractions_by_reference(dataset, groups)
    counts = {group.fractions for group in groups}
    everywhere = counts.pop() if len(counts) == 1 else None
    for item in items(dataset, "DoseReferenceSequence"):
        if code(item, "DoseReferenceType") != "TARGET" or not is_present(item, "TargetPrescriptionDose"):
            continue
        try:
            dose_gy = number(item, "TargetPrescriptionDose")
            reference = optional(whole, item, "DoseReferenceNumber")
            target = optional(whole, item, "ReferencedROINumber")
        except Unusable as error:
            issues.append(warn("prescription-unreadable", f"a prescription is left out: {error}", mark))
            continue
        if dose_gy <= 0:
            issues.append(note("prescription-zero", "a prescription that is not positive is left out", mark))
            continue
        if dose_gy > IMPLAUSIBLE_GY:
            issues.append(warn("prescription-implausible", f"a prescription of {dose_gy:g} Gy is implausible", mark))
        at_point = code(item, "DoseReferenceStructureType") in POINT_TYPES
        yield Prescription(
            dose_gy=dose_gy,
            fractions=fractions_of.get(reference, everywhere),
            target_number=target,
            description=text(item, "DoseReferenceDescription"),
            source="plan-point" if at_point else "plan",
        )


def _fractions_by_reference(dataset: Dataset, groups: tuple[FractionGroup, ...]) -> dict[int | None, int | None]:
    """Return the fraction count of each dose reference that exactly one fraction group names."""
    found: dict[int | None, list[int | None]] = {}
    for item, group in zip(items(dataset, "FractionGroupSequence"), groups, strict=True):
        for reference in items(item, "ReferencedDoseReferenceSequence"):
            numbered = optional(whole, reference, "ReferencedDoseReferenceNumber")
            found.setdefault(numbered, []).append(group.fractions)
    return {numbered: counts[0] for numbered, counts in found.items() if len(counts) == 1}


def _beams(dataset: Dataset, mark: str, issues: list[Issue]) -> Iterable[Beam]:
    found = items(dataset, "BeamSequence") or items(dataset, "IonBeamSequence")
    if not found:
        brachy = is_present(dataset, "ApplicationSetupSequence")
        message = "the plan is one of brachytherapy: it is read without sources" if brachy else "the plan has no beams"
        issues.append(note("plan-without-beams", message, mark))
    for item in found:
        try:
            yield _beam(item)
        except Unusable as error:
            issues.append(warn("beam-unreadable", f"a beam is left out: {error}", mark))


def _beam(item: Dataset) -> Beam:
    return Beam(
        number=whole(item, "BeamNumber"),
        name=text(item, "BeamName"),
        radiation=code(item, "RadiationType"),
        isocentre_mm=_isocentre(item),
        delivery=code(item, "TreatmentDeliveryType") or "TREATMENT",
    )


def _isocentre(beam: Dataset) -> tuple[float, float, float] | None:
    controls = items(beam, "ControlPointSequence") or items(beam, "IonControlPointSequence")
    if not controls or not is_present(controls[0], "IsocenterPosition"):
        return None
    x, y, z = numbers(controls[0], "IsocenterPosition", count=3).tolist()
    return x, y, z


def _position(dataset: Dataset) -> str:
    """Return the patient position that every setup states; empty where they differ or there is none."""
    found = {code(item, "PatientPosition") for item in items(dataset, "PatientSetupSequence")}
    return found.pop() if len(found) == 1 else ""
