"""A slice of the campaign in every run of the tests, and its own machinery."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from campaign import base
from campaign.edits import KINDS, mutated
from campaign.elements import parse, write
from campaign.law import BROKEN, OUTCOMES, Base, audited, judged
from campaign.unknowable import UNKNOWABLE

TESTS = Path(__file__).resolve().parents[1]
SLICE, COUNT = 2, 120


@pytest.mark.parametrize("part", range(SLICE))
def test_a_slice_keeps_the_law(part, tmp_path):
    """Other studies than those of `make campaign`: the seed is another one."""
    out = tmp_path / "found.json"
    command = [sys.executable, "-m", "campaign", "--seed", "slice", "--jobs", "1", "--json", str(out)]
    done = subprocess.run(
        [*command, "--first", str(part * COUNT), "--count", str(COUNT)],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(out.read_text(encoding="utf-8"))
    assert sum(found["outcomes"].values()) == COUNT
    assert found["outcomes"]["exceeded"] < 0.9 * COUNT, "the edits hardly touch what counts"


@pytest.fixture(scope="module")
def files():
    return base.exceeding()


@pytest.fixture(scope="module")
def twin():
    return base.keeping()


def report_of(files, tmp_path):
    found = audited(files, tmp_path)
    assert not isinstance(found, str)
    return found


def test_files_are_written_as_they_were_read(files, twin):
    for data in (*files.values(), *twin.values()):
        assert write(parse(data)) == data


def test_the_same_number_makes_the_same_study(files, twin):
    one, other = (mutated(files, twin, random.Random("1/17")) for _ in range(2))
    assert one == other
    assert one[0] != files


def test_every_kind_of_edit_changes_something(files, twin):
    for kind, edit in KINDS.items():
        chance = random.Random(kind)
        changed = sum(edit(files, twin, chance)[0].items() - files.items() != set() for _ in range(40))
        assert changed > 20, kind


def test_the_law_is_broken_by_a_study_that_turned(files, twin, tmp_path):
    whole, kept = tmp_path / "whole", tmp_path / "kept"
    whole.mkdir()
    kept.mkdir()
    of = Base.of(report_of(files, whole))
    assert of.exceeded
    assert judged(report_of(files, whole), of, ()).word == "exceeded"
    assert judged(report_of(twin, kept), of, ()).word == "silent"
    assert judged("no file can be read", of, ()).word == "refused"


def test_the_list_of_what_no_reader_could_know_is_short_and_says_why():
    assert len(UNKNOWABLE) <= 12
    assert all(len(reason) > 30 for reason in UNKNOWABLE.values())
    assert {kind for _, kind in UNKNOWABLE} <= {*KINDS, "delete item"}
    assert set(OUTCOMES) > BROKEN
