"""Every shipped pack loads, fits its schema, and keeps to the house's rules of naming and citing."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from constraints.conformity import limits_at
from constraints.judge import judge
from constraints.pack import available_packs, flat_rows, load_pack
from rtplan.model import Verdict

FOLDER = Path(__file__).resolve().parents[2] / "constraints"
SHIPPED = {
    "astro-brain-2022", "bed-targets", "ha-wbrt-cc001", "ha-wbrt-cc003", "ha-wbrt-rtog0933", "hytec-2021",
    "lung-hmr-3-5-8fx", "lung-uw-60x8", "nccn-rtog-max", "nrg-br001-like", "rtog-srs-qa-1993",
    "rtog0813-0915-conformity", "seed-rules", "spine-msk-24x1", "spine-reirradiation-hytec", "spine-sc24",
    "target-goals", "tg101-2010", "timmerman-2021",
}  # fmt: skip
SKELETONS = {
    "curb", "lu002", "nrg-gi003", "rtog0631", "rtog1112", "sabr-comet-10", "sabr-comet-3", "uk2018", "uk2022",
}  # fmt: skip
FIELDS = {
    "id", "structure", "combine", "fractions", "when", "metric", "op", "limit", "unit", "level", "superseded",
    "endpoint", "cite", "trust",
}  # fmt: skip


def test_all_packs_are_there_and_load():
    found = {info.id: info.problem for info in available_packs() if info.origin == "rtplan"}
    assert found == dict.fromkeys(SHIPPED | SKELETONS, "")


@pytest.mark.parametrize("pack_id", sorted(SHIPPED | SKELETONS))
def test_file_fits_the_schema(pack_id):
    schema = json.loads((FOLDER / "schema" / "pack.schema.json").read_text(encoding="utf-8"))
    data = tomllib.loads((FOLDER / "packs" / f"{pack_id}.toml").read_text(encoding="utf-8"))
    data["edition"] = data["edition"].isoformat()
    jsonschema.Draft202012Validator(schema).validate(data)


def test_schema_refuses_a_row_without_a_citation():
    schema = json.loads((FOLDER / "schema" / "pack.schema.json").read_text(encoding="utf-8"))
    data = tomllib.loads((FOLDER / "packs" / "spine-sc24.toml").read_text(encoding="utf-8"))
    data["edition"] = data["edition"].isoformat()
    del data["constraint"][0]["cite"]
    assert not jsonschema.Draft202012Validator(schema).is_valid(data)


@pytest.mark.parametrize("pack_id", sorted(SHIPPED))
def test_rows_show_every_public_field(pack_id):
    rows = flat_rows(load_pack(pack_id))
    assert rows
    for row in rows:
        assert row.keys() >= FIELDS
        assert row["cite"]
        assert row["trust"] in {"V", "V1", "C", "D"}
        assert row["level"] in {"require", "prefer", "band"}
        assert isinstance(row["limit"], float)
    json.dumps(rows)


@pytest.mark.parametrize("pack_id", sorted(SHIPPED))
def test_single_source_status_is_told(pack_id):
    pack = load_pack(pack_id)
    trusts = {row["trust"] for row in flat_rows(pack)}
    assert ("V" not in trusts) == (pack.status == "single-source")


@pytest.mark.parametrize("pack_id", sorted(SKELETONS))
def test_a_skeleton_holds_no_limit_and_judges_nothing(pack_id):
    pack = load_pack(pack_id)
    assert pack.status == "needs-transcription"
    assert flat_rows(pack) == []
    findings = judge(pack, lambda *_: pytest.fail("nothing is measured"), fractions=5)
    assert findings
    assert {item.verdict for item in findings} == {Verdict.NOT_JUDGED}
    assert all("needs transcription" in item.reason for item in findings)


def test_volume_in_cc_is_shown_as_printed():
    row = flat_rows(load_pack("hytec-2021"))[0]
    assert (row["metric"], row["op"], row["limit"], row["unit"]) == ("V12Gy", "<=", 5.0, "cc")


def test_length_row_is_listed_and_not_computable():
    rows = [row for row in flat_rows(load_pack("timmerman-2021")) if row["metric"] == "D[2cm length]"]
    assert [row["limit"] for row in rows] == [16, 21, 25.5, 28.8, 31.5, 37]
    assert not any(row["computable"] for row in rows)


def test_conformity_is_interpolated_between_entries():
    rows = {row.id: row for row in limits_at(28.0)}
    assert rows["r50"].prefer.bound == pytest.approx(4.40)
    assert rows["r50"].require.bound == pytest.approx(5.40)
    assert rows["d2cm"].prefer.bound == pytest.approx(56.0)
    assert rows["d2cm"].require.bound == pytest.approx(65.5)
    assert {limit.op for row in rows.values() for limit in row.limits} == {"<"}


@pytest.mark.parametrize("row", load_pack("rtog0813-0915-conformity").conformity, ids=lambda row: f"{row.ptv_cc} cc")
def test_conformity_at_an_entry_is_the_entry(row):
    assert limits_at(row.ptv_cc) == row.constraints


@pytest.mark.parametrize("volume_cc", [1.0, 1.79, 163.01, 200.0])
def test_conformity_is_never_extrapolated(volume_cc):
    assert limits_at(volume_cc) is None
