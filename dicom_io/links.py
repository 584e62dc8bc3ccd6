"""What belongs together: dose to plan to structure set to image, by reference first.

Where a reference is missing or leads nowhere, the only candidate in the same frame of reference is taken and
that is said; of several candidates none is. Folders, file names and file times never count. Nothing is ever
linked across two PatientIDs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from rtplan.model import Dose, Image, Issue, Plan, Severity, StructureSet, Treatment

from .faults import note, warn

__all__ = ["WHOLE", "Linked", "Origin", "link"]

_Object = Dose | StructureSet | Plan | Image
T = TypeVar("T", bound=_Object)

WHOLE = frozenset({"PLAN", "MULTI_PLAN"})


@dataclass(frozen=True, slots=True)
class Origin:
    """What linking must know of an object beyond itself: its name in issues, its patient, its frame."""

    mark: str = ""
    patient: str = ""
    frame_uid: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Linked:
    """The treatments, the structure sets with the plane spacing of their images, and what was odd."""

    treatments: tuple[Treatment, ...]
    structure_sets: tuple[StructureSet, ...]
    issues: tuple[Issue, ...]


@dataclass(frozen=True, slots=True)
class _Choice(Generic[T]):
    """The object that is meant, if that is clear, and how it was found."""

    item: T | None = None
    evidence: tuple[str, ...] = ()
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Study:
    """All objects, and the origin of each by UID (of an image: by that of its series)."""

    doses: Sequence[Dose]
    structure_sets: Sequence[StructureSet]
    plans: Sequence[Plan]
    images: Sequence[Image]
    origins: Mapping[str, Origin]

    def origin(self, item: _Object) -> Origin:
        key, frame_uid = _key_and_frame(item)
        found = self.origins.get(key, Origin())
        return found if frame_uid is None else replace(found, frame_uid=frame_uid)


def _key_and_frame(item: _Object) -> tuple[str, str | None]:
    """Return the UID that an object's origin is filed under, and its frame where the object itself knows it."""
    if isinstance(item, Image):
        return item.series_uid, item.grid.frame_uid
    if isinstance(item, Dose):
        return item.uid, item.grid.frame_uid
    return item.uid, item.frame_uid if isinstance(item, StructureSet) else None


def link(
    doses: Sequence[Dose],
    structure_sets: Sequence[StructureSet],
    *,
    plans: Sequence[Plan],
    images: Sequence[Image],
    origins: Mapping[str, Origin],
) -> Linked:
    """Tie doses, structure sets, plans and images together.

    Parameters
    ----------
    doses, structure_sets, plans, images : sequence
        Everything that was found.
    origins : mapping of str to Origin
        By the UID of the object; for images by SeriesInstanceUID.

    Returns
    -------
    Linked
        One treatment a dose that is whole (PLAN, MULTI_PLAN). A partial dose (BEAM, FRACTION, ...) beside a
        whole one makes none; alone it makes one, with a warning. Without any dose, one a structure set.
    """
    drawn_on = [_image_of(_Study(doses, structure_sets, plans, images, origins), one) for one in structure_sets]
    spaced = [_with_spacing(one, choice.item) for one, choice in zip(structure_sets, drawn_on, strict=True)]
    study = _Study(doses, spaced, plans, images, origins)
    image_of = {one.uid: choice for one, choice in zip(spaced, drawn_on, strict=True)}
    chosen, issues = _doses_to_treat(study)
    treatments: list[Treatment] = []
    for dose in chosen:
        treatment, said = _treatment(study, dose, image_of)
        treatments.append(treatment)
        issues += said
    if not treatments:
        treatments = [_without_dose(study, one, image_of[one.uid]) for one in spaced]
    issues += _shared_plans(study, treatments)
    images_said = [issue for choice in drawn_on for issue in choice.issues]
    return Linked(tuple(treatments), tuple(spaced), (*images_said, *issues))


