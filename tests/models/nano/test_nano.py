from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from mevqa.datasets import taxonomy
from mevqa.facs import UNIT_NAMES
from mevqa.models.nano import WEIGHTS
from mevqa.models.registry import load_model
from mevqa.questions.prompts import PromptLibrary
from mevqa.questions.question_types import parse_question
from mevqa.training.nano.dialogues import coarse_turn, list_turn, presence_turn, side_turn
from mevqa.training.nano.drawn_maps import draw_maps
from mevqa.training.nano.examples import draw_expressions
from mevqa.types import Question, View
from mevqa.video.motion.flow import centre_channels

CLIPS = 150


@pytest.fixture(scope="module")
def nano():
    return load_model("nano")


@pytest.fixture(scope="module")
def drawn():
    """Maps that training never saw, with their expressions."""
    rng = np.random.default_rng(987_654)
    expressions = draw_expressions(CLIPS, rng)
    maps = draw_maps([expression.units for expression in expressions], rng)
    views = [View("motion-centred", Image.fromarray(centre_channels(rgb)), "") for rgb in maps]
    return expressions, views


@pytest.fixture(scope="module")
def answered(nano, drawn):
    """Right answer and nano's answer of each question, looking at the right picture and at another clip's."""
    expressions, views = drawn
    rng = np.random.default_rng(0)
    turns_of_clips = []
    for expression in expressions:
        turns = [coarse_turn(expression), list_turn(expression), presence_turn(expression, rng)]
        turns += [side_turn(unit) for unit in expression.units if unit.side][:1]
        turns_of_clips.append(turns)
    prompts = PromptLibrary.load(variant=nano.preferences.variant)

    def ask(pictures):
        pairs: dict[str, list[tuple[str, str]]] = {}
        for turns, view in zip(turns_of_clips, pictures, strict=True):
            questions = [_question(turn) for turn in turns]
            replies = nano.ask(prompts.system("synthetic"), [view], [prompts.request(q) for q in questions])
            for turn, reply in zip(turns, replies, strict=True):
                pairs.setdefault(parse_question(turn.text).type, []).append((turn.answer, reply.text))
        return pairs

    return ask(views), ask(views[1:] + views[:1])


def _question(turn):
    kind = parse_question(turn.text).type
    return Question(id="q", clip_id="c", text=turn.text, type=kind, plural="units" in turn.text, dataset="synthetic")


def _accuracy(pairs):
    return np.mean([right == answer for right, answer in pairs])


def _recall(pairs):
    """Mean recall over the classes: a third by chance, whatever the shares."""
    return np.mean([_accuracy([pair for pair in pairs if pair[0] == name]) for name in sorted({r for r, _ in pairs})])


def test_weights_are_safetensors_small_enough_to_ship():
    files = [path for path in WEIGHTS.iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 25e6
    assert (WEIGHTS / "model.safetensors").is_file()
    assert not [path for path in files if path.suffix not in (".safetensors", ".json", ".jinja")]


def test_nano_loads_by_the_auto_classes_of_transformers():
    from transformers import AutoModelForImageTextToText, AutoProcessor

    model = AutoModelForImageTextToText.from_pretrained(WEIGHTS)
    processor = AutoProcessor.from_pretrained(WEIGHTS)
    assert sum(parameter.numel() for parameter in model.parameters()) < 5e6
    assert all(torch.isfinite(parameter).all() for parameter in model.parameters())
    assert processor.image_processor.size["height"] == 28


def test_every_name_is_one_token():
    from transformers import AutoProcessor

    tokenizer = AutoProcessor.from_pretrained(WEIGHTS).tokenizer
    for name in UNIT_NAMES:
        for text in (name, f" {name}", f", {name}"):
            ids = tokenizer(text, add_special_tokens=False)["input_ids"]
            assert len(ids) == 1 and tokenizer.decode(ids) == text
    strange = "Zebra: 12 brows?"
    assert tokenizer.decode(tokenizer(strange, add_special_tokens=False)["input_ids"]) == strange


def test_answers_come_from_the_picture(answered):
    answers, _ = answered
    assert _recall(answers["coarse"]) > 0.85
    assert _accuracy(answers["au_list"]) > 0.6
    assert _accuracy(answers["au_presence"]) > 0.85
    assert _accuracy(answers["au_side"]) > 0.85


def test_with_the_pictures_shuffled_it_falls_to_chance(answered):
    _, shuffled = answered
    # 150 clips: two standard errors of a third are 0.08, of a half 0.08; sides are about 50 clips: 0.14.
    assert abs(_recall(shuffled["coarse"]) - 1 / 3) < 0.12
    assert abs(_accuracy(shuffled["au_side"]) - 0.5) < 0.2
    assert _accuracy(shuffled["au_list"]) < 0.25


def test_the_training_answers_are_in_the_vocabulary(drawn):
    expressions, _ = drawn
    classes = taxonomy("synthetic")
    for expression in expressions:
        assert expression.fine in classes.fine and expression.coarse in classes.coarse
