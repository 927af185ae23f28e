from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from mevqa.models.conversation import messages
from mevqa.models.nano.architecture import build_model, build_processor
from mevqa.models.nano.dialogues import all_texts, draw_turns
from mevqa.models.nano.drawn_maps import draw_maps
from mevqa.models.nano.examples import draw_expressions, to_pixels
from mevqa.models.nano.packing import Packer, answer_logits
from mevqa.models.nano.tokens import build_tokenizer
from mevqa.records import View


@pytest.fixture(scope="module")
def parts():
    torch.manual_seed(0)
    tokenizer = build_tokenizer(all_texts())
    processor = build_processor(tokenizer)
    return build_model(tokenizer).eval(), processor, Packer(processor)


def test_packed_questions_get_the_logits_that_they_get_alone(parts):
    model, processor, packer = parts
    rng = np.random.default_rng(0)
    expressions = draw_expressions(3, rng)
    pixels = to_pixels(draw_maps([expression.units for expression in expressions], rng))
    rows = [draw_turns(expression, rng) for expression in expressions]
    batch = packer.pack(rows)
    with torch.no_grad():
        patches = model.model.vision_tower(pixels, output_hidden_states=True).hidden_states[-1]
        packed = answer_logits(model, packer.before, patches, batch)
        at = 0
        for row, turns in enumerate(rows):
            for turn in turns:
                alone = _alone(model, processor, pixels[row : row + 1], turn)
                assert torch.allclose(packed[at : at + len(alone)], alone, atol=1e-4)
                at += len(alone)
    assert at == len(packed)


def _alone(model, processor, pixels, turn):
    """Return the logits of the answer and its end, asked as one conversation through the processor."""
    picture = Image.new("RGB", (28, 28))
    conversation = messages("", [View("motion-centred", picture, "A caption.")], turn.text, answer=turn.answer)
    text = processor.apply_chat_template(conversation, tokenize=False)
    inputs = processor(text=[text], images=[[picture]], return_tensors="pt", add_special_tokens=False)
    inputs["pixel_values"] = pixels
    said = len(processor.tokenizer(turn.answer, add_special_tokens=False)["input_ids"]) + 1
    return model(**inputs).logits[0, -1 - said : -1]


def test_the_view_reaches_the_network_as_training_pictures_do(parts):
    _, processor, _ = parts
    from mevqa.video.flow import centre_channels

    maps = draw_maps(
        [expression.units for expression in draw_expressions(2, np.random.default_rng(1))], np.random.default_rng(2)
    )
    views = [Image.fromarray(centre_channels(rgb)) for rgb in maps]
    pixels = processor.image_processor(views, return_tensors="pt")["pixel_values"]
    assert torch.allclose(pixels, to_pixels(maps), atol=1e-4)
