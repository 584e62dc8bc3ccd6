"""A study turned into every patient position, every rotation and every way to store its dose: the same numbers."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

import sample_data
from rtplan.cli import run
from sample_data.fields import Gradient

METRICS = ("Volume", "Dmean", "Dmin", "Dmax", "D95%", "D0.03cc", "V20Gy[cc]", "CI", "R50", "D2cm")
STRUCTURES = ("PTV_1", "SacralPlex")
NAMES = {matrix: name for name, matrix in sample_data.PATIENT_POSITIONS.items()}
TURNED = [pytest.param(matrix, sample_data.IDENTITY, id=NAMES.get(matrix, "turn")) for matrix in sample_data.ROTATIONS]
STORED = [
    pytest.param(sample_data.IDENTITY, axes, id=f"axes{number}")
    for number, axes in enumerate(sample_data.ROTATIONS)
    if number % 3 == 1
]
BOTH = [
    pytest.param(sample_data.PATIENT_POSITIONS[name], sample_data.ROTATIONS[number], id=f"{name}-axes{number}")
    for number, name in ((5, "HFP"), (10, "FFS"), (15, "HFDR"), (22, "FFDL"))
]

# A turned copy holds the same decimals in another place (no rounding of DICOM's decimal strings enters), and the
# same stored integers: only the order of sums differs. Near no dose at all, a millionth of a gray is as good.
SHARE, LEAST = 1e-6, 1e-6
# Of the readings that make the interval, one gives a height midway between two contours to the lower of them.
SHARE_OF_ENDS = 1e-3


@pytest.fixture(scope="session")
def numbers(study):
    """Return a function that writes the study turned and gives every number that `rtplan dvh` prints of it."""

    def measured(folder, capsys, rotation, axes):
        dicom = sample_data.write_dicom(study, folder, orientation=rotation, dose_axes=axes)
        asked = [*(f"--structure={name}" for name in STRUCTURES), *(f"--metric={metric}" for metric in METRICS)]
        assert run(["dvh", str(dicom), "--format", "json", *asked]) == 0
        found = {}
        for structure in json.loads(capsys.readouterr().out)["structures"]:
            for item in [{"metric": "volume_cc", **structure["volume_cc"]}, *structure["metrics"]]:
                found[structure["name"], item["metric"]] = [item[key] for key in ("value", "low", "high")]
        return found

    return measured


@pytest.fixture(scope="session")
def upright(tmp_path_factory):
    """Keep the numbers of the head-first-supine twin."""
    return {}, tmp_path_factory.mktemp("upright")


@pytest.fixture
def expected(upright, numbers, capsys):
    kept, folder = upright
    if not kept:
        kept.update(numbers(folder, capsys, "HFS", sample_data.IDENTITY))
    return kept


@pytest.mark.parametrize(("rotation", "axes"), [*TURNED, *STORED, *BOTH])
def test_numbers_do_not_depend_on_how_the_patient_lies(rotation, axes, numbers, expected, tmp_path, capsys):
    found = numbers(tmp_path, capsys, rotation, axes)
    assert found.keys() == expected.keys()
    off = {key: (expected[key], values) for key, values in found.items() if not _agree(values, expected[key])}
    assert off == {}


def _agree(found, expected):
    ends = pytest.approx(expected[1:], rel=SHARE_OF_ENDS, abs=LEAST)
    return found[0] == pytest.approx(expected[0], rel=SHARE, abs=LEAST) and found[1:] == ends


def test_the_eight_patient_positions_are_among_the_rotations():
    assert len(NAMES) == 8
    assert set(NAMES) <= set(sample_data.ROTATIONS)


def test_something_was_measured(expected):
    assert expected["PTV_1", "volume_cc"][0] == pytest.approx(7.238, rel=0.02)
    assert None not in [value for key, values in expected.items() if key[0] == "PTV_1" for value in values]


def test_another_dose_gives_other_numbers(study, expected, tmp_path, capsys):
    """A study with another dose is another study: the comparison above can fail."""
    other = replace(study, dose=Gradient(20.0, (0.1, 0.2, 0.3)))
    dicom = sample_data.write_dicom(other, tmp_path)
    assert run(["dvh", str(dicom), "--format", "json", "--structure", "PTV_1", "--metric", "Dmean"]) == 0
    mean = json.loads(capsys.readouterr().out)["structures"][0]["metrics"][0]["value"]
    # The mean of a linear dose over a ball is the dose at its centre.
    assert mean == pytest.approx(20 + 0.1 * 6 - 0.2 * 4 + 0.3 * 2, abs=0.01)
    assert mean != pytest.approx(expected["PTV_1", "Dmean"][0], rel=SHARE)