def _image_of(study: _Study, structures: StructureSet) -> _Choice[Image]:
    if not study.images:
        return _Choice()
    named = [image for image in study.images if image.series_uid in structures.image_series_uids]
    choice = _choose(
        study,
        "structure set -> image",
        named=named,
        pool=study.images,
        stated=bool(structures.image_series_uids),
        source=study.origin(structures),
    )
    if choice.item is not None and not _may_share(choice.item.grid.frame_uid, structures.frame_uid):
        message = "the structure set and its image lie in different frames of reference: the image is not used"
        return _Choice(issues=(*choice.issues, warn("frame-mismatch", message, study.origin(structures).mark)))
    return choice


def _with_spacing(structures: StructureSet, image: Image | None) -> StructureSet:
    if image is None or image.grid.shape[0] < 2:
        return structures
    return replace(structures, plane_spacing_mm=image.grid.spacing_mm[2])


def _doses_to_treat(study: _Study) -> tuple[list[Dose], list[Issue]]:
    """Choose the doses that stand for a treatment, and say why the others do not."""
    chosen: list[Dose] = []
    issues: list[Issue] = []
    wholes = [dose for dose in study.doses if dose.summation in WHOLE and dose.dose_type != "ERROR"]
    beside = 0
    for dose in study.doses:
        if dose.dose_type == "ERROR":
            message = "a dose of type ERROR is not a dose to be judged: it is left out"
            issues.append(warn("dose-of-errors", message, study.origin(dose).mark))
        elif dose in wholes:
            chosen.append(dose)
        elif any(_is_part(dose, whole) for whole in wholes):
            beside += 1
        else:
            chosen.append(dose)
            issues.append(_not_whole(dose, study.origin(dose).mark))
    if beside:
        message = f"doses of beams, fractions or the like beside the whole plan's are not added: {beside}"
        issues.append(note("dose-partial", message))
    return chosen, issues


def _is_part(dose: Dose, whole: Dose) -> bool:
    if dose.plan_uids:
        return bool(set(dose.plan_uids) & set(whole.plan_uids))
    return _may_share(dose.grid.frame_uid, whole.grid.frame_uid)


def _not_whole(dose: Dose, mark: str) -> Issue:
    if dose.summation:
        known = dose.summation if dose.summation.replace("_", "").isalpha() else "unknown"
        message = f"the dose is not that of a whole plan (DoseSummationType {known})"
    else:
        message = "the dose does not say whether it is that of a whole plan (DoseSummationType is missing)"
    return warn("dose-not-plan", message, mark, "export the dose of the whole plan")


def _treatment(
    study: _Study, dose: Dose, image_of: Mapping[str, _Choice[Image]]
) -> tuple[Treatment, tuple[Issue, ...]]:
    plan = _plan_of(study, dose)
    structures = _structures_of(study, dose, plan.item)
    image: _Choice[Image] = image_of[structures.item.uid] if structures.item else _Choice()
    evidence = (*plan.evidence, *structures.evidence, *image.evidence)
    treatment = Treatment(dose, structures.item, plan.item, image.item, evidence)
    return treatment, (*plan.issues, *structures.issues)


def _plan_of(study: _Study, dose: Dose) -> _Choice[Plan]:
    if len(dose.plan_uids) > 1:
        return _Choice(evidence=(f"dose -> plan: the sum of {len(dose.plan_uids)} plans",))
    # A plan that another whole dose names is not this dose's.
    taken = {uid for other in study.doses if other is not dose and other.summation in WHOLE for uid in other.plan_uids}
    return _choose(
        study,
        "dose -> plan",
        named=[plan for plan in study.plans if plan.uid in dose.plan_uids],
        pool=[plan for plan in study.plans if plan.uid not in taken],
        stated=bool(dose.plan_uids),
        source=study.origin(dose),
    )


