"""Run the commands that the documentation shows and paste what they print; include the files it quotes.

``python docs/make_outputs.py`` takes about five minutes; given pages, it does those. This script owns what stands
between ``<!-- run: COMMAND -->`` and ``<!-- end -->``; ``table:`` pastes without a fence, ``file:`` quotes a file
beside the documentation. After a semicolon, ``from "TEXT" for N`` or ``for N`` picks lines.
"""  # noqa: INP001 - a script, not a package

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import sample_data

DOCS = Path(__file__).resolve().parent
EXAMPLES = DOCS / "examples"
BLOCK = re.compile(r"(<!-- (run|table|file): (.+?) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
PICK = re.compile(r'(?:from "(?P<start>.+?)" )?for (?P<count>\d+)')
STUDY = re.compile(r"demo/([\w-]+)")
LANGUAGES = {".py": "python", ".toml": "toml"}


def main(names: list[str]) -> None:
    """Refresh the pages named (all of them without any), in a folder made for it."""
    pages = [Path(name) for name in names] or [DOCS.parent / "README.md", *sorted(DOCS.rglob("*.md"))]
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        _prepare(work, "\n".join(page.read_text(encoding="utf-8") for page in pages))
        known: dict[str, str] = {}
        for page in pages:
            text = page.read_text(encoding="utf-8")
            fresh = BLOCK.sub(lambda match: _refreshed(match, work, known), text)
            if fresh != text:
                page.write_text(fresh, encoding="utf-8")
                sys.stdout.write(f"refreshed {page.name}\n")


def _prepare(work: Path, text: str) -> None:
    """Lay out what the commands name: the examples, the sample studies, a study with two plans."""
    for example in EXAMPLES.iterdir():
        if example.is_file():
            shutil.copy(example, work)
    wanted = set(STUDY.findall(text))
    for study in sample_data.studies():
        if study.id in wanted:
            sample_data.write(study, work / "demo" / study.id)
    if (work / "demo" / "liver-keeps").exists():
        _called([sys.executable, "second_plan.py", "demo/liver-keeps", "two-plans"], work)


def _refreshed(match: re.Match[str], work: Path, known: dict[str, str]) -> str:
    head, kind, asked, _, end = match.groups()
    if kind == "file":
        quoted = (DOCS / asked).read_text(encoding="utf-8").rstrip()
        return f"{head}```{LANGUAGES[Path(asked).suffix]}\n{quoted}\n```\n{end}"
    command, _, pick = asked.partition(" ; ")
    if command not in known:
        known[command] = _output(command, work)
    shown = _picked(known[command], pick)
    if kind == "table":
        return f"{head}\n{shown}\n\n{end}"
    return f"{head}```console\n$ {command}\n{shown}\n```\n{end}"


def _output(command: str, work: Path) -> str:
    words = shlex.split(command)
    runners = {"rtplan": [sys.executable, "-m", "rtplan"], "python": [sys.executable]}
    words = [str(DOCS.parent / word) if word.startswith("docs/") else word for word in words]
    done = _called([*runners[words[0]], *words[1:]], work)
    return "\n".join(filter(None, (done.stdout.rstrip(), done.stderr.rstrip())))


def _called(words: list[str], work: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=work, capture_output=True, text=True, check=False)  # noqa: S603 - our own words


def _picked(text: str, pick: str) -> str:
    match = PICK.fullmatch(pick)
    if not match:
        return text
    lines = text.splitlines()
    start = next((at for at, line in enumerate(lines) if match["start"] and match["start"] in line), 0)
    shown = lines[start : start + int(match["count"])]
    before, after = ["..."] if start else [], ["..."] if start + len(shown) < len(lines) else []
    return "\n".join([*before, *shown, *after])


if __name__ == "__main__":
    main(sys.argv[1:])
