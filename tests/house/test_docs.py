"""The documentation against the code: commands and options exist, links lead somewhere, tables are fresh."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import click
import pytest

from constraints.pack import available_packs, load_pack
from constraints.protocol import protocols
from rtplan.cli import cli
from rtplan.pipeline import parse_sheet

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
EXAMPLES = ROOT / "docs" / "examples"
FENCED = re.compile(r"```(?:console|sh)\n(.*?)```", re.DOTALL)
INLINE = re.compile(r"`(rtplan [^`]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
# Words of an example that stand for something of the reader's.
PLACEHOLDER = re.compile(r"[A-Z]+\Z|.*--help\Z")


def page_id(path):
    return str(path.relative_to(ROOT))


def command_lines(page):
    """Every command line that a page shows: after a prompt in a block, or in backticks."""
    text = page.read_text(encoding="utf-8")
    shown = [line[2:] for block in FENCED.findall(text) for line in block.splitlines() if line.startswith("$ ")]
    return [line for line in (*shown, *INLINE.findall(text)) if line.startswith("rtplan ")]


def command_of(words):
    """Follow the sub-commands; return the command that is left and the words for it."""
    command, context = cli, click.Context(cli)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        name, *words = words
        found = command.get_command(context, name)
        assert found is not None, f"there is no command {name!r}"
        command = found
    return command, words


def check(line):
    words = [word for word in shlex.split(line.split(" > ")[0], comments=True)[1:] if word != "..."]
    if "COMMAND" in words:
        return
    command, rest = command_of(words)
    options = {name for parameter in command.params for name in parameter.opts} | {"--help", "-h"}
    for word in rest:
        if word.startswith("-"):
            assert word.split("=")[0] in options, f"{line}: there is no option {word}"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_commands_and_options_exist(page):
    for line in command_lines(page):
        check(line)


def test_pages_show_every_command():
    shown = {line.split()[1] for page in PAGES for line in command_lines(page) if len(line.split()) > 1}
    assert set(cli.list_commands(click.Context(cli))) <= shown


def test_what_is_said_to_be_missing_is_missing():
    page = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    missing = set(re.findall(r"`(\w+)`", page.split("## Not there yet")[1].split("the options")[0]))
    assert "cohort" in missing
    assert not missing & set(cli.list_commands(click.Context(cli)))


def test_a_command_that_does_not_exist_is_found():
    with pytest.raises(AssertionError, match="no option --plam"):
        check("rtplan audit two-plans --plam REPLAN")
    with pytest.raises(AssertionError, match="no command"):
        check("rtplan adit two-plans")


@cache
def anchors(page):
    """The anchors of a page's headings, as common renderers make them."""
    lines = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_relative_links_lead_somewhere(page):
    for link in LINK.findall(re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)):
        if "://" in link:
            continue
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        assert target.exists(), f"{link} leads nowhere"
        if anchor:
            assert anchor in anchors(target), f"{link}: there is no such heading"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_generated_blocks_are_filled(page):
    text = page.read_text(encoding="utf-8")
    for command, body in re.findall(r"<!-- (?:run|table|file): (.+?) -->\n(.*?)<!-- end -->", text, re.DOTALL):
        assert len(body.splitlines()) > 2, f"{command} has no output: run docs/make_outputs.py"
        assert "Traceback" not in body


def test_files_that_pages_quote_are_quoted_as_they_are():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for name, body in re.findall(r"<!-- file: (.+?) -->\n```\w+\n(.*?)```\n<!-- end -->", text, re.DOTALL):
            assert body.rstrip() == (ROOT / "docs" / name).read_text(encoding="utf-8").rstrip(), name


@cache
def script(name):
    """A script of the documentation as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_issue_table_is_fresh():
    module = script("make_issue_table")
    page = module.PAGE.read_text(encoding="utf-8")
    assert module.page_with(module.table(), page) == page, "run python docs/make_issue_table.py"


def test_the_tables_of_models_are_fresh():
    module = script("make_model_table")
    page = module.PAGE.read_text(encoding="utf-8")
    assert module.page_with_tables(page) == page, "run python docs/make_model_table.py"


@pytest.mark.parametrize("code", ["file-truncated", "patients-differ", "several-plans", "site-open", "link-missing"])
def test_the_issue_table_holds_codes_of_every_room(code):
    assert f"| `{code}` |" in script("make_issue_table").table()


def test_every_pack_and_protocol_is_described():
    page = (ROOT / "docs" / "reference" / "packs.md").read_text(encoding="utf-8")
    for item in (*available_packs(), *protocols()):
        assert re.search(rf"\b{re.escape(item.id)}\b", page), item.id


def test_the_table_of_protocols_is_right():
    page = (ROOT / "docs" / "reference" / "packs.md").read_text(encoding="utf-8")
    for protocol in protocols():
        row = re.search(rf"^\| `{re.escape(protocol.id)}` \| (.+?) \| ", page, re.MULTILINE)
        assert row, protocol.id
        counts = {int(number) for number in re.findall(r"\d+", row[1])}
        assert counts == set(protocol.fractions), protocol.id


def test_the_example_pack_loads_and_the_faulty_one_does_not():
    from rtplan.errors import PackError

    assert len(load_pack(EXAMPLES / "our-liver.toml").constraints) == 3
    with pytest.raises(PackError) as refused:
        load_pack(EXAMPLES / "faulty.toml")
    assert len(refused.value.problems) == 4


def test_the_example_sheet_loads():
    sheet = parse_sheet((EXAMPLES / "sheet.toml").read_text(encoding="utf-8"))
    assert [lesion.target for lesion in sheet.lesions] == ["PTV_1", "PTV_2"]


def test_the_example_in_python_runs(tmp_path):
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "arrays.py")], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "verdict: met" in done.stdout
    assert (tmp_path / "arrays-report" / "audit.json").is_file()


def test_readme_names_both_pictures_and_they_are_small():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in ("report.png", "terminal.png"):
        assert f"docs/pictures/{name}" in text
        assert (ROOT / "docs" / "pictures" / name).stat().st_size < 250_000
