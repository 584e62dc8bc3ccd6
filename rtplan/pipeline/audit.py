"""Audit a case: what it treats, what each target and organ receives, which limits that meets or breaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from constraints.pack import Pack, load_pack, plugin_problems
from rtplan.dvh import Models
from rtplan.errors import UsageError
from rtplan.metrics.notation import parse
from rtplan.model import (
    AuditReport,
    Case,
    Finding,
    Issue,
    LesionReport,
    NotMeasured,
    Plan,
    PlanFacts,
    Reading,
    Severity,
    Treatment,
    Verdict,
    worst,
)
from rtplan.radiobiology import effect

from .anatomy import Anatomy, named_structures, unknown_names
from .contour_checks import contour_checks
from .curves import curves_of
from .lesions import Lesion, find_lesions
from .location import ULTRACENTRAL
from .measuring import Measurer
from .obstacles import beam_sets, held_in, implausible, obstacles, part_of_more
from .outcomes import OutcomeSettings, outcome_panels, withheld
from .protocol import ALPHA_BETA, choose_protocol, chosen_findings, protocol_findings, unruled_findings
from .sanity import plan_checks
from .selecting import select, taken_as
from .sheet import Sheet
from .stored import compare_stored
from .structure_checks import structure_checks

__all__ = ["audit", "plan_facts", "select"]

ORGAN_METRICS = ("Dmean", "Dmax", "D0.03cc", "D95%", "Dmin")
LESION_METRICS = (
    "Volume",
    "D95%",
    "D98%",
    "D50%",
    "D2%",
    "Dmin",
    "Dmax",
    "Dmean",
    "D95%[%]",
    "V100%[%]",
    "CI",
    "PaddickCI",
    "GI",
    "R50",
    "HI",
    "MDPD",
    "D2cm[%]",
    "BED(10){D95%}",
)


def audit(
    case: Case,
    packs: Sequence[str | Pack] = (),
    *,
    sheet: Sheet | None = None,
    models: Models | None = None,
    plan: str | None = None,
    dose: str | None = None,
    structures: str | None = None,
    dose_as: str | None = None,
) -> AuditReport:
    """Audit every treatment of a case.

    Parameters
    ----------
    case : Case
    packs : sequence of str or Pack
        Packs that shall govern (ids or loaded ones); without any, the protocol of each lesion's site does.
    sheet : Sheet, optional
        What a person has decided.
    models : Models, optional
        Conventions of the DVH.
    plan, dose, structures : str, optional
        A label or UID, where several could be meant.
    dose_as : {"course", "fraction", "beams"}, optional
        How to take doses that are not those of a whole plan; see `taken_as`.

    Returns
    -------
    AuditReport
        Nothing is left out of it: what could not be judged is a finding or an issue.

    Raises
    ------
    UsageError
        Where a selection names nothing that is there, or a pack does not load.
    """
    sheet = sheet or Sheet()
    by_sheet = bool(sheet.packs and not packs)
    packs = packs or sheet.packs
    loaded = [item if isinstance(item, Pack) else load_pack(item) for item in packs]
    own = frozenset(pack.id for pack, item in zip(loaded, packs, strict=True) if _is_own(item))
    issues = [*case.issues, *(Issue("plugin-unusable", Severity.WARN, text) for text in plugin_problems())]
    treatments = [item for item in select(case, plan=plan, dose=dose, structures=structures) if item.dose]
    if dose_as is not None:
        taken, said = taken_as(treatments, dose_as)
        treatments = list(taken)
        issues += said
    issues += beam_sets(treatments)
    usable = [item for item in treatments if item.structures]
    if not usable:
        issues.append(_nothing(case, treatments))
        return AuditReport(Verdict.NOT_JUDGED, issues=tuple(issues))
    chosen = plan is not None or dose is not None
    reason = part_of_more(case, treatments, sheet, chosen=chosen)
    if reason:
        remedy = "choose --plan, or export the dose of the sum"
        issues.append(Issue("several-plans", Severity.WARN, reason, remedy=remedy))
    if by_sheet:
        message = f"the sheet chose what governs: {', '.join(sheet.packs)}"
        issues.append(Issue("packs-from-sheet", Severity.NOTE, message))
    results = [_audited(item, loaded, own, sheet, models or Models(), issues, part=reason) for item in usable]
    findings = tuple(finding for result in results for finding in result.findings)
    verdict = worst(finding.counts_as for finding in findings if finding.governs)
    if any(issue.severity is Severity.REFUSE for issue in issues):
        verdict = worst((verdict, Verdict.NOT_JUDGED))
    return AuditReport(
        verdict,
        findings,
        tuple(dict.fromkeys(issues)),
        tuple(fact for result in results for fact in result.plans),
        tuple(lesion for result in results for lesion in result.lesions),
        tuple(curve for result in results for curve in result.curves),
        {"packs": _pack_hashes(findings)},
        tuple(panel for result in results for panel in result.panels),
    )


def plan_facts(treatment: Treatment, *, fractions: int | None = None) -> PlanFacts:
    """Return the plain facts of a treatment; `fractions` overrides the plan's own count."""
    plan, dose = treatment.plan, treatment.dose
    return PlanFacts(
        plan.label if plan else "",
        fractions or (plan.fractions if plan else None),
        (dose.label or dose.summation) if dose else "",
        plan.uid if plan else "",
        plan.approval if plan else "",
        plan.modality if plan else "",
        dose.dose_type if dose else "",
        dose.summation if dose else "",
        treatment.image is not None,
    )


