"""What models of complication and control say of one treatment: panels of readings and outcomes, site by site.

They are information. Nothing here is judged, and nothing here reaches the verdict. A model is given the metric of
the converted distribution; the ends of a metric's interval become the ends of the probability's, for every model
rises (or, of control, rises too) with its dose. A fact of the patient that nobody has given is taken as absent in
the value, and both ways in the interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from constraints.language import parse_metric
from rtplan.dvh import DVH
from rtplan.errors import UsageError
from rtplan.metrics.measure import measure
from rtplan.metrics.notation import parse
from rtplan.model import UNKNOWN_FACTS, Measured, NotMeasured, Outcome, OutcomePanel, StructureReading
from rtplan.radiobiology import alpha_beta_of, edic_gy, outcome_model, same_effect_gy
from rtplan.radiobiology.outcomes import (
    Fact,
    Input,
    OutcomeModel,
    PanelPlan,
    conventional_most_gy,
    panel_plans,
)
from rtplan.units import GY, PERCENT

from .lesions import Lesion
from .measuring import Measurer

__all__ = ["OutcomeSettings", "outcome_panel", "outcome_panels", "withheld"]

INTEGRAL = "Integral"


@dataclass(frozen=True, slots=True)
class OutcomeSettings:
    """What a person decided: facts of the patient, alpha/beta by tissue or structure, models to show although off."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    alpha_beta_gy: Mapping[str, float] = field(default_factory=dict)
    show: frozenset[str] = frozenset()


def outcome_panels(
    measurer: Measurer, lesions: Sequence[Lesion], settings: OutcomeSettings
) -> tuple[OutcomePanel, ...]:
    """Return every panel of the sites that are treated.

    Parameters
    ----------
    measurer : Measurer
    lesions : sequence of Lesion
    settings : OutcomeSettings

    Returns
    -------
    tuple of OutcomePanel
        None for a site that has no models (brain and spine have risk bands in packs).
    """
    found = []
    for plan in panel_plans():
        own = [lesion for lesion in lesions if lesion.site == plan.site]
        if own:
            found.append(outcome_panel(plan.id, measurer, own, settings))
    return tuple(found)


def outcome_panel(
    panel_id: str, measurer: Measurer, lesions: Sequence[Lesion], settings: OutcomeSettings, *, readings: bool = False
) -> OutcomePanel:
    """Return one panel.

    Parameters
    ----------
    panel_id : str
    measurer : Measurer
    lesions : sequence of Lesion
        The lesions it is shown for.
    settings : OutcomeSettings
    readings : bool
        Show the panel's readings even where no lesion's BED10 calls for them.
    """
    plan = next(item for item in panel_plans() if item.id == panel_id)
    hot = [lesion for lesion in lesions if _calls_for_readings(plan, lesion, measurer)]
    reason = ""
    if hot:
        reached = f"BED10 of {', '.join(lesion.name for lesion in hot)} reaches {plan.readings_from_bed10_gy:g} Gy"
        reason = f"{reached}; {plan.cite}" if plan.cite else reached
    asked = plan.readings if readings or hot else ()
    return OutcomePanel(
        plan.id,
        plan.title,
        tuple(lesion.name for lesion in lesions),
        reason,
        tuple(_reading(measurer, Input("", structure, metric), None) for structure, metric in asked),
        tuple(
            outcome
            for model_id in plan.models
            for outcome in _outcomes(outcome_model(model_id), measurer, lesions, settings)
        ),
    )


def withheld(panels: Sequence[OutcomePanel], reason: str, *, organs_only: bool) -> tuple[OutcomePanel, ...]:
    """Return the panels without their values, for a dose that must not be judged; `organs_only`: keep the lesions'."""
    return tuple(
        replace(
            panel,
            readings=tuple(replace(item, value=NotMeasured(reason, item.value.unit)) for item in panel.readings),
            outcomes=tuple(
                item if item.lesion and organs_only else _without_values(item, reason) for item in panel.outcomes
            ),
        )
        for panel in panels
    )


def _without_values(outcome: Outcome, reason: str) -> Outcome:
    inputs = tuple(replace(item, value=NotMeasured(reason, item.value.unit)) for item in outcome.inputs)
    return replace(outcome, value=NotMeasured(reason, outcome.value.unit), inputs=inputs)


def _calls_for_readings(plan: PanelPlan, lesion: Lesion, measurer: Measurer) -> bool:
    if plan.readings_from_bed10_gy is None:
        return False
    bed10 = measurer.reading(lesion, parse_metric("BED(10){Rx}"))
    # 50 Gy in 5 is 100 Gy exactly; rounding must not decide.
    return isinstance(bed10, Measured) and bed10.value >= plan.readings_from_bed10_gy * (1 - 1e-12)


