"""Wheel and source distribution: built without a network, with all data inside, working outside the checkout."""

from __future__ import annotations

import ast
import glob
import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

import mevqa

ROOT = Path(__file__).parents[2]
#: Folders of the repository and where they are in the wheel.
SHIPPED = {
    "mevqa": "mevqa",
    "prompts": "mevqa/resource_files/prompts",
    "finetune": "mevqa/resource_files/finetune",
    "eval": "mevqa/resource_files/eval",
}
LOWEST = (3, 10)


def run(*words, **kwargs):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, **kwargs)
    assert done.returncode == 0, f"{' '.join(map(str, words))}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def build(source, out):
    """The wheel and the source distribution of a folder."""
    run(sys.executable, "-m", "hatchling", "build", "-d", out, cwd=source)
    return next(out.glob("*.whl")), next(out.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    pytest.importorskip("hatchling", reason="builds need hatchling")
    return build(ROOT, tmp_path_factory.mktemp("dist"))


def content(wheel):
    """The files of a wheel with hashes."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}


@pytest.mark.slow
def test_the_wheel_holds_every_file_and_no_others(built):
    expected = {
        f"{place}/{path.relative_to(ROOT / folder).as_posix()}": hashlib.sha256(path.read_bytes()).hexdigest()
        for folder, place in SHIPPED.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    packed = {name: digest for name, digest in content(built[0]).items() if ".dist-info/" not in name}
    assert set(packed) == set(expected)
    assert [name for name, digest in packed.items() if digest != expected[name]] == []
    for name in (
        "mevqa/py.typed",
        "mevqa/__init__.pyi",
        "mevqa/models/nano/weights/model.safetensors",
        "mevqa/datasets/released/casme2.yaml",
        "mevqa/tables/scoring/metrics.yaml",
        "mevqa/resource_files/finetune/nano.yaml",
    ):
        assert name in packed, name


@pytest.mark.slow
def test_the_source_distribution_builds_the_same_wheel(built, tmp_path):
    with tarfile.open(built[1]) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    assert {path.name for path in source.iterdir()} >= {"LICENSE", "README.md", "CHANGELOG.md", "tests", "docs"}
    again, _ = build(source, tmp_path / "dist")
    assert content(again) == content(built[0])


@pytest.fixture
def install(built, tmp_path):
    """Installs the wheel into a fresh environment of a Python, which sees the packages of the tests' own or none."""

    def into(python, *, packages):
        run(python, "-m", "venv", "--without-pip", tmp_path / "venv")
        fresh = tmp_path / "venv" / "bin" / "python"
        run(sys.executable, "-m", "pip", "--python", fresh, "install", "-q", "--no-deps", "--no-index", built[0])
        if packages:
            inside = run(fresh, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
            (Path(inside) / "test_environment.pth").write_text(sysconfig.get_path("purelib") + "\n")
        return fresh

    return into


@pytest.fixture
def outside(tmp_path):
    """A folder outside the checkout, and an environment that does not know of it."""
    folder = tmp_path / "work"
    folder.mkdir()
    hidden = ("PYTHONPATH", "VIRTUAL_ENV")
    return {"cwd": folder, "env": {name: value for name, value in os.environ.items() if name not in hidden}}


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="environments have other folders")
def test_an_installed_wheel_works_outside_the_checkout(install, outside):
    python = install(sys.executable, packages=True)
    command = python.with_name("mevqa")
    assert run(command, "--version", **outside) == f"mevqa {mevqa.__version__}\n"
    where = run(python, "-c", "import mevqa; print(mevqa.__file__)", **outside)
    assert Path(where.strip()).is_relative_to(python.parents[1])
    assert json.loads(run(command, "list", "recipes", "--json", "-", **outside)) == mevqa.available("recipes")
    lists = ("suites", "datasets", "presets", "questions")
    code = f"import json, mevqa; print(json.dumps([mevqa.available(what) for what in {lists}]))"
    assert json.loads(run(python, "-c", code, **outside)) == [mevqa.available(what) for what in lists]
    run(command, "synth", "set", "--clips", "1", "--size", "160x160", **outside)
    files = ("set/me_vqa_synthetic_train.jsonl", "--media", "set", "--annotations", "set/annotations.csv")
    assert "questions answered, 1 clips -> run" in run(command, "eval", *files, "--out", "run", **outside)


def test_every_file_is_in_the_grammar_of_the_lowest_python():
    tomllib = pytest.importorskip("tomllib")
    required = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert required == ">=" + ".".join(map(str, LOWEST))
    for path in sorted((ROOT / "mevqa").rglob("*.py")):
        ast.parse(path.read_text(encoding="utf-8"), path.name, feature_version=LOWEST)


def lowest_python():
    """The lowest Python that is supported, on the path or among those of pyenv; None without one."""
    name = f"python{LOWEST[0]}.{LOWEST[1]}"
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [shutil.which(name), *glob.glob(str(pyenv / f"versions/{LOWEST[0]}.{LOWEST[1]}*/bin/python"))]
    for candidate in filter(None, candidates):
        if subprocess.run([candidate, "-c", ""], capture_output=True).returncode == 0:
            return candidate
    return None


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="environments have other folders")
def test_the_wheel_installs_and_explains_itself_on_the_lowest_python(install, outside):
    """Without any other package: what ``--help`` and completion of commands need is in Python itself."""
    if (interpreter := lowest_python()) is None:
        pytest.skip("there is no Python " + ".".join(map(str, LOWEST)))
    python = install(interpreter, packages=False)
    command = python.with_name("mevqa")
    assert run(command, "--version", **outside) == f"mevqa {mevqa.__version__}\n"
    assert "COMMAND" in run(command, "--help", **outside)
    run(python, "-m", "compileall", "-q", "-f", python.parents[1] / "lib", **outside)
