"""Three short videos of three persons, measured once for all tests of this folder; the maker beside is found."""

import sys
from pathlib import Path

import pytest

from mevqa.synthetic.writer import synthesise

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("long")
    synthesise(folder / "set", clips=3, seed=4, long=True, subjects=3, seconds=4.0, size=(240, 240))
    return folder / "set" / "clips"


@pytest.fixture
def make_set(tmp_path, clips):
    def make(name="one", **rows):
        from annotated_set import ROWS, AnnotatedSet

        folder = tmp_path / name
        folder.mkdir()
        return AnnotatedSet(folder, clips, ROWS | rows)

    return make
