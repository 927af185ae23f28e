"""A clip, questions of every kind, and tiny random models behind the package's protocol."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_families import BUILDERS, UNITS

from mevqa.models.base import ModelOptions
from mevqa.models.transformers.model import TransformersModel
from mevqa.models.transformers.prompts.conversation import messages
from mevqa.types import Reply, Request, View

SYSTEM = "You see a face."
#: Largest difference of natural log-probabilities in float32.
CLOSE = 1e-4
OPTIONS = ("positive", "negative", "surprise")


class UnitGrammar:
    """Lists of distinct units joined by a comma, one to three of them."""

    def next(self, text: str) -> tuple[str, ...]:
        units = [unit for unit in text.split(", ") if unit]
        if text and not text.endswith(", "):
            return ("", ", ") if len(units) < 3 else ()
        return tuple(unit for unit in UNITS if unit not in units)


def requests() -> list[Request]:
    """Six questions of all three kinds, of different lengths."""
    return [
        Request("What is the coarse expression class? Answer positive, negative or surprise.", options=OPTIONS),
        Request(
            "Is the action unit brow lowerer shown on the face? Answer yes or no.", options=("yes", "yes, but", "no")
        ),
        Request("What are the action units?", grammar=UnitGrammar()),
        Request("action units", grammar=UnitGrammar(), max_new_tokens=4),
        Request("What is the motion?", max_new_tokens=7),
        Request("The face", options=("lip corner puller", "lip stretcher", "no")),
    ]


def views(seed: int = 0, count: int = 2, size: int = 56) -> list[View]:
    """Noise pictures with captions of different lengths."""
    rng = np.random.default_rng(seed)
    names = ["onset", "apex", "the motion from onset to apex"]
    return [
        View(f"v{i}", Image.fromarray(rng.integers(0, 255, (size, size, 3), dtype=np.uint8)), names[i % 3], (i,))
        for i in range(count)
    ]


@cache
def built(name: str) -> tuple[Any, Any]:
    """The tiny model and processor called ``name``, with weights large enough that pictures and words matter."""
    torch.manual_seed(0)
    model, processor = BUILDERS[name]()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.normal_(0.0, 0.15)
    return model.eval(), processor


def wrapped(name: str, **options: Any) -> TransformersModel:
    """The tiny model behind the package's protocol."""
    model, processor = built(name)
    preferences = options.pop("preferences", None)
    model_options = ModelOptions(**{"batch_size": 16, **options})
    return TransformersModel(
        model, processor, name=name, revision="tiny", preferences=preferences, options=model_options
    )


def plain_inputs(name: str, text: str) -> tuple[Any, int]:
    """Inputs that the processor's own chat template gives for a conversation, and the id that ends a turn."""
    _, processor = built(name)
    pictures = [view.image for view in views()]
    conversation = messages(SYSTEM, views(), text)
    for part in (part for message in conversation for part in message["content"] if part["type"] == "image"):
        part["image"] = pictures.pop(0)
    inputs = processor.apply_chat_template(
        conversation, tokenize=True, add_generation_prompt=True, return_dict=True, return_tensors="pt"
    )
    return inputs, processor.tokenizer.eos_token_id


def same_replies(first: list[Reply], second: list[Reply]) -> None:
    """Hold that two lists of replies say the same, with the same probabilities."""
    assert len(first) == len(second)
    for a, b in zip(first, second, strict=True):
        assert a.error is None and b.error is None
        assert a.text == b.text
        assert math.log(a.confidence) == pytest.approx(math.log(b.confidence), abs=CLOSE)
        for option in a.options or {}:
            assert math.log(a.options[option]) == pytest.approx(math.log(b.options[option]), abs=CLOSE)
