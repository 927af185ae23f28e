"""The direction of imports: pyproject.toml's contracts hold, and an import against them is found."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_LINT = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Hold the package in ``folder`` against its contracts."""
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    command = [sys.executable, "-c", _LINT, "--no-cache"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Copy the package and its contracts."""
    pytest.importorskip("importlinter")
    shutil.copytree(ROOT / "mevqa", tmp_path / "mevqa", ignore=lambda _, names: [n for n in names if _is_data(n)])
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def _is_data(name: str) -> bool:
    return "." in name and not name.endswith(".py") or name == "__pycache__"


def test_no_module_imports_one_of_a_higher_layer_and_none_is_in_a_circle(package):
    result = _lint(package)
    assert result.returncode == 0, result.stdout
    assert " kept, 0 broken" in result.stdout


@pytest.mark.parametrize(
    ("module", "line", "named"),
    [
        ("video/views/render.py", "import mevqa.cli.parser", "mevqa.video is not allowed to import mevqa.cli"),
        ("types.py", "from mevqa.names import match_key", "mevqa.types is not allowed to import mevqa.names"),
        ("video/reading/video.py", "import mevqa.video.reading.reader", "No cycles are allowed in mevqa.video.reading"),
    ],
    ids=["a higher layer", "the same layer", "a circle of files"],
)
def test_a_planted_import_against_the_contracts_is_found(package, module, line, named):
    path = package / "mevqa" / module
    path.write_text(path.read_text("utf-8") + f"\n{line}\n", "utf-8")
    result = _lint(package)
    assert result.returncode == 1
    assert named in result.stdout


def test_a_spotter_that_imports_another_is_found(package):
    other = package / "mevqa" / "spotting" / "other"
    other.mkdir()
    (other / "__init__.py").write_text("from mevqa.spotting.motion.filters import bank\n", "utf-8")
    contracts = package / "pyproject.toml"
    contracts.write_text(contracts.read_text("utf-8").replace("motion | ", "motion | other | "), "utf-8")
    result = _lint(package)
    assert result.returncode == 1
    assert "mevqa.spotting.other is not allowed to import mevqa.spotting.motion" in result.stdout
