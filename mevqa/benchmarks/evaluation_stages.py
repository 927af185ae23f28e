"""Time of an evaluation by stage, with one and several processes, with stored views, and beside a busy core.

Stages are timed in this process, with one process that draws: what is timed is wrapped while it is measured, and time
inside a nested stage is that stage's alone. Whole commands are timed as a user runs them, start included.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any
from unittest.mock import patch

from mevqa.benchmarks.scale import CommandCost, measure_command
from mevqa.inference.answering.run import answer_plan
from mevqa.inference.answering.run_views import DrawOptions
from mevqa.inference.evaluation import Plan, plan
from mevqa.inference.loading import AskOptions
from mevqa.models.base import Model, Reply
from mevqa.synthetic.writer import SyntheticSet

#: Functions and methods that are timed, with their stage.
_TIMED: tuple[tuple[str, str], ...] = (
    ("decode", "mevqa.video.views.render.open_video"),
    ("decode", "mevqa.video.reading.video.Video.frames"),
    ("face", "mevqa.video.face.aligned_face.find_faces"),
    ("stabilise", "mevqa.video.face.aligned_face.cut_out"),
    ("stabilise", "mevqa.video.face.stabilise.Stabiliser.__init__"),
    ("stabilise", "mevqa.video.face.stabilise.Stabiliser.__call__"),
    ("motion", "mevqa.video.motion.regional_motion.MotionMeter.__init__"),
    ("motion", "mevqa.video.motion.regional_motion.MotionMeter.__call__"),
    ("localise", "mevqa.video.views.render.localise"),
    ("flow", "mevqa.video.views.registry.dense_flow"),
    ("views", "mevqa.video.views.render.render_clip"),
    ("stored views", "mevqa.inference.drawing.cache.ViewCache.file"),
    ("stored views", "mevqa.inference.drawing.cache.ViewCache.load"),
    ("stored views", "mevqa.inference.drawing.cache.ViewCache.store"),
)

#: Stages of looking at a clip, in the order in which they come; ``model`` and ``rest`` follow.
LOOKING = ("decode", "face", "stabilise", "motion", "localise", "flow", "views", "stored views")


class StageClock:
    """Seconds of stages that may be inside one another; each second is counted once.

    Attributes:
        seconds: By stage; ``rest`` is what no stage is.
        calls: By stage.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.calls: dict[str, int] = {}
        self._open = ["rest"]
        self._since = time.perf_counter()

    def _charge(self) -> None:
        now = time.perf_counter()
        stage = self._open[-1]
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._since
        self._since = now

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what is inside as a stage."""
        self._charge()
        self._open.append(name)
        self.calls[name] = self.calls.get(name, 0) + 1
        try:
            yield
        finally:
            self._charge()
            self._open.pop()

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that counts as a stage while it runs."""

        @wraps(function)
        def call(*args: Any, **keywords: Any) -> Any:
            with self.stage(name):
                return function(*args, **keywords)

        return call

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Time the stages of looking at clips inside."""
        with ExitStack() as patches:
            for stage, target in _TIMED:
                patches.enter_context(patch(target, self.timed(stage, _resolve(target))))
            self._since = time.perf_counter()
            yield
            self._charge()


def _resolve(target: str) -> Callable[..., Any]:
    """Return the function or method that an entry of ``_TIMED`` names."""
    import pkgutil

    function: Callable[..., Any] = pkgutil.resolve_name(target)
    return function


@dataclass(slots=True)
class _TimedModel:
    """A model whose questions are counted as a stage."""

    model: Model
    clock: StageClock

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    def ask(self, *args: Any, **keywords: Any) -> list[Reply]:
        """Ask as the model does."""
        with self.clock.stage("model"):
            return self.model.ask(*args, **keywords)


@dataclass(frozen=True, slots=True)
class Stages:
    """Seconds of one evaluation by stage.

    Attributes:
        clips: How many were looked at.
        seconds: By stage.
        calls: How often each was entered.
    """

    clips: int
    seconds: dict[str, float]
    calls: dict[str, int]

    @property
    def looking(self) -> float:
        """Seconds of everything before the model: the pictures."""
        return sum(self.seconds.get(stage, 0.0) for stage in LOOKING)

    def largest(self, count: int = 3) -> list[tuple[str, float]]:
        """Return the stages that take longest."""
        return sorted(self.seconds.items(), key=lambda pair: -pair[1])[:count]


@dataclass(frozen=True, slots=True)
class EvaluationCost:
    """Times of an evaluation, as ``measure_evaluation`` takes them.

    Attributes:
        clips: Clips of the set.
        questions: Questions about them.
        live: Stages where every clip is looked at.
        stored: Stages of another run with the same views.
        generate: Seconds of a plain loop that generates an answer to each question from the same pictures.
        commands: Whole commands: with one process, with several, with stored views.
        same: Whether all commands gave the same answers.
        busy: The command with stored views alone, and beside a process that keeps a core busy; empty without.
    """

    clips: int
    questions: int
    live: Stages
    stored: Stages
    generate: float | None
    commands: list[CommandCost]
    same: bool
    busy: list[CommandCost] = field(default_factory=list)

    def ratios(self) -> dict[str, float]:
        """Return ratios of times: several processes to one, stored views to looking, a busy core beside to none."""
        single, several, _ = self.commands
        ratios = {
            several.command: several.clock / single.clock,
            "looking again": self.stored.looking / self.live.looking,
        }
        if self.busy:
            ratios["beside a busy core"] = self.busy[1].clock / self.busy[0].clock
        return ratios

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self) | {"ratios": self.ratios()}


def measure_evaluation(
    synthetic_set: SyntheticSet, folder: Path, model_name: str = "nano", workers: int = 2, *, busy: bool = False
) -> EvaluationCost:
    """Measure an evaluation of synthetic clips without coded moments.

    Args:
        synthetic_set: The clips and their questions.
        folder: An empty folder for runs and stored views.
        model_name: Who is asked.
        workers: Processes of the second command.
        busy: Whether to time a command beside a process that keeps a core busy, too.

    Raises:
        ModelError: The model cannot be loaded.
    """
    from mevqa.models.registry import load_model

    work = plan([synthetic_set.train], synthetic_set.media)
    model = load_model(model_name)
    live, stored = (
        _stages(work, model, folder / name, DrawOptions(cache=folder / "views")) for name in ("live", "stored")
    )
    generate = _generate(work, model, folder / "views")
    command = ["-m", "mevqa", "eval", synthetic_set.train, "--media", synthetic_set.media, "--model", model_name]
    commands = []
    for name, more in (
        ("1 process", ["--views-cache", "none"]),
        (f"{workers} processes", ["--views-cache", "none", "--workers", workers]),
        ("stored views", ["--views-cache", folder / "views"]),
    ):
        commands.append(measure_command(name, [*command, *more, "--out", folder / name]))
    logs = [_answers(folder / cost.command) for cost in commands]
    beside = []
    if busy:
        again = [*command, "--views-cache", folder / "views", "--out"]
        beside.append(measure_command("alone", [*again, folder / "alone"]))
        with _busy_core():
            beside.append(measure_command("beside a busy core", [*again, folder / "beside"]))
    same = all(log == logs[0] for log in logs)
    return EvaluationCost(len(work.clips), len(work.all_questions), live, stored, generate, commands, same, beside)


def _stages(work: Plan, model: Model, out: Path, drawing: DrawOptions) -> Stages:
    """Answer a plan in this process, stage by stage."""
    clock = StageClock()
    with clock.watching():
        answer_plan(work, out, AskOptions(_TimedModel(model, clock)), drawing=drawing)
    return Stages(len(work.clips), clock.seconds, clock.calls)


def _generate(work: Plan, model: Model, stored: Path) -> float | None:
    """Return the seconds of a plain transformers loop: one prompt and one ``generate`` for each question."""
    import torch

    from mevqa.inference.drawing.cache import CachedViews, ViewCache
    from mevqa.inference.view_config import ViewOptions
    from mevqa.models.transformers.model import TransformersModel

    if not isinstance(model, TransformersModel):
        return None
    drawn = CachedViews(ViewOptions().for_model(model.preferences), ViewCache(stored))
    pictures = {
        name: [v.image for v in drawn.render(clip, long_video=False).views] for name, clip in work.clips.items()
    }
    begin = time.perf_counter()
    for question in work.all_questions:
        images = pictures[question.clip_id]
        content = [*({"type": "image"} for _ in images), {"type": "text", "text": question.text}]
        text = model.processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
        inputs = model.processor(text=[text], images=images, return_tensors="pt").to(model.model.device)
        with torch.inference_mode():
            model.model.generate(**inputs, max_new_tokens=8, do_sample=False)
    return time.perf_counter() - begin


def _answers(run: Path) -> list[tuple[str, str, float | None]]:
    """Return id, text and confidence of each answer of a run: what does not depend on time."""
    from mevqa.inference.runs import open_run

    return [(answer.question_id, answer.text, answer.confidence) for answer in open_run(run).answers.values()]


def _spin() -> None:
    while True:
        pass


@contextmanager
def _busy_core() -> Iterator[None]:
    """Keep one core busy beside what is inside."""
    process = multiprocessing.get_context("spawn").Process(target=_spin, daemon=True)
    process.start()
    time.sleep(2)  # It has begun by then.
    try:
        yield
    finally:
        process.kill()
        process.join()


def stage_rows(cost: EvaluationCost) -> Sequence[tuple[str, str, str, str]]:
    """Return a row for each stage: seconds and calls of the first run, and seconds of the one with stored views."""
    rows = []
    for stage in (*LOOKING, "model", "rest"):
        calls = cost.live.calls.get(stage)
        rows.append(
            (
                stage,
                f"{cost.live.seconds.get(stage, 0.0):.2f}",
                "" if calls is None else str(calls),
                f"{cost.stored.seconds.get(stage, 0.0):.2f}",
            )
        )
    total = [sum(stages.seconds.values()) for stages in (cost.live, cost.stored)]
    rows.append(("all", f"{total[0]:.2f}", "", f"{total[1]:.2f}"))
    return rows


def cores() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
