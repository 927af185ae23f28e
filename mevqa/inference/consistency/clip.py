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

#: Probability given to a class whose model gives none; the other classes share the rest.
_UNKNOWN_PROBABILITY = 0.9
_SMALLEST = 1e-6


@dataclass(slots=True)
class _Draft:
    """One reply that holds an answer, and the text that is decided for it.

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
    drafts = [_read_draft(question, reply, taxonomy) for question, reply in zip(questions, replies, strict=True)]
    answered = [draft for draft in drafts if draft is not None]
    evidence = _unit_evidence(answered)
    by_units = {} if class_table is None or evidence is None else class_table.log_likelihoods(evidence.probabilities())
    fine, coarse = _decide_classes(answered, taxonomy, by_units)
    for draft in answered:
        if draft.fact == "fine" and draft.text in taxonomy.fine:
            draft.text = fine
        elif draft.fact == "coarse" and draft.text in taxonomy.coarse:
            draft.text = coarse
    _decide_units(answered, evidence or UnitEvidence(), fine, coarse)
    events = [draft for draft in answered if draft.fact in ("count", "kind")]
    if events:
        texts = decide_events([o.question for o in events], [o.reply for o in events], [o.text or "" for o in events])
        for draft, text in zip(events, texts, strict=True):
            draft.text = text
    presence = [draft for draft in answered if draft.fact == "presence"]
    presence_texts = decide_presence(
        [(o.question, o.text or "") for o in presence], [(o.question, o.text or "") for o in events]
    )
    for draft, text in zip(presence, presence_texts, strict=True):
        draft.text = text
    return [None if draft is None else draft.text for draft in drafts]


def _read_draft(question: Question, reply: Reply, taxonomy: Taxonomy) -> _Draft | None:
    """Read the answer in a reply; None when it is an error or does not answer the question."""
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
    return _Draft(question, reply, text, parts, fact)


def _decide_classes(
    answered: Sequence[_Draft], taxonomy: Taxonomy, by_units: Mapping[str, float]
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


def _scores(answered: Sequence[_Draft], level: str, classes: Sequence[str]) -> dict[str, float] | None:
    """Return the log-probability of each class; None when no reply tells any.

    The single questions for this class count; where there is none, the sentences do.
    """
    class_replies = [(draft.reply, draft.text) for draft in answered if draft.fact == level and draft.text in classes]
    if not class_replies:
        sentence_classes = [draft.parts.fine if level == "fine" else draft.parts.coarse for draft in answered]
        # The probability of a whole sentence says little about its one word.
        class_replies = [(Reply("-"), name) for name in sentence_classes if name in classes]
    if not class_replies:
        return None
    scores = dict.fromkeys(classes, 0.0)
    for reply, text in class_replies:
        other_probability = (1 - _UNKNOWN_PROBABILITY) / max(len(classes) - 1, 1)
        for name in classes:
            probability = _UNKNOWN_PROBABILITY if name == text else other_probability
            if reply.options is not None:
                probability = reply.options.get(name, 0.0)
            scores[name] += math.log(max(probability, _SMALLEST))
    return scores


def _likeliest(scores: dict[str, float] | None) -> str | None:
    return None if scores is None else max(scores, key=lambda name: scores[name] if scores else 0.0)


def _unit_evidence(answered: Sequence[_Draft]) -> UnitEvidence | None:
    """Return the evidence of all replies for action units; None where no reply is about units."""
    presence = _single_unit_drafts(answered)
    sources = _list_drafts(answered)
    if not presence and not sources:
        return None
    evidence = UnitEvidence()
    for draft in sources:
        evidence.add_list(draft.parts.units, draft.reply.confidence if draft.fact == "units" else None)
    for draft in presence:
        evidence.add_presence(draft.question.action_unit or "", presence_probability(draft.reply, draft.text or ""))
    return evidence


def _single_unit_drafts(answered: Sequence[_Draft]) -> list[_Draft]:
    return [draft for draft in answered if draft.fact == "unit" and draft.question.action_unit]


def _list_drafts(answered: Sequence[_Draft]) -> list[_Draft]:
    """Return the lists; where there is none, the sentences that name units."""
    lists = [draft for draft in answered if draft.fact == "units"]
    return lists or [draft for draft in answered if draft.fact == "sentence" and draft.parts.units]


def _decide_units(answered: Sequence[_Draft], evidence: UnitEvidence, fine: str | None, coarse: str | None) -> None:
    """Settle the action units of the clip, and write lists, presence answers and sentences accordingly."""
    presence, sources = _single_unit_drafts(answered), _list_drafts(answered)
    lists = [draft for draft in answered if draft.fact == "units"]
    sentences = [draft for draft in answered if draft.fact == "sentence"]
    numbers = [_asks_several(draft.question) for draft in lists + sentences]
    at_least = 2 if True in numbers else min(len(sources), 1)
    at_most = 1 if False in numbers and True not in numbers else None
    # The order of the questions must not matter: a combined sentence speaks before an analysis.
    ordered = sorted(sentences, key=lambda draft: (_asks_several(draft.question) is None, draft.reply.text))
    listed_units = [name for draft in ordered for name in draft.parts.units]
    typical = [unit_name(number) for number in prototype_units(fine)] if fine is not None else []
    units = evidence.likely_units(at_least, at_most, list(dict.fromkeys(listed_units + typical)))
    for draft in presence:
        if evidence.knows(draft.question.action_unit or ""):
            draft.text = "yes" if draft.question.action_unit in units else "no"
    for draft in lists:
        draft.text = unit_list(units[:1] if _asks_several(draft.question) is False else units)
    for draft in sentences:
        draft.text = None
        if sources and fine is not None and coarse is not None:
            several = _asks_several(draft.question)
            sentence_units = units[:1] if several is False else units
            definition = question_type(draft.question.type)
            assert isinstance(definition, SentenceQuestion)
            draft.text = definition.sentence(sentence_units, fine, coarse, plural=len(sentence_units) > 1)


def _asks_several(question: Question) -> bool | None:
    """Return whether a question asks for several units, None when it leaves the number open."""
    return question.plural if question_type(question.type).one_or_several else None
