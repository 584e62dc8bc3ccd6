"""Hostile text in the files themselves: names, labels, codes, packs, sheets, file names. Every output stays inert."""

from __future__ import annotations

import zipfile

import pytest
from campaign import base
from campaign.elements import parse, walk, write
from inertness import CHECKS, HOSTILE, check, check_json, check_text

from rtplan.cli import run
from rtplan.report import documents, render
from rtplan.report.json import run_document
from rtplan.study import audit_path

UTF_8 = b"ISO_IR 192"
CHARACTER_SET = 0x00080005
# Text that a person wrote, and codes that a program did.
WRITTEN = frozenset({b"LO", b"SH", b"LT", b"ST", b"UT", b"UC", b"PN"})
CODED = frozenset({b"CS", b"AE", b"UI", b"DS", b"IS", b"DA", b"TM", b"AS"})
# What the study is known by must stay, or nothing is read and nothing said.
KEPT = frozenset({0x00080016, 0x00080018, 0x00080060, 0x00100020})
PLEXUS = b"SacralPlex"
OTHER = "Colon"


def raw(text: str) -> bytes:
    return base.padded(text.encode("utf-8", "surrogatepass"))


def spoiled(files, text, vrs):
    """Put a text into every element of some VRs, but for the names that the audit needs."""
    found = {}
    for name, data in files.items():
        file = parse(data)
        if name.startswith("RT"):
            for _, siblings, place in list(walk(file.elements)):
                element = siblings[place]
                named = element.tag == 0x30060026 and element.value.strip() != OTHER.encode()
                if element.vr in vrs and element.tag not in KEPT and not named:
                    element.value = raw(text)[:65534]
                if element.tag == CHARACTER_SET:
                    element.value = UTF_8
        found[name] = write(file)
    return found


@pytest.fixture(scope="module")
def files():
    return base.exceeding()


@pytest.fixture(params=HOSTILE.values(), ids=HOSTILE)
def text(request):
    return request.param


# Where every text goes through the same few lines, one of each kind is as good as all of them.
FEW = ("script", "markup", "template", "formula", "tab", "bidi", "title", "c1", "nul", "long", "separators", "nothing")


@pytest.fixture(params=[HOSTILE[key] for key in FEW], ids=FEW)
def some(request):
    return request.param


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "study"
    made.mkdir()
    return made


def fill(folder, files):
    for name, data in files.items():
        (folder / name).write_bytes(data)


def shown(capfd, *arguments):
    code = run([str(one) for one in arguments])
    out, err = capfd.readouterr()
    check_text(err)
    assert "Traceback" not in err
    assert "internal error" not in err
    return code, out


def test_hostile_names_and_labels(files, folder, text, capfd, caplog):
    fill(folder, spoiled(files, text, WRITTEN))
    report = audit_path(folder)
    assert report.verdict == "exceeded"
    for form in CHECKS:
        check(form, render(report, form))
    for name, document in documents(report).items():
        check(name, document)
    check_json(run_document(report))
    out, err = capfd.readouterr()
    assert out + err + caplog.text == ""


def test_hostile_codes_and_numbers(files, folder, text, capfd, caplog):
    fill(folder, spoiled(files, text, WRITTEN | CODED))
    for form in ("text", "json"):
        code, out = shown(capfd, "inspect", folder, "--format", form)
        check(form, out) if form == "json" else check_text(out)
        assert code in {0, 4}
    code, out = shown(capfd, "audit", folder, "--format", "json")
    check_json(out)
    assert code in {3, 4}
    assert caplog.text == ""


@pytest.mark.parametrize("form", ["text", "json", "csv"])
def test_a_hostile_structure_is_measured_by_its_name(files, folder, form, capfd):
    name = HOSTILE["script"]
    fill(folder, spoiled(files, name, WRITTEN))
    code, out = shown(capfd, "dvh", folder, "--structure", name, "--format", form)
    assert code == 0
    check(form, out)


