"""Fixtures of the page: served pages, clips, and requests as Gradio makes them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("gradio")

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "reporting")]

from browser import browser  # noqa: E402, F401
from hostile_runs import two_runs  # noqa: E402

from mevqa.app.guard import COOKIE  # noqa: E402
from mevqa.app.server import RunningPage, running  # noqa: E402
from mevqa.app.settings import AppSettings, Limits  # noqa: E402
from mevqa.synthetic.writer import synthesise  # noqa: E402


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic video with a face and one expression."""
    folder = tmp_path_factory.mktemp("app") / "set"
    synthesise(folder, clips=1, seed=5, size=(160, 160), fps=(60.0,))
    return next((folder / "clips").iterdir())


@pytest.fixture(scope="session")
def hostile_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose questions, answers and warnings contain markup."""
    return two_runs(tmp_path_factory.mktemp("app-runs"))[0]


@pytest.fixture(scope="session")
def page() -> Iterator[RunningPage]:
    """A page that begins with an upload; the scripted model answers at once."""
    limits = Limits(megabytes=2, seconds=30, questions=6, jobs=1000)
    with running(AppSettings(model="mock", port=0, limits=limits)) as served:
        yield served


@dataclass
class Visitor:
    """A browser that has opened the page, seen from the handlers."""

    owner: str
    request: Any


@pytest.fixture(scope="session")
def visit() -> Any:
    """A function that makes visitors of a page."""

    def make_visitor(served: RunningPage, name: str = "tab") -> Visitor:
        owner = served.state.sessions.new_owner()
        return Visitor(owner, SimpleNamespace(cookies={COOKIE: owner}, session_hash=name))

    return make_visitor
