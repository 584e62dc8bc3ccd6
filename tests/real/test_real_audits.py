"""Real plans of several planning systems, audited, measured and inspected through the command line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from rtplan.cli import run

DATA = Path(os.environ.get("RTPLAN_REAL_DATA", Path(__file__).parents[2] / ".." / "shared" / "data"))

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the folder of real files is not here")

# Exit codes of audit, dvh and inspect. No plan here names its site, so none can be judged without a sheet.
CASES = {
    "srs_5met_raystation": (3, 0, 0),
    "breast_eclipse": (3, 0, 0),
    "eclipse_prostate_phantom": (3, 0, 0),
    "headneck_pinnacle": (3, 0, 0),
    "prostate_phantom_monaco": (3, 0, 0),
    "ct_phantom_ibsi": (4, 4, 0),
    "proton_water_raystation": (3, 4, 0),
    "proton_water_raystation/plan03_sobp_raystation": (3, 0, 0),
    "proton_water_raystation/plan04_ramp_10cm": (3, 0, 0),
    "proton_water_raystation/plan04_ramp_4cm": (3, 0, 0),
    "proton_water_raystation/ramp_full": (3, 0, 0),
    "odd_files": (4, 4, 4),
    "odd_files/rtdose.dcm": (4, 4, 0),
    "orientation_headers": (4, 4, 4),
    "orientation_headers/RD.TBB_feet_in_supine.dcm": (4, 4, 0),
}


@pytest.fixture
def call(capsys):
    def called(*arguments):
        code = run([str(item) for item in arguments])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return called


@pytest.fixture
def measured(call):
    """Return a function that measures a case: by structure, its volume (``cc``) and metrics."""

    def measure(name, *options):
        code, out, _ = call("dvh", DATA / name, "--format", "json", *options)
        assert code == 0
        return {
            item["name"]: {
                "cc": item["volume_cc"]["value"],
                **{reading["metric"]: reading["value"] for reading in item["metrics"]},
            }
            for item in json.loads(out)["structures"]
        }

    return measure


@pytest.mark.parametrize("name", CASES)
def test_every_case_ends_as_it_should_and_without_a_traceback(name, call):
    for command, expected in zip(("audit", "dvh", "inspect"), CASES[name], strict=True):
        # One metric keeps it short; what is said on the way must not be a crash.
        asked = ["--metric", "Dmax"] if command == "dvh" else []
        code, out, err = call(command, DATA / name, *asked)
        assert code == expected, (command, err)
        assert "Traceback" not in out + err
        assert "internal error" not in err
        assert out or err.startswith("rtplan: ")


@pytest.mark.parametrize(
    ("caps", "volumes"),
    [
        ("half", {"PTV_1": 0.396, "PTV_2": 0.305, "PTV_3": 0.474, "PTV_4": 4.484, "PTV_5": 0.914, "BRAIN STEM": 24.60}),
        ("none", {"PTV_1": 0.370, "PTV_2": 0.289, "PTV_3": 0.442, "PTV_4": 4.455, "PTV_5": 0.877, "BRAIN STEM": 24.43}),
    ],
)
def test_volumes_of_small_targets_by_either_rule_for_their_ends(measured, caps, volumes):
    asked = [option for name in volumes for option in ("--structure", name)]
    found = measured("srs_5met_raystation", "--end-caps", caps, "--metric", "Dmax", *asked)
    assert {name: found[name]["cc"] for name in volumes} == pytest.approx(volumes, rel=0.02)


def test_a_prostate_plan_agrees_with_the_table_of_its_planning_system(measured):
    asked = ["--structure", "Bladder", "--structure", "Rectum", "--structure", "PTV"]
    found = measured("eclipse_prostate_phantom", "--end-caps", "none", "--metric", "Dmean", "--metric", "D95%", *asked)
    volumes = {"Bladder": 116.8, "PTV": 48.6, "Rectum": 30.3}
    assert {name: found[name]["cc"] for name in volumes} == pytest.approx(volumes, rel=0.015)
    assert found["PTV"]["Dmean"] == pytest.approx(45.88, abs=0.2)
    assert found["PTV"]["D95%"] == pytest.approx(45.36, abs=0.2)


def test_a_breast_plan_agrees_with_its_stored_curves(measured):
    asked = ["--structure", "Heart", "--structure", "Lt Lung"]
    found = measured("breast_eclipse", "--end-caps", "none", "--metric", "Dmean", *asked)
    assert found["Heart"]["cc"] == pytest.approx(437.46, rel=0.015)
    assert found["Heart"]["Dmean"] == pytest.approx(0.648, rel=0.01)
    assert found["Lt Lung"]["cc"] == pytest.approx(2008.9, rel=0.015)


def test_doses_of_beams_are_not_added_to_the_plans(measured):
    found = measured("proton_water_raystation/ramp_full", "--metric", "Dmean", "--structure", "Cube101010")
    # The plan is for 2 Gy: with the two beams added again it would be 4.
    assert found["Cube101010"]["Dmean"] == pytest.approx(2.05, abs=0.1)


def test_proton_doses_are_not_judged(call):
    code, out, _ = call("audit", DATA / "proton_water_raystation/ramp_full", "--format", "json")
    document = json.loads(out)
    assert code == 3
    assert len(document["plans"]) == 1
    assert {"dose-effective", "patients-differ"} <= {issue["code"] for issue in document["issues"]}


def test_a_scan_without_a_dose_says_so(call):
    code, out, _ = call("audit", DATA / "ct_phantom_ibsi", "--format", "json")
    document = json.loads(out)
    assert code == 4
    assert "there is no dose to measure" in {issue["message"] for issue in document["issues"]}
    assert document["plans"] == document["lesions"] == document["findings"] == []


def test_radiosurgery_is_judged_once_a_sheet_says_what_it_is(call, tmp_path):
    """The plan names no prescription and no brain is drawn; 35 Gy in 5 is what covers its targets."""
    lesion = '[[lesion]]\ntarget = "PTV_{}"\nsite = "brain"\nprescription_gy = 35.0\n'
    sheet = tmp_path / "sheet.toml"
    sheet.write_text("".join(lesion.format(number) for number in range(1, 6)))
    code, out, _ = call("audit", DATA / "srs_5met_raystation", "--sheet", sheet, "--format", "json")
    document = json.loads(out)
    assert [item["protocol"] for item in document["lesions"]] == ["brain-srs"] * 5
    goals = [item for item in document["findings"] if item["pack"] == "rtog-srs-qa-1993"]
    assert {item["metric"] for item in goals} == {"Dmin", "MDPD", "PITV"}
    assert {item["lesion"] for item in goals} == {f"PTV_{number}" for number in range(1, 6)}
    judged = [item for item in goals if item["metric"] in {"Dmin", "MDPD"}]
    assert all(item["verdict"] != "not_judged" for item in judged)
    # The brainstem is drawn under a name of its own; brain and optic nerves are not drawn under theirs.
    missing = {item["structure"] for item in document["findings"] if item["metric"] == "contoured"}
    assert {"Brain", "OpticChiasm", "OpticNrv_L", "OpticNrv_R"} <= missing
    assert "Brainstem" not in missing
    assert [
        item for item in document["findings"] if item["structure"] == "Brainstem" and item["verdict"] != "not_judged"
    ]
    exceeded = [(item["lesion"], item["metric"]) for item in document["findings"] if item["verdict"] == "exceeded"]
    assert exceeded == [("PTV_3", "PITV")]  # its 35 Gy isodose holds nearly five times its half cubic centimetre
    assert code == 1
