"""The command line as users meet it: exit codes, one clear sentence where something is wrong, nobody's name."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import zipfile
from functools import cache
from importlib import resources
from pathlib import Path

import jsonschema
import pytest

from rtplan.cli import run

PERSON = ("Quuxington", "Zzyzx", "MRN-90210-XYZ", "19470228")
CONTRACT = {"audit.json", "report.html", "constraints.csv", "metrics.csv", "dvh.csv", "run.json"}


@pytest.fixture
def call(capsys):
    """Return a function that runs a command line and gives its exit code, standard output and standard error."""

    def called(*arguments):
        code = run([str(item) for item in arguments])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return called


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


# --- files ------------------------------------------------------------------------------------------------


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_folder_holds_the_files_of_the_contract(variant, call, tmp_path):
    code, out, err = call("audit", variant("named"), "--out", tmp_path / "made" / "here", "--format", "json")
    assert code == 0
    assert "written to" in err
    files = contents(tmp_path / "made" / "here")
    assert set(files) == CONTRACT
    assert files["audit.json"].decode() == out
    assert json.loads(files["run.json"])["verdict"] == "met"


def test_the_same_input_gives_the_same_bytes(small, call, tmp_path):
    shutil.copytree(small, tmp_path / "another name")
    call("audit", small, "--out", tmp_path / "a")
    call("audit", tmp_path / "another name", "--out", tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert len(contents(tmp_path / "a")) == len(CONTRACT)


def test_a_zip_is_as_good_as_a_folder(small, call, tmp_path):
    archive = tmp_path / "study.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in sorted(small.rglob("*.dcm"), reverse=True):
            packed.write(path, f"some/where/{path.name}")
    for command in (["audit"], ["dvh"]):
        folder, zipped = (call(*command, path, "--format", "json") for path in (small, archive))
        assert folder == zipped
        assert folder[0] == 0


def test_a_pack_of_the_users_own_leaves_no_path_behind(small, call, tmp_path):
    home = tmp_path / PERSON[0]
    home.mkdir()
    (home / "mine.toml").write_text(
        PACK.replace("V20 <= 30%", "V20Gy <= 30 %")
        .replace("D95 >=", "D95% >=")
        .replace('colour = "red"', 'cite = "us"')
    )
    code, out, _ = call("audit", small, "--pack", home / "mine.toml", "--format", "json")
    assert code == 1  # the target is planned for 30 Gy, not for 57
    assert PERSON[0] not in out
    assert json.loads(out)["provenance"]["options"]["packs"] == ["mine"]


# --- nobody's name ----------------------------------------------------------------------------------------


def holds_a_name(text):
    return [word for word in PERSON if word.casefold() in text.casefold()]


@pytest.mark.parametrize("form", ["text", "json", "html", "csv", "junit"])
def test_no_audit_shows_a_name(variant, call, caplog, form):
    _, out, err = call("audit", variant("named"), "--format", form)
    assert holds_a_name(out + err + caplog.text) == []


def test_no_file_holds_a_name(variant, call, tmp_path, caplog):
    _, out, err = call("audit", variant("named"), "--out", tmp_path / "out")
    files = contents(tmp_path / "out")
    assert holds_a_name(out + err + caplog.text + "".join(files)) == []
    assert [name for name, content in files.items() if holds_a_name(content.decode())] == []


@pytest.mark.parametrize(
    "command",
    [["dvh"], ["dvh", "--format", "json"], ["dvh", "--format", "csv"], ["inspect"], ["inspect", "--format", "json"]],
)
def test_no_other_command_shows_a_name(variant, call, caplog, command):
    _, out, err = call(command[0], variant("named"), *command[1:])
    assert out
    assert holds_a_name(out + err + caplog.text) == []


def test_a_name_is_shown_when_it_is_asked_for(variant, call):
    _, out, _ = call("audit", variant("named"), "--show-identity", "--format", "json")
    assert {"Quuxington", "Zzyzx", "MRN-90210-XYZ"} <= set(holds_a_name(out))
    _, out, _ = call("inspect", variant("named"), "--show-identity")
    assert "MRN-90210-XYZ" in out


def test_a_name_in_an_unreadable_file_is_not_shown(variant, call, tmp_path):
    shutil.copytree(variant("named"), tmp_path / "cut")
    for path in (tmp_path / "cut").glob("RT*.dcm"):
        path.write_bytes(path.read_bytes()[:900])
    for command in ("audit", "dvh", "inspect"):
        code, out, err = call(command, tmp_path / "cut")
        assert code in {0, 4}
        assert holds_a_name(out + err) == []
        assert "Traceback" not in err


def test_faults_of_another_patient_name_neither(variant, small, call, tmp_path):
    shutil.copytree(small, tmp_path / "mixed")
    shutil.copytree(variant("named"), tmp_path / "mixed" / "other")
    code, out, err = call("audit", tmp_path / "mixed")
    assert code == 4
    assert holds_a_name(out + err) == []
    assert "RTPLAN-SAMPLE" not in out + err


# --- the process ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_no_colour_where_nobody_wants_it(small, call, monkeypatch, no_color, coloured):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("NO_COLOR", no_color)
    assert ("\x1b[" in call("audit", small)[1]) is coloured


def test_an_interruption_ends_with_130(small, call, monkeypatch):
    def interrupted(*_arguments, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr("rtplan.study.audit_path", interrupted)
    code, out, err = call("audit", small)
    assert (code, out) == (130, "")
    assert "interrupted" in err
    assert "Traceback" not in err


def test_a_crash_is_one_line_without_the_data(small, call, monkeypatch):
    def crashing(*_arguments, **_options):
        raise ZeroDivisionError("the value of Quuxington")

    monkeypatch.setattr("rtplan.study.audit_path", crashing)
    code, out, err = call("audit", small)
    assert (code, out) == (4, "")
    assert is_one_sentence(err)
    assert "ZeroDivisionError" in err
    assert holds_a_name(err) == []


def test_a_reader_that_leaves_early_is_no_fault(small):
    command = (
        f'"{sys.executable}" -m rtplan audit "{small}" --format html | head -c 10 > /dev/null; exit ${{PIPESTATUS[0]}}'
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0
    assert done.stderr == ""


def test_help_is_there_at_once():
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "rtplan", "--help"], capture_output=True, text=True, timeout=60, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert "audit" in done.stdout
    assert spent < 2 * 0.25


def test_the_module_can_be_run_from_any_folder(small, tmp_path):
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-m", "rtplan", "dvh", str(Path(small).resolve()), "--structure", "PTV_1", "--format", "csv"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0
    assert "PTV_1" in done.stdout
