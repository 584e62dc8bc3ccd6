"""Every odd input through the real reader and audit: what is done with the study, and the code that says why."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from rtplan.dvh import Models
from rtplan.errors import InputError, UsageError
from rtplan.geometry import Fineness
from rtplan.model import Severity, Verdict
from rtplan.study import Choice, audit_path, exit_code
from sample_data.oddities import oddities, write_oddity

ODDITIES = oddities()
BY_NAME = {item.name: item for item in ODDITIES}
# The organs of the study are spheres and tubes far from the dose: a few cells tell as much as many.
COARSE = Models(fineness=Fineness(4.0, 4_000))
# What the good study itself says.
ALWAYS = {"plan-unapproved", "prior-irradiation-unsaid"}


def audited(name, folder, **choice):
    """Audit one oddity; an input that cannot be read has its exit code and no issue."""
    try:
        report = audit_path(write_oddity(name, folder), models=COARSE, choice=Choice(**choice))
    except InputError as error:
        return SimpleNamespace(verdict=None, exit=error.exit_code, codes=set(), refused=set(), issues=(), report=None)
    return SimpleNamespace(
        verdict=report.verdict,
        exit=exit_code(report),
        codes={item.code for item in report.issues} - ALWAYS,
        refused={item.code for item in report.issues if item.severity is Severity.REFUSE},
        issues=report.issues,
        report=report,
    )


def test_the_good_study_is_met_without_a_word(tmp_path):
    found = audited("none", tmp_path)
    assert (found.verdict, found.exit, found.codes) == (Verdict.MET, 0, set())


@pytest.mark.parametrize("odd", ODDITIES, ids=[f"{item.row:02}-{item.name}" for item in ODDITIES])
def test_odd_input_is_used_noted_not_judged_or_refused_as_it_should_be(odd, tmp_path):
    found = audited(odd.name, tmp_path)
    assert set(odd.codes) <= found.codes
    if odd.effect == "used":
        assert (found.verdict, found.exit, found.codes) == (Verdict.MET, 0, set())
    elif odd.effect == "note":
        assert found.verdict in {Verdict.MET, Verdict.ACCEPTABLE}
        assert found.exit == 0
    elif odd.effect == "not_judged":
        assert found.exit == 3
        assert not found.refused
    else:
        assert found.exit in {3, 4}
        assert found.refused or found.exit == 4


@pytest.mark.parametrize(
    ("name", "choice"),
    [
        ("two-structure-sets", {"structures": "SECOND"}),
        ("dose-chain-broken", {"plan": "ODDITY"}),
        ("plan-chain-broken", {"structures": "SAMPLE"}),
        ("two-plans", {"plan": "REPLAN"}),
        ("structures-frame-differs", {"allow_for_mismatch": True}),
        ("beam-doses", {"dose_as": "beams"}),
        ("fraction-dose", {"dose_as": "fraction"}),
        ("fraction-holds-course", {"dose_as": "course"}),
    ],
)
def test_a_choice_settles_what_was_left_open(name, choice, tmp_path):
    found = audited(name, tmp_path, **choice)
    assert (found.verdict, found.exit) == (Verdict.MET, 0)
    # What was chosen stands beside the result.
    assert (
        any(str(value) in str(found.report.provenance["options"].values()) for value in choice.values()) or found.codes
    )


def test_a_mismatch_of_the_dose_is_not_allowed_for(tmp_path):
    assert audited("dose-frame-differs", tmp_path, allow_for_mismatch=True).exit == 4


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("beam-doses-incomplete", "beams"),
        ("fraction-dose", "beams"),
        ("dose-coarse", "course"),
    ],
)
def test_doses_are_not_taken_for_what_they_cannot_be(name, how, tmp_path):
    with pytest.raises(UsageError, match="--dose-as"):
        audited(name, tmp_path, dose_as=how)


def test_a_wrong_way_of_taking_the_dose_is_refused_by_ratio(tmp_path):
    found = audited("fraction-dose", tmp_path, dose_as="course")
    assert "dose-not-prescription" in found.refused
    assert found.exit == 3


def test_registered_structures_receive_what_unmoved_ones_do(tmp_path):
    plain, moved = (audited(name, tmp_path / name).report for name in ("none", "registered-frames"))
    values = [
        {(item.roi, item.metric): item.measured.value for item in report.findings if item.governs}
        for report in (plain, moved)
    ]
    assert values[0].keys() == values[1].keys()
    for key, value in values[0].items():
        assert values[1][key] == pytest.approx(value, rel=2e-3), key


def test_the_volumes_of_union_and_exclusive_or_are_both_said(tmp_path):
    (issue,) = (item for item in audited("overlapping-contours", tmp_path).issues if item.code == "contours-overlap")
    # Two discs of radius 5, centres 3 apart, on the 33 planes, 2 mm apart, between the ends of the tube.
    radius, apart, length = 5.0, 3.0, 33 * 2.0
    lens = 2 * radius**2 * np.arccos(apart / 2 / radius) - apart / 2 * np.sqrt(4 * radius**2 - apart**2)
    both, shared = 2 * np.pi * radius**2 * length / 1000, lens * length / 1000
    assert " as their union, " in issue.message
    union, odd = (float(text.split()[-1]) for text in issue.message.split(" cc")[:2])
    assert union == pytest.approx(both - shared, rel=0.01)
    assert odd == pytest.approx(both - 2 * shared, rel=0.02)