def _outcomes(
    item: OutcomeModel, measurer: Measurer, lesions: Sequence[Lesion], settings: OutcomeSettings
) -> list[Outcome]:
    if any(settings.facts.get(key) != value for key, value in item.when.items()):
        return []
    if all(wanted.structure for wanted in item.inputs):
        return [_outcome(item, measurer, lesions, None, settings)]
    return [_outcome(item, measurer, [lesion], lesion, settings) for lesion in lesions]


def _outcome(
    item: OutcomeModel,
    measurer: Measurer,
    lesions: Sequence[Lesion],
    lesion: Lesion | None,
    settings: OutcomeSettings,
) -> Outcome:
    unit = GY if item.form == "edic" else PERCENT
    caveats = [*_fit_caveats(item, lesions), *filter(None, [item.note])]
    readings: list[StructureReading] = []
    if item.off and item.id not in settings.show:
        value: Measured | NotMeasured = NotMeasured(f"off: {item.off}", unit)
    else:
        readings, told = _inputs(item, measurer, lesion, settings)
        caveats = [*told, *caveats]
        value = _value(item, readings, measurer.fractions, settings.facts, unit)
    if item.off and item.id in settings.show:
        caveats.insert(0, f"unverified, shown on request: {item.off}")
    name = lesion.name if lesion else ""
    return Outcome(
        item.id, item.title, name, value, tuple(readings), item.trust, item.cite, item.fitted, tuple(caveats)
    )


def _inputs(
    item: OutcomeModel, measurer: Measurer, lesion: Lesion | None, settings: OutcomeSettings
) -> tuple[list[StructureReading], list[str]]:
    """Measure what a model asks for, and say which alpha/beta it took and where it leaves its data."""
    readings: list[StructureReading] = []
    caveats: list[str] = []
    for wanted in item.inputs:
        alpha_beta, told = _alpha_beta(wanted, settings)
        reading = _reading(measurer, wanted, lesion, alpha_beta) if told is not None else _unchosen(wanted)
        readings.append(reading)
        caveats += filter(None, [told])
        if wanted.within and isinstance(reading.value, Measured):
            low, high = wanted.within
            if not low <= reading.value.value <= high:
                caveats.append(f"extrapolated: outside {low:g} to {high:g} {reading.value.unit}")
    return readings, list(dict.fromkeys(caveats))


def _alpha_beta(wanted: Input, settings: OutcomeSettings) -> tuple[float, str | None]:
    """Return the alpha/beta of an input and the words for it; no words where sources conflict and nobody chose."""
    if wanted.fraction_gy is None and wanted.fractions is None:
        return 0.0, ""
    if wanted.alpha_beta_gy is not None:
        return wanted.alpha_beta_gy, f"alpha/beta {wanted.alpha_beta_gy:g} Gy, the model's own"
    chosen = alpha_beta_of(wanted.structure, settings.alpha_beta_gy)
    if chosen is None or len(chosen.values_gy) != 1:
        return 0.0, None
    return chosen.values_gy[0], f"{chosen}; the model states none"


def _unchosen(wanted: Input) -> StructureReading:
    reason = f"sources conflict on the alpha/beta of {wanted.structure}: choose it in the sheet, [alpha_beta]"
    return StructureReading(wanted.structure, "", wanted.metric, NotMeasured(reason, GY))


def _reading(measurer: Measurer, wanted: Input, lesion: Lesion | None, alpha_beta_gy: float = 0.0) -> StructureReading:
    if not wanted.structure and lesion is not None:
        value = measurer.reading(lesion, parse_metric(wanted.metric))
        return StructureReading("", lesion.name, wanted.metric, value)
    label = _label(wanted, alpha_beta_gy)
    unit = GY if wanted.metric == INTEGRAL else parse(wanted.metric).unit
    found = measurer.anatomy.find_expression(wanted.structure)
    if found.tree is None:
        return StructureReading(wanted.structure, found.roi, label, NotMeasured(found.reason, unit))
    dvh = measurer.dvh(found.tree)
    if isinstance(dvh, NotMeasured):
        return StructureReading(wanted.structure, found.roi, label, replace(dvh, unit=unit))
    value = _measured(dvh, wanted, measurer.fractions, alpha_beta_gy, unit)
    return StructureReading(wanted.structure, found.roi, label, value, found.note)


def _measured(
    dvh: DVH, wanted: Input, fractions: int | None, alpha_beta_gy: float, unit: str
) -> Measured | NotMeasured:
    if wanted.metric == INTEGRAL:
        return _integral(dvh)
    if not alpha_beta_gy:
        return measure(dvh, parse(wanted.metric))
    if fractions is None:
        return NotMeasured("no fraction count is known, so dose cannot be converted", unit)

    def convert(dose_gy: NDArray[np.float64]) -> NDArray[np.float64]:
        return same_effect_gy(
            dose_gy, fractions, alpha_beta_gy=alpha_beta_gy, fraction_gy=wanted.fraction_gy, to=wanted.fractions
        )

    return measure(dvh.converted(convert), parse(wanted.metric))


