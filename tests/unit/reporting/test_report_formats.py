from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint

import numpy as np
import pytest

from rtplan import report as reports
from rtplan.errors import UsageError
from rtplan.model import AuditReport, Finding, Measured, Verdict
from rtplan.report.plot import BAR_WIDTH, bar, plot


@pytest.mark.parametrize("form", reports.FORMATS)
def test_every_format_renders(report, form):
    assert isinstance(reports.render(report, form), str)


def test_an_unknown_format_is_refused_with_what_there_is(report):
    with pytest.raises(UsageError, match="text, json, html, csv, junit"):
        reports.render(report, "pdf")
    with pytest.raises(UsageError, match="text, json, csv"):
        reports.render_dvh(reports.DvhReport(None), "html")


def test_another_distribution_can_add_a_format(report, monkeypatch):
    added = EntryPoint("length", "builtins:repr", "rtplan.reports")
    monkeypatch.setattr(reports, "entry_points", lambda **_: [added])
    assert reports.render(report, "length") == repr(report)


def test_documents_bear_the_names_of_the_contract(report):
    files = reports.documents(report)
    assert list(files) == ["audit.json", "report.html", "constraints.csv", "metrics.csv", "dvh.csv"]
    assert all(files.values())


def test_json_needs_no_template_engine_and_no_terminal():
    program = (
        "import sys; from rtplan.report import render; from rtplan.model import AuditReport, Verdict;"
        "render(AuditReport(Verdict.MET), 'json'); print('jinja2' in sys.modules, 'rich' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["False", "False"]


def finding(limit: str, value: float, bound: float | None) -> Finding:
    measured = Measured(value, value - 0.5, value + 0.5, "Gy")
    return Finding("p", "c", True, "Cord", "cord", "Dmax", limit, Verdict.MET, measured, bound)


def test_a_bar_keeps_to_its_canvas_and_its_side():
    for value in (0.5, 9.0, 10.0, 11.0, 400.0):
        shown = bar(finding("<= 10 Gy", value, 10.0))
        assert 0 <= shown.low <= shown.low + shown.width <= BAR_WIDTH
        assert (shown.value > shown.bound) == (value > 10.0)
        assert shown.clipped == (value > 100)
    assert bar(finding("<= 10 Gy", 9.0, 10.0)).beyond[0] == shown.bound
    assert bar(finding(">= 10 Gy", 9.0, 10.0)).beyond == (0.0, shown.bound)
    assert bar(finding("in 1..2 Gy", 9.0, 2.0)).beyond is None


@pytest.mark.parametrize("bound", [None, 0.0, -1.0])
def test_without_a_positive_bound_there_is_no_bar(bound):
    assert bar(finding("<= 0 Gy", 1.0, bound)) is None


def test_a_plot_tells_its_lines_apart_and_keeps_them_inside(report):
    shown = plot(report.curves)
    assert len(shown.lines) == 10
    assert len({(line.hue, line.dash) for line in shown.lines}) == 10
    for line in shown.lines:
        points = np.array([pair.split() for pair in line.path[1:].split("L")], dtype=float)
        assert (points[:, 0] >= shown.left - 0.1).all()
        assert (points[:, 0] <= shown.right + 0.1).all()
        assert (points[:, 1] >= shown.top - 0.1).all()
        assert (points[:, 1] <= shown.bottom + 0.1).all()
        assert (np.diff(points[:, 1]) >= 0).all()


def test_ticks_are_round_and_cover_the_dose(report):
    ticks = [float(text) for _, text in plot(report.curves).dose_ticks]
    assert ticks[0] == 0
    assert ticks[-1] >= 62.0
    assert len(set(np.diff(ticks).round(9))) == 1


def test_nothing_to_plot_is_none():
    assert plot(()) is None
    assert "<svg" not in reports.render(AuditReport(Verdict.MET), "html")
