"""Packs and metrics that other distributions provide: a real distribution on the path, and broken ones."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from constraints.pack import load_pack
from rtplan.errors import PackError

ROOT = Path(__file__).resolve().parents[2]

PACK = """
format = 1
id = "{id}"
title = "Of a plugin"
site = "any"
status = "draft"
edition = 2026-01-15

[[constraint]]
id = "heart"
structure = "Heart"
require = "{limit}"
cite = "our own"
"""
METRICS = """
from rtplan.metrics import plugin_metric

@plugin_metric("Gy")
def hottest_tenth(samples):
    return samples.dose_at(0.1 * samples.total_cc)

@plugin_metric("Gy")
def failing(samples):
    raise KeyError("secret")

@plugin_metric("Gy")
def endless(samples):
    return float("inf")

not_made = len
"""
# Audits an evenly irradiated heart in a process of its own, so that what is installed is what that process finds.
AUDIT = """
import json, sys
import numpy as np
import rtplan
from rtplan.metrics import parse
from rtplan.model import *
from rtplan.pipeline import audit

def box(half, z):
    return Contour(np.array([(-half, -half, z), (half, -half, z), (half, half, z), (-half, half, z)], dtype=float))

grid = Grid((41, 41, 41), np.array([[2, 0, 0, -40], [0, 2, 0, -40], [0, 0, 2, -40], [0, 0, 0, 1]], dtype=float), "9")
x = np.arange(-40, 41, 2.0)
dose = Dose(grid, np.broadcast_to(20 + x / 10, (41, 41, 41)).copy(), uid="1", plan_uids=("2",))
heart = Structure(1, "Heart", "ORGAN", tuple(box(20.0, z) for z in np.arange(-20, 21, 2.0)))
target = Structure(2, "PTV", "PTV", tuple(box(8.0, z) for z in np.arange(30, 38, 2.0)))
plan = Plan(uid="2", label="A", prescriptions=(Prescription(20.0, target_number=2),),
            fraction_groups=(FractionGroup(1, 5, (1,)),), beams=(Beam(1, radiation="PHOTON"),))
structures = StructureSet((heart, target), uid="3", frame_uid="9", plane_spacing_mm=2.0)
case = Case((Treatment(dose, structures, plan, None),), doses=(dose,), plans=(plan,))
report = audit(case, sys.argv[1:])
print(json.dumps({
    "issues": [(issue.code, issue.message) for issue in report.issues],
    "findings": [(f.pack, f.metric, f.verdict.value, f.reason, getattr(f.measured, "value", None),
                  getattr(f.measured, "low", None), getattr(f.measured, "high", None)) for f in report.findings if f.governs],
}))
"""


class Site:
    """A folder of installed distributions."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, name: str, entry_points: str, files: dict[str, str]) -> None:
        info = self.folder / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(entry_points)
        for path, text in files.items():
            target = self.folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)

    def run(self, *words: str, script: str = ""):
        code = [sys.executable, *(["-c", script] if script else ["-m", "rtplan"]), *words]
        paths = f"{self.folder}:{ROOT}"
        return subprocess.run(
            code, cwd=self.folder, capture_output=True, text=True, check=False, env={"PYTHONPATH": paths, "PATH": ""}
        )

    def audit(self, *packs: str):
        done = self.run(*packs, script=AUDIT)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def metrics(**names: str) -> str:
    return "[rtplan.metrics]\n" + "\n".join(f"{name} = {value}" for name, value in names.items()) + "\n"


def test_a_distribution_brings_a_pack_and_a_metric_and_both_govern_an_audit(site):
    limit = "HottestTenth <= 20 Gy"
    points = "[rtplan.packs]\nours = ours_packs\n" + metrics(HottestTenth="ours_metrics:hottest_tenth")
    files = {"ours_packs/ours-heart.toml": PACK.format(id="ours-heart", limit=limit), "ours_metrics.py": METRICS}
    site.install("ours", points, files)
    found = site.audit("ours-heart")
    (row,) = [item for item in found["findings"] if item[0] == "ours-heart"]
    # Dose rises by 0.1 Gy a millimetre over 40 mm: the hottest tenth begins 4 mm from the edge.
    assert row[1] == "HottestTenth"
    assert row[2] == "exceeded"
    assert row[4] == pytest.approx(20 + 1.6, abs=0.02)
    assert row[5] < row[4] < row[6]
    listed = site.run("packs", "list")
    assert "ours-heart" in listed.stdout
    assert listed.stderr == ""


def test_a_twin_of_a_plugins_metric_is_the_metric_of_the_converted_distribution(site):
    site.install("ours", metrics(HottestTenth="ours_metrics:hottest_tenth"), {"ours_metrics.py": METRICS})
    (site.folder / "mine.toml").write_text(PACK.format(id="mine", limit="EQD2(3){HottestTenth} <= 20 Gy"))
    (row,) = [item for item in site.audit("mine.toml")["findings"] if item[0] == "mine"]
    assert row[4] == pytest.approx(21.6 * (21.6 / 5 + 3) / 5, rel=2e-3)


