"""The benchmark's own arithmetic and commands; nothing is timed here."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ROOT / "benchmarks"
SCRIPTS = sorted(BENCHMARKS.glob("*.py"))


@pytest.fixture(scope="module")
def loaded():
    """The modules that `run.py` joins, imported as a script in their folder imports them."""
    found = {}
    for name in ("contenders", "timing", "accuracy", "run"):
        spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
        found[name] = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(found[name])
    yield found
    for name in found:
        del sys.modules[name]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_parse(script):
    compile(script.read_text(encoding="utf-8"), script.name, "exec")


def test_closed_forms_agree_with_counting(loaded):
    ball = loaded["accuracy"].Ball("ball", (1.0, 2.0, 3.0), 5.0)
    axis = np.linspace(-5, 5, 101)
    offsets = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    inside = offsets[np.linalg.norm(offsets, axis=1) <= 5.0]
    doses = np.sort(ball.dose_gy(inside + ball.centre_mm))[::-1]
    truth = ball.truth()
    assert len(inside) * 1e-6 == pytest.approx(truth["Volume"], rel=0.01)
    for name, share in (("D95%", 0.95), ("D50%", 0.5), ("D2%", 0.02), ("D0.03cc", 0.03 / truth["Volume"])):
        assert doses[int(share * len(doses))] == pytest.approx(truth[name], rel=0.01), name


def test_balls_do_not_disturb_one_another(loaded):
    drawn = loaded["accuracy"].balls(3.0, 2.5)
    assert len(drawn) == len({ball.name for ball in drawn}) == 12
    for ball in drawn:
        others = [other.dose_gy(np.array(ball.centre_mm)) for other in drawn if other is not ball]
        assert max(others) < 1e-6


def test_a_table_of_voxel_counts_is_read(loaded):
    table = "Dose (Gy),A,B\n0,1000,0\n10,1000,0\n20,500,0\n30,0,0\n"
    found = loaded["accuracy"].of_plastimatch(table, "checking voxel size...\n1 1 0.5\n")
    assert found["A"]["Volume"] == pytest.approx(0.5)
    assert found["A"]["D50%"] == pytest.approx(20.0)
    assert found["A"]["D95%"] == pytest.approx(11.0)


def test_errors_and_intervals_are_counted(loaded):
    accuracy = loaded["accuracy"]
    pairs = [
        ({"D95%": 10.0}, {"D95%": 10.1, "D95%.low": 9.9, "D95%.high": 10.3}),
        ({"D95%": 10.0}, {"D95%": 10.3, "D95%.low": 10.2, "D95%.high": 10.4}),
        ({"D95%": 10.0}, {}),
    ]
    assert accuracy.scores(pairs)["D95%"] == accuracy.Scores(2.0, 3.0, 1)
    assert accuracy.within(pairs) == (1, 2)


def test_a_run_is_measured_and_a_failure_has_no_time(loaded):
    timed = loaded["timing"].timed
    used = timed([sys.executable, "-c", "sum(range(2_000_000))"])
    assert used.cpu_s > 0
    assert used.wall_s > 0
    assert used.peak_mib > 1
    with pytest.raises(RuntimeError, match="ended with 3"):
        timed([sys.executable, "-c", "raise SystemExit(3)"])


def test_the_page_says_what_was_found(loaded):
    usage, run, contenders = loaded["timing"].Usage, loaded["run"], loaded["contenders"]
    used = {contenders.RTPLAN: usage(2.0, 1.0, 500.0), contenders.BARE: usage(1.0, 1.0, 600.0)}
    used |= {contenders.DICOMPYLER: usage(40.0, 30.0, 250.0), contenders.PLASTIMATCH: usage(9.0, 4.5, 700.0)}
    assert [row[2:] for row in run._goal_rows(used)] == [
        ["2.00", "yes"],
        ["30.0", "yes"],
        ["4.5", "no"],
        ["500 MiB", "yes"],
    ]
    assert run._time_rows(used)[2][4:] == ["30.00", "20.00"]


def test_the_other_tools_are_pinned():
    lines = (BENCHMARKS / "peers.lock").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", pin) for pin in pins)
    pydicom = next(pin for pin in pins if pin.startswith("pydicom=="))
    assert int(pydicom.split("==")[1].split(".")[0]) < 3