def _is_own(item: str | Pack) -> bool:
    return isinstance(item, Pack) or str(item).endswith(".toml")


def _nothing(case: Case, treatments: Sequence[Treatment]) -> Issue:
    if not case.doses:
        return Issue("no-dose", Severity.REFUSE, "there is no dose to measure", remedy="export the RTDOSE of the plan")
    if not treatments:
        return Issue("no-usable-dose", Severity.REFUSE, "no dose could be used", remedy="see the issues above")
    message = "no structure set belongs to the dose"
    return Issue("no-structures", Severity.REFUSE, message, remedy="export the RTSTRUCT, or choose it")


def _audited(
    treatment: Treatment,
    packs: Sequence[Pack],
    own: frozenset[str],
    sheet: Sheet,
    models: Models,
    issues: list[Issue],
    *,
    part: str,
) -> AuditReport:
    """Audit one treatment; `part` says why its organs cannot be judged on it alone, empty where they can."""
    dose, structure_set = treatment.dose, treatment.structures
    if dose is None or structure_set is None:
        raise ValueError("a treatment to audit has a dose and structures")
    issues += structure_set.issues
    facts = plan_facts(treatment, fractions=_fractions(treatment.plan, sheet))
    if treatment.image is None:
        message = "no planning image was there: contours alone define the volumes"
        issues.append(Issue("no-image", Severity.NOTE, message))
    blocked = obstacles(treatment, sheet)
    issues += blocked
    anatomy = Anatomy(treatment, named_structures(structure_set, sheet.names), models)
    issues += unknown_names(anatomy.structures)
    if dose.unit != "Gy":
        return AuditReport(Verdict.NOT_JUDGED, (_unjudged("the dose is not in Gy"),), plans=(facts,))
    lesions, found = find_lesions(anatomy, sheet)
    issues += found
    issues += (*contour_checks(anatomy), *structure_checks(anatomy), *plan_checks(anatomy, lesions))
    issues += compare_stored(anatomy)
    fractions = _common_fractions(lesions, facts.fractions)
    measurer = Measurer(anatomy, lesions, fractions)
    findings = _findings(measurer, lesions, packs, own, sheet, issues)
    issues += held_in(measurer, lesions)
    reason = blocked[0].message if blocked else implausible(measurer, lesions, issues)
    settings = OutcomeSettings(_facts(sheet), sheet.alpha_beta_gy, sheet.shown_models)
    panels = outcome_panels(measurer, lesions, settings)
    if reason:
        findings = tuple(_withheld(item, reason) for item in findings)
        panels = withheld(panels, reason, organs_only=False)
    elif part:
        findings = tuple(item if item.lesion else _withheld(item, part) for item in findings)
        panels = withheld(panels, part, organs_only=True)
    return AuditReport(
        worst(item.counts_as for item in findings if item.governs),
        findings,
        plans=(facts,),
        lesions=tuple(_lesion_report(measurer, lesion) for lesion in lesions),
        curves=curves_of(anatomy, ORGAN_METRICS),
        panels=panels,
    )


