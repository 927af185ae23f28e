"""Vary clips without making their labels false: jittered moments, mirrored, brightened, shifted pictures.

The settings are the recipe's; all are off by default. Every draw comes from the generator that is handed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mevqa.events import Event
from mevqa.training.examples.mirror import can_mirror, check_kinds, mirror_question, mirror_views
from mevqa.training.recipes.recipe import Augmentation
from mevqa.types import Question, View

# Views that are photographs of the face, and views whose grey levels are measurements.
_PHOTOGRAPHS = frozenset({"frames", "onset", "apex", "offset", "magnified"})
_MEASUREMENTS = frozenset({"difference", "motion", "motion-centred"})


def jitter(annotation: Event, rng: np.random.Generator, settings: Augmentation, length: int | None = None) -> Event:
    """Move onset, apex and offset by up to ``settings.jitter`` frames, each by itself.

    The apex moves by at most a third of the distance to the nearer of its neighbours, and onset and offset towards
    the apex by at most a third of theirs: so they keep their order, and the motion from onset to apex that the label
    is about stays in the pictures. Away from the apex, onset and offset are free within the clip.

    Three numbers are drawn (for onset, apex, offset), also where a moment is not known. An annotation that is out of
    order or outside the clip is returned as it is, for ``render_clip`` to refuse.

    Args:
        annotation: Moments that are None stay None.
        rng: Decides how far.
        settings: Only ``jitter`` counts.
        length: Frames of the clip; None when it is not known.
    """
    if settings.jitter == 0:
        return annotation
    draws = rng.random(3)
    frames = {role: getattr(annotation, role) for role in ("onset", "apex", "offset")}
    known_frames = [frame for frame in frames.values() if frame is not None]
    last = length - 1 if length is not None else None
    is_outside = any(frame < 0 or (last is not None and frame > last) for frame in known_frames)
    if known_frames != sorted(known_frames) or is_outside:
        return annotation
    moved = {}
    for (role, frame), draw in zip(frames.items(), draws, strict=True):
        if frame is None:
            continue
        others = [other for name, other in frames.items() if name != role and other is not None]
        reach = min([settings.jitter, *(abs(other - frame) // 3 for other in others)])
        earliest = frame - (settings.jitter if role == "onset" else reach)
        latest = frame + (settings.jitter if role == "offset" else reach)
        earliest = max(earliest, 0)
        latest = latest if last is None else min(latest, last)
        moved[role] = earliest + int(draw * (latest - earliest + 1))
    return replace(annotation, **moved)


def brighten(views: Sequence[View], rng: np.random.Generator, settings: Augmentation) -> Sequence[View]:
    """Change brightness and contrast of the photographs.

    All photographs of a clip are changed alike, since a difference between them would look like motion: grey level v
    becomes b (m + c (v - m)), where m is the mean of all of them. Motion maps and differences are measurements and
    are kept. Factors lie between 1 / (1 + spread) and 1 + spread, evenly in their logarithm.

    Two numbers are drawn: for brightness and contrast.

    Args:
        views: The views of one clip.
        rng: Decides how much.
        settings: Only ``brightness`` and ``contrast`` count.

    Raises:
        ValueError: It is not known whether a view is a photograph.
    """
    brightness = _factor(settings.brightness, rng)
    contrast = _factor(settings.contrast, rng)
    if not settings.brightness and not settings.contrast:
        return views
    unknown = sorted({view.name for view in views} - _PHOTOGRAPHS - _MEASUREMENTS)
    if unknown:
        raise ValueError(f"it is not known whether to brighten the view {', '.join(map(repr, unknown))}")
    photographs = [np.asarray(view.image, np.float64) for view in views if view.name in _PHOTOGRAPHS]
    if not photographs:
        return views
    mean = sum(picture.sum() for picture in photographs) / sum(picture.size for picture in photographs)
    levels = brightness * (mean + contrast * (np.arange(256) - mean))
    table = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
    return [
        replace(view, image=Image.fromarray(table[np.asarray(view.image)])) if view.name in _PHOTOGRAPHS else view
        for view in views
    ]


def shift_scale(views: Sequence[View], rng: np.random.Generator, settings: Augmentation) -> Sequence[View]:
    """Scale the pictures about their centre and shift them, all views of a clip alike; sizes stay.

    What comes into the picture repeats its border. The scale lies between 1 / (1 + spread) and 1 + spread, evenly in
    its logarithm, the shifts evenly up to ``settings.shift`` of the side.

    Three numbers are drawn: for the scale, the shift to the right and the shift downwards.

    Args:
        views: The views of one clip, of any sizes.
        rng: Decides how much.
        settings: Only ``shift`` and ``scale`` count.
    """
    scale = _factor(settings.scale, rng)
    right, down = settings.shift * rng.uniform(-1, 1, 2)
    if not settings.shift and not settings.scale:
        return views
    return [replace(view, image=_shift_scale(view.image, scale, right, down)) for view in views]


def _shift_scale(image: Image.Image, scale: float, right: float, down: float) -> Image.Image:
    picture = np.asarray(image, np.float64)
    picture = _resample(picture, scale, down)
    picture = _resample(picture.swapaxes(0, 1), scale, right).swapaxes(0, 1)
    return Image.fromarray(np.rint(picture).astype(np.uint8))


def _resample(picture: NDArray[np.float64], scale: float, shift: float) -> NDArray[np.float64]:
    """Scale and shift along the first axis, linearly between pixels [length, ...]."""
    length = len(picture)
    centres = (np.arange(length) + 0.5) / length
    source = np.clip(((centres - 0.5 - shift) / scale + 0.5) * length - 0.5, 0, length - 1)
    before = np.floor(source).astype(int)
    after = np.minimum(before + 1, length - 1)
    part = (source - before).reshape(-1, *[1] * (picture.ndim - 1))
    return picture[before] * (1 - part) + picture[after] * part


def augment(
    views: Sequence[View], questions: Sequence[Question], rng: np.random.Generator, settings: Augmentation
) -> tuple[Sequence[View], Sequence[Question]]:
    """Vary the views of a clip, and mirror its questions with them.

    In this order: mirrored or not, brightness, contrast, scale, shift to the right, shift downwards. All six numbers
    are always drawn, so that switching one kind on or off, or a clip that cannot be mirrored, does not change the
    others. Jitter is apart (``jitter``): it comes before the clip is looked at.

    Args:
        views: The views of a clip.
        questions: The questions that it is trained with; a clip is mirrored only where all of them allow it.
        rng: Decides everything.
        settings: When all is off, nothing is drawn and the very same objects are returned.

    Raises:
        ValueError: A view is of a kind that cannot be mirrored or brightened and the settings ask for it, whether or
            not this clip would be.
    """
    if not any((settings.mirror, settings.brightness, settings.contrast, settings.shift, settings.scale)):
        return views, questions
    if settings.mirror:
        check_kinds(view.name for view in views)
    if rng.random() < settings.mirror and can_mirror(questions):
        views = mirror_views(views)
        questions = tuple(mirror_question(question) for question in questions)
    return shift_scale(brighten(views, rng, settings), rng, settings), questions


def _factor(spread: float, rng: np.random.Generator) -> float:
    return float((1 + spread) ** rng.uniform(-1, 1))
