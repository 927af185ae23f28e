"""Imports of the package and dependencies of pyproject.toml agree, extra by extra."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
#: Names of packages by the names that are imported, where no installed distribution says so.
_ABSENT = {"mediapipe": "mediapipe", "mamba_ssm": "mamba-ssm"}
#: Core packages that other packages import for us, and the packages that do.
_FOR_OTHERS = {"torchvision": "transformers", "defusedxml": "openpyxl", "curryreader": "mne"}
#: Extras that are programs to run and no libraries to import.
_PROGRAMS = {"dev", "docs"}
#: Folders that are an extra as a whole: nothing of theirs is imported without it.
_FOLDERS = {"app": "app"}
_BY_NAME = {"import_module", "import_extra", "find_spec"}


def imports(path):
    """The top-level modules that a file imports, and whether it does so as soon as it is imported itself."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    at_once = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module]
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = getattr(node.func, "attr", getattr(node.func, "id", None))
            names = [node.args[0].value] if called in _BY_NAME else []
        for name in names:
            top = name.partition(".")[0]
            if top not in {*sys.stdlib_module_names, "mevqa", "__future__", ""}:
                yield top, id(node) in at_once


@cache
def imported():
    """The modules that are imported anywhere in the package: name, file, and whether it does so at once."""
    return [(name, path, at_once) for path in sorted((ROOT / "mevqa").rglob("*.py")) for name, at_once in imports(path)]


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


#: The distributions that hold a module; to read them takes seconds.
providers = cache(importlib.metadata.packages_distributions)


def packages_of(module):
    """The distributions that may hold a module, by normal name."""
    return {normal(distribution) for distribution in providers().get(module, [_ABSENT.get(module, module)])}


def project():
    return pytest.importorskip("tomllib").loads((ROOT / "pyproject.toml").read_text())["project"]


def names_of(requirements):
    return {normal(Requirement(requirement).name) for requirement in requirements}


def core():
    return names_of(project()["dependencies"])


def extras():
    """The packages of each extra whose packages are imported."""
    return {
        name: names_of(group) for name, group in project()["optional-dependencies"].items() if name not in _PROGRAMS
    }


def test_every_import_is_declared():
    known = core().union(*extras().values())
    assert len({name for name, *_ in imported()}) > 15
    for name, path, _ in imported():
        assert packages_of(name) & known, f"{path} imports {name}, which pyproject.toml does not declare"


def test_every_declared_package_is_imported():
    used = set(_FOR_OTHERS).union(*(packages_of(name) for name, *_ in imported()))
    for name, group in {"dependencies": core(), **extras()}.items():
        assert group <= used, f"{name}: nothing imports {', '.join(sorted(group - used))}"


@pytest.mark.parametrize(("package", "other"), _FOR_OTHERS.items())
def test_packages_that_others_import_are_imported_by_them(package, other):
    """A string search: what imports them does so in functions, for some of its inputs alone."""
    importlib.metadata.version(package)
    files = [path for path in importlib.metadata.files(other) or () if path.suffix == ".py"]
    wanted = re.compile(rf"^\s*(import|from) {package}\b", re.MULTILINE)
    assert any(wanted.search(Path(path.locate()).read_text(encoding="utf-8")) for path in files)


def test_packages_of_extras_are_imported_only_where_they_are_needed():
    """Without any extra every module of the package can be imported, but for folders that are an extra."""
    for name, path, at_once in imported():
        extra = _FOLDERS.get(path.relative_to(ROOT / "mevqa").parts[0])
        if extra is not None and packages_of(name) & extras()[extra]:
            continue
        assert not at_once or packages_of(name) & core(), f"{path} imports {name} at its top, which is of an extra"


def test_what_is_said_to_be_installed_is_an_extra():
    named = {
        extra: path
        for folder, ending in (("mevqa", "*.py"), ("docs", "*.md"), (".", "README.md"))
        for path in (ROOT / folder).rglob(ending)
        if folder != "." or path.parent == ROOT
        for group in re.findall(r"mevqa\[([a-z,]+)\]", path.read_text(encoding="utf-8"))
        for extra in group.split(",")
    }
    assert len(named) > 4
    for extra, path in named.items():
        assert extra in project()["optional-dependencies"], f"{path} names the extra {extra}"


def test_the_tests_have_the_packages_of_every_extra_that_installs_everywhere():
    """Not those of ``app``: they do not fit the lowest releases, and `make setup` installs them beside dev."""
    dev = project()["optional-dependencies"]["dev"]
    for name, group in extras().items():
        if name not in ("app", "mediapipe", "mamba"):
            assert group <= core() | names_of(dev), f"dev lacks packages of {name}"


def test_what_stops_xml_bombs_is_declared_and_used():
    import openpyxl

    assert "defusedxml" in core() and openpyxl.DEFUSEDXML


def test_libraries_tell_their_makers_nothing():
    code = "import mevqa, huggingface_hub.constants as c; print(c.HF_HUB_DISABLE_TELEMETRY)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "True\n"
