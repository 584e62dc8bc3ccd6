"""Hostile text, and what it means that a document of each format leaves it inert."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "attribute": '" onmouseover="alert(1)" x=\'',
    "style": "</style><style>*{display:none}",
    "markup": "[/bold][red]PTV",
    "dollars": "$x$ ${y} $\\frac{1}{0}$",
    "template": "{{ 7 * 7 }}{% for x in y %}",
    "format": "%s %n {0} {x!r}",
    "formula": "=cmd|' /C calc'!A0",
    "plus": "+1+1",
    "minus": "-1+1",
    "at": "@SUM(A1:A9)",
    "tab": "\t=1+1",
    "return": "\r=1+1",
    "line": "PTV\n=1+1\nverdict: met",
    "wide formula": "＝1+1",
    "hidden formula": "\u200b=1+1",
    "bidi": "PTV\u202eGNP.exe\u202c",
    "isolate": "\u2066PTV\u2067\u2069",
    "marks": "\u200eP\u200fT\u061cV",
    "clear": "PTV\x1b[2J\x1b[1;1H",
    "title": "\x1b]0;owned\x07PTV\x1b\\",
    "link": "\x1b]8;;http://example.org\x07PTV\x1b]8;;\x07",
    "c1": "\x9b2J\x9d0;owned\x9cPTV\x85",
    "bell": "PTV\x07\x08\x08\x08met",
    "nul": "P\x00T\x00V",
    "delete": "PTV\x7f\x7f",
    "long": "PTV" * 4000,
    "surrogate": "PTV\ud800\udfff",
    "not a character": "PTV\ufffe\uffff\U0001ffff",
    "right to left": "\u05d2\u05d5\u05e3 \u0627\u0644\u062c\u0633\u0645",
    "zero width": "P\u200bT\u200d\u2060V\ufeff",
    "tags": "PTV\U000e0041\U000e007f",
    "separators": "PTV\u2028PTV\u2029PTV",
    "reserved": "CON",
    "reserved too": "lpt1.txt",
    "parent": "../../../../tmp/owned",
    "drive": "C:\\Windows\\win.ini",
    "cdata": "]]>&lt;&#0;<!--&bogus;",
    "json": '"},{"verdict":"met"',
    "nothing": "",
    "blank": " \u3000 ",
}
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0", "＝", "＋", "－", "＠")
# Controls, format characters and surrogates; line and paragraph separators break a line where none belongs.
LIVE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
FORBIDDEN_TAGS = frozenset({"script", "iframe", "object", "embed", "link", "base", "form", "a", "img"})
NUMERIC = frozenset(
    [
        "value",
        "low",
        "high",
        "bound",
        "margin_pct",
        "overlap_cc",
        "where_x_mm",
        "where_y_mm",
        "where_z_mm",
        "roi_number",
        "dose_gy",
        "volume_pct",
        "low_pct",
        "high_pct",
        "volume_cc",
    ]
)


def live(text: str) -> list[str]:
    """Return the characters of a text that do something other than be seen, but for the line breaks between lines."""
    return [hex(ord(one)) for one in text if one != "\n" and unicodedata.category(one) in LIVE]


class Skeleton(HTMLParser):
    """The tags and attributes of a page, without any text."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.styles: list[str] = []
        self.comments: list[str] = []
        self._open = ""
        self.feed(document)

    def handle_starttag(self, tag, attrs):
        self._open = tag
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        if self._open == "style":
            self.styles.append(data)
            self._open = ""

    def handle_comment(self, data):
        self.comments.append(data)


def check_text(document: str, *, widest: int | None = None) -> None:
    """A terminal is shown lines of visible characters."""
    assert live(document) == []
    assert widest is None or max(map(len, document.splitlines())) <= widest


def check_html(document: str) -> None:
    """A page has the tags of its template, no handler, no address, one style sheet, no comment."""
    page = Skeleton(document)
    assert not page.tags & FORBIDDEN_TAGS
    assert not [name for name in page.attributes if name.startswith("on") or name in {"href", "src", "srcdoc", "style"}]
    assert len(page.styles) == 1
    assert page.comments == []
    assert live(document) == []
    document.encode()


def check_csv(document: str) -> None:
    """Every row has its columns, no text cell is a formula, a numeric one is a number."""
    head, *rows = csv.reader(io.StringIO(document))
    assert live(document) == []
    for row in rows:
        assert len(row) == len(head)
        for column, cell in zip(head, row, strict=True):
            if column in NUMERIC:
                assert cell == "" or float(cell) == float(cell)
            else:
                assert not cell.startswith(FORMULA), column


def check_json(document: str) -> None:
    """A document is plain ASCII and one value, whatever the names hold."""
    document.encode("ascii")
    assert live(document) == []
    json.loads(document, parse_constant=_no_constant)


def check_junit(document: str) -> None:
    """A test report is well formed and has the tags of a test report."""
    suite = ET.fromstring(document)
    tags = {element.tag for element in suite.iter()}
    assert tags <= {"testsuite", "testcase", "failure", "error", "system-out"}
    assert live(document) == []


CHECKS = {
    "text": lambda document: check_text(document, widest=80),
    "html": check_html,
    "csv": check_csv,
    "json": check_json,
    "junit": check_junit,
}


def check(name: str, document: str) -> None:
    """Check a document by the name of its file or of its format."""
    CHECKS[name.rpartition(".")[2]](document)


def _no_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")