def _integral(dvh: DVH) -> Measured | NotMeasured:
    """Integral dose over the fixed body volume of the model, Gy."""
    mean, volume = measure(dvh, parse("Dmean")), measure(dvh, parse("Volume"))
    if isinstance(mean, NotMeasured) or isinstance(volume, NotMeasured):
        return mean if isinstance(mean, NotMeasured) else volume
    share = 1.0 / float(outcome_model("edic").parameters["body_volume_cc"])
    low, high = mean.low * volume.low * share, mean.high * volume.high * share
    return Measured(mean.value * volume.value * share, low, high, GY, mean.causes)


def _label(wanted: Input, alpha_beta_gy: float) -> str:
    metric = wanted.metric if wanted.metric == INTEGRAL else _short(wanted.metric)
    if wanted.fractions is not None:
        return f"{metric} in {wanted.fractions} fractions ({alpha_beta_gy:g})"
    return f"EQD2({alpha_beta_gy:g}){{{metric}}}" if wanted.fraction_gy is not None else metric


def _short(metric: str) -> str:
    """Write the exponent of a gEUD, one over a published n, in a few digits."""
    head, _, rest = metric.partition("(a=")
    return f"{head}(a={float(rest.rstrip(')')):.4g})" if rest else metric


def _value(
    item: OutcomeModel,
    readings: Sequence[StructureReading],
    fractions: int | None,
    facts: Mapping[str, Any],
    unit: str,
) -> Measured | NotMeasured:
    missing = [reading.value.reason for reading in readings if isinstance(reading.value, NotMeasured)]
    missing += [
        f"{fact.name} is needed as a number: give it in the sheet, [patient]"
        for fact in item.facts
        if fact.is_number and not _is_number(facts.get(fact.name))
    ]
    if missing:
        return NotMeasured(missing[0], unit)
    known = {key: value for key, value in facts.items() if _fits(item, key, value)}
    unknown = sorted({fact.name for fact in item.facts} - known.keys())
    ends = [{wanted.key: end for wanted, end in zip(item.inputs, column, strict=True)} for column in _columns(readings)]
    try:
        best = _result(item, ends[0], known, fractions)
        low = _result(item, ends[1], known | _extreme(item.facts, unknown, rising=False), fractions)
        high = _result(item, ends[2], known | _extreme(item.facts, unknown, rising=True), fractions)
    except UsageError as error:
        return NotMeasured(str(error), unit)
    causes = [cause for reading in readings if isinstance(reading.value, Measured) for cause in reading.value.causes]
    if unknown:
        causes.insert(0, f"{UNKNOWN_FACTS} ({', '.join(unknown)})")
    return Measured(best, min(low, best), max(high, best), unit, tuple(dict.fromkeys(causes)))


def _columns(readings: Sequence[StructureReading]) -> list[list[float]]:
    values = [reading.value for reading in readings if isinstance(reading.value, Measured)]
    return [[value.value for value in values], [value.low for value in values], [value.high for value in values]]


def _result(item: OutcomeModel, values: Mapping[str, float], facts: Mapping[str, Any], fractions: int | None) -> float:
    if item.form != "edic":
        return 100.0 * item.probability(values, facts)
    if fractions is None:
        raise UsageError("no fraction count is known")
    return edic_gy(
        lung_mean_gy=values["mld"], heart_mean_gy=values["mhd"], body_mean_gy=values["mbd"], fractions=fractions
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fits(item: OutcomeModel, name: str, value: object) -> bool:
    """Whether a fact is one of the model's and of the kind that it asks for; another kind tells it nothing."""
    own = [fact for fact in item.facts if fact.name == name]
    wants_number = any(fact.is_number or fact.above is not None for fact in own)
    kinds = {type(fact.equals) for fact in own if fact.equals is not None}
    return bool(own) and (_is_number(value) if wants_number else type(value) in kinds)


def _extreme(facts: Sequence[Fact], unknown: Sequence[str], *, rising: bool) -> dict[str, Any]:
    """Choose for each unknown fact the value that adds most (or least); none of its values, where that is it."""
    chosen: dict[str, Any] = {}
    for name in unknown:
        own = [fact for fact in facts if fact.name == name]
        added = {fact.coefficient: fact for fact in own}
        best = max(added) if rising else min(added)
        if (best > 0) == rising:
            fact = added[best]
            chosen[name] = fact.equals if fact.equals is not None else np.inf
    return chosen


def _fit_caveats(item: OutcomeModel, lesions: Sequence[Lesion]) -> list[str]:
    sizes = [
        lesion.prescription_gy / lesion.fractions for lesion in lesions if lesion.prescription_gy and lesion.fractions
    ]
    if item.fitted == "conventional":
        if sizes and max(sizes) <= conventional_most_gy():
            return []
        return ["fitted on conventional fractionation: extrapolated"]
    if item.fitted == "stereotactic":
        return []
    told = "what it was fitted on is not stated" if item.fitted == "not stated" else f"fitted on {item.fitted}"
    return [f"{told}: extrapolated"]
