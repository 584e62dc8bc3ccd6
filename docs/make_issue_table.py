"""Write the table of issue codes into ``docs/reference/issues.md`` from the code that raises them.

``python docs/make_issue_table.py`` rewrites it. A row is a call that builds an issue or refuses an object with a
code written out; its words are the message's, with an ellipsis where the message names a thing.
"""  # noqa: INP001 - a script, not a package

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference" / "issues.md"
FOLDERS = ("dicom_io", "rtplan")
CODE = re.compile(r"[a-z]+(-[a-z]+)+")
SEVERITIES = {"note": "note", "warn": "warn", "Unusable": "refuse", "Fault": "refuse", "LimitError": "refuse"}
START, END = "<!-- issues: start -->", "<!-- issues: end -->"


@dataclass(frozen=True, slots=True, order=True)
class Row:
    """One way in which a code is raised."""

    code: str
    severity: str
    message: str
    remedy: str


def table() -> str:
    """Return the table as Markdown, a row a code, every severity and message of it once."""
    rows = sorted({row for path in _sources() for row in _rows(path)})
    lines = ["| code | severity | what was found | what would mend it |", "|---|---|---|---|"]
    for code in dict.fromkeys(row.code for row in rows):
        own = [row for row in rows if row.code == code]
        cells = ([row.severity for row in own], [row.message for row in own], [row.remedy for row in own])
        severity, message, remedy = ("; ".join(dict.fromkeys(filter(None, cell))) for cell in cells)
        lines.append(f"| `{code}` | {severity} | {message} | {remedy} |")
    return "\n".join(lines)


def page_with(fresh: str, page: str) -> str:
    """Return the page with its table replaced."""
    before, rest = page.split(START)
    return f"{before}{START}\n\n{fresh}\n\n{END}{rest.split(END)[1]}"


def _sources() -> Iterator[Path]:
    for folder in FOLDERS:
        yield from sorted((ROOT / folder).rglob("*.py"))


def _rows(path: Path) -> Iterator[Row]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for scope in ast.walk(tree):
        if isinstance(scope, ast.FunctionDef):
            for call in ast.walk(scope):
                if isinstance(call, ast.Call) and (row := _row(call, scope)):
                    yield row


def _assigned(scope: ast.FunctionDef, line: int) -> dict[str, list[str]]:
    """Texts that names of a function stand for at a line: the last that they were given before it."""
    nodes = [node for node in ast.walk(scope) if isinstance(node, ast.Assign) and node.lineno <= line]
    return {
        node.targets[0].id: _texts(node.value, {})
        for node in sorted(nodes, key=lambda node: node.lineno)
        if isinstance(node.targets[0], ast.Name)
    }


def _row(call: ast.Call, scope: ast.FunctionDef) -> Row | None:
    code = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
    severity = _severity(call)
    if not severity or not isinstance(code, str) or not CODE.fullmatch(code):
        return None
    texts = _assigned(scope, call.lineno)
    rest = call.args[2 if _name(call.func) == "Issue" else 1 :]
    message = " / ".join(_texts(rest[0], texts)) if rest else ""
    given = {word.arg: word.value for word in call.keywords}
    remedy = given.get("remedy") or (rest[2] if len(rest) > 2 else None)
    return Row(code, severity, _cell(message), _cell(" / ".join(_texts(remedy, texts)) if remedy else ""))


def _severity(call: ast.Call) -> str:
    name = _name(call.func)
    if name == "Issue" and len(call.args) > 1:
        given = _name(call.args[1]).lower()
        return "refuse or warn" if given == "severity" else given
    if isinstance(call.func, ast.IfExp):
        return f"{_name(call.func.body)} or {_name(call.func.orelse)}"
    return "warn or note" if name == "severity" else SEVERITIES.get(name, "")


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _texts(node: ast.expr, known: dict[str, list[str]]) -> list[str]:
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.JoinedStr):
        return ["".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)]
    if isinstance(node, ast.IfExp):
        return [*_texts(node.body, known), *_texts(node.orelse, known)]
    return known.get(node.id, []) if isinstance(node, ast.Name) else []


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    """Rewrite the page."""
    PAGE.write_text(page_with(table(), PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"{PAGE.relative_to(ROOT)} is fresh\n")


if __name__ == "__main__":
    main()
