"""What belongs together: dose to plan to structure set to image, by reference first.

Where a reference is missing, the only candidate in the same frame of reference is taken and that is said; where
one leads nowhere, the only candidate is a guess, and nothing is judged on it; of several candidates none is
taken. Folders, file names and file times never count. Nothing is ever linked across two PatientIDs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from rtplan.model import Dose, Image, Issue, Link, Plan, Registration, StructureSet, Treatment

from .choosing import Choice, Item, Origin, Study, choose, digest, key_of, may_share, same_patient
from .faults import Unusable, note, warn
from .numbers import Array
from .places import lies_in, on_planes
from .registrations import between, describe, moved_image, moved_structures

__all__ = ["WHOLE", "Linked", "Origin", "link"]

WHOLE = frozenset({"PLAN", "MULTI_PLAN"})
_TO_IMAGE = "structure set -> image"


@dataclass(frozen=True, slots=True, eq=False)
class Linked:
    """The treatments, the structure sets with the plane spacing of their images, the graph, what was odd."""

    treatments: tuple[Treatment, ...]
    structure_sets: tuple[StructureSet, ...]
    links: tuple[Link, ...]
    issues: tuple[Issue, ...]


def link(
    doses: Sequence[Dose],
    structure_sets: Sequence[StructureSet],
    *,
    plans: Sequence[Plan],
    images: Sequence[Image],
    origins: Mapping[str, Origin],
    registrations: Sequence[Registration] = (),
    allow_for_mismatch: bool = False,
) -> Linked:
    """Tie doses, structure sets, plans and images together.

    Parameters
    ----------
    doses, structure_sets, plans, images : sequence
        Everything that was found.
    origins : mapping of str to Origin
        By the UID of the object; for images by SeriesInstanceUID.
    registrations : sequence of Registration
        A structure set in another frame than the dose is moved by the one that ties the two.
    allow_for_mismatch : bool
        Take a structure set in another frame than its images where it names those very instances and its
        contours lie on their planes.

    Returns
    -------
    Linked
        One treatment a dose that is whole (PLAN, MULTI_PLAN). A partial dose (BEAM, FRACTION, ...) beside a
        whole one makes none; alone it makes one, with a warning. Without any dose, one a structure set.
    """
    first = Study(doses, structure_sets, plans, images, origins)
    drawn_on = [_image_of(first, one, allow=allow_for_mismatch) for one in structure_sets]
    spaced = [_with_spacing(one, choice.item) for one, choice in zip(structure_sets, drawn_on, strict=True)]
    study = Study(doses, spaced, plans, images, origins)
    image_of = {one.uid: choice for one, choice in zip(spaced, drawn_on, strict=True)}
    chosen, issues = _doses_to_treat(study)
    treatments: list[Treatment] = []
    for dose in chosen:
        treatment, said = _treatment(study, dose, image_of, registrations)
        treatments.append(treatment)
        issues += said
    if not treatments:
        treatments = [_without_dose(study, one, image_of[one.uid]) for one in spaced]
    issues += _shared_plans(study, treatments)
    images_said = [issue for choice in drawn_on for issue in choice.issues]
    images_said += _unused(images, drawn_on)
    return Linked(tuple(treatments), tuple(spaced), _graph(study, treatments, image_of), (*images_said, *issues))


def _graph(study: Study, treatments: Sequence[Treatment], image_of: Mapping[str, Choice[Image]]) -> tuple[Link, ...]:
    """Return every link, those of plans and structure sets that no dose uses included."""
    found = [item for treatment in treatments for item in treatment.links]
    known = {one.uid for one in study.structure_sets}
    for plan in study.plans:
        found += [
            Link("plan -> structure set", plan.uid, uid, "certain", "by reference")
            for uid in plan.structure_set_uids
            if uid in known
        ]
    found += [item for choice in image_of.values() for item in choice.links]
    return tuple(dict.fromkeys(found))


def _image_of(study: Study, structures: StructureSet, *, allow: bool) -> Choice[Image]:
    if not study.images:
        return Choice()
    named = [image for image in study.images if image.series_uid in structures.image_series_uids]
    pool = study.images
    fitting = [image for image in pool if _fits(study, structures, image)] if not named else []
    if len(fitting) == 1:
        return _by_geometry(study, structures, fitting[0])
    stated = bool(structures.image_series_uids)
    choice = choose(study, _TO_IMAGE, structures, named=named, pool=pool, stated=stated)
    if choice.item is None or may_share(choice.item.grid.frame_uid, structures.frame_uid):
        return choice
    mark = study.origin(structures).mark
    if allow and _is_drawn_on(study, structures, choice.item):
        return _across_frames(choice, structures, mark)
    message = "the structure set and its image lie in different frames of reference: the image is not used"
    remedy = "export both in one frame of reference, or see --allow-for-mismatch"
    return Choice(issues=(*choice.issues, warn("frame-mismatch", message, mark, remedy)))


def _fits(study: Study, structures: StructureSet, image: Image) -> bool:
    one, other = study.origin(structures), study.origin(image)
    return same_patient(one, other) and may_share(one.frame_uid, other.frame_uid) and on_planes(structures, image)


def _by_geometry(study: Study, structures: StructureSet, image: Image) -> Choice[Image]:
    stated = bool(structures.image_series_uids)
    state = "names images that are not here" if stated else "names no images"
    message = f"the structure set {state}; it is drawn on the planes of the only image that has them"
    link_ = Link(_TO_IMAGE, structures.uid, image.series_uid, "likely", "by the planes of its contours")
    return Choice(image, (link_,), (note("link-geometry", message, study.origin(structures).mark),))


def _is_drawn_on(study: Study, structures: StructureSet, image: Image) -> bool:
    instances = study.origin(structures).instances()
    return bool(instances) and set(image.sop_uids) <= instances and on_planes(structures, image)


def _across_frames(choice: Choice[Image], structures: StructureSet, mark: str) -> Choice[Image]:
    other = choice.item.grid.frame_uid if choice.item else ""
    message = (
        "as asked, the structure set is used in the frame of reference of the images that it names "
        f"(frame {digest(structures.frame_uid)} is taken for {digest(other)})"
    )
    links = tuple(replace(one, evidence=f"{one.evidence}, across frames as asked") for one in choice.links)
    return Choice(choice.item, links, (*choice.issues, note("frame-mismatch-allowed", message, mark)))


def _with_spacing(structures: StructureSet, image: Image | None) -> StructureSet:
    if image is None:
        return structures
    frame = image.grid.frame_uid or structures.frame_uid
    spacing = image.grid.spacing_mm[2] if image.grid.shape[0] > 1 else structures.plane_spacing_mm
    return replace(structures, plane_spacing_mm=spacing, frame_uid=frame)


def _unused(images: Sequence[Image], drawn_on: Sequence[Choice[Image]]) -> list[Issue]:
    """Say how many series nothing refers to, where some other one is used."""
    used = {choice.item.series_uid for choice in drawn_on if choice.item}
    spare = len({image.series_uid for image in images} - used)
    if not used or not spare:
        return []
    return [note("images-unused", f"image series that no structure set is drawn on are left aside: {spare}")]


def _doses_to_treat(study: Study) -> tuple[list[Dose], list[Issue]]:
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
    return may_share(dose.grid.frame_uid, whole.grid.frame_uid)


def _not_whole(dose: Dose, mark: str) -> Issue:
    if dose.summation:
        known = dose.summation if dose.summation.replace("_", "").isalpha() else "unknown"
        message = f"the dose is not that of a whole plan (DoseSummationType {known})"
    else:
        message = "the dose does not say whether it is that of a whole plan (DoseSummationType is missing)"
    return warn("dose-not-plan", message, mark, "export the dose of the whole plan")


def _treatment(
    study: Study, dose: Dose, image_of: Mapping[str, Choice[Image]], registrations: Sequence[Registration]
) -> tuple[Treatment, tuple[Issue, ...]]:
    plan = _plan_of(study, dose)
    structures = _structures_of(study, dose, plan.item, registrations)
    image: Choice[Image] = image_of[structures.item.uid] if structures.item else Choice()
    links = (*plan.links, *structures.links, *image.links)
    summed = f"dose -> plan: the sum of {len(dose.plan_uids)} plans"
    evidence = (*([summed] if len(dose.plan_uids) > 1 else []), *map(str, links))
    matrix = _matrix(study, structures.item, dose, registrations)
    found = image.item
    if matrix is not None and found is not None:
        found = moved_image(found, matrix, dose.grid.frame_uid)
    treatment = Treatment(dose, structures.item, plan.item, found, evidence, links)
    return treatment, (*plan.issues, *structures.issues)


def _plan_of(study: Study, dose: Dose) -> Choice[Plan]:
    if len(dose.plan_uids) > 1:
        return Choice()
    # A plan that another whole dose names is not this dose's.
    taken = {uid for other in study.doses if other is not dose and other.summation in WHOLE for uid in other.plan_uids}
    return choose(
        study,
        "dose -> plan",
        dose,
        named=[plan for plan in study.plans if plan.uid in dose.plan_uids],
        pool=[plan for plan in study.plans if plan.uid not in taken],
        stated=bool(dose.plan_uids),
    )


def _structures_of(
    study: Study, dose: Dose, plan: Plan | None, registrations: Sequence[Registration]
) -> Choice[StructureSet]:
    origin = study.origin(dose)
    plans = [plan] if plan else [one for one in study.plans if one.uid in dose.plan_uids and _same(study, one, dose)]
    through_plan = {uid for one in plans for uid in one.structure_set_uids}
    direct = set(dose.structure_set_uids)
    if direct and through_plan and not direct & through_plan:
        message = "the dose and its plan refer to different structure sets: neither is used"
        return Choice(issues=(warn("link-conflict", message, origin.mark, "choose one with --structures"),))
    wanted = direct or through_plan
    choice = choose(
        study,
        "plan -> structure set" if through_plan else "dose -> structure set",
        plan if plan and through_plan else dose,
        named=[one for one in study.structure_sets if one.uid in wanted],
        pool=_reachable(study, dose, registrations),
        stated=bool(wanted),
    )
    if choice.item is None:
        return choice
    return _in_frame_of(study, dose, choice, registrations)


def _reachable(study: Study, dose: Dose, registrations: Sequence[Registration]) -> list[StructureSet]:
    """Return the structure sets that lie in the frame of a dose or would have to be looked for there."""
    tied = {frame for one in registrations for frame in (one.from_frame_uid, one.to_frame_uid)}
    near = [one for one in study.structure_sets if may_share(one.frame_uid, dose.grid.frame_uid)]
    return near or [one for one in study.structure_sets if not registrations or one.frame_uid in tied]


def _in_frame_of(
    study: Study, dose: Dose, choice: Choice[StructureSet], registrations: Sequence[Registration]
) -> Choice[StructureSet]:
    """Return the choice with its structure set in the frame of the dose, or without it where that cannot be."""
    structures, mark = choice.item, study.origin(dose).mark
    if structures is None:
        return choice
    frames = structures.frame_uid, dose.grid.frame_uid
    if not all(frames):
        return _by_place(dose, choice, mark)
    if frames[0] == frames[1]:
        return choice
    try:
        matrix = between(registrations, *frames)
    except Unusable as error:
        return Choice(issues=(*choice.issues, warn(error.code, str(error), mark)))
    if matrix is None:
        message = "the dose and its structure set lie in different frames of reference: they are not linked"
        remedy = "export both in one frame of reference, or a rigid registration between the two"
        return Choice(issues=(*choice.issues, warn("frame-mismatch", message, mark, remedy)))
    message = (
        f"the structure set is moved {describe(matrix)} into the frame of the dose, by the registration of the two "
        f"(frame {digest(frames[0])} to {digest(frames[1])})"
    )
    links = (*choice.links, Link("structure set -> dose", *frames, "certain", f"registered, moved {describe(matrix)}"))
    return Choice(
        moved_structures(structures, matrix, frames[1]),
        links,
        (*choice.issues, note("registration-applied", message, mark)),
    )


def _by_place(dose: Dose, choice: Choice[StructureSet], mark: str) -> Choice[StructureSet]:
    """Take a structure set where a frame of reference is missing: for what it is where the two lie together."""
    if choice.item is None or not lies_in(choice.item, dose):
        message = "a frame of reference is missing, and dose and structures lie apart: they are not judged together"
        links = tuple(replace(one, confidence="guess") for one in choice.links)
        return Choice(choice.item, links, (*choice.issues, warn("frame-missing", message, mark)))
    message = "the dose or its structure set names no frame of reference: references and places agree"
    return Choice(choice.item, choice.links, (*choice.issues, note("frame-missing", message, mark)))


def _matrix(study: Study, item: Item | None, dose: Dose, registrations: Sequence[Registration]) -> Array | None:
    """Return the matrix by which a chosen structure set was moved; None where it was not."""
    own = next((one for one in study.structure_sets if item is not None and one.uid == key_of(item)), None)
    if own is None or own is item or not own.frame_uid:
        return None
    return between(registrations, own.frame_uid, dose.grid.frame_uid)


def _same(study: Study, plan: Plan, dose: Dose) -> bool:
    return same_patient(study.origin(plan), study.origin(dose))


def _without_dose(study: Study, structures: StructureSet, image: Choice[Image]) -> Treatment:
    plans = [plan for plan in study.plans if structures.uid in plan.structure_set_uids]
    plan = plans[0] if len(plans) == 1 else None
    tie = (Link("plan -> structure set", plan.uid, structures.uid, "certain", "by reference"),) if plan else ()
    links = (*tie, *image.links)
    return Treatment(None, structures, plan, image.item, tuple(map(str, links)), links)


def _shared_plans(study: Study, treatments: Iterable[Treatment]) -> list[Issue]:
    pairs = [(one.plan, one.dose) for one in treatments if one.plan and one.dose]
    counts = Counter(plan.uid for plan, _ in pairs)
    return [
        warn(
            "doses-for-one-plan", f"{count} doses belong to one plan: each is a treatment of its own", _mark(study, uid)
        )
        for uid, count in counts.items()
        if count > 1
    ]


def _mark(study: Study, uid: str) -> str:
    return study.origins.get(uid, Origin()).mark
