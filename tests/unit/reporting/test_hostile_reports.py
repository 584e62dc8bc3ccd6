"""Every text of a report replaced by hostile text: every output stays inert."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum

import pytest
from inertness import CHECKS, HOSTILE, check, check_text

from rtplan.model import AuditReport, NotMeasured, PlanFacts
from rtplan.report import DVH_FORMATS, FORMATS, DvhReport, documents, render, render_dvh
from rtplan.report.html import notebook_view
from rtplan.report.json import run_document

# A unit is one of five words by its type; everything else that is text may come from the data or from a pack.
TYPED = frozenset({"unit"})


def spoiled(value, text):
    """Replace every text in a value, however deep, its mappings' keys as well."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return text
    if isinstance(value, tuple | list):
        return type(value)(spoiled(item, text) for item in value)
    if isinstance(value, Mapping):
        return {**{key: spoiled(item, text) for key, item in value.items()}, f"{text}!": text}
    if isinstance(value, NotMeasured) and not text:
        return value  # without a reason it cannot be made
    if is_dataclass(value):
        named = [item.name for item in fields(value) if item.init and item.name not in TYPED]
        return replace(value, **{name: spoiled(getattr(value, name), text) for name in named})
    return value


@pytest.fixture(params=HOSTILE.values(), ids=HOSTILE)
def text(request):
    return request.param


def test_every_format_has_a_check():
    assert set(FORMATS) == set(CHECKS)


def test_every_output_of_an_audit_is_inert(report, text):
    hostile = spoiled(report, text)
    assert isinstance(hostile, AuditReport)
    for form in FORMATS:
        check(form, render(hostile, form))
    for name, document in documents(hostile).items():
        check(name, document)
    check("json", run_document(hostile))


def test_a_terminal_in_colour_is_sent_colours_alone(report, text):
    import re

    shown = render(spoiled(report, text), "text", color=True)
    check_text(re.sub(r"\x1b\[[0-9;]*m", "", shown))


def test_a_notebook_frames_it(report, text):
    frame = notebook_view(spoiled(report, text))
    assert frame.count("<") == 2
    assert frame.startswith('<iframe sandbox="" ')


def test_every_output_of_a_measurement_is_inert(report, text):
    measured = DvhReport(PlanFacts("", None, ""), report.curves, report.issues, report.provenance)
    for form in DVH_FORMATS:
        check(form, render_dvh(spoiled(measured, text), form))


def test_the_checks_see_what_they_look_for():
    for form, document in {
        "text": "PTV\x1b[2J",
        "html": "<style></style><p onclick='x'>",
        "csv": "name\n=1+1\n",
        "json": '{"value": NaN}',
        "junit": "<testsuite><script/></testsuite>",
    }.items():
        with pytest.raises(AssertionError):
            check(form, document)
