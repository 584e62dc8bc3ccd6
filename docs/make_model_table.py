"""Write the tables of models and of alpha/beta into ``docs/reference/models.md`` from the data that is evaluated.

``python docs/make_model_table.py`` rewrites them; a test holds the page to the data.
"""  # noqa: INP001 - a script, not a package

from __future__ import annotations

import sys
from pathlib import Path

from rtplan.radiobiology import OutcomeModel, outcome_models, tissues
from rtplan.radiobiology.outcomes import Fact, Input, absent, panel_plans

PAGE = Path(__file__).resolve().parent / "reference" / "models.md"


def page_with_tables(page: str) -> str:
    """Return the page with each of its tables replaced."""
    for name, lines in (
        ("models", _models()),
        ("panels", _panels()),
        ("alpha-beta", _tissues()),
        ("absent", _absent()),
    ):
        start, end = f"<!-- {name}: start -->", f"<!-- {name}: end -->"
        before, rest = page.split(start)
        page = f"{before}{start}\n\n" + "\n".join(lines) + f"\n\n{end}{rest.split(end)[1]}"
    return page


def _models() -> list[str]:
    head = ["| model | parameters | asks for | fitted on | trust, source |", "|---|---|---|---|---|"]
    return [*head, *(_row(item) for item in outcome_models())]


def _row(item: OutcomeModel) -> str:
    facts = [_fact(fact) for fact in item.facts]
    asks = "; ".join([*map(_input, item.inputs), *(f"[patient] {fact}" for fact in facts)])
    notes = [text for text in (item.cite, item.note, item.off and f"**off**: {item.off}") if text]
    title = f"`{item.id}`<br>{item.title}"
    return f"| {title} | {item.form}: {_parameters(item)} | {asks} | {item.fitted} | {item.trust}: {'. '.join(notes)} |"


def _parameters(item: OutcomeModel) -> str:
    told = [f"{key} {value:g}" for key, value in item.parameters.items()]
    if item.form in {"logistic", "exposure"}:
        told += [f"{key} {slope:g}" for key, slope in item.slopes.items()]
    told += [f"{at:g} Gy {percent:g} %" for at, percent in item.points]
    return ", ".join(told)


def _input(wanted: Input) -> str:
    metric = wanted.metric if "(a=" not in wanted.metric else "gEUD"
    what = " ".join(filter(None, (wanted.structure, metric)))
    if wanted.fraction_gy is None and wanted.fractions is None:
        return f"{what} (physical)" if wanted.structure else what
    ratio = f"α/β {wanted.alpha_beta_gy:g} Gy" if wanted.alpha_beta_gy else "α/β of the tissue"
    to = f"{wanted.fraction_gy:g} Gy fractions" if wanted.fraction_gy else f"{wanted.fractions} fractions"
    return f"{what} (in {to}, {ratio})"


def _fact(fact: Fact) -> str:
    if fact.is_number:
        return f"{fact.name} ({fact.coefficient:+g} each)"
    condition = f"above {fact.above:g}" if fact.above is not None else f"= {str(fact.equals).lower()}"
    return f"{fact.name} {condition} ({fact.coefficient:+.4g})"


def _panels() -> list[str]:
    head = ["| site | panel | models | readings |", "|---|---|---|---|"]
    rows = []
    for plan in panel_plans():
        readings = ", ".join(f"{structure} {metric}" for structure, metric in plan.readings)
        if readings:
            readings = f"from BED10 {plan.readings_from_bed10_gy:g} Gy of the prescription: {readings}"
        names = ", ".join(f"`{name}`" for name in plan.models)
        rows.append(f"| {plan.site} | {plan.title.split(': ')[1]} (`{plan.id}`) | {names} | {readings} |")
    return [*head, *rows]


def _tissues() -> list[str]:
    head = ["| tissue | α/β (Gy) | trust, source | seen elsewhere |", "|---|---|---|---|"]
    rows = []
    for tissue in tissues():
        values = " or ".join(f"{value:g}" for value in tissue.values_gy)
        other = "; ".join(f"{value:g}: {where}" for value, where in tissue.other)
        rows.append(f"| `{tissue.id}`: {tissue.title} | {values} | {tissue.trust}: {tissue.cite} | {other} |")
    return [*head, *rows]


def _absent() -> list[str]:
    return ["| what | why not |", "|---|---|", *(f"| {what} | {why} |" for what, why in absent())]


def main() -> None:
    """Rewrite the page."""
    PAGE.write_text(page_with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"{PAGE.name} is fresh\n")


if __name__ == "__main__":
    main()