@pytest.mark.parametrize(("name", "words"), [("failing", "failed (KeyError)"), ("endless", "gave no finite number")])
def test_a_function_that_fails_is_not_judged_and_says_so(site, name, words):
    site.install("ours", metrics(Odd=f"ours_metrics:{name}"), {"ours_metrics.py": METRICS})
    (site.folder / "mine.toml").write_text(PACK.format(id="mine", limit="Odd <= 20 Gy"))
    (row,) = [item for item in site.audit("mine.toml")["findings"] if item[0] == "mine"]
    assert row[2] == "not_judged"
    assert f"the plugin of Odd {words}" in row[3]
    assert "secret" not in row[3]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("ours_metrics:not_there", "does not load (AttributeError)"),
        ("no_such_module:f", "does not load (ModuleNotFoundError)"),
        ("ours_metrics:not_made", "not made by rtplan.metrics.plugin_metric"),
        ("broken:f", "does not load (ZeroDivisionError)"),
    ],
)
def test_a_metric_that_does_not_load_is_a_fault_of_what_asks_for_it(site, value, words):
    site.install("ours", metrics(Odd=value), {"ours_metrics.py": METRICS, "broken.py": "1 / 0"})
    (site.folder / "mine.toml").write_text(PACK.format(id="mine", limit="Odd <= 20 Gy"))
    done = site.run("packs", "check", "mine.toml")
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    # Nothing else notices.
    assert site.run("bed", "54", "3").returncode == 0
    assert site.run("packs", "show", "spine-sc24").returncode == 0


def test_a_name_that_two_provide_is_refused(site):
    for name in ("one", "two"):
        site.install(name, metrics(Odd=f"{name}_metrics:hottest_tenth"), {f"{name}_metrics.py": METRICS})
    (site.folder / "mine.toml").write_text(PACK.format(id="mine", limit="Odd <= 20 Gy"))
    done = site.run("packs", "check", "mine.toml")
    assert (done.returncode, "provided more than once" in done.stderr) == (2, True)


def test_a_plugin_cannot_take_the_name_of_a_metric_of_the_notation(site):
    site.install("ours", metrics(Dmean="ours_metrics:failing"), {"ours_metrics.py": METRICS})
    (site.folder / "mine.toml").write_text(PACK.format(id="mine", limit="Dmean <= 30 Gy"))
    (row,) = [item for item in site.audit("mine.toml")["findings"] if item[0] == "mine"]
    assert row[2] == "met"
    assert row[4] == pytest.approx(20.0, abs=0.05)


def test_broken_packs_of_a_plugin_are_issues_and_stop_nothing(site):
    files = {
        "bad_packs/bad.toml": PACK.format(id="other", limit="V20 <= 3"),
        "twice_packs/spine-sc24.toml": PACK.format(id="spine-sc24", limit="Dmax <= 1 Gy"),
        "raising/__init__.py": "1 / 0",
        "raising/packs/x.toml": "",
    }
    points = "[rtplan.packs]\nbad = bad_packs\nlost = no_such_packs\ntwice = twice_packs\nraising = raising.packs\n"
    site.install("bad", points, files)
    found = dict.fromkeys(message for code, message in site.audit()["issues"] if code == "plugin-unusable")
    told = "\n".join(found)
    for words in (
        "bad.toml has",
        "no_such_packs leads to no folder",
        "'spine-sc24' is provided more than once",
        "raising.packs",
    ):
        assert words in told
    listed = site.run("packs", "list")
    assert listed.returncode == 0
    assert "tg101-2010" in listed.stdout
    assert "leads to no folder" in listed.stderr


def test_nothing_is_imported_where_nothing_asks_for_a_plugin(site):
    site.install("ours", metrics(Odd="loud:f"), {"loud.py": "raise SystemExit(9)"})
    assert site.run("packs", "show", "spine-sc24").returncode == 0
    assert site.audit()["findings"]


# A pack by its file


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfe\x00", "is not TOML"),
        (b"format = ", "is not TOML"),
        (b"a = " + b"[" * 5000, "nested too deeply"),
        (b"", "faults"),
        (b"format = 2", "this version reads format 1"),
    ],
)
def test_a_file_that_is_no_pack_is_refused_in_a_sentence(tmp_path, content, words):
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    with pytest.raises(PackError) as refused:
        load_pack(path)
    assert words in "\n".join((str(refused.value), *refused.value.problems))


def test_a_folder_or_nothing_by_that_name_is_refused(tmp_path):
    (tmp_path / "folder.toml").mkdir()
    for name in ("folder.toml", "nothing.toml"):
        with pytest.raises(PackError, match=f"there is no pack file {name}"):
            load_pack(tmp_path / name)


def test_every_fault_of_a_file_is_said_at_once(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        PACK.format(id="other", limit="V20 <= 3") + '\n[[constraint]]\nid = "heart"\nstructure = "Hart ("\n'
    )
    with pytest.raises(PackError) as refused:
        load_pack(path)
    told = "\n".join(refused.value.problems)
    for words in ("is not the file's name", "20 what?", "used 2 times", "cite: missing", "a limit is missing"):
        assert words in told
