"""The floors of the house: whoever imports, imports downwards."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("rtplan", "dicom_io", "constraints", "sample_data")

FLOORS = {
    "rtplan.model": 0,
    "rtplan.units": 0,
    "rtplan.errors": 0,
    "rtplan.geometry": 1,
    "rtplan.dvh": 2,
    "rtplan.radiobiology": 2,
    "rtplan.metrics": 3,
    "dicom_io": 4,
    "sample_data": 4,
    "constraints": 5,
    "rtplan.pipeline": 6,
    "rtplan.report": 7,
    "rtplan.limited": 7,
    "rtplan.study": 8,
    "rtplan.cohort": 9,
    "rtplan.service": 9,
    "rtplan.commission": 9,
    "rtplan.testing": 9,
    "rtplan.cli": 10,
    "rtplan.__main__": 11,
}
# Who may know a library; the packages of all others must do without it.
KEEPERS = {
    "pydicom": {"dicom_io", "sample_data"},
    "highdicom": {"dicom_io"},
    "jinja2": {"rtplan.report", "rtplan.cli"},
    "rich": {"rtplan.report", "rtplan.cli"},
    "matplotlib": {"rtplan.report"},
    "click": {"rtplan.cli"},
    "dask": {"rtplan.cohort"},
    "distributed": {"rtplan.cohort"},
}
# Below the readers nothing knows of a file.
FILE_MODULES = {"pathlib", "os", "io", "shutil", "tempfile", "glob", "zipfile"}

MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def dotted(path):
    """``rtplan/dvh/curves.py`` is ``rtplan.dvh.curves``, a package's ``__init__`` the package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room(name):
    """The floor's own name for a module: its first two parts in rtplan, its first elsewhere."""
    parts = name.split(".")
    return ".".join(parts[:2]) if parts[0] == "rtplan" else parts[0]


def imported(path):
    """Every absolute name that a module imports, wherever in it, relative ones resolved."""
    package = dotted(path) if path.name == "__init__.py" else dotted(path).rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                home = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*home, *([base] if base else [])])
            # "from rtplan import units" names a room of its own.
            yield from (f"{base}.{alias.name}" if base in {"rtplan", ""} else base for alias in node.names)


INSIDE = [path for path in MODULES if dotted(path) != "rtplan"]


def test_every_module_has_a_floor():
    assert {room(dotted(path)) for path in INSIDE} <= set(FLOORS)
    assert len(INSIDE) > 30


@pytest.mark.parametrize("path", INSIDE, ids=dotted)
def test_imports_go_down(path):
    own = room(dotted(path))
    for name in imported(path):
        if name.split(".")[0] not in PACKAGES or name == "rtplan":
            continue
        other = room(name)
        assert other in FLOORS, f"{dotted(path)} imports {name}, which has no floor"
        ground = FLOORS[other] == FLOORS[own] == 0
        below = FLOORS[other] < FLOORS[own]
        assert other == own or below or ground, f"{dotted(path)} imports {name} from its own floor or above"


@pytest.mark.parametrize("path", INSIDE, ids=dotted)
def test_libraries_stay_with_their_keepers(path):
    own = room(dotted(path))
    for name in imported(path):
        keepers = KEEPERS.get(name.split(".")[0])
        assert keepers is None or own in keepers, f"{dotted(path)} imports {name}"


def test_the_truth_shares_no_code_with_what_it_tests():
    for path in MODULES:
        if room(dotted(path)) == "sample_data":
            ours = {room(name) for name in imported(path) if name.split(".")[0] in PACKAGES}
            assert ours <= {"sample_data", "rtplan.model", "rtplan.units", "rtplan.errors"}, dotted(path)


def test_an_audit_never_asks_where_its_case_came_from():
    for path in MODULES:
        if room(dotted(path)) in {"rtplan.pipeline", "constraints"}:
            assert not any(name.startswith(("dicom_io", "sample_data")) for name in imported(path)), dotted(path)


@pytest.mark.parametrize("path", [path for path in INSIDE if FLOORS[room(dotted(path))] < 4], ids=dotted)
def test_below_the_readers_nothing_knows_of_a_file(path):
    assert not {name.split(".")[0] for name in imported(path)} & FILE_MODULES


def test_the_scan_sees_relative_and_hidden_imports(tmp_path):
    """The rule would hold of anything if the scan were blind."""
    source = "def f():\n    from ..model import Dose\n    from . import curves\n    import pydicom.uid\nfrom rtplan import units\n"
    path = ROOT / "rtplan" / "dvh" / "compute.py"
    probe = tmp_path / "probe.py"
    probe.write_text(source)

    class Posing(type(path)):
        def read_text(self, **_):
            return probe.read_text()

    assert set(imported(Posing(path))) == {"rtplan.model", "rtplan.dvh", "pydicom.uid", "rtplan.units"}
