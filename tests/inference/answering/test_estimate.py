"""Estimates of served models: what is counted, and what is refused because it is not."""

from types import SimpleNamespace

import pytest

from mevqa.api.evaluation.arguments import QuestionFiles
from mevqa.api.evaluation.estimate import estimate_usage
from mevqa.errors import MevqaError
from mevqa.inference.answering.estimate import estimate
from mevqa.inference.evaluation import Plan
from mevqa.inference.loading import Answerer, AskOptions
from mevqa.inference.sampling import Sampling
from mevqa.inference.shots.options import ShotOptions
from mevqa.models.base import ModelOptions
from mevqa.questions.prompts import PromptLibrary
from mevqa.questions.question_types import as_question
from mevqa.types import Clip

SHORT = ("What is the coarse expression class?", "What is the fine-grained expression class?")
LONG = ("How many expressions are there in the video?",)


class CountingModel:
    """A served model whose prompts have 100 tokens a picture, and one a character of the question."""

    name, meter = "openai:counting", None

    def count_tokens(self, system, views, text):
        return 100 * len(views) + len(system) + len(text)

    def longest_answer(self, request):
        return 7


class Looks:
    """Views of clips: one picture of a short clip, five of a long video."""

    def __init__(self, lvqa):
        self.lvqa = lvqa

    def render(self, clip, *, long_video):
        return SimpleNamespace(views=[None] * (5 if long_video else 1), notes=())


def answerer(lvqa="hybrid", **more):
    return Answerer(CountingModel(), PromptLibrary.load(), Looks(lvqa), True, {}, **more)


def plan(texts_by_clip):
    clips = {name: Clip(name) for name in texts_by_clip}
    questions = {
        name: tuple(as_question(text, f"{name}-{number}", name) for number, text in enumerate(texts))
        for name, texts in texts_by_clip.items()
    }
    return Plan((), clips, questions)


def test_each_look_at_a_clip_counts_its_own_pictures():
    work = plan({"a": (*SHORT, *LONG), "b": SHORT, "c": LONG})
    usage = estimate(work, answerer("model"))
    assert (usage.clips, usage.questions, usage.requests, usage.measured, usage.not_counted) == (3, 6, 6, 3, 0)
    assert usage.pictures == 1 + 5 + 1 + 5
    assert usage.picture_tokens == 100 * (1 * 4 + 5 * 2)
    assert usage.written_tokens == 6 * 7
    # Question order decides nothing.
    turned = plan({"a": (*LONG, *SHORT), "b": SHORT, "c": LONG})
    assert estimate(turned, answerer("model")).picture_tokens == usage.picture_tokens


def test_what_is_asked_about_found_events_is_not_counted():
    usage = estimate(plan({"a": (*SHORT, *LONG), "c": LONG}), answerer())
    assert (usage.clips, usage.questions, usage.pictures, usage.picture_tokens) == (1, 2, 1, 200)
    assert usage.not_counted == 2
    nothing = estimate(plan({"c": LONG}), answerer())
    assert (nothing.clips, nothing.measured, nothing.prompt_tokens, nothing.not_counted) == (0, 0, 0, 1)


def test_the_clips_that_are_not_measured_count_like_those_that_are():
    usage = estimate(plan({f"c{number}": SHORT for number in range(8)}), answerer())
    assert (usage.measured, usage.pictures, usage.picture_tokens) == (3, 8, 1600)


@pytest.mark.parametrize("more", [{"shots": SimpleNamespace()}, {"sampling": Sampling(3, 0.7, 0)}])
def test_shots_and_samples_are_refused_because_they_are_not_counted(more):
    with pytest.raises(MevqaError, match="counts neither shots nor samples"):
        estimate(plan({"a": SHORT}), answerer(**more))


@pytest.mark.parametrize("more", [{"shots": ShotOptions(2, ())}, {"loading": ModelOptions(samples=3)}])
def test_the_public_function_refuses_them_before_anything_is_read(more):
    with pytest.raises(MevqaError, match="^estimate counts neither shots nor samples: leave shots and samples out"):
        estimate_usage(QuestionFiles("none.jsonl"), AskOptions("openai:x", **more))
