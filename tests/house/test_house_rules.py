"""House rules that a machine can hold: lazy doors, docstrings, sizes, sources, the wheel."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("rtplan", "dicom_io", "constraints", "sample_data")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
LONGEST = 400


def dotted(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


IMPORTABLE = [path for path in SOURCES if path.name != "__main__.py"]


def python(*arguments, **kinds):
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True, **kinds)


# Doors


@pytest.mark.parametrize("package", ["rtplan", "dicom_io"])
def test_opening_a_door_loads_nothing_heavy(package):
    code = f"import sys, {package}; print(*sorted(sys.modules))"
    loaded = {name.split(".")[0] for name in python("-c", code, cwd=ROOT).stdout.split()}
    assert package in loaded
    assert not loaded & {"SimpleITK", "skimage", "scipy", "pydicom", "numpy", "jinja2", "rich"}


@pytest.mark.parametrize("package", PACKAGES)
def test_any_package_may_be_imported_first(package):
    python("-c", f"import {package}", cwd=ROOT)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_there(package):
    module = importlib.import_module(package)
    for name in module.__all__:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError):
        _ = module.no_such_name


def test_the_contracts_names_are_public():
    assert {"read", "audit"} <= set(importlib.import_module("rtplan").__all__)


def test_a_module_of_the_users_that_hides_ours_is_named(tmp_path):
    (tmp_path / "constraints.py").write_text("mine = True\n")
    code = "import sys; sys.path.insert(0, '.'); sys.path.append(sys.argv[1]); import rtplan; rtplan.parse_metric"
    found = subprocess.run(
        [sys.executable, "-c", code, str(ROOT)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert found.returncode != 0
    assert "another module called 'constraints'" in found.stderr


# Words


@pytest.mark.parametrize("path", IMPORTABLE, ids=dotted)
def test_what_is_public_says_what_it_is(path):
    module = importlib.import_module(dotted(path))
    assert module.__doc__ or not path.read_text(encoding="utf-8").strip()
    for name in getattr(module, "__all__", ()):
        item = getattr(module, name)
        if (inspect.isfunction(item) or inspect.isclass(item)) and item.__module__ == module.__name__:
            assert inspect.getdoc(item), f"{module.__name__}.{name}"
            # A dataclass writes its own signature where nothing was said.
            assert not inspect.getdoc(item).startswith(f"{name}("), f"{module.__name__}.{name}"


@pytest.mark.parametrize("path", IMPORTABLE, ids=dotted)
def test_examples_in_docstrings_are_true(path):
    module = importlib.import_module(dotted(path))
    runner = doctest.DocTestRunner(verbose=False)
    said: list[str] = []
    for example in doctest.DocTestFinder(exclude_empty=True).find(module, module.__name__):
        if example.examples:
            runner.run(example, out=said.append)
    assert runner.failures == 0, "".join(said)


def test_there_are_examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    counted = sum(
        len(test.examples) for path in IMPORTABLE for test in finder.find(importlib.import_module(dotted(path)))
    )
    assert counted > 40


# Sizes and habits


@pytest.mark.parametrize("path", SOURCES, ids=dotted)
def test_a_module_is_no_longer_than_it_can_be_read(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def calls_print(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
        for node in ast.walk(tree)
    )


@pytest.mark.parametrize("path", [path for path in SOURCES if "cli" not in path.parts], ids=dotted)
def test_only_the_command_line_prints(path):
    assert path.name == "__main__.py" or not calls_print(path)


def test_functions_fit_a_glance():
    """Half of all functions have fewer than ten lines of code."""
    sizes = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                sizes.append(body[-1].end_lineno - body[0].lineno + 1 if body else 0)
    assert sorted(sizes)[len(sizes) // 2] < 10


def test_no_folder_of_tests_bears_the_name_of_a_package():
    folders = [path for path in (ROOT / "tests").rglob("*") if path.is_dir()]
    assert not {path.name for path in folders} & set(PACKAGES)
    assert not list((ROOT / "tests").rglob("__init__.py"))


def test_file_names_of_tests_are_unique():
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))


# Sources

KEY = re.compile(r"`([a-z]{3,}\d{4}[a-z]?|icru\d+)`")
CITED = re.compile(r'^\s*cite\s*=\s*"([a-z]{3,}\d{4}[a-z]?|icru\d+)\b', re.MULTILINE)


def bibliography():
    text = (ROOT / "docs" / "references.bib").read_text(encoding="utf-8")
    return {match[1]: match[0] for match in re.finditer(r"^@\w+\{(\w+),.*?(?=^@|\Z)", text, re.DOTALL | re.MULTILINE)}


def used_keys():
    code = (KEY.findall(path.read_text(encoding="utf-8")) for path in SOURCES)
    data = (
        CITED.findall(path.read_text(encoding="utf-8"))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.toml")
    )
    return {key for found in (*code, *data) for key in found}


def test_every_key_stands_in_the_bibliography():
    assert used_keys() >= {"shaw1993", "paddick2000", "fowler1989"}
    assert used_keys() <= set(bibliography())


def test_every_entry_says_who_what_and_when():
    for key, entry in bibliography().items():
        assert all(re.search(rf"\b{field}\s*=\s*\{{", entry) for field in ("author", "title", "year")), key
        written = re.search(r"\d{4}$", key)
        if written and not key.startswith("rtog"):
            assert re.search(rf"\byear\s*=\s*\{{{written[0]}\}}", entry), key


# What leaves the house

REGISTRY = re.compile(r"index-url|find-links|trusted-host|://\S*(?:simple|pypi|artifactory|nexus)|file:|@ /")
ABSOLUTE = re.compile(r"(?<![\w.$)/:-])/(?!dev/null)(?:work|home|root|usr|opt|tmp|var|mnt|Users)\b")


@pytest.mark.parametrize("name", ["requirements.lock", "Makefile", "pyproject.toml"])
def test_no_file_names_a_registry_or_a_machine(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not REGISTRY.search(text)
    assert not ABSOLUTE.search(text)


def test_every_locked_requirement_has_one_version():
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = [line.split("#")[0].split(";")[0].strip() for line in lines]
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[\w.]+", pin) for pin in pins if pin)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The names in a wheel built from a copy of the sources."""
    wanted = int(re.search(r"setuptools>=(\d+)", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))[1])
    if int(version("setuptools").split(".")[0]) < wanted:
        pytest.skip(f"setuptools {wanted} or newer is not installed")
    home = tmp_path_factory.mktemp("wheel")
    for name in (*PACKAGES, "tests"):
        shutil.copytree(ROOT / name, home / "src" / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, home / "src" / name)
    build = [
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-w",
        str(home),
        str(home / "src"),
    ]
    python(*build, env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"})
    (built,) = home.glob("*.whl")
    assert built.name.endswith("-py3-none-any.whl")
    return set(zipfile.ZipFile(built).namelist())


def test_the_wheel_provides_exactly_the_four_packages(wheel):
    tops = {name.split("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)
    assert not any("test_" in name or "conftest" in name for name in wheel)


def test_the_wheel_holds_every_module_and_every_file_of_data(wheel):
    data = {".py", ".toml", ".json", ".j2", ".css", ".js", ".typed"}
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*"):
            if path.suffix in data or path.name == "py.typed":
                assert path.relative_to(ROOT).as_posix() in wheel
    assert any(name.startswith("constraints/packs/") for name in wheel)
    assert any(name.startswith("constraints/protocols/") for name in wheel)
    assert any(name.startswith("constraints/schema/") for name in wheel)
    assert any(name.startswith("rtplan/report/templates/") for name in wheel)


def test_every_lint_exception_states_its_reason():
    """Each line of ignored rules carries a comment, and so does each `noqa` in the code."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text)["tool"]["ruff"]["lint"]["select"] == ["ALL"]
    block = re.search(r"^ignore = \[\n(.*?)^\]", text, re.DOTALL | re.MULTILINE)[1]
    rules = [line for line in block.splitlines() if '"' in line]
    silent = [line.strip() for line in rules if "#" not in line]
    assert silent in ([], ['"PGH003",'])
