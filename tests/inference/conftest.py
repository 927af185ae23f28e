"""One synthetic long video for all tests of this folder; lets them import the helpers beside them."""

import sys
from pathlib import Path

import pytest

from mevqa.synthetic.writer import synthesise

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def long_set(tmp_path_factory):
    """Eight seconds of one person with micro- and macro-expressions."""
    return synthesise(tmp_path_factory.mktemp("long") / "set", 1, 31, long=True, seconds=6.0, size=(128, 128))
