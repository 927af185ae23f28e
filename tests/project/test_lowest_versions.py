"""The lowest versions that the tests are run with are those that pyproject.toml names."""

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]
#: Bounds on the next major release are for what the models run on.
_BOUNDED = ("torch", "torchvision", "transformers", "peft", "accelerate", "bitsandbytes", "numpy", "pydantic")


def requirements():
    """The packages that a run and the tests need, by name; ``types-PyYAML`` has no release that would matter."""
    tomllib = pytest.importorskip("tomllib")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    parsed = map(Requirement, [*project["dependencies"], *project["optional-dependencies"]["dev"]])
    return {requirement.name: requirement for requirement in parsed if requirement.name != "types-PyYAML"}


def test_each_package_is_tested_with_the_lowest_version_that_is_allowed():
    lines = (ROOT / "tests" / "lowest_versions.txt").read_text().splitlines()
    tested = dict(line.split("==") for line in lines if not line.startswith("#"))
    allowed = {}
    for name, requirement in requirements().items():
        [lowest] = [part.version for part in requirement.specifier if part.operator == ">="]
        allowed[name] = Version(lowest)
    assert {name: Version(version) for name, version in tested.items()} == allowed


@pytest.mark.parametrize("name", _BOUNDED)
def test_the_next_major_release_has_to_be_tried_first(name):
    [upper] = [part.version for part in requirements()[name].specifier if part.operator == "<"]
    [lowest] = [part.version for part in requirements()[name].specifier if part.operator == ">="]
    assert re.fullmatch(r"\d+", upper) and Version(upper) > Version(lowest)
