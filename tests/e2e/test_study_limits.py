"""The limits of the command line: within them nothing changes, beyond them a document that says so, and exit 4."""

from __future__ import annotations

import json
import shutil

import pytest

from rtplan.study import Limits, audit_path, dvh_path

ROOMY = ("--memory-limit-mib", "1500", "--time-limit-s", "300")
LITTLE_MEMORY, NO_TIME = ("--memory-limit-mib", "300"), ("--time-limit-s", "0.01")


@pytest.mark.parametrize("command", ["audit", "dvh"])
def test_within_the_limits_the_answer_is_the_same(small, call, command):
    assert call(command, small, "--format", "json", *ROOMY) == call(command, small, "--format", "json")


@pytest.fixture
def large(small, tmp_path):
    """The small study beside a file of 700 MiB that says that it is DICOM (and takes no room on the disk)."""
    folder = shutil.copytree(small, tmp_path / "large")
    with (folder / "zzz").open("wb") as file:
        file.write((small / "RTDOSE.dcm").read_bytes())
        file.truncate(700 << 20)
    return folder


@pytest.mark.parametrize(("options", "code"), [(LITTLE_MEMORY, "limit-memory"), (NO_TIME, "limit-time")])
def test_beyond_a_limit_a_document_says_so(large, call, options, code):
    status, out, err = call("audit", large, "--format", "json", *options)
    assert status == 4
    assert err.startswith("rtplan: the study ")
    found = json.loads(out)
    assert found["verdict"] == "not_judged"
    (issue,) = found["issues"]
    assert (issue["code"], issue["severity"]) == (code, "refuse")


def test_beyond_a_limit_nothing_is_measured(large, call):
    status, out, err = call("dvh", large, *LITTLE_MEMORY)
    assert (status, out) == (4, "")
    assert "more than 300 MiB of memory" in err


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
