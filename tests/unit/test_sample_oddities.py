"""Oddities: named, one or more for each of the 48 kinds, each a change of the good study's files."""

from __future__ import annotations

import pytest

from sample_data.__main__ import main
from sample_data.oddities import oddities, write_oddity

EFFECTS = {"used", "note", "not_judged", "refused"}


def _bytes(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_every_row_has_an_oddity_and_every_name_is_its_own():
    names = [item.name for item in oddities()]
    assert {item.row for item in oddities()} == set(range(1, 49))
    assert len(names) == len(set(names))
    assert {item.effect for item in oddities()} == EFFECTS


@pytest.mark.parametrize("name", ["truncated-rtdose", "no-plan", "enhanced-images", "keyhole", "dose-relative"])
def test_an_oddity_changes_the_good_study_and_is_the_same_every_time(name, tmp_path):
    good, odd, again = (
        _bytes(write_oddity(which, tmp_path / str(at))) for at, which in enumerate(("none", name, name))
    )
    assert odd != good
    assert odd == again


def test_unknown_oddity_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no oddity"):
        write_oddity("purple", tmp_path)
    assert main([str(tmp_path), "--oddity", "purple"]) == 2


def test_command_lists_and_writes(tmp_path, capsys):
    assert main(["--list-oddities"]) == 0
    assert "dose-relative" in capsys.readouterr().out
    assert main([str(tmp_path), "--oddity", "dose-relative"]) == 0
    assert (tmp_path / "dose-relative" / "expected.json").exists()
    assert (tmp_path / "dose-relative" / "dicom" / "RTDOSE.dcm").exists()
