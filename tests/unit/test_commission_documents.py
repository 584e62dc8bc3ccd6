"""`rtplan commission`: exit codes, its JSON against its schema, its text and its page."""

from __future__ import annotations

import contextlib
import html
import html.parser
import io
import json
from importlib.resources import files

import jsonschema
import pytest

import rtplan.commission
from rtplan.cli import run
from rtplan.commission import Commissioning, Criterion, Suite, document
from rtplan.commission.compare import Comparison
from rtplan.commission.results import rows_by
from rtplan.model import NotMeasured
from rtplan.report.commission import render_html, render_text


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """One run of the command: its exit code, what it printed, and the folder it wrote."""
    folder, printed = tmp_path_factory.mktemp("commission") / "filed", io.StringIO()
    with contextlib.redirect_stdout(printed):
        code = run(["commission", "--quick", "--out", str(folder), "--format", "json"])
    return code, printed.getvalue(), folder


@pytest.fixture(scope="module")
def filed(quick):
    return json.loads(quick[1])


@pytest.fixture(scope="module")
def unmet():
    """A suite whose only value could not be measured."""
    items = [Comparison("ball <1 mm>", "D95%", 20.0, NotMeasured("nothing lies inside the dose grid", "Gy"))]
    worst = Criterion("worst error", float("inf"), 3.0, "%")
    suite = Suite("balls", "Balls", "One ball.", rows_by(items, lambda item: item.case), (worst,), tuple(items))
    return Commissioning((suite,), quick=True)


@pytest.fixture(scope="module")
def missed(unmet):
    return document(unmet)


@pytest.fixture
def schema():
    text = (files("rtplan") / "schema" / "commission.schema.json").read_text(encoding="utf-8")
    loaded = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(loaded)
    return jsonschema.Draft202012Validator(loaded)


def test_the_engine_meets_every_criterion(quick, filed):
    assert [(suite["id"], item) for suite in filed["suites"] for item in suite["criteria"] if not item["met"]] == []
    assert filed["met"]
    assert quick[0] == 0


def test_what_is_printed_is_what_is_filed(quick, filed):
    folder = quick[2]
    assert sorted(path.name for path in folder.iterdir()) == ["commission.html", "commission.json"]
    assert json.loads((folder / "commission.json").read_text(encoding="utf-8")) == filed
    assert (folder / "commission.html").read_text(encoding="utf-8") == render_html(filed)


def test_documents_keep_to_the_schema(schema, filed, missed):
    for item in (filed, missed):
        schema.validate(json.loads(json.dumps(item, allow_nan=False)))


@pytest.mark.parametrize("key", ["met", "suites", "provenance"])
def test_the_schema_misses_what_is_missing(schema, filed, key):
    assert list(schema.iter_errors({name: value for name, value in filed.items() if name != key}))


def test_no_clock_is_read_unless_the_environment_sets_one(monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    nothing = Commissioning((), quick=True)
    assert "source_date_epoch" not in document(nothing)["provenance"]
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert document(nothing)["provenance"]["source_date_epoch"] == "1700000000"


def test_text_fits_a_terminal_and_says_every_criterion(filed):
    text = render_text(filed)
    assert max(len(line) for line in text.splitlines()) <= 80
    assert text.startswith("Commissioning of the DVH engine: every criterion is met\n")
    for suite in filed["suites"]:
        assert suite["title"] in text
        assert all(item["what"] in text for item in suite["criteria"])
    assert "dicompyler-core" in text
    assert "[nelms2015]" in text


def test_what_is_not_met_is_said_first(missed):
    assert render_text(missed).splitlines()[0].endswith("one criterion is not met")
    assert "NOT MET worst error" in render_text(missed)
    assert '<h1 class="exceeded">' in render_html(missed)


class Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.names, self.links = set(), []

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.links += [value for name, value in attrs if name in {"src", "href"}]


def test_the_page_needs_nothing_else(filed, missed):
    page = render_html(filed)
    tags = Tags()
    tags.feed(page)
    assert tags.links == []
    assert not tags.names & {"script", "link", "img", "iframe"}
    assert "default-src 'none'" in html.unescape(page)
    assert page == render_html(filed)
    assert "ball &lt;1 mm&gt;" in render_html(missed)


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_criterion_that_is_not_met_is_exit_code_1(capsys, monkeypatch, unmet, form):
    monkeypatch.setattr(rtplan.commission, "commission", lambda **_: unmet)
    assert run(["commission", "--format", form]) == 1
    assert capsys.readouterr().out.strip()


def test_a_folder_that_cannot_be_written_is_a_usage_error(tmp_path, capsys, monkeypatch, unmet):
    monkeypatch.setattr(rtplan.commission, "commission", lambda **_: unmet)
    (tmp_path / "taken").write_text("a file")
    assert run(["commission", "--out", str(tmp_path / "taken" / "deeper")]) == 2
    assert "cannot be written" in capsys.readouterr().err
