from __future__ import annotations

import re
from dataclasses import replace

import pytest
from rich.cells import cell_len

from rtplan.model import AuditReport, Verdict
from rtplan.report import DvhReport, render, render_dvh
from rtplan.report.view import page

ANSI = re.compile(r"\x1b\[[0-9;]*m")
SECTIONS = [
    "WHAT WAS AUDITED",
    "NOT JUDGED, AND WHY",
    "LESIONS",
    "FINDINGS, THE WORST FIRST",
    "BESIDE THEM, FOR COMPARISON ONLY",
    "TRUST OF THE SOURCES",
    "STRUCTURES",
    "ISSUES WITH THE INPUT",
    "PLAN FACTS",
    "PROVENANCE",
]


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_it_fits_eighty_columns(report):
    wide = replace(report.findings[0], roi="肝臓" * 30, structure="W" * 70, limit="<= 17.7 Gy " * 8)
    text = render(replace(report, findings=(wide, *report.findings)), "text")
    assert max(cell_len(line) for line in text.splitlines()) <= 80


def test_sections_stand_in_their_order(report):
    lines = render(report, "text").splitlines()
    assert [line for line in lines if line in SECTIONS] == SECTIONS


def test_the_verdict_comes_first(report):
    assert render(report, "text").splitlines()[0] == "Plan audit  ✗ exceeded"


def test_nothing_in_a_name_reaches_the_terminal_as_a_command(report, hostile):
    text = render(report, "text")
    assert not any(ord(character) < 32 and character != "\n" for character in text)
    assert not {"\u202e", "\u2066", "\x7f", "\x9b"} & set(text)
    assert hostile[1] in text
    assert hostile[0] in text


def test_colour_adds_colour_alone(report):
    plain, coloured = render(report, "text"), render(report, "text", color=True)
    assert "\x1b[" in coloured
    assert [line.rstrip() for line in ANSI.sub("", coloured).splitlines()] == plain.splitlines()


def test_the_environment_changes_nothing(report, monkeypatch):
    before = render(report, "text")
    for name, value in {"COLUMNS": "40", "FORCE_COLOR": "1", "NO_COLOR": "1", "TERM": "dumb"}.items():
        monkeypatch.setenv(name, value)
    assert render(report, "text") == before


def test_it_says_what_the_page_says(report):
    text = squeezed(render(report, "text"))
    shown = page(report, most_listed=3)
    for group in (*shown.groups, *shown.comparisons):
        for row in group.rows:
            assert squeezed("".join(row.notes)) in text
            assert squeezed(row.cite) in text
    for gap in shown.gaps:
        assert squeezed(gap.reason + "".join(gap.what)) in text


@pytest.mark.parametrize("verdict", [verdict for verdict in Verdict if verdict is not Verdict.BAND])
def test_an_empty_audit_is_told(verdict):
    text = render(AuditReport(verdict), "text")
    assert "No governing limit was put to this plan." in text
    assert "Research software, not a medical device." in text


def test_a_dvh_is_told_with_its_gaps(report):
    text = render_dvh(DvhReport(report.plans[0], report.curves, report.issues), "text")
    assert "it has no contours" in text
    assert "0.42 cc outside the dose grid" in text
    assert "dose-grid-edge" in text
    assert max(map(cell_len, text.splitlines())) <= 80
