"""Clinical goals of RayStation: as scripts export them (JSON, CSV), and as the goal list words them.

A goal is a criterion (AtMost, AtLeast), a type, an acceptance level and a parameter. Doses are cGy, shares of a
volume lie between 0 and 1, volumes are cc. With a secondary acceptance level the primary one is the preferred.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rtplan.errors import MetricError, UsageError
from rtplan.units import CGY_PER_GY

from .goals import MOST_ROWS, Goal, LeftOut, json_of, table_of
from .words import checked, limit_text, number_text

__all__ = ["read"]

Found = Mapping[str, Any]
COLUMNS = {
    "roi": "RoiName", "roiname": "RoiName", "roi name": "RoiName", "name": "RoiName", "roi/poi": "RoiName",
    "goalcriteria": "GoalCriteria", "criteria": "GoalCriteria", "goaltype": "GoalType", "type": "GoalType",
    "acceptancelevel": "AcceptanceLevel", "primaryacceptancelevel": "PrimaryAcceptanceLevel",
    "secondaryacceptancelevel": "SecondaryAcceptanceLevel", "parametervalue": "ParameterValue",
    "priority": "Priority", "iscomparativegoal": "IsComparativeGoal", "clinical goal": "words", "goal": "words",
}  # fmt: skip
NO_PRIORITY = 2147483647
_OPERATORS = {"AtMost": "<=", "AtLeast": ">="}
_BY_POSITION = ("RoiName", "GoalCriteria", "GoalType", "AcceptanceLevel", "ParameterValue", "Priority")
_WORDS = re.compile(r"(?P<roi>.*?)\W*\bAt (?P<side>most|least) (?P<rest>.+)", re.IGNORECASE)
_AMOUNT = r"(?P<{0}>\d+(?:\.\d+)?)\s*(?P<{0}_unit>cGy|Gy|cm³|cm3|cc|%)(?:\s*\(RBE\))?"
_AT = re.compile(rf"{_AMOUNT.format('level')} (?P<what>dose|volume) at {_AMOUNT.format('at')} (?:dose|volume)\W*")
_AVERAGE = re.compile(rf"{_AMOUNT.format('level')} average dose\W*")


def read(text: str) -> tuple[list[Goal], list[LeftOut], tuple[int, ...]]:
    """Read clinical goals from JSON, a table, or lines such as ``Rectum: At most 20 % volume at 3000 cGy dose``.

    Returns
    -------
    goals, left_out
    fractions : tuple of int
        Empty: goals say nothing of it.
    """
    goals: list[Goal] = []
    left_out: list[LeftOut] = []
    for where, item in _items(text):
        try:
            goals.append(_worded(where, item) if "words" in item else _goal(where, item))
        except MetricError as error:
            left_out.append(LeftOut(where, _shown(item), str(error)))
    if not goals and not left_out:
        raise UsageError("no clinical goal was found: neither GoalCriteria nor lines with 'At most' or 'At least'")
    return goals, left_out, ()


def _items(text: str) -> list[tuple[str, Found]]:
    if text.lstrip()[:1] in {"{", "["}:
        found = list(_in_json(json_of(text), "goal"))
    else:
        try:
            table = table_of(text, COLUMNS)
        except UsageError:
            found = list(_in_lines(text))
        else:
            found = [(f"row {number}", row) for number, row in table.rows]
    if len(found) > MOST_ROWS:
        raise UsageError(f"there are more than {MOST_ROWS} goals")
    return found


def _in_json(data: Any, where: str) -> Iterator[tuple[str, Found]]:
    """Find goals wherever they stand: as objects, as evaluation functions, as lists by position."""
    if isinstance(data, Mapping):
        goal = data.get("PlanningGoal")
        if isinstance(goal, Mapping):
            roi = data.get("ForRegionOfInterest", data.get("RoiName"))
            yield where, {**goal, "RoiName": roi.get("Name") if isinstance(roi, Mapping) else roi}
        elif "GoalCriteria" in data:
            yield where, data
        else:
            for key, value in data.items():
                yield from _in_json(value, f"{where} {key}")
    elif isinstance(data, list):
        if len(data) in {5, 6} and isinstance(data[1], str) and data[1] in _OPERATORS:
            yield where, dict(zip(_BY_POSITION, data, strict=False))
        else:
            for number, value in enumerate(data, 1):
                yield from _in_json(value, f"{where} {number}")


def _in_lines(text: str) -> Iterator[tuple[str, Found]]:
    for number, line in enumerate(text.splitlines(), 1):
        if match := _WORDS.search(line):
            yield f"line {number}", {"RoiName": match["roi"], "words": f"At {match['side']} {match['rest']}"}
        elif line.strip():
            yield f"line {number}", {"RoiName": line.strip()[:80], "words": ""}


def _goal(where: str, item: Found) -> Goal:
    operator = _OPERATORS.get(str(item.get("GoalCriteria")))
    if operator is None:
        raise MetricError(f"the criterion {item.get('GoalCriteria')!r} is neither AtMost nor AtLeast")
    if str(item.get("IsComparativeGoal", "")).strip().casefold() in {"true", "1"}:
        raise MetricError("a comparative goal stands against another plan, which no limit says")
    kind = str(item.get("GoalType", item.get("Type")))
    primary = item.get("PrimaryAcceptanceLevel", item.get("AcceptanceLevel"))
    levels = [
        _limit(kind, operator, level, item)
        for level in (primary, item.get("SecondaryAcceptanceLevel"))
        if _given(level)
    ]
    if not levels:
        raise MetricError("the acceptance level is missing")
    prefer, require = (levels[0], levels[1]) if len(levels) == 2 else ("", levels[0])
    return Goal(where, _roi(item), require=require, prefer=prefer, note=_priority(item))


def _limit(kind: str, operator: str, level: Any, item: Found) -> str:
    accepted = _number(level, "acceptance level")
    if kind in {"ConformityIndex", "HomogeneityIndex"}:
        raise MetricError(f"{kind}: its formula is not one of the indices here; name yours in the pack")
    if kind == "AverageDose":
        return checked(f"Dmean {operator} {_gy(accepted)} Gy")
    if kind not in {"DoseAtVolume", "DoseAtAbsoluteVolume", "VolumeAtDose", "AbsoluteVolumeAtDose"}:
        raise MetricError(f"the goal type {kind!r} has no metric here")
    at = _number(item.get("ParameterValue"), "parameter value")
    text = {
        "DoseAtVolume": lambda: f"D{_share(at)}% {operator} {_gy(accepted)} Gy",
        "DoseAtAbsoluteVolume": lambda: f"D{number_text(at)}cc {operator} {_gy(accepted)} Gy",
        "VolumeAtDose": lambda: f"V{_gy(at)}Gy {operator} {_share(accepted)} %",
        "AbsoluteVolumeAtDose": lambda: f"V{_gy(at)}Gy[cc] {operator} {number_text(accepted)} cc",
    }[kind]()
    # The dose to no volume at all is the maximum.
    return checked(re.sub(r"^D0(%|cc)", "Dmax", text))


def _worded(where: str, item: Found) -> Goal:
    text = str(item["words"])
    match = _WORDS.search(text)
    if not match:
        raise MetricError("it is no goal: neither 'At most' nor 'At least' stands in it")
    operator = "<=" if match["side"].casefold() == "most" else ">="
    rest = match["rest"].split("\t")[0].split(";")[0].split(",")[0].strip()
    if average := _AVERAGE.match(rest):
        metric, level, unit = "Dmean", average["level"], average["level_unit"]
    elif at := _AT.match(rest):
        head = "D" if at["what"] == "dose" else "V"
        metric, level, unit = f"{head}{at['at']} {at['at_unit']}", at["level"], at["level_unit"]
    else:
        raise MetricError("its words have no metric here")
    note = "RBE-weighted dose as written" if "(RBE)" in rest else ""
    return Goal(where, _roi(item), require=limit_text(metric, f"{operator} {level} {unit}"), note=note)


def _roi(item: Found) -> str:
    roi = item.get("RoiName")
    if not isinstance(roi, str) or not roi.strip():
        raise MetricError("the ROI's name is missing")
    return roi.strip().strip(":-–|").strip()


def _priority(item: Found) -> str:
    priority = item.get("Priority")
    return f"priority {priority}" if _given(priority) and str(priority) != str(NO_PRIORITY) else ""


def _given(value: Any) -> bool:
    return value is not None and str(value).strip() not in {"", "None", "-"}


def _number(value: Any, what: str) -> float:
    try:
        number = float("nan" if isinstance(value, bool) else str(value))
    except ValueError:
        number = float("nan")
    if not 0 <= number < float("inf"):
        raise MetricError(f"the {what} {value!r} is not a number from 0")
    return number


def _gy(cgy: float) -> str:
    return number_text(round(cgy / CGY_PER_GY, 9))


def _share(fraction: float) -> str:
    if fraction > 1:
        raise MetricError(f"{fraction:g} is no share of a volume: between 0 and 1 is expected")
    return number_text(round(100 * fraction, 9))


def _shown(item: Found) -> str:
    keys = ("RoiName", "words", *_BY_POSITION[1:], "Type", "PrimaryAcceptanceLevel", "SecondaryAcceptanceLevel")
    return " | ".join(str(item[key])[:120] for key in dict.fromkeys(keys) if _given(item.get(key)))
