import math

import pytest
from tiny import OPTIONS, SYSTEM, built, views, wrapped

from mevqa.models.transformers.generation.options import OptionTask, log_sum, softmax
from mevqa.models.transformers.generation.tree import ROOT
from mevqa.models.transformers.prompts.prompting import Prompt
from mevqa.types import Request

CLOSED = Request("What is the coarse expression class?", options=OPTIONS)


def test_softmax_holds_for_any_scale():
    assert softmax([0.0, math.log(3)]) == pytest.approx([0.25, 0.75])
    assert softmax([-1e5, -1e5]) == pytest.approx([0.5, 0.5])
    assert softmax([0.0, -math.inf]) == [1.0, 0.0]
    assert log_sum([-math.inf, -math.inf]) == -math.inf


class Tree:
    """A tree that remembers what was added and scores every token the same."""

    def __init__(self):
        self.nodes = []

    def add(self, parent, token, *, keep=True):
        self.nodes.append((parent, token, keep))
        return len(self.nodes) - 1

    def logprobs(self, node, tokens):
        assert self.nodes[node][2], "the scores of a node that was not kept are asked for"
        return [-1.0] * len(tokens)


class Letters:
    """Spells options letter by letter."""

    stop_tokens = frozenset({0})

    def answers(self, context, texts):
        return 0, [[ord(letter) for letter in text] for text in texts]


def finished(options):
    tree, task = Tree(), OptionTask(Letters(), Prompt([5, 6, 7], ""), options)
    task.begin(tree, 1)
    assert task.advance(tree)
    return tree, task


def test_a_beginning_that_options_share_is_computed_once():
    tree, _ = finished(("abc", "abd", "x"))
    assert [token for _, token, _ in tree.nodes] == [6, 7, *map(ord, "abc"), ord("d"), ord("x")]
    assert tree.nodes[0][0] == ROOT


def test_the_end_of_the_turn_counts():
    _, task = finished(("ab", "abcd"))
    assert task.loglikelihoods() == [-3.0, -5.0]
    assert task.lengths() == [3, 5]


def test_mean_does_not_punish_length_and_sum_does():
    _, task = finished(("ab", "abcd"))
    assert task.reply(score="mean").options == pytest.approx({"ab": 0.5, "abcd": 0.5})
    assert task.reply(score="sum").options["ab"] == pytest.approx(1 / (1 + math.exp(-2)))


def test_calibrated_takes_back_what_is_said_blindly():
    _, task = finished(("ab", "cd"))
    assert task.reply([-3.0, -3.0 - math.log(3)], score="calibrated").options == pytest.approx({"ab": 0.25, "cd": 0.75})


def test_calibrated_is_the_difference_to_grey_pictures():
    from dataclasses import replace

    from PIL import Image

    grey = [replace(view, image=Image.new("RGB", view.image.size, (128, 128, 128))) for view in views()]
    plain = wrapped("llava", option_score="sum")
    seen, blind = (plain.ask(SYSTEM, pictures, [CLOSED])[0].options for pictures in (views(), grey))
    expected = softmax([math.log(seen[option]) - math.log(blind[option]) for option in OPTIONS])
    calibrated = wrapped("llava", option_score="calibrated")
    replies = calibrated.ask(SYSTEM, views(), [CLOSED, Request("The face")])
    assert list(replies[0].options.values()) == pytest.approx(expected, abs=1e-5)
    assert replies[1].error is None
    flat = calibrated.ask(SYSTEM, grey, [CLOSED])[0]
    assert list(flat.options.values()) == pytest.approx([1 / 3] * 3, abs=1e-5)


def test_blind_scores_are_computed_once(monkeypatch):
    model = wrapped("llava", option_score="calibrated")
    model.ask(SYSTEM, views(0), [CLOSED])
    passes = []
    forward = built("llava")[0].forward
    monkeypatch.setattr(built("llava")[0], "forward", lambda **given: passes.append(1) or forward(**given))
    model.ask(SYSTEM, views(1), [CLOSED])
    assert len(passes) == 2  # the clip's prefix and its question; nothing for the grey clip
