"""Questions about synthetic clips, official ones and those beyond them, with their exact answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mevqa.events import EventTimeline, Kind, timeline_of
from mevqa.facs import UNIT_NAMES, ActionUnit, unit_number
from mevqa.questions.answers import timeline_answer
from mevqa.questions.question_types import question_about
from mevqa.questions.wordings import official_wordings
from mevqa.questions.writing.sentences import sentence, unit_list
from mevqa.synthetic.clip_plan import ClipPlan, random_source
from mevqa.types import Clip

#: A question and its answer.
Pair = tuple[str, str]


def train_questions(plan: ClipPlan, seed: int) -> Iterator[Pair]:
    """Yield the questions of the training layout: both a present and an absent unit, as in the official files."""
    yield from _class_questions(plan)
    yield from _list_and_side(plan, seed)
    yield _presence(plan, seed, shown=True)
    yield _presence(plan, seed, shown=False)
    yield _summary(plan, "combined", _wording("combined", plural=len(_names(plan)) > 1))


def test_questions(plan: ClipPlan, seed: int) -> Iterator[Pair]:
    """Yield the questions of the test layout of 2025: one presence question, yes and no in turn."""
    yield from _class_questions(plan)
    yield from _list_and_side(plan, seed)
    yield _presence(plan, seed, shown=_answer_is_yes(plan, seed))
    yield _summary(plan, "combined", _wording("combined", plural=len(_names(plan)) > 1))


def second_version_questions(plan: ClipPlan, seed: int) -> Iterator[Pair]:
    """Yield the questions of the test layout of 2026: analysis in the place of the combined question."""
    yield from _class_questions(plan)
    yield from _list_and_side(plan, seed)
    yield _presence(plan, seed, shown=_answer_is_yes(plan, seed))
    rng = random_source(seed, "analysis", plan.index)
    wordings = official_wordings("analysis")
    yield _summary(plan, "analysis", wordings[int(rng.integers(len(wordings)))])


def long_questions(plan: ClipPlan, seed: int) -> Iterator[Pair]:
    """Yield the six questions about a long video."""
    timeline = _timeline_of_type(plan)
    questions = [_wording(kind) for kind in ("count_all", "count_micro", "count_macro", "au_inventory")]
    rng = random_source(seed, "nth", plan.index)
    for index in rng.permutation(len(timeline.events))[:2]:
        questions.append(_wording("nth_type", ordinal=int(index) + 1))
    yield from _answered(questions, timeline)


def extension_questions(plan: ClipPlan, seed: int) -> Iterator[Pair]:
    """Yield the questions about a long video that no official file has, each type at least once."""
    timeline = _timeline_of_type(plan)
    rng = random_source(seed, "extension", plan.index)
    kinds: tuple[Kind | None, ...] = (None, "micro", "macro")
    questions = [_wording("localise", events=kind) for kind in kinds]
    for index in rng.permutation(len(timeline.events))[:2]:
        questions.append(_wording("describe_nth", ordinal=int(index) + 1))
    questions += [_wording("event_presence", events=kind) for kind in kinds[1:]]
    questions += [_wording("order"), _wording("longest")]
    # Times in half seconds, as somebody who looks at the video would give them: a quarter to three quarters of it.
    halves = int(2 * plan.frames / plan.fps)
    length = int(rng.integers(max(1, halves // 4), max(2, 3 * halves // 4)))
    start = int(rng.integers(0, max(1, halves - length)))
    between = (start / 2, (start + length) / 2)
    questions.append(_wording("count_between", events=kinds[int(rng.integers(len(kinds)))], between_s=between))
    questions.append(_wording("summary"))
    yield from _answered(questions, timeline)


def _timeline_of_type(plan: ClipPlan) -> EventTimeline:
    return timeline_of([performance.annotation for performance in plan.performances], plan.fps)


def _answered(texts: Sequence[str], timeline: EventTimeline) -> Iterator[Pair]:
    """Yield each question that the timeline answers, with its answer."""
    for number, text in enumerate(texts):
        answer = timeline_answer(question_about(Clip("", "synthetic"), number, text), timeline)
        if answer is not None:
            yield text, answer


def _wording(kind: str, **slots: Any) -> str:
    """Return the usual wording; the slots are those of ``official_wordings``."""
    return official_wordings(kind, **slots)[0]


def _class_questions(plan: ClipPlan) -> Iterator[Pair]:
    annotation = plan.performances[0].annotation
    yield _wording("coarse"), str(annotation.coarse)
    yield _wording("fine"), str(annotation.fine)


def _list_and_side(plan: ClipPlan, seed: int) -> Iterator[Pair]:
    """Yield the list question and, where a unit is on one side only, the side question."""
    names = _names(plan)
    yield _wording("au_list", plural=len(names) > 1), unit_list(names)
    sided = [unit for unit in plan.performances[0].annotation.action_units if unit.side]
    if sided:
        unit = sided[int(random_source(seed, "side", plan.index).integers(len(sided)))]
        yield _wording("au_side", action_unit=unit.name), str(unit.side)


def _presence(plan: ClipPlan, seed: int, *, shown: bool) -> Pair:
    """Ask for one of the clip's units, or for one of the vocabulary that it does not have."""
    names = _names(plan)
    present = {unit.number for unit in plan.performances[0].annotation.action_units}
    candidates = names if shown else [name for name in UNIT_NAMES if unit_number(name) not in present]
    rng = random_source(seed, f"presence {shown}", plan.index)
    name = candidates[int(rng.integers(len(candidates)))]
    return _wording("au_presence", action_unit=name), "yes" if shown else "no"


def _answer_is_yes(plan: ClipPlan, seed: int) -> bool:
    """Return whether the clip's only presence question is answered with yes: exactly every other clip's is."""
    block = random_source(seed, "balance", plan.index // 2)
    return bool(block.random() < 0.5) == (plan.index % 2 == 0)


def _summary(plan: ClipPlan, kind: str, question: str) -> Pair:
    annotation = plan.performances[0].annotation
    names = _names(plan)
    return question, sentence(kind, names, str(annotation.fine), str(annotation.coarse), plural=len(names) > 1)


def _names(plan: ClipPlan) -> list[str]:
    """Return the official names of the clip's units in number order."""
    numbers = sorted({unit.number for unit in plan.performances[0].annotation.action_units})
    return [ActionUnit(number).name for number in numbers]


def train_rows(plan: ClipPlan, pairs: Sequence[Pair]) -> Iterator[dict[str, str]]:
    """Yield official training rows."""
    for number, (question, answer) in enumerate(pairs, start=1):
        yield {
            "id": f"synthetic_{plan.id}_{number}",
            "dataset": "synthetic",
            "image_id": plan.id,
            "subject": f"s{plan.subject + 1:02d}",
            "filename": plan.id,
            "question": question,
            "answer": answer,
        }


def test_rows(plan: ClipPlan, pairs: Sequence[Pair], *, answered: bool, name: str = "test") -> Iterator[dict[str, str]]:
    """Yield official test rows, to answer or as reference.

    Args:
        plan: The clip.
        pairs: Its questions and answers.
        answered: Whether the answers are filled in.
        name: What the ids say of the file; files of different names can be answered together.
    """
    for number, (question, answer) in enumerate(pairs, start=1):
        yield {
            "video_id": f"synthetic_{name}_{plan.id}_{number}",
            "video": plan.id,
            "question": question,
            "answer": answer if answered else "",
        }
