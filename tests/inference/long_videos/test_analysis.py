"""Answers about a long video from one spotting and recognition result."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from long_clips import event, perfect, spotting

from mevqa.errors import MediaError
from mevqa.events import Event
from mevqa.facs import UNIT_NAMES, ActionUnit, unit_number
from mevqa.inference.engine import answer_clip
from mevqa.inference.long_videos import analysis as long_video
from mevqa.inference.long_videos.analysis import (
    WAYS,
    LongVideoResult,
    analyse_long_video,
    answer_from,
    build_timeline,
    kind_rule,
)
from mevqa.inference.view_config import ViewConfig
from mevqa.models.base import Preferences
from mevqa.models.mock import MockModel
from mevqa.questions.prompts import PromptLibrary
from mevqa.questions.question_types import question_about, question_types
from mevqa.types import Clip, Question

LONG_VIDEO_TYPES = {kind.name for kind in question_types() if kind.long_video}

PROMPTS = PromptLibrary.load()
VIEW_CONFIG = ViewConfig(("onset", "apex"), face="none")
CLIP = Clip("talk", "casme3", media=Path("talk.mp4"))
OFFICIAL = (
    "How many expression events appear in this video?",
    "How many micro-expression events appear in this video?",
    "How many macro-expression events appear in this video?",
    "What distinct action units appear in this video?",
)


def ask(*texts: str, clip: Clip = CLIP) -> list[Question]:
    return [question_about(clip, number, text) for number, text in enumerate(texts, 1)]


def nth(*numbers: int) -> tuple[str, ...]:
    return tuple(f"What is the expression type of the {n}-th expression event in this video?" for n in numbers)


def long_result(*rows: tuple, rule="half-second", **more) -> LongVideoResult:
    """Return made-up events: (onset, offset, kind, units, fine)."""
    events = [
        replace(
            event(onset, offset, kind),
            action_units=tuple(ActionUnit(unit_number(unit)) for unit in units),
            fine=fine,
            coarse="negative" if fine == "anger" else "positive",
        )
        for onset, offset, kind, units, fine in rows
    ]
    return LongVideoResult(spotting(*events, **more), tuple(events), rule)


THREE = long_result(
    (30, 40, "micro", ("brow lowerer",), "anger"),
    (100, 160, "macro", ("cheek raiser", "lip corner puller"), "happiness"),
    (300, 309, "micro", ("brow lowerer", "lid tightener"), "anger"),
)

kinds = st.lists(st.sampled_from(["micro", "macro"]), max_size=12)


@given(spotted_kinds=kinds, ordinals=st.lists(st.integers(1, 20), max_size=3))
def test_counts_add_up_and_the_nth_event_exists_and_has_the_kind_that_was_counted(spotted_kinds, ordinals):
    result = long_result(
        *((60 * n, 60 * n + 9, kind, ("dimpler",), "contempt") for n, kind in enumerate(spotted_kinds))
    )
    answers = answer_from(result, ask(*OFFICIAL[:3], *nth(*ordinals)))
    every, micro, macro = (int(answer.text) for answer in answers[:3])
    assert micro + macro == every == max([len(spotted_kinds), *ordinals])
    types = dict(zip(ordinals, (answer.text for answer in answers[3:]), strict=True))
    for n, kind in enumerate(spotted_kinds, 1):
        assert types.get(n) in (None, f"{kind}-expression")
    of_kind = Counter(types[n] for n in set(ordinals))
    assert of_kind["micro-expression"] <= micro and of_kind["macro-expression"] <= macro


def test_an_event_that_was_not_spotted_is_assumed_from_the_prior_and_marked():
    count, _, macro, _, described, beyond = answer_from(THREE, ask(*OFFICIAL, *nth(2, 5)))
    assert (count.text, macro.text) == ("5", "3")
    assert "2 more are assumed" in count.warnings[-1] and "5th" in count.warnings[-1]
    assert described.text == "macro-expression" and not described.warnings
    assert beyond.text == "macro-expression" and beyond.warnings[-1].startswith("prior answer: 3 events were found")
    assert "CAS(ME)^3" in beyond.warnings[-1] and beyond.options is None and beyond.evidence == ()


def test_a_count_that_nothing_is_assumed_in_is_not_marked():
    _, micro, macro, _ = answer_from(THREE, ask(*OFFICIAL[:3], *nth(5)))
    assert micro.text == "2" and micro.warnings == ()
    assert "2 more are assumed" in macro.warnings[-1]


def test_presence_and_order_that_only_a_question_tells_are_marked():
    empty = LongVideoResult(spotting(), (), "half-second")
    texts = (
        "Is there a macro-expression event in this video?",
        "Which comes first in this video, a micro-expression event or a macro-expression event?",
    )
    for answer in answer_from(empty, ask(*texts, *nth(2)))[:2]:
        assert answer.warnings == ("prior answer: no such event was found, and the 2nd is asked about",)
    for answer in answer_from(THREE, ask(*texts, *nth(5)))[:2]:
        assert answer.warnings == ()


def test_the_inventory_is_the_union_of_the_events_units_with_its_evidence():
    (answer,) = answer_from(THREE, ask(OFFICIAL[3]))
    assert answer.text == "brow lowerer, cheek raiser, lid tightener, lip corner puller"
    assert answer.evidence[0] == "brow lowerer: events 1, 3"


def test_rejected_events_are_in_no_answer_and_are_reported():
    events = [replace(e, event_probability=0.2) if place == 1 else e for place, e in enumerate(THREE.events)]
    result = replace(THREE, events=tuple(events))
    answers = answer_from(result, ask(*OFFICIAL, *nth(2)))
    assert [answer.text for answer in answers] == ["2", "2", "0", "brow lowerer, lid tightener", "micro-expression"]
    assert all("1 of 3 spotted events were rejected by the model" in answer.warnings for answer in answers)


def test_evidence_names_the_events_that_an_answer_rests_on():
    micro, second = answer_from(THREE, ask(OFFICIAL[1], *nth(2)))
    assert [line.split(":")[0] for line in micro.evidence] == ["event 1", "event 3"]
    assert second.evidence == (
        "event 2: macro, 3.33 to 5.33 s, frames 100-160, probability 0.90: cheek raiser, lip corner puller; happiness",
    )
    assert second.options["macro-expression"] > 0.99 and second.confidence == second.options["macro-expression"]


@given(length=st.integers(2, 40), rule=st.sampled_from(["half-second", "quarter-second-apex"]))
def test_the_options_of_a_kind_never_contradict_it(length, rule):
    kind = "micro" if length <= 15 else "macro"
    (answer,) = answer_from(long_result((10, 10 + length, kind, (), None), rule=rule), ask(*nth(1)))
    assert max(answer.options, key=answer.options.get) == answer.text == f"{kind}-expression"
    assert sum(answer.options.values()) == pytest.approx(1)


def test_a_model_that_failed_on_an_event_leaves_the_counts_and_fails_what_needs_it():
    broken = replace(THREE.events[2], error="out of memory", units=())
    result = replace(THREE, events=(*THREE.events[:2], broken))
    answers = answer_from(result, ask(*OFFICIAL, *nth(3), "Describe the 3-th expression event in this video."))
    assert [answer.text for answer in answers[:3]] == ["3", "2", "1"] and answers[4].text == "micro-expression"
    for failed in (answers[3], answers[5]):
        assert failed.text == "" and failed.error == "1 of 3 events were not recognised: out of memory"


def test_an_empty_video_has_counts_of_none_and_a_marked_prior_for_the_rest():
    empty = LongVideoResult(spotting(), (), "half-second")
    count, inventory, longest, where = answer_from(
        empty,
        ask(
            OFFICIAL[0],
            OFFICIAL[3],
            "Which expression event in this video is the longest?",
            "Localise every expression event in this video.",
        ),
    )
    assert count.text == "0" and where.text == "none"
    assert inventory.warnings[0].startswith("prior answer, not seen in the video")
    assert longest.error is not None and "no event was found" in longest.error


def test_every_long_question_type_is_answered():
    texts = (
        *OFFICIAL,
        *nth(1),
        "Localise every micro-expression event in this video.",
        "Describe the 2-th expression event in this video.",
        "Is there a macro-expression event in this video?",
        "Which comes first in this video, a micro-expression event or a macro-expression event?",
        "Which expression event in this video is the longest?",
        "How many expression events appear between second 3 and second 9 of this video?",
        "Summarise the expression events of this video and explain your reasoning.",
    )
    questions = ask(*texts)
    assert {question.type for question in questions} == LONG_VIDEO_TYPES
    answers = answer_from(THREE, questions)
    assert not [answer.error for answer in answers if answer.error]
    assert answers[5].text == "frames 30-40, frames 300-309"
    assert answers[9].text == "frames 100-160" and answers[10].text == "1"


def test_the_nth_event_of_one_kind_is_counted_among_its_own():
    (answer,) = answer_from(THREE, ask("Describe the 2-th micro-expression event in this video."))
    assert "frame 300 to frame 309" in answer.text and answer.evidence[0].startswith("event 3:")
    timeline = build_timeline(THREE, ask("Describe the 4-th micro-expression event in this video."))
    assert [e.kind for e in timeline.events if e.interval is None] == ["micro", "micro"]


def test_the_kinds_follow_the_data_set():
    assert kind_rule("casme3") == "quarter-second-apex" and kind_rule("samm") == kind_rule("unknown") == "half-second"


@pytest.fixture
def spotted(long_set, monkeypatch):
    """Make the spotter perfect; return the clip, the spotting result and the options of each call."""
    clip, spotting_result = perfect(long_set)
    spot_options = []

    def spot(path, *, fps=None, options=None, progress=None):
        spot_options.append(options)
        return spotting_result

    monkeypatch.setattr(long_video, "spot_video", spot)
    return clip, spotting_result, spot_options


def mock() -> MockModel:
    return MockModel({}, preferences=Preferences(views=("onset", "apex"), sees_rest=False))


def test_the_spotter_alone_asks_no_model_and_reads_units_from_the_regions(spotted):
    clip, spotting_result, _ = spotted
    model = mock()
    result = analyse_long_video(clip, "spotter", model, PROMPTS, VIEW_CONFIG)
    assert model.calls == [] and len(result.kept) == len(spotting_result.events)
    for expression in result.kept:
        assert set(expression.unit_names) == {candidate.unit.name for candidate in expression.units} <= set(UNIT_NAMES)
        assert expression.fine is not None


def test_the_video_is_spotted_once_for_all_questions_by_the_rule_of_its_data_set(spotted):
    clip, spotting_result, spot_options = spotted
    result = answer_clip(clip, ask(*OFFICIAL, *nth(1), clip=clip), mock(), PROMPTS, VIEW_CONFIG)
    assert len(spot_options) == 1 and spot_options[0].rule == "half-second"
    assert (
        result.answers[0].text == str(len(spotting_result.events))
        and result.long_video is not None
        and result.clip_views is None
    )
    answer_clip(replace(clip, dataset="casme3"), ask(OFFICIAL[0], clip=clip), mock(), PROMPTS, VIEW_CONFIG)
    half_second = replace(VIEW_CONFIG, rule="half-second")
    answer_clip(replace(clip, dataset="casme3"), ask(OFFICIAL[0], clip=clip), mock(), PROMPTS, half_second)
    assert [options.rule for options in spot_options[1:]] == ["quarter-second-apex", "half-second"]


def test_the_model_alone_sees_the_whole_video_and_nothing_is_spotted(spotted):
    clip, _, spot_options = spotted
    model = mock()
    result = answer_clip(clip, ask(*OFFICIAL, clip=clip), model, PROMPTS, replace(VIEW_CONFIG, lvqa="model"))
    assert spot_options == [] and result.long_video is None and len(model.calls) == 1 and len(model.calls[0].views) == 8
    assert WAYS == ("hybrid", "spotter", "model")


def test_short_and_long_questions_about_one_video_are_both_answered(spotted):
    clip, spotting_result, _ = spotted
    clip = replace(clip, annotation=Event(10, 15, 20))
    texts = ("What is the coarse expression class?", OFFICIAL[0])
    result = answer_clip(clip, ask(*texts, clip=clip), mock(), PROMPTS, VIEW_CONFIG)
    assert result.clip_views is not None and result.long_video is not None
    assert result.answers[0].text in ("positive", "negative", "surprise")
    assert result.answers[1].text == str(len(spotting_result.events))


def test_footage_without_a_face_is_an_error_and_not_a_count_of_none(monkeypatch, tmp_path):
    monkeypatch.setattr(long_video, "spot_video", lambda path, **more: spotting(face=False))
    clip = Clip("desert", media=tmp_path / "desert.mp4")
    with pytest.raises(MediaError, match="no face is seen"):
        analyse_long_video(clip, "hybrid", mock(), PROMPTS, VIEW_CONFIG)
    (answer,) = answer_clip(clip, ask(OFFICIAL[0], clip=clip), mock(), PROMPTS, VIEW_CONFIG).answers
    assert answer.text == "" and "no face is seen" in answer.error


def test_a_long_video_that_is_not_there_is_an_error():
    clip = Clip("gone", media=None)
    (answer,) = answer_clip(clip, ask(OFFICIAL[0], clip=clip), mock(), PROMPTS, VIEW_CONFIG).answers
    assert "--lvqa model" in answer.error
