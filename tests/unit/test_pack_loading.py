from __future__ import annotations

from pathlib import Path

import pytest

from constraints.pack import available_packs, flat_rows, load_pack
from rtplan.errors import PackError

HEAD = """\
format = 1
id = "mine"
title = "Mine"
site = "lung"
status = "draft"
edition = 2026-01-15
"""
ROW = """
[[constraint]]
id = "esophagus-d5cc"
structure = "Esophagus"
require = "D5cc <= 17.7 Gy"
prefer = "D5cc <= 16 Gy"
fractions = [3]
when = { sex = "female" }
cite = "somebody2020, table 1"
"""


def written(folder: Path, text: str, name: str = "mine.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def problems_of(folder: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(PackError) as refused:
        load_pack(written(folder, text))
    return refused.value.problems


def test_a_pack_of_the_users_own_loads(tmp_path):
    pack = load_pack(written(tmp_path, HEAD + ROW))
    (row,) = pack.constraints
    assert (row.require.bound, row.prefer.bound, row.fractions, row.when["sex"]) == (17.7, 16.0, {3}, ("female",))
    assert row.trust == "V1"
    assert len(pack.sha256) == 64
    assert [entry["level"] for entry in flat_rows(pack)] == ["require", "prefer"]
    assert flat_rows(pack)[0]["when"] == {"sex": "female"}


def test_every_fault_is_told_at_once_with_its_address(tmp_path):
    text = (
        HEAD
        + ROW
        + """
[[constraint]]
id = "esophagus-d5cc"
structure = "Esophagus"
require = "V20 <= 30%"
cite = "x"
[[constraint]]
id = "b"
structure = "Lungs -"
require = "Dmax < 3 Gy"
[[constraint]]
id = "c"
structure = "Oesophagus"
requires = "Dmax < 3 Gy"
cite = "x"
"""
    )
    problems = problems_of(tmp_path, text)
    told = "\n".join(problems)
    for expected in (
        "constraint[2] 'esophagus-d5cc' require: V20: 20 what?",
        "constraint: the id 'esophagus-d5cc' is used 2 times",
        "constraint[3] 'b' structure: a structure is missing",
        "constraint[3] 'b' cite: missing",
        "constraint[4] 'c' requires: unknown key",
        "constraint[4] 'c' require: a limit is missing",
        "constraint[4] 'c' structure: 'Oesophagus' is not a known TG-263 name",
    ):
        assert expected in told
    assert len(problems) == 7


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('prefer = "D5cc <= 16 Gy"', 'prefer = "D5cc <= 18 Gy"'), "prefer: the preferred limit is looser"),
        (('prefer = "D5cc <= 16 Gy"', 'prefer = "D5cc >= 16 Gy"'), "prefer: the preferred limit is looser"),
        (('prefer = "D5cc <= 16 Gy"', 'prefer = "D4cc <= 16 Gy"'), "all limits of a row are of one metric"),
        (('structure = "Esophagus"', 'structure = "Lung"'), "'Lung' is not a known TG-263 name"),
        (('structure = "Esophagus"', 'structure = "Lung_L|Lung_R"'), "several structures need combine"),
        (("fractions = [3]", "fractions = [0]"), "fractions: a list of whole numbers is expected"),
        (("fractions = [3]", "fractions = [2.5]"), "fractions: a list of whole numbers is expected"),
        (('cite = "somebody2020, table 1"', 'cite = " "'), "cite: missing"),
        (('cite = "somebody2020, table 1"', 'cite = "x"\ntrust = "M"'), "trust: 'M' is not one of V, V1, C, D"),
        (("edition = 2026-01-15", 'edition = "spring"'), "edition: a date such as"),
        (("edition = 2026-01-15", ""), "edition: missing"),
        (('status = "draft"', 'status = "final"'), "status: 'final' is not one of"),
        (("format = 1", "format = 2"), "format: this version reads format 1"),
        (('id = "mine"', 'id = "yours"'), "id: 'yours' is not the file's name 'mine'"),
        (('title = "Mine"', "title = 3"), "title: a text is expected"),
        (('when = { sex = "female" }', 'when = "female"'), "when: a table such as"),
        (('when = { sex = "female" }', "when = { sex = [] }"), "when sex: a value or a list"),
        (('when = { sex = "female" }', 'bands = [{ limit = "D5cc < 3 Gy", risk = "x" }]'), "do not stand in one row"),
    ],
)
def test_each_fault_is_found(tmp_path, change, says):
    (problem, *_) = problems_of(tmp_path, (HEAD + ROW).replace(*change))
    assert says in problem


