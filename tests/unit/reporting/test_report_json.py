from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from types import MappingProxyType

import jsonschema
import numpy as np
import pytest

from rtplan.model import AuditReport, Issue, PlanFacts, Severity, Verdict
from rtplan.report import DvhReport, render, render_dvh

CONTRACT_KEYS = {
    "document": ["schema", "verdict", "provenance", "issues", "plans", "lesions", "findings"],
    "issues": ["code", "severity", "message", "where"],
    "plans": ["label", "fractions", "dose"],
    "lesions": ["name", "site", "prescription_gy", "fractions", "bed10_gy", "metrics"],
    "findings": [
        "pack", "constraint", "governs", "structure", "roi", "metric", "limit", "verdict", "value", "low", "high", "unit",
        "cause", "where_mm", "reason", "overlap_cc", "cite", "trust",
    ],
}  # fmt: skip


def validator(name: str) -> jsonschema.Draft202012Validator:
    schema = json.loads((files("rtplan") / "schema" / f"{name}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.fixture
def document(report):
    return json.loads(render(report, "json"))


@pytest.fixture
def dvh_report(report):
    return DvhReport(report.plans[0], report.curves, report.issues, report.provenance)


def test_an_audit_validates(document):
    validator("audit").validate(document)


def test_an_empty_audit_validates():
    validator("audit").validate(json.loads(render(AuditReport(Verdict.NOT_JUDGED), "json")))


def test_a_dvh_validates(dvh_report):
    validator("dvh").validate(json.loads(render_dvh(dvh_report, "json")))


def test_a_dvh_without_a_plan_validates():
    document = json.loads(render_dvh(DvhReport(None), "json"))
    validator("dvh").validate(document)
    assert document["plan"]["label"] == ""
    assert document["plan"]["fractions"] is None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda audit: audit.pop("verdict"),
        lambda audit: audit.update(verdict="band"),
        lambda audit: audit.update(surprise=1),
        lambda audit: audit["findings"][0].update(value=None),
        lambda audit: audit["findings"][0].update(low=None),
        lambda audit: audit["findings"][0].update(where_mm=[1.0, 2.0]),
        lambda audit: audit["findings"][10].update(reason=None),
        lambda audit: audit["findings"][0].update(verdict="passed"),
        lambda audit: audit["findings"][0].pop("overlap_cc"),
        lambda audit: audit["issues"][0].update(severity="error"),
        lambda audit: audit["lesions"][0]["metrics"][0].update(unit="cGy"),
        lambda audit: audit["structures"][0]["volume_cc"].update(value=-1.0),
    ],
)
def test_the_schema_refuses_what_the_contract_does_not_hold(document, spoil):
    spoil(document)
    assert list(validator("audit").iter_errors(document))


def test_keys_stand_in_the_order_of_the_contract(document):
    assert list(document)[: len(CONTRACT_KEYS["document"])] == CONTRACT_KEYS["document"]
    for part in ("issues", "plans", "lesions", "findings"):
        for entry in document[part]:
            assert list(entry)[: len(CONTRACT_KEYS[part])] == CONTRACT_KEYS[part]


def test_a_dvh_has_the_keys_of_the_contract(dvh_report):
    document = json.loads(render_dvh(dvh_report, "json"))
    assert list(document)[:4] == ["schema", "provenance", "plan", "structures"]
    first = document["structures"][0]
    assert list(first)[:7] == ["number", "name", "standard_name", "volume_cc", "outside_dose_cc", "metrics", "issues"]
    assert list(first["metrics"][0])[:5] == ["metric", "value", "low", "high", "unit"]


def test_numbers_are_unrounded(report, document):
    for finding, entry in zip(report.findings, document["findings"], strict=True):
        assert entry["value"] == getattr(finding.measured, "value", None)
        assert entry["margin_pct"] == finding.margin_pct


def test_what_was_not_measured_is_null_with_its_reason(document):
    duodenum = next(entry for entry in document["findings"] if entry["structure"] == "Duodenum")
    assert (duodenum["value"], duodenum["low"], duodenum["high"], duodenum["where_mm"]) == (None, None, None, None)
    assert duodenum["reason"] == "no structure stands for Duodenum"
    couch = next(entry for entry in document["structures"] if entry["name"] == "Couch")
    assert couch["volume_cc"] == {"value": None, "low": None, "high": None}
    assert couch["issues"] == ["it has no contours"]


def test_a_band_beyond_its_last_edge_says_what_it_counts_as(document):
    brain = next(entry for entry in document["findings"] if entry["structure"] == "Brain")
    assert (brain["verdict"], brain["counts_as"]) == ("band", "indeterminate")


def test_names_stay_as_written_yet_the_text_is_ascii(report, hostile, document):
    assert {entry["roi"] for entry in document["findings"]} >= {
        hostile[0],
        hostile[1],
        hostile[2],
        hostile[3],
        hostile[4],
    }
    text = render(report, "json")
    assert text.isascii()
    assert not any(ord(character) < 32 and character != "\n" for character in text)


def test_the_same_report_gives_the_same_bytes(report):
    assert render(report, "json") == render(replace(report), "json")


def test_numbers_that_are_not_finite_never_leave():
    with pytest.raises(ValueError, match="JSON compliant"):
        render(AuditReport(Verdict.MET, provenance={"seconds": float("nan")}), "json")


def test_provenance_may_hold_read_only_mappings_and_numpy_scalars():
    provenance = MappingProxyType({"inner": MappingProxyType({"count": np.int64(3), "step": np.float32(0.5)})})
    document = json.loads(render(AuditReport(Verdict.MET, provenance=provenance), "json"))
    assert document["provenance"] == {"inner": {"count": 3, "step": 0.5}}


def test_provenance_of_a_form_unknown_to_json_is_refused():
    with pytest.raises(TypeError, match="set"):
        render(AuditReport(Verdict.MET, provenance={"tags": {1}}), "json")


def test_issues_of_a_dvh_are_told():
    issue = Issue("dose-relative", Severity.REFUSE, "The dose is relative.")
    document = json.loads(render_dvh(DvhReport(PlanFacts("A", 5, "sum"), issues=(issue,)), "json"))
    assert document["issues"][0]["code"] == "dose-relative"
