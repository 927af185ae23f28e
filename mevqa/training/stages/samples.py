"""Answers that a trained model samples to its training questions, kept as they are drawn, and which of them pass.

A folder holds ``manifest.json`` (what decides the draws) and ``samples.jsonl`` (a question a line). Each answer has a
seed of its own, so that what is drawn depends neither on an interruption nor on what else is asked.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mevqa.errors import InputError, Problem
from mevqa.files.json_file import read_json_object
from mevqa.files.json_rows import numbered_lines
from mevqa.files.whole import append_whole, make_folder, write_whole
from mevqa.inference.logs.answer_log import drop_torn_line
from mevqa.inference.runs import refuse_changes
from mevqa.models.transformers.model import TransformersModel
from mevqa.models.transformers.sampling import sample_replies
from mevqa.signals import finished_first
from mevqa.training.examples.clips import TrainingClip
from mevqa.training.examples.stream import RowMaker
from mevqa.training.stages.grading import PassRates, grade, graded, pass_rates
from mevqa.types import Question, Reply

_MANIFEST, _SAMPLES = "manifest.json", "samples.jsonl"


@dataclass(frozen=True, slots=True)
class Draws:
    """Settings by which answers are drawn.

    Attributes:
        samples: Answers to each question.
        temperature: Of the draws.
        f1: Least F1 of a set of units that passes.
        seed: Decides every draw.
    """

    samples: int
    temperature: float
    f1: float
    seed: int


@dataclass(frozen=True)
class SampledAnswers:
    """Answers drawn to questions.

    Attributes:
        texts: The answers by question id, in the form in which they are scored; None for an unusable one.
        passed: Which of them pass, by question id.
        types: Question types by question id.
    """

    texts: Mapping[str, tuple[str | None, ...]]
    passed: Mapping[str, tuple[bool, ...]]
    types: Mapping[str, str]

    @property
    def kept(self) -> dict[str, tuple[str, ...]]:
        """The different answers that pass, by question id; questions without one are left out."""
        right_answers = {}
        for name, texts in self.texts.items():
            right = [text for text, passes in zip(texts, self.passed[name], strict=True) if passes and text is not None]
            if right:
                right_answers[name] = tuple(dict.fromkeys(right))
        return right_answers

    def rates(self, k: int) -> dict[str, PassRates]:
        """Return pass@1 and pass@k of all questions (``all``) and of each type."""
        types = sorted(set(self.types.values()))
        groups = {
            "all": list(self.passed),
            **{t: [name for name in self.passed if self.types[name] == t] for t in types},
        }
        return {
            name: pass_rates([self.passed[question_id] for question_id in question_ids], k)
            for name, question_ids in groups.items()
            if question_ids
        }


def draw_answers(
    model: TransformersModel,
    clips: Sequence[TrainingClip],
    row_maker: RowMaker,
    draws: Draws,
    folder: Path,
    decides: Mapping[str, Any],
) -> SampledAnswers:
    """Draw answers to the questions of clips, or go on where it was interrupted.

    Args:
        model: Who answers.
        clips: The clips; only questions whose answers can be graded are asked.
        row_maker: Draws and words the clips as in training.
        draws: How.
        folder: Where the answers are kept.
        decides: Everything else that decides them (the model, the clips), for the manifest.

    Raises:
        InputError: The folder holds other draws, or no question can be graded.
    """
    gradable = {clip.clip.id: [question for question in clip.questions if graded(question)] for clip in clips}
    if not any(gradable.values()):
        message = "no question has an answer that is right or wrong (classes, units, numbers, sentences)"
        raise InputError([Problem("stages", f"{message}: nothing can be drawn; leave out the stages after sft")])
    now = {"draws": {name: getattr(draws, name) for name in Draws.__slots__}, **decides, "clips": sorted(gradable)}
    _begin(folder, json.loads(json.dumps(now)))
    drawn_rows = {row["id"]: row for row in _rows(folder / _SAMPLES)}
    for clip in clips:
        questions = gradable[clip.clip.id]
        if all(question.id in drawn_rows for question in questions):
            continue
        with finished_first():
            rows = _draw_rows(model, clip, questions, row_maker, draws)
            append_whole(folder / _SAMPLES, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
        drawn_rows.update({row["id"]: row for row in rows})
    names = [question.id for group in gradable.values() for question in group]
    return SampledAnswers(
        {name: tuple(drawn_rows[name]["answers"]) for name in names},
        {name: tuple(drawn_rows[name]["passed"]) for name in names},
        {question.id: question.type for group in gradable.values() for question in group},
    )


def _begin(folder: Path, now: Mapping[str, Any]) -> None:
    """Write down what decides the draws, or hold it against what the folder holds."""
    path = folder / _MANIFEST
    if path.is_file():
        refuse_changes(folder, read_json_object(path), now, "these answers were drawn", "output=DIR")
    else:
        make_folder(folder)
        write_whole(path, json.dumps(now, indent=1, ensure_ascii=False) + "\n")
    if (folder / _SAMPLES).is_file():
        drop_torn_line(folder / _SAMPLES)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the questions of a log.

    Raises:
        InputError: The file is not UTF-8, or a line is not a row of drawn answers.
    """
    advice = "delete the file to draw them anew"
    try:
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
    except UnicodeDecodeError as error:
        raise InputError([Problem(path, f"is not UTF-8 at byte {error.start + 1}; {advice}")]) from None
    for number, line in numbered_lines(text):
        try:
            row = json.loads(line)
            answers, passed = row["answers"], row["passed"]
            if not (
                isinstance(row["id"], str)
                and isinstance(answers, list)
                and len(answers) == len(passed)
                and all(isinstance(answer, str | None) for answer in answers)
                and all(isinstance(passes, bool) for passes in passed)
            ):
                raise ValueError
        except (ValueError, KeyError, TypeError):
            raise InputError([Problem(path, f"is no line of drawn answers; {advice}", number)]) from None
        yield row


def _draw_rows(
    model: TransformersModel,
    clip: TrainingClip,
    questions: Sequence[Question],
    row_maker: RowMaker,
    draws: Draws,
) -> list[dict[str, Any]]:
    """Return a row of answers to each question about a clip."""
    seeds = [
        [(draws.seed, zlib.crc32(question.id.encode()), number) for number in range(draws.samples)]
        for question in questions
    ]
    clip_views = row_maker.views_of(clip)
    replies: list[list[Reply]] = sample_replies(
        model,
        row_maker.system(clip, clip_views.notes),
        clip_views.views,
        [row_maker.request(question) for question in questions],
        seeds,
        draws.temperature,
    )
    rows = []
    for question, question_replies in zip(questions, replies, strict=True):
        grades = [grade(question, reply) for reply in question_replies]
        rows.append(
            {
                "id": question.id,
                "answers": [answer_grade.text for answer_grade in grades],
                "passed": [answer_grade.passes(draws.f1) for answer_grade in grades],
                "raw": [reply.text for reply in question_replies],
            }
        )
    return rows
