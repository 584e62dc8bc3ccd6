"""What the command line leaves behind: files, processes, and nobody's name."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PERSON = ("Quuxington", "Zzyzx", "MRN-90210-XYZ", "19470228")
CONTRACT = {"audit.json", "report.html", "constraints.csv", "metrics.csv", "dvh.csv", "run.json"}
PACK = """
format = 1
id = "mine"
title = "Mine"
site = "bone"
status = "draft"
edition = 2026-01-15

[[constraint]]
id = "target"
structure = "PTV"
require = "D95% >= 57 Gy"
cite = "us"
trust = "V1"
"""


def is_one_sentence(text):
    return text.startswith("rtplan: ") and text.count("\n") == 1 and "Traceback" not in text


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
    (home / "mine.toml").write_text(PACK)
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
