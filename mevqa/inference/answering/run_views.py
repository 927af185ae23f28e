"""Where a run takes the pictures of its clips from: prepared, stored by another run, or drawn, ahead or now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from mevqa.errors import MevqaError
from mevqa.inference.answering.clips import looks, remaining
from mevqa.inference.drawing.cache import ViewCache, chosen_cache, drawn_with
from mevqa.inference.drawing.processes import DrawingProcesses
from mevqa.inference.engine import DrawsViews
from mevqa.inference.evaluation import Plan
from mevqa.inference.runs import open_run
from mevqa.inference.view_config import ViewConfig
from mevqa.types import Question


@dataclass(frozen=True, slots=True)
class DrawOptions:
    """Where a run takes the pictures of its clips from; its answers do not depend on it.

    Attributes:
        workers: Processes that draw ahead of the model; with 1 this process draws a clip when it is asked about.
        cache: Folder in which pictures are stored for other runs, or ``none``; None: ``MEVQA_VIEWS`` of the
            environment, or the user's cache folder.
    """

    workers: int = 1
    cache: Path | None = None


class RunViews:
    """The pictures of the clips of one run.

    Args:
        work: The plan.
        options: Processes and cache.
    """

    def __init__(self, work: Plan, options: DrawOptions) -> None:
        self._work = work
        self._cache: ViewCache | None = chosen_cache(options.cache) if work.prepared is None else None
        self._workers = options.workers if work.prepared is None else 1
        self._processes: DrawingProcesses | None = None

    def begin(self, view_config: ViewConfig, out: Path) -> None:
        """Start the processes and let them begin, while the model is loaded.

        Args:
            view_config: As far as it is known before.
            out: The run folder, for what is answered already.
        """
        if self._workers == 1:
            return
        answered = {}
        with suppress(MevqaError):  # A damaged run is refused when it is opened to go on.
            answered = open_run(out).answers
        expected_looks = list(looks(self._work, remaining(self._work, answered), view_config))
        if len(expected_looks) > 1:
            self._processes = DrawingProcesses(min(self._workers, len(expected_looks)))
            self._processes.look_ahead(drawn_with(_drawn_part(view_config), self._cache), expected_looks)

    def drawn_by(self, view_config: ViewConfig, groups: Mapping[str, Sequence[Question]]) -> DrawsViews | None:
        """Return what gives the pictures of the clips; None where the plan has them with it.

        Args:
            view_config: Which views are made and how.
            groups: The questions to answer, by clip id.
        """
        if self._work.prepared is not None:
            return None
        drawn = drawn_with(_drawn_part(view_config), self._cache)
        if self._processes is None:
            return drawn
        self._processes.look_ahead(drawn, list(looks(self._work, groups, view_config)))
        return self._processes

    def end(self) -> None:
        """End the processes, and keep the cache within its bound."""
        if self._processes is not None:
            self._processes.close()
        if self._cache is not None:
            self._cache.trim()


def _drawn_part(view_config: ViewConfig) -> ViewConfig:
    """Return a config without what decides no picture."""
    return replace(view_config, lvqa="hybrid", rule=None, spotter=None)


@contextmanager
def run_views(work: Plan, options: DrawOptions) -> Iterator[RunViews]:
    """Give the pictures of the clips of a run; what draws them is ended with it.

    Args:
        work: The plan.
        options: Processes and cache.

    Yields:
        The pictures.
    """
    views = RunViews(work, options)
    try:
        yield views
    finally:
        views.end()
