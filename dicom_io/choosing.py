"""Choose the one object that another one means: by reference, else the only one near; of several none."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from rtplan.model import Dose, Image, Issue, Link, Plan, Severity, StructureSet

from .faults import note, warn

__all__ = ["Choice", "Item", "Origin", "Study", "choose", "digest", "key_of", "may_share", "same_patient"]

Item = Dose | StructureSet | Plan | Image
T = TypeVar("T", bound=Item)


def _no_instances() -> frozenset[str]:
    return frozenset()


@dataclass(frozen=True, slots=True)
class Origin:
    """What linking must know of an object beyond itself: its name in issues, its patient, its frame.

    `instances` returns the image instances that a structure set says it was drawn on; they are only read where
    they are asked for.
    """

    mark: str = ""
    patient: str = ""
    frame_uid: str = ""
    instances: Callable[[], frozenset[str]] = _no_instances


@dataclass(frozen=True, slots=True)
class Choice(Generic[T]):
    """The object that is meant, if that is clear, and how it was found."""

    item: T | None = None
    links: tuple[Link, ...] = ()
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """All objects, and the origin of each by UID (of an image: by that of its series)."""

    doses: Sequence[Dose]
    structure_sets: Sequence[StructureSet]
    plans: Sequence[Plan]
    images: Sequence[Image]
    origins: Mapping[str, Origin]

    def origin(self, item: Item) -> Origin:
        """Return the origin of an object, with its own frame where it knows it."""
        found = self.origins.get(key_of(item), Origin())
        if isinstance(item, Plan):
            return found
        return replace(found, frame_uid=item.frame_uid if isinstance(item, StructureSet) else item.grid.frame_uid)


def key_of(item: Item) -> str:
    """Return the UID that stands for an object: of an image that of its series."""
    return item.series_uid if isinstance(item, Image) else item.uid


def choose(
    study: Study, relation: str, source: Item, *, named: Sequence[T], pool: Sequence[T], stated: bool
) -> Choice[T]:
    """Take the one object that is named; failing that, the only one of the pool in the same frame.

    Parameters
    ----------
    study : Study
    relation : str
        For example ``"dose -> plan"``.
    source : Dose, StructureSet, Plan or Image
        The object that refers.
    named, pool : sequence
        The objects that its reference names, and all that could be meant.
    stated : bool
        Whether there is a reference at all: the only candidate in place of one that is not here is a guess.
    """
    origin = study.origin(source)
    kin = [item for item in named if same_patient(study.origin(item), origin)]
    if len(kin) < len(named):
        message = f"{relation}: the two carry different patient identifiers and are not linked"
        return Choice(issues=(Issue("patients-differ", Severity.REFUSE, message, origin.mark),))
    if len(named) == 1:
        return Choice(named[0], (_link(relation, source, named[0], "certain", "by reference"),))
    near = named or [item for item in pool if _is_near(study, item, origin)]
    if len(near) > 1:
        state = "several are referred to" if named else _state(stated=stated)
        message = f"{relation}: {state}, and {len(near)} could be meant: none is taken"
        return Choice(issues=(warn("link-ambiguous", message, origin.mark, "choose one by its label or UID"),))
    if not near:
        severity = warn if stated and pool else note
        return Choice(issues=(severity("link-missing", f"{relation}: {_state(stated=stated)}", origin.mark),))
    frame = "in the same frame" if origin.frame_uid else "at all, and no frame of reference is stated"
    message = f"{relation}: {_state(stated=stated)}; the only one {frame} is taken"
    issue = (warn if stated else note)("link-guessed", message, origin.mark, "choose it by its label or UID")
    confidence = "guess" if stated else "likely"
    return Choice(near[0], (_link(relation, source, near[0], confidence, f"only one {frame}"),), (issue,))


def may_share(one: str, other: str) -> bool:
    """Say whether two frames of reference can be the same: they are, or one of them is not stated."""
    return not one or not other or one == other


def same_patient(one: Origin, other: Origin) -> bool:
    """Say whether two objects can be of one patient."""
    return not one.patient or not other.patient or one.patient == other.patient


def digest(uid: str) -> str:
    """Return a UID as it may be shown in a message: a short hash, the same wherever it stands."""
    return hashlib.sha256(uid.encode()).hexdigest()[:12] if uid else "none"


def _link(relation: str, source: Item, target: Item, confidence: str, evidence: str) -> Link:
    return Link(relation, key_of(source), key_of(target), confidence, evidence)


def _state(*, stated: bool) -> str:
    return "the reference leads to nothing here" if stated else "there is no reference"


def _is_near(study: Study, item: Item, source: Origin) -> bool:
    origin = study.origin(item)
    return same_patient(origin, source) and may_share(origin.frame_uid, source.frame_uid)
