"""Which lesions a treatment aims at: targets, their site, their prescription; each with its evidence.

A prescription comes from the sheet or from the plan, never from the dose. A site comes from the sheet or from
where the target lies; a tie leaves it open.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from constraints.protocol import site_evidence
from rtplan.geometry.expression import Combination, Expression, Name, names_in
from rtplan.geometry.layout import volume_mm3
from rtplan.geometry.regions import Fineness, Region
from rtplan.model import Issue, Plan, Prescription, Severity, Structure

from .anatomy import Anatomy
from .sheet import Sheet, SheetLesion

__all__ = ["Lesion", "find_lesions", "overlap_cc"]

# A target that holds this share of two or more others, and little else, is their union, not one more lesion.
HELD_PCT = 90.0
LITTLE_ELSE_PCT = 15.0
# A PTV that fills this share of the brain is a whole-brain target.
WHOLE_BRAIN_PCT = 60.0
COARSE = Fineness(2.0, 8_000)


@dataclass(frozen=True, slots=True, eq=False)
class Lesion:
    """One lesion of one treatment: the structure that is judged, and what is known of it."""

    name: str
    structure: Structure
    volume_cc: float
    site: str | None
    technique: str
    prescription_gy: float | None
    fractions: int | None
    evidence: tuple[str, ...] = ()

    @property
    def key(self) -> Expression:
        """The lesion's structure as a resolved expression."""
        return Name(f"roi_{self.structure.number}")


def find_lesions(anatomy: Anatomy, sheet: Sheet) -> tuple[tuple[Lesion, ...], tuple[Issue, ...]]:
    """Find the lesions of a treatment.

    Parameters
    ----------
    anatomy : Anatomy
    sheet : Sheet
        Where it lists lesions, those are the lesions; else every PTV that is not the union of others (GTVs
        or ITVs where there is no PTV).

    Returns
    -------
    lesions : tuple of Lesion
    issues : tuple of Issue
        What was left open, and why.
    """
    issues: list[Issue] = []
    targets = _targets(anatomy, sheet, issues)
    found = [_lesion(anatomy, target, said, len(targets), issues) for target, said in targets]
    lesions = _told_apart(found)
    if not lesions:
        issues.append(
            Issue("no-target", Severity.WARN, "no target with contours was found", remedy="name it in the sheet")
        )
    return tuple(lesions), tuple(issues)


def _told_apart(found: list[Lesion]) -> list[Lesion]:
    """Add the ROI number to names that several lesions share: findings are told apart by them."""
    counts = Counter(item.name for item in found)
    return [
        replace(item, name=f"{item.name} (ROI {item.structure.number})") if counts[item.name] > 1 else item
        for item in found
    ]


def overlap_cc(anatomy: Anatomy, one: Expression, other: Expression) -> float:
    """Volume that two resolved expressions share, cc."""
    region = anatomy.region(Combination("&", one, other))
    if region is None or not _boxes_meet(region, one, other):
        return 0.0
    return _volume_cc(region)


def _volume_cc(region: Region) -> float:
    return volume_mm3(region, COARSE) / 1000.0


def _boxes_meet(region: Region, one: Expression, other: Expression) -> bool:
    """Whether the boxes around two expressions meet; a margin makes a box larger."""
    (low, high), (other_low, other_high) = _box(region, one), _box(region, other)
    return all(max(a, b) <= min(c, d) for a, b, c, d in zip(low, other_low, high, other_high, strict=True))


def _box(region: Region, tree: Expression) -> tuple[list[float], list[float]]:
    stacks = [region.stacks[name] for name in names_in(tree)]
    low = [(*stack.bounds_mm[0], stack.offsets_mm[0]) for stack in stacks]
    high = [(*stack.bounds_mm[1], stack.offsets_mm[-1]) for stack in stacks]
    reach = _margins_mm(tree)
    return [min(ends) - reach for ends in zip(*low, strict=True)], [
        max(ends) + reach for ends in zip(*high, strict=True)
    ]


def _margins_mm(tree: Expression) -> float:
    if isinstance(tree, Name):
        return 0.0
    if isinstance(tree, Combination):
        return max(_margins_mm(tree.left), _margins_mm(tree.right))
    return _margins_mm(tree.inner) + max(tree.margin_mm, 0.0)


