"""Clips answered on a cluster of Ray: each worker loads the model once, and whoever asked keeps the log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from mevqa.engines import Lost, RayWorkers, ray_workers
from mevqa.inference.answering.clips import Groups
from mevqa.inference.answering.run_views import DrawOptions
from mevqa.inference.drawing.cache import chosen_cache, drawn_with
from mevqa.inference.engine import ClipAnswers, answer_clip
from mevqa.inference.evaluation import Plan
from mevqa.inference.loading import Answerer, AskOptions, load_answerer
from mevqa.inference.prepared import Prepared
from mevqa.models.base import Preferences
from mevqa.types import Answer, Clip, Question, Reply, Request, View

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class ModelElsewhere:
    """Name, revision and preferences of a model that is loaded elsewhere.

    Attributes:
        name: As the user wrote it.
        revision: What identifies the weights.
        preferences: How it wants to be asked.
    """

    name: str
    revision: str
    preferences: Preferences

    def ask(self, system: str, views: Sequence[View], requests: Sequence[Request]) -> list[Reply]:
        """Refuse: only the workers can ask it.

        Raises:
            RuntimeError: Always.
        """
        raise RuntimeError(f"{self.name} is loaded on the cluster and cannot be asked here")


class ClusterAnswerer:
    """Answers clips where it is made: in a worker.

    Args:
        options: Which model is asked, how, and what it sees.
        prepared: Folder of a prepared benchmark, which every worker must see.
        cache: Folder of views, likewise.
    """

    def __init__(self, options: AskOptions, prepared: Path | None, cache: Path | None) -> None:
        self._prepared = None if prepared is None else Prepared(prepared)
        self._asked = load_answerer(options, self._prepared)
        views = None if self._prepared is not None else drawn_with(self._asked.view_config, chosen_cache(cache))
        self._drawn_by = self._prepared or views

    def describe(self) -> Answerer:
        """Return everything that decides the answers, without the model itself."""
        model = self._asked.model
        return replace(self._asked, model=ModelElsewhere(model.name, model.revision, model.preferences))

    def work(self, item: tuple[Clip, Sequence[Question]]) -> ClipAnswers:
        """Return the answers about a clip, without its pictures."""
        clip, questions = item
        answerer = self._asked
        result = answer_clip(
            clip,
            questions,
            answerer.model,
            answerer.prompts,
            answerer.view_config,
            consistency=answerer.consistency,
            class_table=answerer.class_table,
            drawn_by=self._drawn_by,
            sampling=answerer.sampling,
        )
        return replace(result, clip_views=None)


@dataclass(frozen=True, slots=True)
class Cluster:
    """Workers that have loaded the model.

    Attributes:
        workers: The workers.
        answerer: What decides their answers.
    """

    workers: RayWorkers
    answerer: Answerer

    def answered_by(self, work: Plan, groups: Groups) -> Iterator[tuple[str, ClipAnswers]]:
        """Yield each clip with its answers; a clip whose worker was lost has errors for answers, and is asked again.

        Args:
            work: The plan.
            groups: The questions to answer, by clip id.
        """
        names = list(groups)
        for index, result in self.workers.map([(work.clips[name], groups[name]) for name in names]):
            if isinstance(result, Lost):
                failed = [Answer(q.id, text="", error=result.reason) for q in groups[names[index]]]
                result = ClipAnswers(failed, None)
            yield names[index], result


@contextmanager
def answering_cluster(options: AskOptions, work: Plan, drawing: DrawOptions) -> Iterator[Cluster]:
    """Start workers that answer; they are ended afterwards.

    Args:
        options: Which model is asked, how, and what it sees.
        work: The plan.
        drawing: How many workers, and the folder of views.

    Raises:
        InputError: Ray is not installed, the cluster cannot be reached, or an option is wrong.
        ModelError: The model cannot be loaded there.
    """
    prepared = None if work.prepared is None else work.prepared.path
    make = partial(ClusterAnswerer, options, prepared, drawing.cache)
    with ray_workers(make, drawing.workers, uses_gpu=options.loading.device in ("auto", "cuda")) as workers:
        yield Cluster(workers, workers.first("describe"))