def test_what_there_is_to_choose_from_is_listed_inertly(files, folder, some, capfd):
    fill(folder, spoiled(files, some, WRITTEN))
    code, out = shown(capfd, "audit", folder, "--plan", "no such plan")
    assert (code, out) == (2, "")


# --- packs and sheets -------------------------------------------------------------------------------------


def quoted(text):
    """Write a TOML string."""
    return '"' + "".join(f"\\U{ord(one):08x}" for one in text) + '"'


def pack_of(text, **changed):
    word = quoted(text or "-")
    lines = {"id": '"mine"', "title": word, "site": '"bone"', "status": '"draft"', "note": word}
    head = "\n".join(f"{key} = {value}" for key, value in lines.items())
    row = {"id": '"plexus"', "structure": '"SacralPlex"', "require": '"D0.035cc <= 24 Gy"', "trust": '"V1"'}
    row |= dict.fromkeys(("endpoint", "cite", "note"), word) | changed
    body = "\n".join(f"{key} = {value}" for key, value in row.items())
    return f"format = 1\n{head}\nedition = 2026-01-15\n[[constraint]]\n{body}\n"


def test_a_hostile_pack(files, folder, some, tmp_path, capfd):
    pack = tmp_path / "mine.toml"
    pack.write_text(pack_of(some), encoding="utf-8")
    for form in ("text", "json"):
        for command in ("show", "check"):
            _, out = shown(capfd, "packs", command, pack, "--format", form)
            check_text(out)
    fill(folder, files)
    code, out = shown(capfd, "audit", folder, "--pack", pack, "--out", tmp_path / "out")
    assert code == 1
    check("text", out)
    for path in (tmp_path / "out").iterdir():
        check(path.name, path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("key", ["id", "structure", "require", "prefer", "trust", "cite", "fractions", "when"])
def test_a_hostile_value_in_a_pack_is_refused_or_inert(key, some, tmp_path, capfd):
    pack = tmp_path / "mine.toml"
    pack.write_text(pack_of("title", **{key: quoted(some)}), encoding="utf-8")
    for form in ("text", "json"):
        for command in ("show", "check"):
            _, out = shown(capfd, "packs", command, pack, "--format", form)
            check_text(out)


SHEETS = (
    "[[lesion]]\ntarget = {0}\nsite = {0}\nplan = {0}\nconfirm = true\n",
    '[[lesion]]\ntarget = "PTV_1"\nsite = {0}\n[names]\nColon = {0}\n[patient]\nsex = {0}\n[[course]]\nplans = [{0}]\n',
    "{0} = {0}\n[names]\n{0} = {0}\n[patient]\n{0} = {0}\n",
)


@pytest.mark.parametrize("sheet", SHEETS, ids=["lesion", "facts", "keys"])
def test_a_hostile_sheet(files, folder, sheet, some, tmp_path, capfd):
    fill(folder, files)
    path = tmp_path / "sheet.toml"
    path.write_text(sheet.format(quoted(some)), encoding="utf-8")
    code, out = shown(capfd, "audit", folder, "--sheet", path, "--out", tmp_path / "out")
    if code == 2:
        assert out == ""
        return
    check("text", out)
    for written in (tmp_path / "out").iterdir():
        check(written.name, written.read_text(encoding="utf-8"))


# --- file names -------------------------------------------------------------------------------------------


def test_no_name_of_a_file_reaches_an_output_or_the_disk(files, some, tmp_path, capfd):
    archive = tmp_path / "study.zip"
    safe = some.replace("\0", "").encode("utf-8", "replace").decode()[:9000]
    with zipfile.ZipFile(archive, "w") as packed:
        for number, (name, data) in enumerate(files.items()):
            packed.writestr(f"{safe}/{name}{safe}-zyzzyx{number}", data)
    code, out = shown(capfd, "audit", archive, "--out", tmp_path / "out", "--format", "json")
    assert code == 1
    check_json(out)
    assert "zyzzyx" not in out
    written = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    names = ("audit.json", "constraints.csv", "dvh.csv", "metrics.csv", "report.html", "run.json")
    assert written == [*(f"out/{name}" for name in names), "study.zip"]
