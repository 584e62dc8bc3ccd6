from __future__ import annotations

import base64
import hashlib
import html as entities
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from rtplan.model import AuditReport, Verdict
from rtplan.report import html, render
from rtplan.report.view import page
from rtplan.report.words import DISCLAIMER, MARKS

VOID = {"meta", "br", "link", "img", "input", "hr"}
SECTIONS = [
    "What was audited",
    "Not judged, and why",
    "Lesions",
    "Findings, the worst first",
    "Structures and their dose-volume histograms",
    "Issues with the input",
    "Plan facts",
    "Provenance",
]


class Outline(HTMLParser):
    """Collects tags, attributes, headings and text; refuses a document whose tags do not nest."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.headings: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] == ["h2"]:
            self.headings.append(data)
        if "style" not in self.open:
            self.text.append(data)


@pytest.fixture
def document(report) -> str:
    return render(report, "html")


@pytest.fixture
def outline(document) -> Outline:
    parsed = Outline()
    parsed.feed(document)
    parsed.close()
    assert parsed.open == []
    return parsed


def test_it_runs_nothing_and_fetches_nothing(outline, document):
    assert not {"script", "iframe", "object", "embed", "link", "base", "form", "a", "img"} & set(outline.tags)
    assert not [name for _, name, _ in outline.attributes if name.startswith("on") or name in {"href", "src", "style"}]
    assert "http://" not in document
    assert "https://" not in document
    assert "url(" not in document
    assert "@import" not in document


def test_its_policy_allows_its_own_style_alone(document):
    policy = entities.unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', document)[1])
    style = re.search(r"<style>(.*?)</style>", document, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.startswith("default-src 'none'")
    assert f"style-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy


def test_sections_stand_in_their_order(outline):
    assert outline.headings == SECTIONS


def test_the_verdict_is_word_and_sign_above_all_else(outline):
    text = " ".join(" ".join(outline.text).split())
    mark = MARKS[Verdict.EXCEEDED]
    assert text.index(f"{mark.sign} {mark.word}") < text.index("What was audited")


def test_it_begins_with_its_doctype(document):
    assert document.lstrip().startswith("<!doctype html>")


def test_hostile_names_are_inert(document, outline, hostile):
    assert "<script" not in document
    assert 'onmouseover="alert' not in document
    assert "\x1b" not in document
    assert "\u202e" not in document
    assert "\x00" not in document
    assert hostile[0] in "".join(outline.text)


def test_no_attribute_is_unquoted(document):
    for tag in re.findall(r"<[a-z][^<>]*>", re.sub(r"<style>.*?</style>", "", document, flags=re.DOTALL)):
        assert not re.search(r"=[^\"\s][^\s>]*", re.sub(r'"[^"]*"', '""', tag))


def test_everything_on_the_page_is_told(report, outline):
    text = " ".join(" ".join(outline.text).split())
    shown = page(report)
    for group in (*shown.groups, *shown.comparisons):
        for row in group.rows:
            for told in (row.value, row.interval, row.limit, row.margin, row.cite, *row.notes):
                assert " ".join(told.split()) in text
    assert DISCLAIMER in text


def test_ids_are_unique(outline):
    ids = [value for _, name, value in outline.attributes if name == "id"]
    assert len(ids) == len(set(ids))


def test_comparisons_are_folded(document):
    folded = document[document.index("<details>") : document.index("</details>")]
    assert "timmerman-2021" in folded
    assert "timmerman-2021 /" not in document.replace(folded, "")


def test_the_same_report_gives_the_same_bytes(report, document):
    assert render(replace(report), "html") == document


@pytest.mark.parametrize("verdict", [verdict for verdict in Verdict if verdict is not Verdict.BAND])
def test_an_empty_audit_is_a_page_that_says_so(verdict):
    document = render(AuditReport(verdict), "html")
    assert MARKS[verdict].word in document
    assert "No governing limit was put to this plan." in document
    assert "<svg" not in document


def test_a_notebook_meets_it_in_a_sandbox(report):
    frame = Outline()
    frame.feed(html.notebook_view(report))
    assert frame.tags == ["iframe"]
    settings = {name: value for _, name, value in frame.attributes}
    assert settings["sandbox"] == ""
    assert settings["srcdoc"] == render(report, "html")


def _luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_contrast_meets_wcag_aa(document):
    palettes = re.findall(r":root \{(.*?)\}", document, re.DOTALL)
    assert len(palettes) == 3
    for palette in palettes:
        colours = dict(re.findall(r"--(\w+): (#[0-9a-f]+)", palette))
        for ground in ("paper", "wash"):
            for name in ("ink", "aside", *(mark.key for mark in MARKS.values())):
                light, dark = sorted((_luminance(colours[name]), _luminance(colours[ground])), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= 4.5, name
        for hue in range(8):
            light, dark = sorted((_luminance(colours[f"hue{hue}"]), _luminance(colours["paper"])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 3.0, hue
