"""Make a rule pack of goals: structures under their standard names, rows in TOML, each checked by the pack loader."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from constraints.language import parse_limit
from constraints.naming import is_standard, resolve, target_class
from constraints.reading import FORMAT, build_pack
from rtplan.errors import PackError, UsageError
from rtplan.geometry.expression import ExpressionError, names_in, parse_expression

from . import planscorecard, raystation, sheets
from .goals import Goal, LeftOut, decoded

__all__ = ["FORMATS", "Imported", "Kind", "import_goals", "quoted"]

Kind = Literal["csv", "raystation", "planscorecard"]
_READERS = {"csv": sheets.read, "raystation": raystation.read, "planscorecard": planscorecard.read}
FORMATS = tuple(_READERS)


@dataclass(frozen=True, slots=True)
class Imported:
    """A pack as text that loads, how many rows it has, what it does not say, and what a person should look at."""

    text: str
    rows: int
    left_out: tuple[LeftOut, ...]
    warnings: tuple[LeftOut, ...]


def import_goals(
    content: bytes, *, kind: Kind, pack_id: str, edition: str, title: str = "", cite: str = ""
) -> Imported:
    """Make a pack of a file of goals.

    Parameters
    ----------
    content : bytes
        The file.
    kind : {"csv", "raystation", "planscorecard"}
    pack_id : str
        Also the name of the file that it will be written to, without ``.toml``.
    edition : str
        A date such as ``2026-01-15``.
    title, cite : str
        What to call the pack, and the source of its rows; without a source, the hash of the file.

    Returns
    -------
    Imported
        Everything in the file is a row, or left out with its reason.

    Raises
    ------
    UsageError
        Where the file cannot be read.
    PackError
        Where nothing of it can be said in the limit language; `problems` lists everything with its reason.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,60}", pack_id) or not re.fullmatch(r"\d{4}-\d\d-\d\d", edition):
        raise UsageError("a pack's id is made of small letters, digits, '-', '.' and '_', its edition is a date")
    source = cite or f"goals of the file with SHA-256 {hashlib.sha256(content).hexdigest()[:16]}"
    goals, left_out, fractions = _READERS[kind](decoded(content))
    head = _head(pack_id, title or f"Goals imported from {kind}", edition, fractions)
    rows: list[str] = []
    used: Counter[str] = Counter()
    subjects = _by_subject(goals)
    warnings: list[LeftOut] = []
    seen: dict[tuple[object, ...], str] = {}
    for goal in goals:
        shown = f"{goal.structure}: {'; '.join(filter(None, (goal.require, goal.prefer)))}"
        key = (goal.structure.casefold(), goal.require, goal.prefer, goal.fractions)
        if key in seen:
            left_out.append(LeftOut(goal.where, shown, f"the same as {seen[key]}"))
            continue
        seen[key] = goal.where
        row_id = _fresh_id(goal, used)
        row, doubts = _row(row_id, replace(goal, cite=goal.cite or source))
        fault = _fault(f"{head}\n{row}", pack_id)
        if fault:
            left_out.append(LeftOut(goal.where, shown, fault))
            continue
        rows.append(row)
        warnings += [LeftOut(goal.where, shown, doubt) for doubt in (*doubts, *_differs(goal, subjects))]
    if not rows:
        told = tuple(f"{item.where}: {item.text}: {item.reason}" for item in left_out)
        raise PackError("no goal of the file can be said in the limit language", told)
    return Imported("\n".join([head, *rows]), len(rows), tuple(left_out), tuple(warnings))


def _head(pack_id: str, title: str, edition: str, fractions: Sequence[int]) -> str:
    lines = [f"format = {FORMAT}", f"id = {quoted(pack_id)}", f"title = {quoted(title)}", 'site = "any"']
    lines += ['status = "draft"', f"edition = {edition}"]
    lines += ["", "[applies]", f"fractions = {list(fractions)}"] if fractions else []
    return "\n".join([*lines, ""])


def _row(row_id: str, goal: Goal) -> tuple[str, list[str]]:
    """Write one row, and say what of its structure a person should look at."""
    structure, local, doubts = _structure(goal.structure)
    note = "; ".join(filter(None, [goal.note, f"as written: {goal.structure}" if structure != goal.structure else ""]))
    pairs = {"id": row_id, "structure": structure, "require": goal.require, "prefer": goal.prefer}
    pairs |= {"endpoint": goal.endpoint, "cite": goal.cite, "trust": "V1", "note": note}
    lines = [f"{key} = {quoted(text)}" for key, text in pairs.items() if text]
    lines += ["local = true"] if local else []
    lines += [f"fractions = {list(goal.fractions)}"] if goal.fractions else []
    return "\n".join(["[[constraint]]", *lines, ""]), doubts


def _structure(written: str) -> tuple[str, bool, list[str]]:
    """Return the structure of a row, whether it is a name of the user's own, and doubts; suggestions never decide."""
    found = resolve(written)
    if found.standard_name:
        return found.standard_name, False, []
    if kind := target_class(written):
        doubt = f"{written} is taken for the {kind} of each lesion"
        return kind, False, [] if written == kind else [doubt]
    if _is_standard_expression(written):
        return written, False, []
    near = f"; near are {', '.join(found.suggestions)}" if found.suggestions else ""
    return written, True, [f"{written} is no standard name: map it in the sheet or in a names file{near}"]


def _is_standard_expression(written: str) -> bool:
    try:
        names = names_in(parse_expression(written))
    except ExpressionError:
        return False
    return all(is_standard(name) or target_class(name) == name for name in names)


def _fresh_id(goal: Goal, used: Counter[str]) -> str:
    """Return an id from structure and metric, with a number where it is taken; the number is never part of a name."""
    metric = parse_limit(goal.require or goal.prefer).metric
    words = re.sub(r"[^a-z0-9.]+", "-", f"{goal.structure} {metric}".casefold()).strip("-.")[:60] or "row"
    used[words] += 1
    return words if used[words] == 1 else f"{words}--{used[words]}"


def _fault(text: str, pack_id: str) -> str:
    try:
        _, faults = build_pack(tomllib.loads(text), file_stem=pack_id)
    except tomllib.TOMLDecodeError as error:
        return f"it cannot be written as TOML: {error}"
    return "; ".join(re.sub(r"^constraint\[1\] '[^']*' ", "", fault) for fault in faults)


def _by_subject(goals: Sequence[Goal]) -> Mapping[tuple[object, ...], list[Goal]]:
    found: dict[tuple[object, ...], list[Goal]] = defaultdict(list)
    for goal in goals:
        found[_subject(goal)].append(goal)
    return found


def _differs(goal: Goal, subjects: Mapping[tuple[object, ...], list[Goal]]) -> list[str]:
    """Say where the file limits the same metric of the same structure otherwise: both rows are kept and both govern."""
    others = [other.where for other in subjects[_subject(goal)] if _limits(other) != _limits(goal)]
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""
    return [f"{', '.join(others[:3])}{more} limits the same otherwise: all are kept"] if others else []


def _limits(goal: Goal) -> tuple[str, str]:
    return goal.require, goal.prefer


def _subject(goal: Goal) -> tuple[object, ...]:
    limit = parse_limit(goal.require or goal.prefer)
    return goal.structure.casefold(), str(limit.metric), limit.op[0], goal.fractions


def quoted(text: str) -> str:
    """Write a text as a TOML string: JSON's escapes, and those that TOML asks for beyond them."""
    clean = text.encode("utf-8", "replace").decode()
    return json.dumps(clean, ensure_ascii=False).replace("\x7f", "\\u007F")
