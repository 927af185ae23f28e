"""Small synthetic clips for the tests of this folder."""

import pytest

import mevqa


@pytest.fixture(scope="session")
def small_set(tmp_path_factory):
    """Three clips of 128x128 with their question files."""
    return mevqa.synthesise(tmp_path_factory.mktemp("drawing") / "set", 3, 3, size=(128, 128), fps=(30.0,), crf=30)
