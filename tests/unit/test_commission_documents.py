"""`rtplan commission`: exit codes, its JSON against its schema, its text and its page."""

from __future__ import annotations

import html.parser
import json
from importlib.resources import files

import jsonschema
import pytest

from rtplan.cli import run
from rtplan.commission import Commissioning, Criterion, Suite, commission, document
from rtplan.commission.compare import Comparison
from rtplan.commission.results import rows_by
from rtplan.model import NotMeasured
from rtplan.report.commission import render_html, render_text


@pytest.fixture(scope="module")
def found():
    return commission(quick=True)


@pytest.fixture(scope="module")
def filed(found):
    return document(found)


@pytest.fixture(scope="module")
def missed():
    """A suite whose only value could not be measured."""
    items = [Comparison("ball <1 mm>", "D95%", 20.0, NotMeasured("nothing lies inside the dose grid", "Gy"))]
    worst = Criterion("worst error", float("inf"), 3.0, "%")
    suite = Suite("balls", "Balls", "One ball.", rows_by(items, lambda item: item.case), (worst,), tuple(items))
    return document(Commissioning((suite,), quick=True))


@pytest.fixture
def schema():
    text = (files("rtplan") / "schema" / "commission.schema.json").read_text(encoding="utf-8")
    loaded = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(loaded)
    return jsonschema.Draft202012Validator(loaded)


def test_the_engine_meets_every_criterion(found):
    assert [(suite.id, item) for suite in found.suites for item in suite.criteria if not item.met] == []
    assert found.met


def test_documents_keep_to_the_schema(schema, filed, missed):
    for item in (filed, missed):
        schema.validate(json.loads(json.dumps(item, allow_nan=False)))


@pytest.mark.parametrize("key", ["met", "suites", "provenance"])
def test_the_schema_misses_what_is_missing(schema, filed, key):
    assert list(schema.iter_errors({name: value for name, value in filed.items() if name != key}))


def test_no_clock_is_read_unless_the_environment_sets_one(monkeypatch, found):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert document(found) == document(found)
    assert "source_date_epoch" not in document(found)["provenance"]
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert document(found)["provenance"]["source_date_epoch"] == "1700000000"


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
    assert "default-src 'none'" in page
    assert page == render_html(filed)
    assert "ball &lt;1 mm&gt;" in render_html(missed)


def test_files_are_written_and_the_exit_code_says_how_it_went(tmp_path, capsys, monkeypatch, found, missed):
    import rtplan.commission

    monkeypatch.setattr(rtplan.commission, "commission", lambda **_: found)
    assert run(["commission", "--quick", "--out", str(tmp_path / "filed"), "--format", "json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((tmp_path / "filed" / "commission.json").read_text(encoding="utf-8"))
    assert sorted(path.name for path in (tmp_path / "filed").iterdir()) == ["commission.html", "commission.json"]
    monkeypatch.setattr(rtplan.commission, "document", lambda _: missed)
    assert run(["commission", "--quick"]) == 1
    assert "NOT MET" in capsys.readouterr().out


def test_a_folder_that_cannot_be_written_is_a_usage_error(tmp_path, capsys, monkeypatch, found):
    import rtplan.commission

    monkeypatch.setattr(rtplan.commission, "commission", lambda **_: found)
    (tmp_path / "taken").write_text("a file")
    assert run(["commission", "--out", str(tmp_path / "taken" / "deeper")]) == 2
    assert "cannot be written" in capsys.readouterr().err
