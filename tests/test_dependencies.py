"""What the package imports is declared in pyproject.toml: nothing is there by another package's grace alone."""

import ast
import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
#: Names of packages by the names that are imported, where no installed distribution says so.
_ABSENT = {"mediapipe": "mediapipe", "mamba_ssm": "mamba-ssm"}


def imported():
    """The top-level modules that are imported anywhere in the package, with a file each."""
    found = {}
    for path in sorted((ROOT / "mevqa").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module]
            for name in names:
                found.setdefault(name.partition(".")[0], path.relative_to(ROOT))
    return {name: path for name, path in found.items() if name not in {*sys.stdlib_module_names, "mevqa"}}


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def declared():
    tomllib = pytest.importorskip("tomllib")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    optional = [one for name, group in project["optional-dependencies"].items() if name != "dev" for one in group]
    return {normal(Requirement(one).name) for one in [*project["dependencies"], *optional]}


def test_every_import_is_declared():
    known, providers = declared(), importlib.metadata.packages_distributions()
    assert len(imported()) > 15
    for name, path in imported().items():
        packages = {normal(one) for one in providers.get(name, [_ABSENT.get(name, name)])}
        assert packages & known, f"{path} imports {name} (of {', '.join(packages)}), which pyproject.toml lacks"


def test_what_stops_xml_bombs_is_declared_and_used():
    import openpyxl

    assert "defusedxml" in declared() and openpyxl.DEFUSEDXML


def test_libraries_tell_their_makers_nothing():
    code = "import mevqa, huggingface_hub.constants as c; print(c.HF_HUB_DISABLE_TELEMETRY)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "True\n"
