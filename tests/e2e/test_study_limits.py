"""The limits of the command line: within them nothing changes, beyond them a document that says so, and exit 4."""

from __future__ import annotations

import json

import pytest

from rtplan.study import Limits, audit_path, dvh_path

ROOMY = ("--memory-limit-mib", "1500", "--time-limit-s", "300")
NO_MEMORY, NO_TIME = ("--memory-limit-mib", "1"), ("--time-limit-s", "0.01")


@pytest.mark.parametrize("command", ["audit", "dvh"])
def test_within_the_limits_the_answer_is_the_same(small, call, command):
    assert call(command, small, "--format", "json", *ROOMY) == call(command, small, "--format", "json")


@pytest.mark.parametrize(("options", "code"), [(NO_MEMORY, "limit-memory"), (NO_TIME, "limit-time")])
def test_beyond_a_limit_a_document_says_so(small, call, options, code):
    status, out, err = call("audit", small, "--format", "json", *options)
    assert status == 4
    assert err.startswith("rtplan: the study ")
    found = json.loads(out)
    assert found["verdict"] == "not_judged"
    (issue,) = found["issues"]
    assert (issue["code"], issue["severity"]) == (code, "refuse")


def test_beyond_a_limit_nothing_is_measured(small, call):
    status, out, err = call("dvh", small, *NO_MEMORY)
    assert (status, out) == (4, "")
    assert "more than 1 MiB of memory" in err


@pytest.mark.parametrize("options", [("--memory-limit-mib", "0"), ("--time-limit-s", "-3")])
def test_a_limit_that_is_none_is_a_usage_error(small, call, options):
    assert call("audit", small, *options)[0] == 2


def test_faults_of_the_call_come_through_the_child(small, call):
    status, _, err = call("audit", small, "--plan", "nothing like it", *ROOMY)
    assert status == 2
    assert "matches nothing" in err


def test_both_doors_of_python_take_limits(small):
    assert audit_path(small, limits=Limits(time_s=300)).verdict == "met"
    assert dvh_path(small, limits=Limits(time_s=300)).curves