def _findings(
    measurer: Measurer,
    lesions: Sequence[Lesion],
    packs: Sequence[Pack],
    own: frozenset[str],
    sheet: Sheet,
    issues: list[Issue],
) -> tuple[Finding, ...]:
    facts, said = _facts(sheet), sheet.patient
    by_protocol: dict[str, list[Lesion]] = {}
    findings: list[Finding] = []
    known = {}
    for lesion in lesions:
        protocol, reason = choose_protocol(lesion)
        if protocol is None:
            findings.append(_unjudged(f"{lesion.name}: {reason}", lesion.name))
            findings += unruled_findings(lesion, measurer, facts)
        else:
            known[protocol.id] = protocol
            by_protocol.setdefault(protocol.id, []).append(lesion)
    findings += [_unjudged(f"{issue.where}: {issue.message}") for issue in issues if issue.code == "sheet-target"]
    if not lesions:
        findings.append(_unjudged("no target was found, so no protocol is known"))
    if lesions and "prior_irradiation" not in said:
        message = "nobody said whether the place was irradiated before: limits for tissue never irradiated are applied"
        remedy = "say prior_irradiation = true or false under [patient] in the sheet"
        issues.append(Issue("prior-irradiation-unsaid", Severity.NOTE, message, remedy=remedy))
    for key, group in by_protocol.items():
        findings += protocol_findings(known[key], group, measurer, facts, issues)
    findings = _unique(findings)
    if not packs:
        return tuple(findings)
    chosen = chosen_findings(packs, lesions, measurer, facts, own)
    beside = [replace(item, governs=False) for item in findings]
    exceeded = [item for item in beside if item.verdict is Verdict.EXCEEDED]
    names = ", ".join(pack.id for pack in packs)
    issues.append(Issue("packs-chosen", Severity.NOTE, f"the user chose what governs: {names}"))
    if exceeded:
        message = f"{len(exceeded)} limits of the site's own protocol are exceeded but do not govern"
        issues.append(Issue("protocol-overridden", Severity.WARN, message))
    taken = {(item.pack, item.constraint, item.roi) for item in chosen}
    return (*chosen, *(item for item in beside if (item.pack, item.constraint, item.roi) not in taken))


def _unique(findings: Sequence[Finding]) -> list[Finding]:
    """One finding a row and structure: what governs by one protocol is not repeated beside by another."""
    kept: dict[tuple[str, str, str, str], Finding] = {}
    for item in sorted(findings, key=lambda finding: not finding.governs):
        kept.setdefault((item.pack, item.constraint, item.roi, item.lesion), item)
    return list(kept.values())


def _unjudged(reason: str, lesion: str = "") -> Finding:
    return Finding(
        pack="protocol",
        constraint="protocol-known",
        governs=True,
        structure=lesion,
        roi=lesion,
        metric="protocol",
        limit="known",
        verdict=Verdict.NOT_JUDGED,
        measured=NotMeasured(reason),
        reason=reason,
        lesion=lesion,
    )


def _withheld(finding: Finding, reason: str) -> Finding:
    return replace(finding, verdict=Verdict.NOT_JUDGED, rank_as=None, reason=reason)


def _facts(sheet: Sheet) -> dict[str, Any]:
    """Return what rows may depend on: a metastasis never irradiated before, unless the sheet says otherwise."""
    known = {"disease": "metastasis", "prior_irradiation": False, **sheet.patient}
    return {**known, ULTRACENTRAL: sheet.ultracentral, ALPHA_BETA: sheet.alpha_beta_gy}


def _fractions(plan: Plan | None, sheet: Sheet) -> int | None:
    said = {lesion.fractions for lesion in sheet.lesions if lesion.fractions}
    if len(said) == 1:
        return said.pop()
    return plan.fractions if plan else None


def _common_fractions(lesions: Sequence[Lesion], of_plan: int | None) -> int | None:
    counts = {lesion.fractions for lesion in lesions}
    return counts.pop() if len(counts) == 1 else of_plan if not lesions else None


def _lesion_report(measurer: Measurer, lesion: Lesion) -> LesionReport:
    readings = tuple(Reading(text, measurer.reading(lesion, parse(text))) for text in LESION_METRICS)
    protocol, _ = choose_protocol(lesion)
    bed10: float | None = None
    caveats: tuple[str, ...] = ()
    if lesion.prescription_gy and lesion.fractions:
        whole = effect(lesion.prescription_gy, lesion.fractions, alpha_beta_gy=10.0)
        bed10, caveats = whole.bed_gy, whole.caveats
    return LesionReport(
        lesion.name,
        lesion.site,
        (lesion.structure.number,),
        lesion.prescription_gy,
        lesion.fractions,
        bed10,
        readings,
        protocol.id if protocol else "",
        "; ".join(lesion.evidence),
        caveats,
    )


def _pack_hashes(findings: Sequence[Finding]) -> dict[str, str]:
    names = sorted({finding.pack for finding in findings})
    hashes = {}
    for name in names:
        try:
            hashes[name] = load_pack(name).sha256
        except UsageError:
            continue
    return hashes
