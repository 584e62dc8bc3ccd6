from __future__ import annotations

import csv as tables
import io

import pytest

from rtplan.model import AuditReport, Measured, Verdict
from rtplan.report import DvhReport, csv, render, render_dvh


def rows(text: str) -> list[dict[str, str]]:
    return list(tables.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum", "\tx", "\rx", "\0x", "＝1", " =1", "\x1b=1", "\u202e=1"])
def test_a_formula_is_guarded(text):
    assert csv.guarded(text).startswith("'")


@pytest.mark.parametrize("text", ["", "PTV 1", "<= 17.7 Gy", "a=b", "100%"])
def test_plain_text_is_left_alone(text):
    assert csv.guarded(text) == text


def test_no_text_cell_is_a_formula_and_numbers_stay_numbers(report):
    numeric = {"value", "low", "high", "bound", "margin_pct", "overlap_cc", "where_x_mm", "where_y_mm", "where_z_mm"}
    negatives = 0
    for row in rows(csv.constraints(report)):
        for column, cell in row.items():
            if column in numeric:
                negatives += bool(cell) and float(cell) < 0
            else:
                assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\0"))
    assert negatives > 0


def test_constraints_hold_every_finding_unrounded(report):
    table = rows(csv.constraints(report))
    assert len(table) == len(report.findings)
    for row, finding in zip(table, report.findings, strict=True):
        assert row["verdict"] == finding.verdict.value
        assert row["governs"] == str(finding.governs).lower()
        if isinstance(finding.measured, Measured):
            assert float(row["value"]) == finding.measured.value
        else:
            assert row["value"] == ""
            assert row["reason"] == finding.measured.reason


def test_metrics_hold_lesions_and_structures(report):
    table = rows(csv.metrics(report))
    lesion_readings = sum(len(lesion.readings) for lesion in report.lesions)
    assert sum(row["subject"] == "lesion" for row in table) == lesion_readings
    volumes = [row for row in table if row["subject"] == "structure" and row["metric"] == "Volume"]
    assert [row["roi_number"] for row in volumes] == [str(curve.number) for curve in report.curves]
    assert volumes[-1]["reason"] == "it has no contours"


def test_a_dvh_table_holds_every_point(report):
    table = rows(csv.dvh(report))
    assert len(table) == sum(curve.dose_gy.size for curve in report.curves)
    first = report.curves[0]
    assert float(table[0]["dose_gy"]) == first.dose_gy[0]
    assert float(table[0]["volume_cc"]) == pytest.approx(first.volume_cc.value * first.volume_pct[0] / 100.0)


def test_an_empty_report_is_a_head_alone():
    assert len(render(AuditReport(Verdict.NOT_JUDGED), "csv").splitlines()) == 1


def test_dvh_readings_are_its_csv(report):
    shown = rows(render_dvh(DvhReport(None, report.curves), "csv"))
    assert {row["metric"] for row in shown} == {"Volume", "Dmean", "D0.03cc"}


def test_control_characters_reach_no_table(report):
    for text in (csv.constraints(report), csv.metrics(report), csv.dvh(report)):
        assert not any(ord(character) < 32 and character != "\n" for character in text)
        assert "\u202e" not in text