def _targets(anatomy: Anatomy, sheet: Sheet, issues: list[Issue]) -> list[tuple[Structure, SheetLesion | None]]:
    plan = anatomy.treatment.plan
    own = [item for item in sheet.lesions if _is_of_plan(item, plan)]
    if sheet.lesions:
        return [(found, item) for item in own if (found := _named(anatomy, item.target, issues))]
    for kind in ("PTV", "ITV", "GTV", "CTV"):
        if drawn := anatomy.of_class(kind):
            if kind != "PTV":
                message = f"no PTV is contoured: the {kind} stands for the lesion"
                issues.append(Issue("no-ptv", Severity.WARN, message))
            return [(item, None) for item in _without_unions(anatomy, drawn, issues)]
    return []


def _is_of_plan(item: SheetLesion, plan: Plan | None) -> bool:
    return item.plan is None or (plan is not None and item.plan in {plan.label, plan.uid})


def _named(anatomy: Anatomy, name: str, issues: list[Issue]) -> Structure | None:
    found = [item for item in anatomy.structures if item.name == name]
    usable = [item for item in found if anatomy.stack(item) is not None]
    if len(usable) == 1:
        return usable[0]
    state = "is ambiguous" if len(usable) > 1 else "has no contours" if found else "is not in the structure set"
    issues.append(Issue("sheet-target", Severity.WARN, f"a lesion of the sheet {state}", where=f"lesion {name!r}"))
    return None


def _without_unions(anatomy: Anatomy, found: tuple[Structure, ...], issues: list[Issue]) -> list[Structure]:
    volumes = {item.number: _own_volume(anatomy, item) for item in found}
    kept = []
    for item in found:
        smaller = [other for other in found if other is not item and volumes[other.number] < volumes[item.number]]
        held = [other for other in smaller if _held_pct(anatomy, other, item, volumes) >= HELD_PCT]
        rest = volumes[item.number] - sum(volumes[other.number] for other in held)
        if len(held) >= 2 and rest <= LITTLE_ELSE_PCT / 100 * volumes[item.number]:
            message = f"ROI {item.number} is the union of {len(held)} other targets, not a lesion of its own"
            issues.append(Issue("target-union", Severity.NOTE, message, where=f"ROI {item.number}"))
        else:
            kept.append(item)
    return kept


def _own_volume(anatomy: Anatomy, item: Structure) -> float:
    region = anatomy.region(Name(f"roi_{item.number}"))
    return _volume_cc(region) if region else 0.0


def _held_pct(anatomy: Anatomy, inner: Structure, outer: Structure, volumes: dict[int, float]) -> float:
    shared = overlap_cc(anatomy, Name(f"roi_{inner.number}"), Name(f"roi_{outer.number}"))
    return 100.0 * shared / max(volumes[inner.number], 1e-9)


def _lesion(anatomy: Anatomy, target: Structure, said: SheetLesion | None, count: int, issues: list[Issue]) -> Lesion:
    volume = _own_volume(anatomy, target)
    evidence: list[str] = []
    site, technique = _site(anatomy, target, volume, evidence)
    if said and said.site:
        site, evidence = said.site, [f"site {said.site} from the sheet", *evidence]
    elif site is None:
        message = f"the site of ROI {target.number} is open: {evidence[-1] if evidence else 'nothing speaks for one'}"
        issues.append(
            Issue("site-open", Severity.WARN, message, f"ROI {target.number}", "give the lesion's site in the sheet")
        )
    if said and said.confirm:
        issues.append(
            Issue("sheet-unconfirmed", Severity.WARN, "an entry of the sheet is not confirmed", f"ROI {target.number}")
        )
    prescription = _prescription(anatomy, target, said, count, issues, evidence)
    fractions = (said.fractions if said else None) or (prescription.fractions if prescription else None)
    plan = anatomy.treatment.plan
    if fractions is None and plan is not None:
        fractions = plan.fractions
    dose_gy = prescription.dose_gy if prescription else None
    return Lesion(target.name, target, volume, site, technique, dose_gy, fractions, tuple(evidence))


