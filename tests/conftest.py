"""Hooks and fixtures of all tests: order and time limit of slow tests, shared data, clean registries."""

import gc
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from mevqa.datasets import registry as datasets
from mevqa.models import registry as models
from mevqa.questions import question_types
from mevqa.recognition.registry import RECOGNISERS
from mevqa.spotting.decoding.registry import DECODERS
from mevqa.spotting.registry import SPOTTERS
from mevqa.video.views.registry import VIEWS
from mevqa.video.views.sampler import SAMPLERS

# Made-up events of the spotter (spotted_events.py) are used in many places.
sys.path.insert(0, str(Path(__file__).parent / "spotting"))

# Pictures are drawn where they are tested; a test of the cache names a folder.
os.environ["MEVQA_VIEWS"] = "none"

# A first example may import a library; on a busy machine that alone breaks any deadline.
# The same examples every time: a test that fails was broken by a change, not by luck.
# New examples are looked for with `pytest --hypothesis-profile explore`.
settings.register_profile("mevqa", deadline=None, max_examples=60, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile("mevqa")


#: Slow tests that are begun before the others: real servers, wheels and documents, which no other test covers.
_FIRST_OF_SLOW = ("models/served/", "project/test_distribution.py", "docs/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the slow tests for the end: where time is short, it is they that are left out."""
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    first = (place for place, part in enumerate(_FIRST_OF_SLOW, 1) if part in item.nodeid)
    return next(first, len(_FIRST_OF_SLOW) + 1) if _is_slow(item) else 0


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave out what is not begun in time, where the environment gives one, in seconds since 1970."""
    for variable, concerned in (("MEVQA_TESTS_UNTIL", True), ("MEVQA_SLOW_TESTS_UNTIL", _is_slow(item))):
        if concerned and time.time() > float(os.environ.get(variable, "inf")):
            pytest.skip(f"left out: not begun in time ({variable})")


def _is_slow(item: pytest.Item) -> bool:
    return item.get_closest_marker("slow") is not None


def pytest_collection() -> None:
    """Search for no unreachable objects while everything is imported."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Leave what was imported out of every later search for unreachable objects: torch alone is a million of them."""
    gc.enable()
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real files beside the checkout; tests that need them skip without."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real files (shared/data beside the checkout) are absent")
    return folder


@pytest.fixture(autouse=True)
def forget_registered_names() -> Iterator[None]:
    """Forget what a test registered: none depends on those that ran before it in its process."""
    registries = [VIEWS, SAMPLERS, DECODERS, SPOTTERS, RECOGNISERS]
    tables = [models._SOURCES, question_types._TYPES, datasets._DATASETS, datasets._BY_NAME]
    # A module that registers is imported once: its names stay.
    known = [(registry._entries, set(registry.names)) for registry in registries] + [
        (table, set(table)) for table in tables
    ]
    yield
    for entries, names in known:
        for name in set(entries) - names:
            del entries[name]
    question_types.parse_question.cache_clear()
