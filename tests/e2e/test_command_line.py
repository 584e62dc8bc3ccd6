"""The command line as users meet it: exit codes, one clear sentence where something is wrong."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

import jsonschema
import pytest


@cache
def validator(name):
    text = (resources.files("rtplan") / "schema" / f"{name}.schema.json").read_text(encoding="utf-8")
    return jsonschema.Draft202012Validator(json.loads(text))


def is_one_sentence(text):
    return text.startswith("rtplan: ") and text.count("\n") == 1 and "Traceback" not in text


# --- what is wrong is said in a sentence ------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "notes.dcm").write_text("These are notes.\n")
    (tmp_path / "bad.zip").write_bytes(b"PK\x03\x04 and then nothing of use")
    return tmp_path


@pytest.mark.parametrize("command", ["audit", "dvh", "inspect"])
@pytest.mark.parametrize("name", ["nowhere", "empty", "text", "text/notes.dcm", "bad.zip"])
def test_input_that_is_no_study(folder, call, command, name):
    code, out, err = call(command, folder / name)
    assert code == 4
    assert out == ""
    assert is_one_sentence(err)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["dvh", "STUDY", "--metric", "V20"], "20 what"),
        (["dvh", "STUDY", "--metric", "nonsense"], "nonsense"),
        (["dvh", "STUDY", "--structure", "Nope"], "no structure is called 'Nope'"),
        (["dvh", "STUDY", "--structure", "PTV_1 +"], "no structure is called"),
        (["audit", "STUDY", "--pack", "tg102"], "did you mean tg101-2010"),
        (["audit", "STUDY", "--pack", "missing.toml"], "there is no pack file missing.toml"),
        (["audit", "STUDY", "--plan", "nonsense"], "--plan 'nonsense' matches nothing; there is: "),
        (["audit", "STUDY", "--dose", "nonsense"], "--dose 'nonsense' matches nothing"),
        (["dvh", "STUDY", "--structures", "nonsense"], "--structures 'nonsense' matches nothing"),
        (["audit", "STUDY", "--sheet", "missing.toml"], "the sheet cannot be read"),
        (["audit", "STUDY", "--names", "missing.toml"], "the names file cannot be read"),
        (["packs", "show", "nothing"], "there is no pack 'nothing'"),
        (["packs", "check", "missing.toml"], "there is no pack file missing.toml"),
        (["bed", "nan", "3"], "positive"),
        (["bed", "0", "3"], "positive"),
        (["bed", "54", "3", "--alpha-beta", "0"], "positive"),
    ],
)
def test_a_wrong_call(small, call, arguments, said):
    code, out, err = call(*(small if item == "STUDY" else item for item in arguments))
    assert code == 2
    assert out == ""
    assert said in err
    assert is_one_sentence(err)


@pytest.mark.parametrize(
    "arguments",
    [
        ["audit"],
        ["audit", "a", "b"],
        ["frobnicate"],
        ["audit", ".", "--format", "pdf"],
        ["bed", "54", "0"],
        ["bed", "x", "3"],
        [],
    ],
)
def test_a_call_that_is_not_in_the_usage(call, arguments):
    code, out, err = call(*arguments)
    assert code == 2
    assert out == ""
    assert "Usage:" in err
    assert "Traceback" not in err


def test_a_sheet_says_all_its_faults(small, call, tmp_path):
    sheet = tmp_path / "sheet.toml"
    sheet.write_text(
        'colour = "red"\n[[lesion]]\nsite = "liver"\nfractions = 0\n[[lesion]]\ntarget = "PTV_1"\nprescription_gy = -3\n'
    )
    code, out, err = call("audit", small, "--sheet", sheet)
    assert (code, out) == (2, "")
    assert is_one_sentence(err)
    for fault in ("'colour'", "lesion[1]: target", "lesion[1] fractions", "lesion[2] prescription_gy"):
        assert fault in err


def test_a_names_file_names_structures_and_the_sheet_decides_over_it(small, call, tmp_path):
    names, sheet = tmp_path / "names.toml", tmp_path / "sheet.toml"
    names.write_text('[names]\n"SacralPlex" = "CaudaEquina"\n')
    sheet.write_text('[names]\n"SacralPlex" = "SacralPlex"\n')
    for more, expected in (((), "CaudaEquina"), (("--sheet", sheet), "SacralPlex")):
        _, out, _ = call("audit", small, "--names", names, *more, "--format", "json")
        document = json.loads(out)
        (found,) = [item["standard_name"] for item in document["structures"] if item["name"] == "SacralPlex"]
        assert found == expected
        assert document["provenance"]["options"]["names"] is True


def test_a_sheet_that_is_no_toml(small, call, tmp_path):
    (tmp_path / "sheet.toml").write_text("[[lesion\n")
    code, _, err = call("audit", small, "--sheet", tmp_path / "sheet.toml")
    assert code == 2
    assert is_one_sentence(err)


PACK = """
format = 1
id = "mine"
title = "Mine"
site = "lung"
status = "draft"
edition = 2026-01-15

[[constraint]]
id = "lungs"
structure = "Lungs"
require = "V20 <= 30%"
cite = "us"
trust = "V1"

[[constraint]]
id = "target"
structure = "PTV"
require = "D95 >= 57 Gy"
cite = "us"
trust = "V1"

