"""Runs as a report reads them: questions, answers and scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mevqa.errors import InputError, Problem
from mevqa.inference.evaluation import Source
from mevqa.inference.logs.answer_log import torn_line
from mevqa.inference.runs import RunRecord, open_run
from mevqa.inference.shards import lacking_clips
from mevqa.names import match_key
from mevqa.safe_text import shared_name
from mevqa.scoring.answers.answer_sources import files_of_run, read_files
from mevqa.scoring.answers.items import Item, make_items
from mevqa.scoring.answers.pairing import read_pairs
from mevqa.scoring.answers.presets import answer_preset
from mevqa.scoring.answers.score import DEFAULT_PRESETS, score_items
from mevqa.scoring.result import ScoreResult
from mevqa.types import Answer, Question

_GROUPINGS = ("dataset", "subject")


@dataclass(frozen=True, slots=True)
class Scoring:
    """How answers are scored.

    Attributes:
        reference: A question file with the right answers; None for those that the runs answered.
        preset: Name of the preset; None for the one of the task.
        draws: Bootstrap draws.
        seed: Of the bootstrap.
    """

    reference: Path | None = None
    preset: str | None = None
    draws: int = 1000
    seed: int = 0


@dataclass(frozen=True, slots=True)
class ReadRun:
    """A run with everything that is known about its answers.

    Attributes:
        folder: Short name of its folder that tells it from the other runs.
        run: The run.
        questions: Its questions in the order of the files, the reference set where there is one.
        items: Scored questions by question id.
        answers: Answers by the id of the question in ``questions``.
        result: The scores; None without any reference.
        task: ``vqa`` or ``lvqa``.
        sources: Where its clips come from, as the run recorded it.
        notes: What a reader must know.
    """

    folder: str
    run: RunRecord
    questions: tuple[Question, ...]
    items: Mapping[str, Item]
    answers: Mapping[str, Answer]
    result: ScoreResult | None
    task: str
    sources: tuple[Source, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def fingerprint(self) -> Mapping[str, Any]:
        """Fingerprint of the run, from its manifest: everything that decided the answers."""
        decides: Mapping[str, Any] = self.run.manifest.get("decides", {})
        return decides

    @property
    def model(self) -> str:
        """Label of the model."""
        return model_label(self.fingerprint)

    @property
    def name(self) -> str:
        """Model and folder: what tells it from the other runs."""
        return f"{self.model} ({self.folder})"


def model_label(fingerprint: Mapping[str, Any]) -> str:
    """Return the label of a run's model: a hub name or the last part of a folder, and its adapter.

    Args:
        fingerprint: What decided the answers, from the manifest.
    """
    name = str((fingerprint.get("model") or {}).get("name") or "unknown model")
    adapter = (fingerprint.get("settings") or {}).get("adapter")
    return shared_name(name) + (f" + {shared_name(str(adapter))}" if adapter else "")


def short_names(paths: Sequence[Path]) -> list[str]:
    """Return the last parts of paths, as many as tell them apart."""
    path_parts = [path.resolve().parts[1:] or (str(path),) for path in paths]
    for length in range(1, max(map(len, path_parts), default=1) + 1):
        names = ["/".join(parts[-length:]) for parts in path_parts]
        if len(set(names)) == len(names):
            return names
    return [f"{path.resolve().name} ({index})" for index, path in enumerate(paths, 1)]


def read_runs(paths: Sequence[Path], scoring: Scoring) -> list[ReadRun]:
    """Read and score runs.

    Args:
        paths: Run folders, the first is what others are compared with.
        scoring: How they are scored.

    Raises:
        InputError: Everything that is wrong with any of them.
    """
    problems: list[Problem] = []
    runs = []
    for path, folder in zip(paths, short_names(paths), strict=True):
        try:
            runs.append(_read_run(path, folder, scoring))
        except InputError as error:
            problems.extend(problem for problem in error.problems if problem not in problems)
    if problems:
        raise InputError(problems)
    return runs


def _read_run(path: Path, folder: str, scoring: Scoring) -> ReadRun:
    run = open_run(path)
    hidden: list[Problem] = []
    files = files_of_run(run, hidden)
    notes = [str(problem) for problem in hidden]
    reference_files = files
    if scoring.reference is not None:
        problems: list[Problem] = []
        reference_files = read_files(scoring.reference, problems)
        if problems:
            raise InputError(problems)
        files = files if files and not hidden else reference_files
    elif hidden:
        raise InputError(hidden)
    questions = [question for file in files for question in file.questions]
    clips = {*(run.manifest.get("decides", {}).get("media") or ()), *run.manifest.get("clips", ())}
    clips = clips or {question.clip_id for question in questions}
    questions = [question for question in questions if question.clip_id in clips]
    task = files[0].task if files else "vqa"
    has_reference = scoring.reference is not None or any(question.reference is not None for question in questions)
    items: dict[str, Item] = {}
    result = None
    if has_reference:
        pairs = read_pairs(path, scoring.reference, opened=run, files=reference_files)
        preset = scoring.preset or DEFAULT_PRESETS[pairs.task]
        switches = answer_preset(preset)
        scored = make_items(pairs.pairs, switches)
        result = score_items(
            scored, switches, preset=preset, by=_GROUPINGS, draws=scoring.draws, seed=scoring.seed, pairs=pairs
        )
        questions, items = _joined(questions, scored)
    else:
        notes.append("none of the questions has a reference: there is nothing to score")
        notes += [note for note in [torn_line(path), lacking_clips(run, questions)] if note is not None]
    answers = {question.id: run.answers[question.id] for question in questions if question.id in run.answers}
    sources = tuple(Source.from_record(record) for record in run.manifest.get("sources", ()))
    return ReadRun(folder, run, tuple(questions), items, answers, result, task, sources, tuple(notes))


def _joined(questions: Sequence[Question], scored: Sequence[Item]) -> tuple[list[Question], dict[str, Item]]:
    """Return the questions with their references, and the scored ones by the id that the run uses."""
    by_id = {item.question.id: item for item in scored}
    by_text = {_clip_and_text(item.question): item for item in scored}
    joined: list[Question] = []
    items = {}
    for question in questions:
        item = by_id.get(question.id)
        if item is None or _clip_and_text(item.question) != _clip_and_text(question):
            # The reference is in the other layout, whose ids are others.
            item = by_text.get(_clip_and_text(question))
        if item is not None:
            items[question.id] = item
        joined.append(question if item is None else replace(question, reference=item.question.reference))
    return joined, items


def _clip_and_text(question: Question) -> tuple[str, str]:
    """Return what identifies a question in files of either layout, as scoring matches them."""
    return match_key(question.clip_id), question.text
