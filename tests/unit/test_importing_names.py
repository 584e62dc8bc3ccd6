"""A hospital's own list of names becomes a names file: the list decides, sides are hard keys, nothing is guessed."""

from __future__ import annotations

import json

import pytest

from constraints.imports import import_names
from constraints.naming import side_of
from rtplan.cli import run
from rtplan.errors import SheetError, UsageError
from rtplan.pipeline import parse_names, parse_sheet, with_names

LIST = """Target Type,Major Category,TG263-Primary Name,TG-263-Reverse Order Name,Description,Local name
Anatomic,Lung,Lung_L,L_Lung,left lung,Lunge li | Lung links
Anatomic,Lung,Lung_R,R_Lung,right lung,rechte Lunge rt
Anatomic,Spinal cord,SpinalCord,Cord_Spinal,cord,Rueckenmark; Myelon 1
Anatomic,Kidney,Kidney_R,R_Kidney,,Niere left
Anatomic,Kidney,Kidney_L,L_Kidney,,Niere
Anatomic,Heart,Heart,,,Herz
Anatomic,Heart,Heart_Odd,,,Herz
Anatomic,,,,,Brainstm
Anatomic,Canal,SpinalCanal,Canal_Spinal,,Cord
Anatomic,Spleen,Not a name at all,,,Milz
Anatomic,Ear,Ear_Middle,,,Mittelohr
"""


@pytest.fixture(scope="module")
def made():
    return import_names(LIST.encode())


def test_the_list_maps_local_and_reversed_names(made):
    names = parse_names(made.text)
    assert "Lung links" not in names  # a side in words that are not known here is no side
    assert names["L_Lung"] == "Lung_L"
    assert names["Rueckenmark"] == names["Myelon 1"] == names["Cord_Spinal"] == "SpinalCord"
    assert names["rechte Lunge rt"] == "Lung_R"
    assert names["Cord"] == "SpinalCanal"
    assert len(names) == made.names


def test_sides_are_hard_keys(made):
    told = {item.text: item.reason for item in made.left_out}
    assert told["Niere left = Kidney_R"] == "left is never right: sides differ"
    assert told["Niere = Kidney_L"] == "one of the two has no side"
    assert not {"Niere", "Niere left"} & set(parse_names(made.text))


def test_what_contradicts_itself_is_left_out_whole(made):
    (item,) = [item for item in made.left_out if item.text.startswith("Herz")]
    assert item.text == "Herz = Heart or Heart_Odd"
    assert item.where == "row 7, row 8"
    assert "Herz" not in parse_names(made.text)


def test_suggestions_are_listed_and_never_taken(made):
    (item,) = [item for item in made.left_out if item.text.startswith("Brainstm")]
    assert "no standard name is given; near are Brainstem" in item.reason
    assert "Brainstm" not in parse_names(made.text)


def test_what_is_no_standard_name_is_left_out(made):
    assert any("is not a name as TG-263 writes them" in item.reason for item in made.left_out)


def test_what_a_person_should_look_at_is_said(made):
    told = {item.text: item.reason for item in made.warnings}
    assert told["Cord = SpinalCanal"] == "it is usually SpinalCord; the list decides"
    assert told["Ear_Middle"] == "no pack here names that structure"


@pytest.mark.parametrize(
    ("name", "side"),
    [("Lt Lung", "_L"), ("Lung right", "_R"), ("Kidney_L", "_L"), ("Lungs", ""), ("L R", ""), ("", "")],
)
def test_the_side_of_a_name(name, side):
    assert side_of(name) == side


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no line names the columns"),
        (b"local,description\na,b", "no column holds the standard names"),
        (b"standard,local\nHeart,\n", "maps no name"),
        (b"standard,local\nHeart,\xff", "not in UTF-8"),
    ],
)
def test_a_list_that_says_nothing_is_refused(content, words):
    with pytest.raises(UsageError, match=words):
        import_names(content)


def test_control_characters_and_quotes():
    found = import_names('standard,local\nHeart,"H""erz = 1"\nHeart,He\u202ert\n'.encode())
    assert dict(parse_names(found.text)) == {'H"erz = 1': "Heart"}
    assert "control characters" in found.left_out[0].reason


# The file in use


def test_the_sheet_decides_over_a_names_file():
    sheet = parse_sheet('[names]\n"A" = "Heart"')
    assert dict(with_names(sheet, {"A": "Liver", "B": "Lungs"}).names) == {"A": "Heart", "B": "Lungs"}


@pytest.mark.parametrize(
    "text", ['[patient]\nsex = "female"', "names = 3", "[names]\nA = 3", "[names", "a = " + "[" * 3000]
)
def test_a_file_of_another_kind_is_refused(text):
    with pytest.raises(SheetError):
        parse_names(text)


def test_the_command(tmp_path, capsys):
    source, out = tmp_path / "list.csv", tmp_path / "names.toml"
    source.write_text(LIST, encoding="utf-8")
    assert run(["packs", "import-names", str(source), "--out", str(out)]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("names.toml: ")
    assert "Niere left = Kidney_R: left is never right" in shown.err
    assert parse_names(out.read_text(encoding="utf-8"))
    second = tmp_path / "second.toml"
    assert run(["packs", "import-names", str(source), "--out", str(second), "--strict", "--format", "json"]) == 2
    assert json.loads(capsys.readouterr().out)["left_out"]
    assert second.read_text(encoding="utf-8") == out.read_text(encoding="utf-8")