[[constraint]]
id = "cord"
structure = "SpinalCord"
require = "Dmax <= 18 Gy"
colour = "red"
trust = "V1"
"""


def test_a_pack_says_all_its_faults_at_once(call, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(PACK)
    code, out, err = call("packs", "check", path)
    assert (code, out) == (2, "")
    for fault in ("V20", "D95", "colour", "cite"):
        assert fault in err
    assert "Traceback" not in err
    code, out, err = call("packs", "check", path, "--format", "json")
    document = json.loads(out)
    assert (code, err, document["valid"]) == (2, "", False)
    assert len(document["problems"]) >= 4


def test_a_sound_pack_checks(call, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        PACK.replace("V20 <= 30%", "V20Gy <= 30 %")
        .replace("D95 >=", "D95% >=")
        .replace('colour = "red"', 'cite = "us"')
    )
    code, out, err = call("packs", "check", path)
    assert (code, err) == (0, "")
    assert "3 rows" in out


def test_a_report_that_cannot_be_written(small, call, tmp_path):
    (tmp_path / "taken").write_text("a file")
    code, out, err = call("audit", small, "--out", tmp_path / "taken")
    assert (code, out) == (2, "")
    assert is_one_sentence(err)
    assert "cannot be written" in err


# --- documents --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("which", "code"), [(None, 0), ("hot", 1), ("no fractions", 3), ("no dose", 4)])
def test_audit_documents_follow_the_schema(small, variant, call, which, code):
    found, out, err = call("audit", variant(which) if which else small, "--format", "json")
    document = json.loads(out)
    validator("audit").validate(document)
    assert (found, err) == (code, "")
    assert document["schema"] == "rtplan.audit/1"
    if code == 4:
        assert "no-dose" in {issue["code"] for issue in document["issues"]}
    if code == 3:
        unjudged = [item for item in document["findings"] if item["verdict"] == "not_judged"]
        assert all(item["reason"] for item in unjudged)
        assert any(item["value"] is not None for item in unjudged)


@pytest.mark.parametrize("form", ["text", "html", "csv", "junit"])
@pytest.mark.parametrize(("which", "code"), [(None, 0), ("no dose", 4)])
def test_every_format_prints(small, variant, call, form, which, code):
    found, out, err = call("audit", variant(which) if which else small, "--format", form)
    assert (found, err) == (code, "")
    assert len(out) > 100


def test_dvh_documents_follow_the_schema(small, call):
    asked = ["--metric", "D95%", "--metric", "V20Gy[cc]", "--metric", "D900cc", "--metric", "R50"]
    code, out, err = call("dvh", small, "--format", "json", *asked)
    document = json.loads(out)
    validator("dvh").validate(document)
    assert (code, err) == (0, "")
    target = next(item for item in document["structures"] if item["name"] == "PTV_1")
    assert [item["metric"] for item in target["metrics"]] == ["D95%", "V20Gy[cc]", "D900cc", "R50"]
    values = {item["metric"]: item for item in target["metrics"]}
    assert values["D900cc"]["value"] is None
    assert "less than the 900 cc" in values["D900cc"]["reason"]
    assert 30.0 < values["D95%"]["low"] <= values["D95%"]["value"] <= values["D95%"]["high"] < 34.0


def test_a_study_without_a_dose_has_no_dvh(variant, call):
    code, out, err = call("dvh", variant("no dose"))
    assert (code, out) == (4, "")
    assert is_one_sentence(err)


def test_an_inspection_says_what_is_there(small, call):
    code, out, err = call("inspect", small, "--format", "json")
    assert (code, err) == (0, "")
    text = json.dumps(json.loads(out))
    assert all(word in text for word in ("RTDOSE", "RTSTRUCT", "RTPLAN", "CT"))


@pytest.mark.parametrize("form", ["text", "json"])
def test_every_shipped_pack_shows_and_checks(call, form):
    code, out, _ = call("packs", "list", "--format", "json")
    assert code == 0
    for pack in json.loads(out)["packs"]:
        code, out, err = call("packs", "show", pack["id"], "--format", form)
        assert (code, err) == (0, "")
        assert pack["id"] in out


def test_biologically_effective_dose(call):
    code, out, _ = call("bed", 54, 3, "--alpha-beta", 10)
    assert code == 0
    assert "151.2" in out
    assert "126.0" in out
    code, out, _ = call("bed", 54, 3, "--format", "json")
    document = json.loads(out)
    assert (code, document["bed_gy"], document["eqd2_gy"]) == (0, 151.2, 126.0)


# --- --fail-on --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("which", "fail_on", "code"),
    [
        ("no fractions", "not_judged", 3),
        ("no fractions", "indeterminate", 0),
        ("no fractions", "exceeded", 0),
        ("hot", "exceeded", 1),
        ("no dose", "exceeded", 4),
    ],
)
def test_the_mildest_failure_can_be_chosen(variant, call, which, fail_on, code):
    assert call("audit", variant(which), "--fail-on", fail_on)[0] == code


def test_an_input_that_cannot_be_read_still_prints_its_document(folder, call):
    code, out, err = call("audit", folder / "nowhere", "--format", "json")
    document = json.loads(out)
    assert (code, document["verdict"]) == (4, "not_judged")
    assert document["issues"][0]["severity"] == "refuse"
    assert "does not exist" in err
