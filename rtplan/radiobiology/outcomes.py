"""Models of complication (NTCP) and control (TCP): their parameters as data, their probability as a function.

Every form is a link of a sum: logistic, probit (Lyman, Kutcher, Burman), or ``1 - exp(-exp(g))``. The sum rises
with every dose, so an interval of the dose becomes an interval of the probability at its ends.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from itertools import pairwise
from statistics import NormalDist
from typing import Any

from rtplan.errors import UsageError

__all__ = [
    "Fact",
    "Input",
    "OutcomeModel",
    "PanelPlan",
    "absent",
    "conventional_most_gy",
    "outcome_model",
    "outcome_models",
    "panel_plans",
]

Number = str | bool | float
"""What a fact of the patient may be."""


@dataclass(frozen=True, slots=True)
class Input:
    """What a model asks for: a metric of a structure, and how its dose is converted first.

    `metric` is in metric notation; empty structure: of the prescription. `fraction_gy`: to fractions of that size;
    `fractions`: to that many; neither: physical dose. `alpha_beta_gy` is None where the model states none.
    """

    key: str
    structure: str
    metric: str
    alpha_beta_gy: float | None = None
    fraction_gy: float | None = None
    fractions: int | None = None
    within: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """What a fact of the patient adds to the sum: where it equals or exceeds something, or times its value."""

    name: str
    coefficient: float
    equals: Number | None = None
    above: float | None = None

    @property
    def is_number(self) -> bool:
        """Whether the fact itself is multiplied, so that nothing can be said without it."""
        return self.equals is None and self.above is None

    def adds(self, value: Number) -> float:
        """Return what a value adds."""
        if self.is_number:
            return self.coefficient * float(value)
        holds = float(value) > self.above if self.above is not None else value == self.equals
        return self.coefficient if holds else 0.0


@dataclass(frozen=True, slots=True)
class OutcomeModel:
    """One model.

    Attributes
    ----------
    id, title, cite, trust, note : str
    form : str
        ``lkb logistic gamma50 exposure points edic``.
    fitted : str
        What the data behind it were: ``conventional``, ``stereotactic``, or as said.
    off : str
        Why it is not evaluated unasked; empty where it is.
    inputs : tuple of Input
    facts : tuple of Fact
    intercept, scale : float
    slopes : mapping
        Coefficient of each input.
    points : tuple of (float, float)
        Of the form ``points``: input and per cent.
    when : mapping
        Facts it is for.
    parameters : mapping
        As published.
    """

    id: str
    title: str
    cite: str
    trust: str
    form: str
    fitted: str
    inputs: tuple[Input, ...]
    facts: tuple[Fact, ...] = ()
    intercept: float = 0.0
    scale: float = 1.0
    slopes: Mapping[str, float] = field(default_factory=dict)
    points: tuple[tuple[float, float], ...] = ()
    when: Mapping[str, Number] = field(default_factory=dict)
    off: str = ""
    note: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def probability(self, values: Mapping[str, float], facts: Mapping[str, Number] | None = None) -> float:
        """Return the probability, 0 to 1.

        Parameters
        ----------
        values : mapping
            Each input by its key, in the unit of its metric.
        facts : mapping, optional
            Of the patient; one that is not given adds nothing.

        Raises
        ------
        UsageError
            Where an input or a number that the sum needs is missing, or where no probability is published.

        Examples
        --------
        >>> round(outcome_model("rild-metastases").probability({"geud": 30.0}), 5)
        0.00202
        >>> outcome_model("rild-metastases").probability({})
        Traceback (most recent call last):
        rtplan.errors.UsageError: rild-metastases needs geud
        """
        given = facts or {}
        missing = [item.key for item in self.inputs if item.key not in values]
        missing += [fact.name for fact in self.facts if fact.is_number and fact.name not in given]
        if missing:
            raise UsageError(f"{self.id} needs {', '.join(missing)}")
        if self.form == "points":
            return _between(self, values[self.inputs[0].key])
        if self.form not in _LINKS:
            raise UsageError(f"{self.id} is a dose, not a probability")
        total = self.intercept + sum(slope * values[key] for key, slope in self.slopes.items())
        total += sum(fact.adds(given[fact.name]) for fact in self.facts if fact.name in given)
        return _LINKS[self.form](total / self.scale)


@dataclass(frozen=True, slots=True)
class PanelPlan:
    """What an audit shows at a site: models, and readings as (structure, metric).

    The readings are shown where a lesion's BED10 reaches `readings_from_bed10_gy`; None: never.
    """

    id: str
    title: str
    site: str
    models: tuple[str, ...]
    readings: tuple[tuple[str, str], ...] = ()
    readings_from_bed10_gy: float | None = None
    cite: str = ""


def outcome_models() -> tuple[OutcomeModel, ...]:
    """Return every model, those that are off included."""
    return tuple(_all().values())


def outcome_model(model_id: str) -> OutcomeModel:
    """Return one model by its id.

    Raises
    ------
    UsageError
        Where there is none; the message lists them.
    """
    if model_id not in _all():
        raise UsageError(f"there is no model {model_id!r}; there is: {', '.join(_all())}")
    return _all()[model_id]


@cache
def panel_plans() -> tuple[PanelPlan, ...]:
    """Return what an audit shows at each site."""
    return tuple(
        PanelPlan(
            item["id"],
            item["title"],
            item["site"],
            tuple(item["models"]),
            tuple((reading["structure"], reading["metric"]) for reading in item.get("reading", ())),
            item.get("readings_from_bed10_gy"),
            item.get("cite", ""),
        )
        for item in _data()["panel"]
    )


def absent() -> tuple[tuple[str, str], ...]:
    """Return what was looked for and is not there, each with the reason."""
    return tuple((item["what"], item["why"]) for item in _data()["absent"])


def conventional_most_gy() -> float:
    """Return the dose a fraction above which a fit on conventional fractionation counts as extrapolated, Gy."""
    return float(_data()["extrapolation"]["conventional_most_gy"])


@cache
def _data() -> Mapping[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("models.toml").read_text(encoding="utf-8"))


@cache
def _all() -> Mapping[str, OutcomeModel]:
    return {item["id"]: _built(item) for item in _data()["model"]}


_TEXTS = ("id", "title", "cite", "trust", "form", "fitted")
_SHAPE = {*_TEXTS, "input", "term", "odds", "points", "when", "off", "note"}


def _built(item: Mapping[str, Any]) -> OutcomeModel:
    intercept, scale, slopes = _sum(item)
    return OutcomeModel(
        **{key: item[key] for key in _TEXTS},
        inputs=tuple(_input(entry, item) for entry in item["input"]),
        facts=_facts(item),
        intercept=intercept,
        scale=scale,
        slopes=slopes,
        points=tuple((float(at), float(value)) for at, value in item.get("points", ())),
        when=item.get("when", {}),
        off=item.get("off", ""),
        note=item.get("note", ""),
        parameters={key: value for key, value in item.items() if key not in _SHAPE},
    )


def _input(entry: Mapping[str, Any], item: Mapping[str, Any]) -> Input:
    metric = entry.get("metric") or f"gEUD(a={1.0 / item['n']!r})"
    bounds = entry.get("range")
    within = (float(bounds[0]), float(bounds[1])) if bounds else None
    conversion = (entry.get("alpha_beta_gy"), entry.get("fraction_gy"), entry.get("fractions"))
    return Input(entry["key"], entry["structure"], metric, *conversion, within)


def _sum(item: Mapping[str, Any]) -> tuple[float, float, dict[str, float]]:
    """Return the intercept, the scale and the slopes that the published parameters stand for."""
    slopes = {term["input"]: term["coefficient"] for term in item.get("term", ()) if "input" in term}
    match item["form"]:
        case "lkb":
            return -item["d50_gy"], item["m"] * item["d50_gy"], {"geud": 1.0}
        case "gamma50":
            steepness = 4.0 * item["gamma50"]
            return -steepness, 1.0, {entry["key"]: steepness / item["d50_gy"] for entry in item["input"]}
        case "exposure":
            return math.log(item["factor"]), 1.0, slopes
        case _:
            return item.get("intercept", 0.0), item.get("scale", 1.0), slopes


def _facts(item: Mapping[str, Any]) -> tuple[Fact, ...]:
    terms = [term for term in item.get("term", ()) if "fact" in term]
    odds = [{**entry, "coefficient": math.log(entry["ratio"])} for entry in item.get("odds", ())]
    return tuple(
        Fact(term["fact"], term["coefficient"], term.get("equals"), term.get("above")) for term in (*terms, *odds)
    )


def _logistic(total: float) -> float:
    return 1.0 / (1.0 + math.exp(-total)) if total > 0 else math.exp(total) / (1.0 + math.exp(total))


def _exposure(total: float) -> float:
    return -math.expm1(-math.exp(min(total, 700.0)))


_LINKS = {"lkb": NormalDist().cdf, "logistic": _logistic, "gamma50": _logistic, "exposure": _exposure}


def _between(item: OutcomeModel, at: float) -> float:
    """Go straight, in logit, from one published point to the next; nothing is known outside."""
    for (low, below), (high, above) in pairwise(item.points):
        if low <= at <= high:
            share = (at - low) / (high - low)
            return _logistic(_logit(below) + share * (_logit(above) - _logit(below)))
    ends: Sequence[float] = (item.points[0][0], item.points[-1][0])
    raise UsageError(f"nothing is published outside {ends[0]:g} to {ends[1]:g} Gy")


def _logit(percent: float) -> float:
    return math.log(percent / (100.0 - percent))
