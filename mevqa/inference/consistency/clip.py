"""Decide the answers about one clip together, so that none contradicts another.

Every reply is evidence with a weight: the option probabilities of closed questions, the confidence of lists and
counts. What the single questions say comes first; a sentence supplies only what no single question was answered
about. An answer that the model failed to give is never invented.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from mevqa.datasets import Taxonomy
from mevqa.facs import prototype_units, unit_name
from mevqa.inference.consistency.class_table import ClassTable
from mevqa.inference.consistency.events import decide_events, decide_presence
from mevqa.inference.consistency.unit_evidence import UnitEvidence, presence_probability
from mevqa.questions.answers import read_answer, read_units, written_answer
from mevqa.questions.question_types import question_type
from mevqa.questions.types import SentenceQuestion
from mevqa.questions.writing.sentences import unit_list
from mevqa.types import Parts, Question, Reply

#: Probability given to a class whose model tells none; the other classes share the rest.
_UNTOLD = 0.9
_SMALLEST = 1e-6


@dataclass(slots=True)
class _Said:
    """One reply that holds an answer, and what is decided about it.

    Attributes:
        text: The answer in official form, at first as the model gave it; None for a sentence that lacks a part.
        parts: Units and classes of a sentence or a list.
        fact: What the answer tells of the clip, as its question type has it.
    """

    question: Question
    reply: Reply
    text: str | None
    parts: Parts
    fact: str


def decide(
    questions: Sequence[Question],
    replies: Sequence[Reply],
    taxonomy: Taxonomy,
    class_table: ClassTable | None = None,
) -> list[str | None]:
    """Return consistent final answers to all questions about one clip, in the official surface form.

    - The fine class implies the coarse class: of all pairs that agree, the one whose product of option probabilities
      is largest. With a table of classes by units, what is said of the units speaks for a fine class too.
    - Presence answers and lists name the same action units; a question in the singular is answered with one unit, a
      question in the plural with at least two.
    - The combined and the analysis sentence say what the single answers say.
    - Micro and macro counts add up to the count of all, and the n-th event that a question is about exists; an event
      of a kind is present where one is counted. The other answers about events of a long video stay as they are.

    Args:
        questions: All about one clip.
        replies: One a question, in order.
        taxonomy: Classes of the data set.
        class_table: How its units make its fine classes, as other people's clips tell; None: the model alone decides.

    Returns:
        One text a question, in order; None where the reply is an error or holds no answer to the question.

    Raises:
        ValueError: Questions and replies differ in number, or the questions are about several clips.
    """
    if len({question.clip_id for question in questions}) > 1:
        raise ValueError("the questions are about several clips")
    said = [_hear(question, reply, taxonomy) for question, reply in zip(questions, replies, strict=True)]
    answered = [one for one in said if one is not None]
    evidence = _unit_evidence(answered)
    by_units = {} if class_table is None or evidence is None else class_table.log_likelihoods(evidence.probabilities())
    fine, coarse = _decide_classes(answered, taxonomy, by_units)
    for one in answered:
        if one.fact == "fine" and one.text in taxonomy.fine:
            one.text = fine
        elif one.fact == "coarse" and one.text in taxonomy.coarse:
            one.text = coarse
    _decide_units(answered, evidence or UnitEvidence(), fine, coarse)
    events = [one for one in answered if one.fact in ("count", "kind")]
    if events:
        texts = decide_events([o.question for o in events], [o.reply for o in events], [o.text or "" for o in events])
        for one, text in zip(events, texts, strict=True):
            one.text = text
    presence = [one for one in answered if one.fact == "presence"]
    told = decide_presence([(o.question, o.text or "") for o in presence], [(o.question, o.text or "") for o in events])
    for one, text in zip(presence, told, strict=True):
        one.text = text
    return [None if one is None else one.text for one in said]


def _hear(question: Question, reply: Reply, taxonomy: Taxonomy) -> _Said | None:
    """Return what a reply says; None when it is an error or says nothing to the question."""
    if reply.error is not None:
        return None
    reading = read_answer(question, reply.text, truncated=reply.truncated)
    text = written_answer(question, reply, reading, taxonomy)
    fact = question_type(question.type).fact
    parts = Parts()
    if fact == "sentence":
        if not isinstance(reading.value, Parts):
            return None
        parts = replace(reading.value, fine=reading.value.fine if reading.value.fine in taxonomy.fine else None)
        if not (parts.units or parts.fine or parts.coarse):
            return None
    elif text is None:
        return None
    elif fact == "units":
        parts = Parts(units=read_units(question, Reply(text)))
    return _Said(question, reply, text, parts, fact)


def _decide_classes(
    answered: Sequence[_Said], taxonomy: Taxonomy, by_units: Mapping[str, float]
) -> tuple[str | None, str | None]:
    """Return the fine and the coarse class of the clip, None for a class that no reply tells."""
    fine = _scores(answered, "fine", taxonomy.fine)
    if fine is not None and by_units:
        # A class that the table does not know is as likely as its least likely one.
        least = min(by_units.values())
        fine = {name: score + by_units.get(name, least) for name, score in fine.items()}
    coarse = _scores(answered, "coarse", taxonomy.coarse)
    if fine is None or coarse is None:
        return _likeliest(fine), _likeliest(coarse)
    pairs = [(f, c) for f, c in product(fine, coarse) if taxonomy.coarse_of(f) in (c, None)]
    return max(pairs, key=lambda pair: fine[pair[0]] + coarse[pair[1]])


def _scores(answered: Sequence[_Said], level: str, classes: Sequence[str]) -> dict[str, float] | None:
    """Return the log-probability of each class; None when no reply tells any.

    The single questions for this class count; where there is none, the sentences do.
    """
    told = [(one.reply, one.text) for one in answered if one.fact == level and one.text in classes]
    if not told:
        of_sentence = [one.parts.fine if level == "fine" else one.parts.coarse for one in answered]
        # The probability of a whole sentence says little about its one word.
        told = [(Reply("-"), name) for name in of_sentence if name in classes]
    if not told:
        return None
    scores = dict.fromkeys(classes, 0.0)
    for reply, text in told:
        rest = (1 - _UNTOLD) / max(len(classes) - 1, 1)
        for name in classes:
            probability = _UNTOLD if name == text else rest
            if reply.options is not None:
                probability = reply.options.get(name, 0.0)
            scores[name] += math.log(max(probability, _SMALLEST))
    return scores


def _likeliest(scores: dict[str, float] | None) -> str | None:
    return None if scores is None else max(scores, key=lambda name: scores[name] if scores else 0.0)


def _unit_evidence(answered: Sequence[_Said]) -> UnitEvidence | None:
    """Return what the replies say of the units; None where none says anything."""
    presence = _of_single_units(answered)
    sources = _of_lists(answered)
    if not presence and not sources:
        return None
    evidence = UnitEvidence()
    for one in sources:
        evidence.add_list(one.parts.units, one.reply.confidence if one.fact == "units" else None)
    for one in presence:
        evidence.add_presence(one.question.action_unit or "", presence_probability(one.reply, one.text or ""))
    return evidence


def _of_single_units(answered: Sequence[_Said]) -> list[_Said]:
    return [one for one in answered if one.fact == "unit" and one.question.action_unit]


def _of_lists(answered: Sequence[_Said]) -> list[_Said]:
    """Return the lists; where there is none, the sentences that name units."""
    lists = [one for one in answered if one.fact == "units"]
    return lists or [one for one in answered if one.fact == "sentence" and one.parts.units]


def _decide_units(answered: Sequence[_Said], evidence: UnitEvidence, fine: str | None, coarse: str | None) -> None:
    """Settle the action units of the clip, and write lists, presence answers and sentences accordingly."""
    presence, sources = _of_single_units(answered), _of_lists(answered)
    lists = [one for one in answered if one.fact == "units"]
    sentences = [one for one in answered if one.fact == "sentence"]
    numbers = [_asks_several(one.question) for one in lists + sentences]
    at_least = 2 if True in numbers else min(len(sources), 1)
    at_most = 1 if False in numbers and True not in numbers else None
    # The order of the questions must not matter: a combined sentence speaks before an analysis.
    ordered = sorted(sentences, key=lambda one: (_asks_several(one.question) is None, one.reply.text))
    named = [name for one in ordered for name in one.parts.units]
    typical = [unit_name(number) for number in prototype_units(fine)] if fine is not None else []
    units = evidence.shown(at_least, at_most, list(dict.fromkeys(named + typical)))
    for one in presence:
        if evidence.knows(one.question.action_unit or ""):
            one.text = "yes" if one.question.action_unit in units else "no"
    for one in lists:
        one.text = unit_list(units[:1] if _asks_several(one.question) is False else units)
    for one in sentences:
        one.text = None
        if sources and fine is not None and coarse is not None:
            several = _asks_several(one.question)
            shown = units[:1] if several is False else units
            definition = question_type(one.question.type)
            assert isinstance(definition, SentenceQuestion)
            one.text = definition.sentence(shown, fine, coarse, plural=len(shown) > 1)


def _asks_several(question: Question) -> bool | None:
    """Return whether a question asks for several units, None when it leaves the number open."""
    return question.plural if question_type(question.type).one_or_several else None
