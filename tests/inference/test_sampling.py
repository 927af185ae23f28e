"""Several answers are drawn to each question, each by a seed of its own, and voted on."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mevqa
from mevqa.errors import InputError
from mevqa.inference.engine import answer_clip
from mevqa.inference.loading import AskOptions, load_answerer
from mevqa.inference.sampling import Sampling, ask_sampled, vote
from mevqa.inference.view_config import ViewConfig
from mevqa.models.base import ModelOptions, Preferences
from mevqa.models.mock import MockModel
from mevqa.models.nearest import NearestAnswerer
from mevqa.models.registry import load_model
from mevqa.questions.prompts import PromptLibrary
from mevqa.questions.question_types import question_about
from mevqa.types import Clip, Reply, View

sys.path.insert(0, str(Path(__file__).parents[1] / "training"))
from map_clips import write_maps  # noqa: E402

CLIP = Clip("c", "casme2")
PROMPTS = PromptLibrary.load(variant="brief")


def question_of(text):
    return question_about(CLIP, 1, text)


def replies(*texts, **more):
    return [Reply(text, **more) for text in texts]


def test_classes_are_voted_by_majority_and_ties_by_the_probability_of_the_option():
    question = question_of("What is the coarse expression class?")
    voted = vote(question, replies("negative", "positive", "negative", "I cannot tell"))
    assert (voted.text, voted.confidence) == ("negative", 0.5)
    assert voted.samples == ("negative", "positive", "negative", "I cannot tell")
    probabilities = {"positive": 0.6, "negative": 0.3, "surprise": 0.1}
    tied = vote(question, [Reply("negative", probabilities), Reply("positive", probabilities)])
    assert tied.text == "positive" and sum(tied.options.values()) == pytest.approx(1)


def test_lists_are_voted_unit_by_unit_and_numbers_by_their_median():
    units = question_of("What are the action units?")
    voted = vote(units, replies("brow lowerer, dimpler", "brow lowerer, chin raiser", "chin raiser, brow lowerer"))
    assert voted.text == "brow lowerer, chin raiser" and voted.confidence == pytest.approx((1 / 3 + 1 + 1) / 3)
    single = vote(question_of("What is the action unit?"), replies("dimpler", "dimpler", "chin raiser"))
    assert (single.text, single.confidence) == ("dimpler", pytest.approx(2 / 3))
    count = question_of("How many micro-expression events appear in this video?")
    assert vote(count, replies("2", "9", "3", "40")).text == "3"


def test_where_no_sample_is_usable_its_fault_is_told():
    question = question_of("What is the coarse expression class?")
    voted = vote(question, [Reply("", error="out of memory"), Reply("no idea")])
    assert voted.text == "no idea" and voted.samples == ("no answer: out of memory", "no idea")
    assert vote(question, [Reply("", error="gone")] * 2).error == "gone"


def test_draws_do_not_depend_on_batches_the_prefix_or_what_else_is_asked():
    rng = np.random.default_rng(0)
    view = View("motion-centred", Image.fromarray(rng.integers(0, 255, (28, 28, 3), dtype=np.uint8)), "")
    texts = ["What is the coarse expression class?", "What are the action units?"]
    questions = [question_about(CLIP, number, text) for number, text in enumerate(texts)]
    sampling = Sampling(3, 1.5, 3)

    model = load_model("nano", ModelOptions(device="cpu", max_new_tokens=6))

    def drawn(questions, sampling=sampling, **more):
        requests = [PROMPTS.request(question) for question in questions]
        return ask_sampled(lambda batch: model.ask("", [view], batch, **more), questions, requests, sampling)

    whole = drawn(questions)
    assert len({sample for reply in whole for sample in reply.samples}) > 2
    alone = [drawn(questions, prefix_cache=False), drawn(questions[::-1])[::-1]]
    model._batch_size = 1
    for other in (*alone, drawn(questions)):
        assert [reply.samples for reply in other] == [reply.samples for reply in whole]
    assert drawn(questions[1:2])[0].samples == whole[1].samples
    assert drawn(questions, Sampling(3, 1.5, 4))[1].samples != whole[1].samples


def test_agreement_is_the_confidence_and_all_samples_are_kept(tmp_path):
    path = tmp_path / "c.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (28, 28, 3), dtype=np.uint8)).save(path)
    clip = Clip("c", "casme2", pictures={"motion": path})
    answers = iter(["positive", "negative", "positive", "positive"])
    model = MockModel(lambda request: next(answers), preferences=Preferences(views=("motion",), variant="brief"))
    question = question_about(clip, 1, "What is the coarse expression class?")
    (answer,) = answer_clip(
        clip, [question], model, PROMPTS, ViewConfig(("motion",)), sampling=Sampling(4, 0.7, 0)
    ).answers
    assert (answer.text, answer.confidence) == ("positive", 0.75)
    assert answer.samples == ("positive", "negative", "positive", "positive")
    assert len({request.draw.seed for request in model.calls[0].requests}) == 4


def test_a_run_keeps_its_samples_and_refuses_other_ones(tmp_path):
    file = write_maps(tmp_path, subjects=2, each=1)
    inputs = {"precomputed": {"motion": tmp_path / "maps"}, "views": "motion"}
    whole = mevqa.evaluate(file, "mock", out=tmp_path / "whole", options=ModelOptions(samples=3), **inputs)
    mevqa.evaluate(file, "mock", out=tmp_path / "parts", options=ModelOptions(samples=3), limit=1, **inputs)
    parts = mevqa.evaluate(file, "mock", out=tmp_path / "parts", options=ModelOptions(samples=3), **inputs)
    stored = {name: (answer.text, answer.samples, answer.confidence) for name, answer in whole.answers.items()}
    assert stored == {name: (answer.text, answer.samples, answer.confidence) for name, answer in parts.answers.items()}
    assert all(len(samples) == 3 for _, samples, _ in stored.values())
    with pytest.raises(InputError, match="samples"):
        mevqa.evaluate(file, "mock", out=tmp_path / "whole", options=ModelOptions(samples=4), **inputs)


def test_models_that_cannot_draw_are_refused():
    with pytest.raises(InputError, match="nearest cannot draw answers"):
        load_answerer(AskOptions(NearestAnswerer(), ModelOptions(samples=2)))
    with pytest.raises(InputError, match="temperature above 0"):
        load_answerer(AskOptions("mock", ModelOptions(samples=2, temperature=0.0)))
