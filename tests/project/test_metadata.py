"""Version, licence and authors stand in one place, and the containers install what was tested."""

from __future__ import annotations

import fnmatch
import re
from pathlib import Path

import pytest
import yaml

import mevqa

ROOT = Path(__file__).parents[2]
DOCKERFILES = sorted((ROOT / "docker").glob("Dockerfile*"))
#: Instructions of a Dockerfile that are used.
INSTRUCTIONS = {"ARG", "FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "ENTRYPOINT", "CMD"}


@pytest.fixture(scope="module")
def project():
    return pytest.importorskip("tomllib").loads((ROOT / "pyproject.toml").read_text())["project"]


def test_there_is_one_version_and_one_licence(project):
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert project["version"] == mevqa.__version__ == citation["version"]
    assert project["license"] == citation["license"] == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text()[:200]
    assert [author["name"] for author in project["authors"]] == [author["name"] for author in citation["authors"]]
    assert project["description"].removesuffix(".").startswith("Ask vision-language models about facial micro-expr")


def test_lines_of_the_changes_are_no_longer_than_those_of_the_code():
    lines = (ROOT / "CHANGELOG.md").read_text("utf-8").splitlines()
    assert [number for number, line in enumerate(lines, 1) if len(line) > 120] == []


def test_classifiers_say_what_is_supported(project):
    classifiers = set(project["classifiers"])
    lowest = project["requires-python"].removeprefix(">=")
    assert {f"Programming Language :: Python :: {lowest}", "Typing :: Typed", "Operating System :: POSIX :: Linux"} <= (
        classifiers
    )
    assert (ROOT / "mevqa" / "py.typed").is_file()
    # A licence expression (PEP 639) stands alone: the index refuses a classifier beside it.
    assert not [classifier for classifier in classifiers if classifier.startswith("License")]
    known = pytest.importorskip("trove_classifiers").classifiers
    assert classifiers <= known


def test_addresses_are_the_same_everywhere(project):
    """None is invented: until the repository has a public address, neither file names one."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert ("Source" in project.get("urls", {})) == ("repository-code" in citation)
    assert project.get("urls", {}).get("Source") == citation.get("repository-code")


def instructions(file):
    """The instructions of a Dockerfile with what follows them; continued lines are joined."""
    text = re.sub(r"^#.*\n", "", file.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [tuple(line.split(maxsplit=1)) for line in text.splitlines() if line.strip()]


def ignored(path):
    """Whether .dockerignore keeps a path of the repository from the builder; the last line that fits decides."""
    is_ignored = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if line and not line.startswith("#"):
            pattern = line.removeprefix("!").removeprefix("**/")
            if fnmatch.fnmatch(path, pattern):
                is_ignored = not line.startswith("!")
    return is_ignored


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.name)
def test_a_container_is_made_of_what_is_there_and_what_was_tested(file, project):
    steps = instructions(file)
    assert {name for name, _ in steps} <= INSTRUCTIONS
    assert [name for name, _ in steps if name != "ARG"][0] == "FROM"
    for words in (rest.split() for name, rest in steps if name == "COPY"):
        if not words[0].startswith("--from="):
            for source in words[:-1]:
                assert (ROOT / source).exists() and not ignored(source), source
    copied = {word for name, rest in steps if name == "COPY" for word in rest.split()[:-1]}
    text = (ROOT / "pyproject.toml").read_text()
    shipped = re.search(r"force-include\]\n((?:\".+\n)+)", text)[1]
    assert copied >= {"mevqa", "pyproject.toml", project["readme"], *project["license-files"]}
    assert copied >= set(re.findall(r'^"(\w+)"', shipped, re.MULTILINE))
    [torch] = re.findall(r"^TORCH \?= (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert ("ARG", f'TORCH="{torch}"') in steps
    [python] = [rest.partition("=")[2] for name, rest in steps if name == "ARG" and rest.startswith("PYTHON=")]
    assert f"Programming Language :: Python :: {python}" in project["classifiers"]
    last = {name: rest for name, rest in steps}
    assert last["ENTRYPOINT"] == '["mevqa"]' and last["USER"] not in ("root", "0")
    for extra in re.findall(r"\[([a-z,]+)\]", file.read_text()):
        assert set(extra.split(",")) <= set(project["optional-dependencies"])


def test_there_is_a_container_for_processors_and_one_for_gpus():
    assert [file.name for file in DOCKERFILES] == ["Dockerfile", "Dockerfile.cuda"]
    assert ignored("tests") and ignored(".git") and not ignored("mevqa")