def _structures_of(study: _Study, dose: Dose, plan: Plan | None) -> _Choice[StructureSet]:
    origin = study.origin(dose)
    plans = [plan] if plan else [one for one in study.plans if one.uid in dose.plan_uids and _same(study, one, dose)]
    through_plan = {uid for one in plans for uid in one.structure_set_uids}
    direct = set(dose.structure_set_uids)
    if direct and through_plan and not direct & through_plan:
        message = "the dose and its plan refer to different structure sets: neither is used"
        return _Choice(issues=(warn("link-conflict", message, origin.mark),))
    wanted = direct or through_plan
    choice = _choose(
        study,
        "plan -> structure set" if through_plan else "dose -> structure set",
        named=[one for one in study.structure_sets if one.uid in wanted],
        pool=study.structure_sets,
        stated=bool(wanted),
        source=origin,
    )
    if choice.item is None or _may_share(choice.item.frame_uid, dose.grid.frame_uid):
        return choice
    message = "the dose and its structure set lie in different frames of reference: they are not linked"
    remedy = "export both in one frame of reference"
    return _Choice(issues=(*choice.issues, warn("frame-mismatch", message, origin.mark, remedy)))


def _choose(
    study: _Study, what: str, *, named: Sequence[T], pool: Sequence[T], stated: bool, source: Origin
) -> _Choice[T]:
    """Take the one object that is named; failing that, the only one of the pool in the same frame."""
    kin = [item for item in named if _one_patient(study.origin(item), source)]
    if len(kin) < len(named):
        message = f"{what}: the two carry different patient identifiers and are not linked"
        return _Choice(issues=(Issue("patients-differ", Severity.REFUSE, message, source.mark),))
    if len(named) == 1:
        return _Choice(named[0], (f"{what}: by reference",))
    near = named or [item for item in pool if _is_near(study, item, source)]
    if len(near) > 1:
        state = "several are referred to" if named else _state(stated=stated)
        message = f"{what}: {state}, and {len(near)} could be meant: none is taken"
        return _Choice(issues=(warn("link-ambiguous", message, source.mark, "choose one by its label or UID"),))
    if not near:
        severity = warn if stated and pool else note
        return _Choice(issues=(severity("link-missing", f"{what}: {_state(stated=stated)}", source.mark),))
    frame = "in the same frame" if source.frame_uid else "at all, and no frame of reference is stated"
    message = f"{what}: {_state(stated=stated)}; the only one {frame} is taken"
    issue = (warn if stated else note)("link-guessed", message, source.mark)
    return _Choice(near[0], (f"{what}: only one {frame}",), (issue,))


def _state(*, stated: bool) -> str:
    return "the reference leads to nothing here" if stated else "there is no reference"


def _is_near(study: _Study, item: _Object, source: Origin) -> bool:
    origin = study.origin(item)
    return _one_patient(origin, source) and _may_share(origin.frame_uid, source.frame_uid)


def _may_share(one: str, other: str) -> bool:
    """Say whether two frames of reference can be the same: they are, or one of them is not stated."""
    return not one or not other or one == other


def _one_patient(one: Origin, other: Origin) -> bool:
    return not one.patient or not other.patient or one.patient == other.patient


def _same(study: _Study, plan: Plan, dose: Dose) -> bool:
    return _one_patient(study.origin(plan), study.origin(dose))


def _without_dose(study: _Study, structures: StructureSet, image: _Choice[Image]) -> Treatment:
    plans = [plan for plan in study.plans if structures.uid in plan.structure_set_uids]
    plan = plans[0] if len(plans) == 1 else None
    found = ("plan -> structure set: by reference",) if plan else ()
    return Treatment(None, structures, plan, image.item, (*found, *image.evidence))


def _shared_plans(study: _Study, treatments: Iterable[Treatment]) -> list[Issue]:
    pairs = [(one.plan, one.dose) for one in treatments if one.plan and one.dose]
    counts = Counter(plan.uid for plan, _ in pairs)
    return [
        warn(
            "doses-for-one-plan", f"{count} doses belong to one plan: each is a treatment of its own", _mark(study, uid)
        )
        for uid, count in counts.items()
        if count > 1
    ]


def _mark(study: _Study, uid: str) -> str:
    return study.origins.get(uid, Origin()).mark
