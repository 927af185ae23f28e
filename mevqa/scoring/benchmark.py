"""How long scoring takes: many answers of every kind, most of them wordings that occur once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mevqa.facs import UNIT_NAMES, coarse_of, taxonomy
from mevqa.records import Question, QuestionType
from mevqa.scoring.items import make_items
from mevqa.scoring.pairing import Pair
from mevqa.scoring.presets import answer_preset
from mevqa.scoring.question_answering import score_items
from mevqa.vqa.surface import sentence, unit_list

_KINDS = (
    QuestionType.COARSE,
    QuestionType.FINE,
    QuestionType.AU_LIST,
    QuestionType.AU_PRESENCE,
    QuestionType.COMBINED,
)
_SUBJECTS = 100


@dataclass(frozen=True, slots=True)
class ScoreTimes:
    """Processor seconds of scoring, on one core.

    Attributes:
        answers: Number of answers.
        draws: Bootstrap draws.
        wordings: Different pairs of reference and answer.
        read: Seconds for reading the answers.
        score: Seconds for all metrics with their intervals.
    """

    answers: int
    draws: int
    wordings: int
    read: float
    score: float


def measure_scoring(answers: int, draws: int, *, by_clip: bool = False, seed: int = 0) -> ScoreTimes:
    """Score made-up answers with option probabilities.

    Args:
        answers: How many, five a clip.
        draws: Bootstrap draws.
        by_clip: Leave the subjects out, so that clips are drawn: the slower case.
        seed: Of the answers.
    """
    pairs = list(_pairs(answers, np.random.default_rng(seed), by_clip))
    switches = answer_preset("megc2026-vqa")
    started = time.process_time()
    items = make_items(pairs, switches)
    read = time.process_time()
    score_items(items, switches, draws=draws, seed=seed)
    done = time.process_time()
    wordings = len({(pair.question.reference, pair.text) for pair in pairs})
    return ScoreTimes(answers, draws, wordings, read - started, done - read)


def _pairs(count: int, generator: np.random.Generator, by_clip: bool) -> Iterator[Pair]:
    for number in range(count):
        clip, kind = number // len(_KINDS), _KINDS[number % len(_KINDS)]
        truth, answer = _answer(kind, generator), _answer(kind, generator)
        question = Question(
            id=f"q{number}",
            clip_id=f"c{clip}",
            text="",
            type=kind,
            plural=True,
            dataset="synthetic",
            subject=None if by_clip else f"s{clip % _SUBJECTS}",
            reference=truth,
        )
        options = None
        if kind in (QuestionType.COARSE, QuestionType.FINE, QuestionType.AU_PRESENCE) and truth != answer:
            options = {truth: 0.3, answer: 0.7}
        yield Pair(question, path=Path(), text=answer, options=options)


def _answer(kind: QuestionType, generator: np.random.Generator) -> str:
    """Return a random answer; units make most of the wordings differ."""
    fine = str(generator.choice(taxonomy("synthetic").fine))
    coarse = coarse_of(fine) or "negative"
    units = [str(name) for name in generator.choice(UNIT_NAMES, size=generator.integers(1, 5), replace=False)]
    if kind is QuestionType.AU_PRESENCE:
        return str(generator.choice(["yes", "no"]))
    if kind is QuestionType.COMBINED:
        return sentence(kind, units, fine, coarse, plural=True)
    return {QuestionType.COARSE: coarse, QuestionType.FINE: fine}.get(kind) or unit_list(units)
