"""Mirror a clip without changing what its labels mean: pictures, motion maps, and the sides that questions name.

Sides are the subject's own. Mirroring the picture turns a raised left brow into a raised right one, and motion to the
right of the picture into motion to the left.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from PIL import Image, ImageOps

from mevqa.facs import UNIT_NAMES, UnknownActionUnit, find_units, unit_name, unit_number
from mevqa.types import Question, View

# Views whose mirrored picture shows the mirrored face.
_PLAIN = frozenset({"frames", "onset", "apex", "offset", "difference", "magnified"})

# Views whose red channel is the horizontal motion, which changes its sign, with the sum of the grey levels of opposite
# motions. `motion_map` stretches between the extremes, which change places: 0 and 255. `centre_channels` lays the
# median, which keeps its place, on 128: 128 + d and 128 - d.
_RED_SUMS = {"motion": 255, "motion-centred": 256}

# A choice or a pair: "left or right", "on the right and the left side". It names no side and keeps its wording, which
# is the official one in side questions.
_BOTH = (
    r"(?<![A-Za-z])(?P<one>(?i:left|right))(?i:[- ]?hand)?(?i: side| half| face)?\s*(?:/|(?i:,?\s*\b(?:or|and)\b))\s*"
    r"(?i:(?:on |to )?(?:the |its |his |her |their )?)(?!(?i:(?P=one)))(?i:left|right)(?![A-Za-z])"
)
# Left and right as whole words, also in leftward, leftmost, left-hand, lefthanded, left-sided.
_SIDES = re.compile(
    rf"{_BOTH}|(?<![A-Za-z])(?P<side>left|Left|LEFT|right|Right|RIGHT)"
    r"(?=(?i:(?:wards?|most|hand(?:ed)?|sided?)?)(?![A-Za-z]))"
)
_ASKS_SIDE = re.compile(rf"{_BOTH}|(?i:\b(?:which|what) (?:side|half)\b)")
_OTHER = {"left": "right", "Left": "Right", "LEFT": "RIGHT", "right": "left", "Right": "Left", "RIGHT": "LEFT"}

# What a swap of words cannot mirror, or would spoil.
_UNSURE = re.compile(
    r"(?i:(?<![a-z])(?:left|right))"  # what `_SIDES` did not take: righteous, leftover, lEft
    r"|(?i:(?<![a-z'])(?:AUs?\s*)?[lr](?![a-z]))"  # L, R12, AU12L
    r"|(?i:clockwise)"
    r"|(?i:\b(?:respectively|former|latter)\b)"  # the order of a pair tells the sides
    r"|[\[(<]\s*-?\d+(?:\.\d+)?\s*,\s*-?\d"  # a position in the picture
)
# Left and right that are no sides.
_IDIOMS = re.compile(
    r"(?i:(?<!the )\bright (?:after|before|away|now|then|angle)\b|\ball right\b|\bleft (?:out|over|behind)\b)"
)


def check_kinds(names: Iterable[str]) -> None:
    """Refuse views of which it is not known what mirroring means.

    Raises:
        ValueError: Names them.
    """
    unknown = sorted(set(names) - _PLAIN - _RED_SUMS.keys())
    if unknown:
        raise ValueError(f"it is not known how to mirror the view {', '.join(map(repr, unknown))}")


def mirror_views(views: Sequence[View]) -> list[View]:
    """Return the views of the mirrored face.

    Pictures are mirrored. In motion maps the horizontal motion also changes its sign, so that "brighter: to the right
    of the picture" stays true of the mirrored map; captions are kept.

    Args:
        views: The views of a clip.

    Raises:
        ValueError: It is not known how to mirror a view.
    """
    check_kinds(view.name for view in views)
    return [replace(view, image=_mirror_image(view)) for view in views]


def _mirror_image(view: View) -> Image.Image:
    mirrored = ImageOps.mirror(view.image)
    red_sum = _RED_SUMS.get(view.name)
    if red_sum is None:
        return mirrored
    channels = np.array(mirrored)
    red = channels[..., 0]
    # `motion_map` draws a constant channel, which has no extremes to change places, as 0 whatever its sign.
    if view.name != "motion" or red.any():
        channels[..., 0] = np.clip(red_sum - red.astype(np.int16), 0, 255)
    return Image.fromarray(channels)


def can_mirror(questions: Iterable[Question]) -> bool:
    """Whether the text, unit and reference of all questions can be mirrored.

    It cannot where the mirror image of an action unit leaves the official vocabulary (``eyes left`` and ``tilt right``
    are in it, ``eyes right`` and ``tilt left`` are not), where a side is given by a code (L12, AU56) or otherwise than
    by the words left and right, or where left and right may be no sides. Texts are read as English: those with
    letters beyond ASCII cannot be mirrored.

    Args:
        questions: The questions that a clip is trained with; text, unit and reference are looked at.
    """
    return all(_is_mirrorable(question) for question in questions)


def _is_mirrorable(question: Question) -> bool:
    texts = (question.text, question.action_unit, question.reference)
    if not all(_is_sure(text) for text in texts if text is not None):
        return False
    if question.reference is None or _swap(question.reference) != question.reference:
        return True
    # Who asks for a side and gets an answer without one is answered in a way that is not understood ("the first").
    return question.type != "au_side" and _ASKS_SIDE.search(question.text) is None


@lru_cache(maxsize=1 << 14)
def _is_sure(text: str) -> bool:
    """Whether swapping the words left and right mirrors everything that a text says about sides."""
    if any(letter.isalpha() and not letter.isascii() for letter in text):
        return False
    swapped = _swap(text)
    if _IDIOMS.search(text) or _UNSURE.search(_SIDES.sub("#", text)) or _swap(swapped) != text:
        return False
    mirrored = [_mirror_unit(number) for number in find_units(text)]
    return None not in mirrored and tuple(mirrored) == find_units(swapped)


@lru_cache(maxsize=256)
def _mirror_unit(number: int) -> int | None:
    """Return the unit of the mirrored face; None when only one of the two is in the official vocabulary."""
    name = unit_name(number)
    swapped = _swap(name)
    try:
        mirrored = unit_number(swapped)
    except UnknownActionUnit:
        return None
    return mirrored if (name in UNIT_NAMES) == (swapped in UNIT_NAMES) else None


def mirror_note(note: str) -> str:
    """Return a text of a view of words about the mirrored face: left and right change places.

    Args:
        note: As ``mevqa.video.views.evidence`` writes it, where left and right are always sides.
    """
    return _swap(note)


def mirror_question(question: Question) -> Question:
    """Return the same question about the mirrored face: left and right change places in text, unit and reference.

    Mirrored twice it is the original. ``left or right`` as a choice keeps its order.

    Args:
        question: Of any type.

    Raises:
        ValueError: ``can_mirror`` refuses the question.
    """
    if not can_mirror([question]):
        raise ValueError(f"question {question.id} cannot be mirrored: {question.text!r} -> {question.reference!r}")
    return replace(
        question,
        text=_swap(question.text),
        action_unit=None if question.action_unit is None else _swap(question.action_unit),
        reference=None if question.reference is None else _swap(question.reference),
    )


def _swap(text: str) -> str:
    return _SIDES.sub(lambda match: _OTHER[match["side"]] if match["side"] else match[0], text)
