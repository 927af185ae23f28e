"""What every test shares."""

import sys
from pathlib import Path

import pytest
from hypothesis import settings

# Made-up events of the spotter (spotted_events.py) are used in many places.
sys.path.insert(0, str(Path(__file__).parent / "spotting"))

# A first example may import a library; on a busy machine that alone breaks any deadline.
# The same examples every time: a test that fails was broken by a change, not by luck.
# New examples are looked for with `pytest --hypothesis-profile explore`.
settings.register_profile("mevqa", deadline=None, max_examples=60, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile("mevqa")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real files beside the checkout; tests that need them skip without."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real files (shared/data beside the checkout) are absent")
    return folder
