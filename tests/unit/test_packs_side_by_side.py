"""Several packs beside one another: what each prints, where they disagree."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from constraints.compare import compare_packs
from constraints.pack import flat_rows, load_pack
from rtplan.cli import cli
from rtplan.model import Finding, Measured, Verdict
from rtplan.report.conflicts import conflicts, others_of, side_by_side

IDS = ("tg101-2010", "timmerman-2021", "nccn-rtog-max")


def test_every_limit_of_every_pack_is_there_once():
    packs = [load_pack(item) for item in IDS]
    shown = sum(len(texts) for item in compare_packs(packs) for texts in item.limits.values())
    assert shown == sum(not row["superseded"] for pack in packs for row in flat_rows(pack))


def test_names_in_another_order_are_the_same_structure():
    packs = [load_pack(item) for item in ("ha-wbrt-rtog0933", "ha-wbrt-cc001", "timmerman-2021")]
    found = compare_packs(packs, structure="OpticChiasm", fractions=10)
    assert {item.structure for item in found} == {"OpticChiasm|OpticNrv_L|OpticNrv_R"}


def test_conflict_one_of_the_register():
    # C1: cord in 3 fractions, TG-101 21.9, Timmerman 22.5.
    (row,) = [
        item
        for item in compare_packs([load_pack(item) for item in IDS], structure="SpinalCord", fractions=3)
        if item.metric == "D0.035cc"
    ]
    assert row.limits == {"tg101-2010": ["< 21.9 Gy require V"], "timmerman-2021": ["< 22.5 Gy require V"]}
    assert row.disagree


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_command_prints(form):
    asked = ["packs", "compare", *IDS, "--structure", "SpinalCord", "--fractions", "3", "--format", form]
    result = CliRunner().invoke(cli, asked, standalone_mode=False)
    assert "21.9" in result.output
    assert "22.5" in result.output
    if form == "json":
        rows = json.loads(result.output)["rows"]
        assert {row["structure"] for row in rows} == {"SpinalCord"}


def test_a_skeleton_shows_what_is_missing():
    result = CliRunner().invoke(cli, ["packs", "show", "rtog1112", "--format", "json"], standalone_mode=False)
    shown = json.loads(result.output)
    assert shown["constraints"] == []
    assert "SpinalCord + 5 mm" in {row["structure"] for row in shown["needs_transcription"]}


def finding(pack, limit, verdict, *, governs):
    value = Measured(17.0, 16.9, 17.1, "Gy")
    return Finding(pack, "c", governs, "SpinalCord", "Cord", "D0.35cc", limit, verdict, value, trust="V")


def test_a_governing_limit_is_followed_by_those_that_differ():
    own = finding("a", "< 18 Gy", Verdict.MET, governs=True)
    beside = [
        finding("b", "< 15.9 Gy", Verdict.EXCEEDED, governs=False),
        finding("c", "< 18 Gy", Verdict.MET, governs=False),
    ]
    (told,) = conflicts(own, others_of(beside))
    assert told == "Beside it b [V]: < 15.9 Gy, exceeded; the sources disagree."
    (row,) = side_by_side([own, *beside], {"a", "b", "c"})
    assert row["disagree"]
    assert [item["pack"] for item in row["limits"]] == ["a", "b", "c"]
