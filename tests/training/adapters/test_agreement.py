import math
from dataclasses import replace

import pytest
import torch
from PIL import Image
from tiny import OPTIONS, SYSTEM, UnitGrammar, built, plain_inputs, views

from mevqa.errors import ModelError
from mevqa.inference.view_config import ViewConfig
from mevqa.models.base import Preferences
from mevqa.models.transformers.model import TransformersModel
from mevqa.questions.prompts import PromptLibrary
from mevqa.questions.question_types import question_types
from mevqa.training.adapters.agreement import Scene, agreement, make_scenes, synthetic_sample
from mevqa.types import Question, Reply, Request, View

LONG_VIDEO_TYPES = {kind.name for kind in question_types() if kind.long_video}

QUESTION = Question("1", "clip", "What is the coarse expression class?", "coarse")


class Scripted:
    """A model that gives the same reply to everything and keeps what it was asked."""

    name = revision = "scripted"
    preferences = Preferences()

    def __init__(self, reply):
        self.reply = reply
        self.asked = []

    def ask(self, system, views, requests):
        self.asked += requests
        return [self.reply] * len(requests)


def scene(count=1):
    view = View("apex", Image.new("RGB", (8, 8)), "A face.")
    return Scene("clip", "", (view,), (QUESTION,) * count, (Request("Which?"),) * count)


def compare(first_reply, second_reply, second=None):
    return agreement([scene()], [[first_reply]], [[second_reply]], second or Scripted(Reply("", error="asked again")))


def closed(**options):
    return Reply(max(options, key=options.get), options=options, confidence=max(options.values()))


def test_the_difference_of_closed_questions_is_that_of_the_farthest_option():
    difference, where, count = compare(closed(yes=0.9, no=0.1), closed(yes=0.8, no=0.2))
    assert difference == pytest.approx(math.log(2))
    assert count == 1 and where == "'What is the coarse expression class?' about the clip clip"


def test_an_option_of_no_probability_is_compared_without_a_fault():
    assert compare(closed(yes=1.0, no=0.0), closed(yes=1.0, no=0.0))[0] == 0
    assert 700 < compare(closed(yes=1.0, no=0.0), closed(yes=1.0, no=0.001))[0] < 800


def test_the_difference_of_written_answers_in_the_same_words_is_that_of_their_probability():
    result = compare(Reply("lid tightener", confidence=0.5), Reply("lid tightener", confidence=0.4))
    assert result[0] == pytest.approx(math.log(0.5 / 0.4))


def test_other_words_count_by_the_margin_of_the_second_model():
    second = Scripted(Reply("lip stretcher", confidence=0.6))
    result = compare(Reply("lid tightener", confidence=0.5), Reply("lip stretcher", confidence=0.4), second)
    assert result[0] == pytest.approx(math.log(0.6 / 0.4))
    assert second.asked[0].grammar.options == ("lip stretcher", "lid tightener") and not second.asked[0].options


def test_a_closed_question_with_another_answer_counts_at_least_by_its_margin():
    result = compare(closed(yes=0.5000001, no=0.4999999), closed(yes=0.45, no=0.55))
    assert result[0] == pytest.approx(math.log(0.55 / 0.45))


def test_an_answer_on_one_side_only_is_infinitely_far():
    assert compare(Reply("yes", confidence=0.5), Reply("", error="out of memory"))[0] == math.inf
    assert compare(Reply("", error="out of memory"), Reply("yes", confidence=0.5))[0] == math.inf


def test_a_probability_that_is_no_number_is_infinitely_far():
    assert compare(closed(yes=0.5, no=0.5), closed(yes=0.5, no=math.nan))[0] == math.inf
    assert compare(Reply("a", confidence=0.5), Reply("a", confidence=math.nan))[0] == math.inf


def test_errors_on_both_sides_are_not_counted_and_nothing_else_is_refused():
    broken = Reply("", error="the model ended its turn without an answer")
    yes = closed(yes=0.5, no=0.5)
    result = agreement([scene(2)], [[broken, yes]], [[broken, yes]], Scripted(yes))
    assert result[2] == 1 and result[0] == 0
    with pytest.raises(ModelError, match="no question of the sample is answered .the model ended its turn"):
        compare(broken, broken)


def test_the_margin_is_that_of_the_token_where_two_written_answers_part():
    first, processor = built("llava")
    second, _ = built.__wrapped__("llava")
    torch.manual_seed(3)
    with torch.no_grad():
        second.lm_head.weight.add_(0.02 * torch.randn_like(second.lm_head.weight))
    first_model, second_model = (TransformersModel(m, processor, name="tiny", revision="") for m in (first, second))
    requests = tuple(Request(f"What are the action units of {word}?", grammar=UnitGrammar()) for word in "abcdefghij")
    everything = Scene("clip", SYSTEM, tuple(views()), (QUESTION,) * len(requests), requests)
    first_replies, second_replies = (everything.ask(m) for m in (first_model, second_model))
    checked = 0  # the template leads answers with a space
    for request, reply, another in zip(requests, first_replies, second_replies, strict=True):
        ids = [processor.tokenizer(f" {r.text}", add_special_tokens=False).input_ids for r in (reply, another)]
        part = next((i for i, (a, b) in enumerate(zip(*ids, strict=False)) if a != b), None)
        if part is None:
            continue
        single = replace(everything, questions=(QUESTION,), requests=(request,))
        result = agreement([single], [[reply]], [[another]], second_model)
        inputs, _ = plain_inputs("llava", request.text)
        row = torch.cat([inputs["input_ids"], torch.tensor([ids[1][:part]], dtype=torch.long)], dim=1)
        with torch.no_grad():
            logits = second(input_ids=row, pixel_values=inputs["pixel_values"]).logits[0, -1]
        assert result[0] == pytest.approx(float(logits[ids[1][part]] - logits[ids[0][part]]), abs=1e-4)
        checked += 1
    assert checked


def test_the_built_in_sample_asks_the_official_questions_once_about_each_clip():
    with synthetic_sample(2) as work:
        assert len(work.clips) == 2 and all(clip.media.is_file() for clip in work.clips.values())
        subjects = {clip.subject or clip.id.split("_")[1] for clip in work.clips.values()}
        assert len(subjects) == 2
        for group in work.questions.values():
            assert len({question.text for question in group}) == len(group)
            kinds = {question.type for question in group}
            assert {"coarse", "fine", "combined", "analysis"} <= kinds
            assert kinds & {"au_list"} and not kinds & LONG_VIDEO_TYPES
        view_config = ViewConfig.preferred(Preferences(views=("motion-centred",)))
        scenes = make_scenes(work, PromptLibrary.load(None, "brief"), view_config)
        media = [clip.media for clip in work.clips.values()]
    assert [scene.views[0].image.size for scene in scenes] == [(28, 28)] * 2
    assert all(len(scene.questions) == len(scene.requests) for scene in scenes)
    assert any(set(request.options) >= set(OPTIONS) for request in scenes[0].requests)
    assert not any(path.exists() for path in media)
