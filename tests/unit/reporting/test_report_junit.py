from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from rtplan.model import AuditReport, Finding, Measured, NotMeasured, Verdict
from rtplan.report import render


def suite(report):
    return ET.fromstring(render(report, "junit"))


def finding(verdict, *, rank_as=None, governs=True):
    measured = NotMeasured("no contours", "Gy") if verdict is Verdict.NOT_JUDGED else Measured(1.0, 1.0, 1.0, "Gy")
    return Finding("p", "c", governs, "Cord", "cord", "Dmax", "<= 2 Gy", verdict, measured, 2.0, rank_as=rank_as)


def test_one_case_a_governing_finding(report):
    root = suite(report)
    governing = [one for one in report.findings if one.governs]
    assert len(root.findall("testcase")) == int(root.get("tests")) == len(governing)
    assert len(root.findall("testcase/failure")) == int(root.get("failures")) == 3
    assert len(root.findall("testcase/error")) == int(root.get("errors")) == 4
    assert root.find("testcase/skipped") is None


@pytest.mark.parametrize(
    ("verdict", "outcome"),
    [
        (Verdict.MET, None),
        (Verdict.ACCEPTABLE, None),
        (Verdict.BAND, None),
        (Verdict.EXCEEDED, "failure"),
        (Verdict.INDETERMINATE, "error"),
        (Verdict.NOT_JUDGED, "error"),
    ],
)
def test_only_what_is_kept_passes(verdict, outcome):
    overall = Verdict.ACCEPTABLE if verdict is Verdict.BAND else verdict
    (case,) = suite(AuditReport(overall, (finding(verdict),))).findall("testcase")
    assert [child.tag for child in case if child.tag != "system-out"] == ([outcome] if outcome else [])


def test_a_band_beyond_its_last_edge_does_not_pass():
    band = finding(Verdict.BAND, rank_as=Verdict.INDETERMINATE)
    assert suite(AuditReport(Verdict.INDETERMINATE, (band,))).find("testcase/error") is not None


def test_comparisons_are_left_out():
    report = AuditReport(Verdict.MET, (finding(Verdict.MET), finding(Verdict.EXCEEDED, governs=False)))
    assert suite(report).get("failures") == "0"


@pytest.mark.parametrize("findings", [(), (finding(Verdict.MET),)])
def test_a_verdict_worse_than_its_findings_is_a_case_of_its_own(findings):
    root = suite(AuditReport(Verdict.NOT_JUDGED, findings))
    assert root.find("testcase[@name='audit']/error") is not None
    assert root.get("errors") == "1"


def test_the_reason_is_told(report):
    errors = suite(report).findall("testcase/error")
    assert any("no structure stands for Duodenum" in error.get("message") for error in errors)
