"""The audit as JUnit XML, for pipelines that already know how to fail: one test case a governing finding.

What is exceeded is a failure. What was left open or not judged is an error, never a skipped test: those are
shown as passed by most dashboards, and nothing here passes because data were missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from rtplan.model import AuditReport, Finding, NotMeasured, Verdict, worst

from . import numbers
from .names import display_name, display_text
from .words import DISCLAIMER, MARKS, SENTENCES

__all__ = ["render"]

_OUTCOMES = {Verdict.EXCEEDED: "failure", Verdict.INDETERMINATE: "error", Verdict.NOT_JUDGED: "error"}


def render(report: AuditReport) -> str:
    """Return an audit as one JUnit test suite.

    Where the verdict is worse than the governing findings make it (there are none, or the input was refused), a
    last case named ``audit`` carries it.
    """
    cases = list(_cases(report))
    suite = Element("testsuite", name="rtplan.audit", tests=str(len(cases)))
    for outcome in ("failure", "error"):
        suite.set(f"{outcome}s", str(sum(case.find(outcome) is not None for case in cases)))
    suite.set("skipped", "0")
    suite.extend(cases)
    SubElement(suite, "system-out").text = DISCLAIMER
    indent(suite)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(suite, encoding="unicode")}\n'


def _cases(report: AuditReport) -> Iterator[Element]:
    governing = [finding for finding in report.findings if finding.governs]
    yield from map(_case, governing)
    if worst(finding.counts_as for finding in governing) is not report.verdict or not governing:
        yield _outcome(Element("testcase", classname="rtplan", name="audit"), report.verdict, SENTENCES[report.verdict])


def _case(finding: Finding) -> Element:
    subject = " ".join(display_name(name) for name in dict.fromkeys((finding.lesion, finding.structure)) if name)
    asked = display_text(f"{subject} {finding.metric} {finding.limit}")
    case = Element(
        "testcase", classname=display_text(finding.pack), name=display_text(f"{finding.constraint}: {asked}")
    )
    return _outcome(case, finding.counts_as, f"{_told(finding)} against {display_text(finding.limit)}{_why(finding)}")


def _outcome(case: Element, verdict: Verdict, message: str) -> Element:
    if outcome := _OUTCOMES.get(verdict):
        SubElement(case, outcome, type=verdict.value, message=f"{MARKS[verdict].word}: {message}")
    else:
        SubElement(case, "system-out").text = f"{MARKS[verdict].word}: {message}"
    return case


def _told(finding: Finding) -> str:
    span = numbers.interval(finding.measured, against=finding.bound)
    return numbers.value(finding.measured, against=finding.bound) + (f" ({span})" if span else "")


def _why(finding: Finding) -> str:
    missing = finding.measured.reason if isinstance(finding.measured, NotMeasured) else ""
    reason = display_text(finding.reason or missing)
    return f"; {reason}" if reason else ""
