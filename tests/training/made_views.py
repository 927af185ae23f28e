"""Views of noise, and questions as an official file has them."""

from __future__ import annotations

import numpy as np
from PIL import Image

from mevqa.questions.question_types import parse_question
from mevqa.types import Question, View
from mevqa.video.views.registry import CAPTIONS

PHOTOGRAPHS = ("frames", "onset", "apex", "offset", "magnified")


def rng_of(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def picture(seed: int = 0, size: int = 12) -> Image.Image:
    return Image.fromarray(rng_of(seed).integers(0, 256, (size, size, 3), dtype=np.uint8))


def view(name: str, image: Image.Image | None = None) -> View:
    return View(name, image or picture(), CAPTIONS.get(name, "The aligned face at 0 ms (onset)."), (1, 2))


def levels(shown: View) -> np.ndarray:
    return np.asarray(shown.image).astype(int)


def question(text: str, reference: str | None = "yes", **slots: object) -> Question:
    parsed = parse_question(text)
    given = {"type": parsed.type, "action_unit": parsed.action_unit, "ordinal": parsed.ordinal} | slots
    return Question("q", "c", text, reference=reference, **given)  # type: ignore[arg-type]