def _site(anatomy: Anatomy, target: Structure, volume_cc: float, evidence: list[str]) -> tuple[str | None, str]:
    shares: dict[str, float] = {}
    for entry in site_evidence():
        shares[entry.name] = sum(
            100.0 * overlap_cc(anatomy, Name(f"roi_{target.number}"), Name(f"roi_{organ.number}")) / volume_cc
            for organ in _organs(anatomy, entry.organs)
            if volume_cc > 0
        )
    named = {entry.name: entry.share_pct for entry in site_evidence()}
    likely = [name for name, share in shares.items() if share >= named[name]]
    evidence += [f"{share:.0f} % of it lies in {name}" for name, share in shares.items() if share >= 1.0]
    if likely == ["brain"]:
        return "brain", _brain_technique(anatomy, target)
    return (likely[0] if len(likely) == 1 else None), "focal"


def _organs(anatomy: Anatomy, patterns: Iterable[str]) -> list[Structure]:
    """Structures of these standard names that can be measured; a pair is not counted twice."""
    found: dict[str, Structure] = {}
    for item in anatomy.structures:
        name = item.standard_name or item.name
        if any(fnmatchcase(name, pattern) for pattern in patterns) and anatomy.stack(item) is not None:
            found.setdefault(name, item)
    for whole, parts in (("Lungs", ("Lung_L", "Lung_R")),):
        if whole in found:
            found = {name: item for name, item in found.items() if name not in parts}
    return list(found.values())


def _brain_technique(anatomy: Anatomy, target: Structure) -> str:
    brain = anatomy.find("Brain")
    if brain.tree is None:
        return "focal"
    region = anatomy.region(brain.tree)
    own = Name(f"roi_{target.number}")
    share = 100.0 * overlap_cc(anatomy, own, brain.tree) / max(_volume_cc(region) if region else 0.0, 1e-9)
    if share < WHOLE_BRAIN_PCT:
        return "focal"
    sides = (anatomy.find("Hippocampus_L").tree, anatomy.find("Hippocampus_R").tree, anatomy.find("Hippocampi").tree)
    return "ha-wbrt" if any(sides) else "wbrt"


def _prescription(
    anatomy: Anatomy,
    target: Structure,
    said: SheetLesion | None,
    count: int,
    issues: list[Issue],
    evidence: list[str],
) -> Prescription | None:
    if said and said.prescription_gy:
        evidence.append("prescription from the sheet")
        return Prescription(said.prescription_gy, said.fractions, target.number, source="sheet")
    plan = anatomy.treatment.plan
    written = [item for item in plan.prescriptions if item.source != "plan-point"] if plan else []
    own = {item.dose_gy: item for item in written if _means(anatomy, item, target)}
    loose = {item.dose_gy: item for item in written if item.target_number is None}
    where = f"ROI {target.number}"
    if len(own) == 1:
        evidence.append("prescription from the plan, by its target")
        return next(iter(own.values()))
    if not own and len({item.dose_gy for item in written}) == 1 and loose:
        evidence.append("prescription from the plan, its only one")
        if count > 1:
            message = "the plan's only prescription names no target: it is taken for every lesion"
            issues.append(Issue("prescription-shared", Severity.NOTE, message, where))
        return next(iter(loose.values()))
    if len(own) > 1 or len(loose) > 1:
        doses = ", ".join(f"{dose:g} Gy" for dose in sorted(own or loose))
        message = f"several prescriptions could be meant ({doses})"
        issues.append(Issue("prescription-ambiguous", Severity.WARN, message, where, "choose one in the sheet"))
    else:
        message = "no prescription is known: what depends on it is not judged"
        issues.append(Issue("prescription-missing", Severity.WARN, message, where, "give it in the sheet"))
    return None


def _means(anatomy: Anatomy, item: Prescription, target: Structure) -> bool:
    """Whether a prescription refers to a target: by number, to another class of the same lesion, or by name."""
    if item.target_number == target.number:
        return True
    if item.target_number is None:
        return bool(item.description) and item.description.strip().casefold() == target.name.strip().casefold()
    other = next((found for found in anatomy.structures if found.number == item.target_number), None)
    return other is not None and _lesion_label(other.name) == _lesion_label(target.name) != ""


def _lesion_label(name: str) -> str:
    """Return what is left of a target's name without its class: ``GTV_2`` and ``PTV 2`` are both lesion 2."""
    rest, count = re.subn(r"(?i)(GTV|CTV|ITV|PTV)", "", name, count=1)
    return re.sub(r"[\s_-]+", "", rest).casefold() if count else ""
