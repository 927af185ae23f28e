"""Answers from stories: what is written can be read back, and says nowhere two things."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mevqa.datasets import taxonomy
from mevqa.events import Event, EventTimeline, timeline_of
from mevqa.facs import UNIT_NAMES, ActionUnit, coarse_of, unit_number
from mevqa.inference.consistency.clip import decide
from mevqa.questions.answers import fault, normalise, timeline_answer
from mevqa.questions.question_types import parse_question, question_types
from mevqa.questions.reading.events import read_spans
from mevqa.questions.wordings import official_wordings
from mevqa.questions.writing.event_text import ordinal_text
from mevqa.questions.writing.sentences import sentence
from mevqa.types import Question, Reply

LONG_VIDEO_TYPES = {kind.name for kind in question_types() if kind.long_video}
EXTENSION_TYPES = {kind.name for kind in question_types() if kind.long_video and not kind.official}

CLASSES = taxonomy("unknown")


def ask(asked, **slots):
    return Question("q", "v", "?", asked, **slots)


def event(kind, onset, offset, apex=None, units=(), fine=None):
    named = tuple(ActionUnit(unit_number(name)) for name in units)
    return Event(onset, apex, offset, named, fine, coarse_of(fine) if fine else None, kind)


STORY = EventTimeline(
    (
        event("micro", 12, 30, 20, ("cheek raiser", "lip corner puller"), "happiness"),
        event("macro", 80, 140, 100, ("brow lowerer",), "anger"),
        event("micro", 200, 212, None, (), "disgust"),
        Event(kind="macro"),
    ),
    30.0,
)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (ask("count_all"), "4"),
        (ask("count_micro"), "2"),
        (ask("count_macro"), "2"),
        (ask("au_inventory"), "brow lowerer, cheek raiser, lip corner puller"),
        (ask("nth_type", ordinal=2), "macro-expression"),
        (ask("nth_type", ordinal=4), "macro-expression"),
        (ask("nth_type", ordinal=5), None),
        (
            ask("localise"),
            "frames 12-30 (micro-expression), frames 80-140 (macro-expression), frames 200-212 (micro-expression)",
        ),
        (ask("localise", kind="micro"), "frames 12-30, frames 200-212"),
        (ask("localise", kind="macro"), "frames 80-140"),
        (
            ask("describe_nth", ordinal=1),
            "The 1st expression event is a micro-expression from frame 12 to frame 30 with its apex at frame 20. The "
            "action units present are: cheek raiser, lip corner puller. Therefore, the fine-grained expression class "
            "is happiness, and the coarse expression class is positive.",
        ),
        (
            ask("describe_nth", ordinal=2, kind="micro"),
            "The 2nd micro-expression event is a micro-expression from frame 200 to frame 212. The fine-grained "
            "expression class is disgust, and the coarse expression class is negative.",
        ),
        (ask("describe_nth", ordinal=4), None),
        (ask("event_presence", kind="macro"), "yes"),
        (ask("order"), "micro-expression"),
        (ask("longest"), "frames 80-140"),
        (ask("longest", kind="micro"), "frames 12-30"),
        (ask("count_between", between_s=(20 / 30, 100 / 30)), "1"),
        (ask("count_between", between_s=(0.0, 10.0)), "3"),
        (ask("count_between", between_s=(0.0, 10.0), kind="micro"), "2"),
        (ask("count_between", between_s=(206 / 30, 207 / 30)), "1"),
        (
            ask("summary"),
            "This video shows 3 expression events: 2 micro-expressions and 1 macro-expression. Event 1, from 0.40 s to "
            "1.00 s, is a micro-expression with the action units cheek raiser, lip corner puller; its fine-grained "
            "expression class is happiness and its coarse expression class is positive. Event 2, from 2.67 s to 4.67 "
            "s, is a macro-expression with the action unit brow lowerer; its fine-grained expression class is anger "
            "and its coarse expression class is negative. Event 3, from 6.67 s to 7.07 s, is a micro-expression; its "
            "fine-grained expression class is disgust and its coarse expression class is negative. The distinct "
            "action units are brow lowerer, cheek raiser, lip corner puller. Therefore, the prevailing coarse "
            "expression class is negative, because it is the class of 2 of them.",
        ),
    ],
)
def test_answers_by_hand(question, answer):
    assert timeline_answer(question, STORY) == answer


def test_a_video_without_events_has_its_answers_too():
    empty = EventTimeline((), 30.0)
    answers = {kind: timeline_answer(ask(kind, ordinal=1, between_s=(0.0, 3.0)), empty) for kind in LONG_VIDEO_TYPES}
    assert {kind for kind, text in answers.items() if text is None} == {
        "au_inventory",
        "nth_type",
        "describe_nth",
        "order",
        "longest",
    }
    assert (answers["localise"], answers["event_presence"], answers["count_all"], answers["count_between"]) == (
        "none",
        "no",
        "0",
        "0",
    )
    assert answers["summary"].startswith("This video shows 0 expression events: 0 micro-expressions")


def test_classes_that_prevail_alike_are_both_named():
    two = EventTimeline((event("micro", 0, 9, fine="anger"), event("micro", 20, 29, fine="happiness")), 30.0)
    assert timeline_answer(ask("summary"), two).endswith(
        "the prevailing coarse expression class is negative, because it is the class of 1 of them, as many as positive."
    )


def test_a_complete_description_ends_in_the_official_sentence_of_2025():
    for units in (("brow lowerer",), ("brow lowerer", "dimpler")):
        text = timeline_answer(
            ask("describe_nth", ordinal=1), EventTimeline((event("micro", 1, 9, 4, units, "anger"),), 30.0)
        )
        assert text.endswith(sentence("combined", units, "anger", "negative", plural=len(units) > 1))


def test_questions_about_short_clips_are_refused():
    with pytest.raises(ValueError, match="coarse"):
        timeline_answer(ask("coarse"), STORY)


def test_a_story_of_coded_events_is_in_the_order_of_time_without_sides():
    coded = [
        Event(80, 90, 120, (ActionUnit(12, "left"), ActionUnit(12, "right"), ActionUnit(4)), "anger", "negative"),
        Event(None, None, None, (), None, None, "macro"),
        Event(5, None, 30, (), "others", None, "macro"),
    ]
    timeline = timeline_of(coded, 30.0)
    assert [event.kind for event in timeline.events] == ["macro", "micro", "macro"]
    assert timeline.events[1].unit_names == ("brow lowerer", "lip corner puller")
    assert [event.interval is None for event in timeline.events] == [False, False, True]
    assert timeline.fps == 30.0


_FINE = st.none() | st.sampled_from(CLASSES.fine)


@st.composite
def stories(draw):
    events = []
    start = 0
    for _ in range(draw(st.integers(0, 6))):
        onset = start + draw(st.integers(0, 60))
        length = draw(st.integers(0, 80))
        units = draw(st.lists(st.sampled_from(UNIT_NAMES), max_size=4, unique=True))
        apex = draw(st.none() | st.integers(onset, onset + length))
        events.append(event(draw(st.sampled_from(["micro", "macro"])), onset, onset + length, apex, units, draw(_FINE)))
        start = onset + length + 1
    assumed = draw(st.lists(st.sampled_from(["micro", "macro"]), max_size=2))
    timeline = EventTimeline(
        (*events, *(Event(kind=kind) for kind in assumed)), draw(st.sampled_from([25.0, 30.0, 200.0]))
    )
    return timeline


def every_question(timeline):
    texts = [
        text
        for kind in sorted(LONG_VIDEO_TYPES)
        for events in (None, "micro", "macro")
        for n in range(1, len(timeline.events) + 2)
        for text in official_wordings(kind, ordinal=n, events=events, between_s=(0.5, 2.25))
    ]
    for text in dict.fromkeys(texts):
        parsed = parse_question(text)
        yield Question(
            text,
            "v",
            text,
            parsed.type,
            ordinal=parsed.ordinal,
            plural=parsed.plural,
            kind=parsed.kind,
            between_s=parsed.between_s,
        )


@given(stories())
def test_every_answer_is_in_the_surface_form_and_reading_it_changes_nothing(timeline):
    for question in every_question(timeline):
        text = timeline_answer(question, timeline)
        if text is not None:
            assert fault(question, text) is None
            assert normalise(question, Reply(text)) == text


@given(stories())
def test_answers_about_one_story_agree(timeline):
    questions = list(every_question(timeline))
    answers = {q.text: timeline_answer(q, timeline) for q in questions}
    count = {kind: int(timeline_answer(ask(kind), timeline)) for kind in ("count_all", "count_micro", "count_macro")}
    assert count["count_micro"] + count["count_macro"] == count["count_all"]
    types = [timeline_answer(ask("nth_type", ordinal=n), timeline) for n in range(1, count["count_all"] + 1)]
    assert types.count("micro-expression") == count["count_micro"]
    assert timeline_answer(ask("nth_type", ordinal=count["count_all"] + 1), timeline) is None
    spans = read_spans(timeline_answer(ask("localise"), timeline))
    assert [(s.onset, s.offset, s.kind) for s in spans] == [(e.onset, e.offset, e.kind) for e in timeline.seen]
    parts = [read_spans(timeline_answer(ask("localise", kind=kind), timeline)) for kind in ("micro", "macro")]
    own = sorted((s for part in parts for s in part), key=lambda s: s.interval)
    assert sorted((replace(s, kind=None) for s in spans), key=lambda s: s.interval) == own
    answered = [(q, answers[q.text]) for q in questions if answers[q.text] is not None]
    assert decide([q for q, _ in answered], [Reply(t) for _, t in answered], CLASSES) == [t for _, t in answered]


@given(stories())
def test_each_event_lies_in_exactly_one_part_of_the_time(timeline):
    end = (max((event.offset for event in timeline.seen), default=0) + 61) / timeline.fps
    cuts = [0.0, end / 3, end / 2, end]
    parts = [
        int(timeline_answer(ask("count_between", between_s=pair), timeline))
        for pair in zip(cuts, cuts[1:], strict=False)
    ]
    assert sum(parts) == len(timeline.seen)


def test_the_types_beyond_the_official_ones_are_about_long_videos():
    assert EXTENSION_TYPES < LONG_VIDEO_TYPES


def test_events_are_numbered_as_one_writes_them():
    numbers = (1, 2, 3, 4, 11, 12, 13, 21, 22, 23, 101, 111)
    written = "1st 2nd 3rd 4th 11th 12th 13th 21st 22nd 23rd 101st 111th"
    assert " ".join(map(ordinal_text, numbers)) == written