def test_bands_run_from_good_to_bad(tmp_path):
    bands = '[{ limit = "V12Gy[cc] <= 10 cc", risk = "a" }, { limit = "V12Gy[cc] <= 5 cc", risk = "b" }]'
    row = f'\n[[constraint]]\nid = "a"\nstructure = "Brain"\nbands = {bands}\ncite = "x"\n'
    assert "run from good to bad" in problems_of(tmp_path, HEAD + row)[0]


@pytest.mark.parametrize(
    "structure", ["PTV", "Lungs-GTV", "Body - (PTV + 2 cm)", "SpinalCord_PRV05", "Hippocampi + 5 mm"]
)
def test_targets_differences_and_margins_are_known(tmp_path, structure):
    text = (HEAD + ROW).replace('"Esophagus"', f'"{structure}"')
    assert load_pack(written(tmp_path, text)).constraints[0].structure == structure


def test_a_name_of_ones_own_is_declared(tmp_path):
    text = (HEAD + ROW).replace('"Esophagus"', '"MyRing"\nlocal = true')
    assert load_pack(written(tmp_path, text)).constraints[0].structure == "MyRing"


def test_a_pack_without_rows_is_refused(tmp_path):
    assert problems_of(tmp_path, HEAD) == ("constraint: a pack holds at least one constraint",)


def test_duplicate_keys_are_refused(tmp_path):
    (problem,) = problems_of(tmp_path, HEAD + ROW + 'cite = "again"\n')
    assert "cite" in problem or "overwrite" in problem.lower()


def test_a_table_by_volume_is_checked(tmp_path):
    column = '[[column]]\nid = "r50"\nstructure = "PTV"\nmetric = "R50"\nop = "<"\nunit = ""\ncite = "x"\n'
    rows = "[[row]]\nptv_cc = 5\nr50 = [4, 5]\n[[row]]\nptv_cc = 3\nr50 = [4]\nr40 = [1, 2]\n"
    told = "\n".join(problems_of(tmp_path, HEAD + column + rows))
    assert "row[2] r50: two numbers are expected" in told
    assert "row[2] r40: unknown key" in told
    assert "row: the volumes rise" in told


def test_unknown_id_suggests():
    with pytest.raises(PackError, match="did you mean tg101-2010"):
        load_pack("tg101")


def test_missing_file_is_told_by_its_name_only(tmp_path):
    with pytest.raises(PackError) as refused:
        load_pack(tmp_path / "absent.toml")
    assert str(refused.value) == "there is no pack file absent.toml"


def other_distribution(folder: Path, monkeypatch) -> Path:
    """Make a real distribution on the path whose entry point names a folder of packs."""
    packs = folder / "clinic_packs"
    packs.mkdir()
    info = folder / "clinic-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: clinic\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[rtplan.packs]\nclinic = clinic_packs\ngone = no_such.package\n")
    monkeypatch.syspath_prepend(str(folder))
    return packs


def test_folders_of_other_distributions_are_found(tmp_path, monkeypatch):
    packs = other_distribution(tmp_path, monkeypatch)
    written(packs, HEAD + ROW)
    written(packs, "format = ", "broken.toml")
    found = {info.id: info for info in available_packs() if info.origin == "clinic"}
    assert found["mine"].problem == ""
    assert "broken.toml is not TOML" in found["broken"].problem
    assert load_pack("mine").title == "Mine"


def test_an_id_that_is_provided_twice_is_refused(tmp_path, monkeypatch):
    packs = other_distribution(tmp_path, monkeypatch)
    written(packs, HEAD, "tg101-2010.toml")
    with pytest.raises(PackError, match="more than once: by rtplan and clinic"):
        load_pack("tg101-2010")


def test_first_band_as_a_limit():
    row = load_pack("hytec-2021").constraint("spinalcord-dmax-3fx")
    preferred, required = row.with_first_band_as("prefer"), row.with_first_band_as("require")
    assert (str(preferred.prefer), preferred.require, preferred.bands) == ("Dmax <= 20.3 Gy", None, ())
    assert (str(required.require), required.prefer) == ("Dmax <= 20.3 Gy", None)


def test_unknown_constraint_is_a_key_error():
    with pytest.raises(KeyError, match="no constraint"):
        load_pack("spine-sc24").constraint("nothing")
