"""Which training clips are shown before a clip: the nearest or random ones of other persons."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

import numpy as np

from mevqa.data.persons import person
from mevqa.errors import MevqaError
from mevqa.types import Clip


class ShotLeakError(MevqaError):
    """A clip would be answered with a shot of the same person, or of itself."""


def nearest(order: Sequence[str], count: int, labels: Mapping[str, str | None] | None) -> list[str]:
    """Return the first clips of an order, or of each class in turn.

    Args:
        order: Ids of clips, the best first.
        count: How many.
        labels: Class of each clip, to take the classes in turn, that of the best clip first; None: whatever the class.
    """
    if labels is None:
        return list(order[:count])
    by_class: dict[str | None, list[str]] = {}
    for name in order:
        by_class.setdefault(labels[name], []).append(name)
    chosen: list[str] = []
    for round_ in range(count):
        chosen += [class_clips[round_] for class_clips in by_class.values() if round_ < len(class_clips)]
        if len(chosen) >= count:
            break
    return chosen[:count]


def random_order(names: Sequence[str], clip_id: str, seed: int) -> list[str]:
    """Return ids in a random order that the seed and the clip decide, and nothing else."""
    rng = np.random.default_rng((seed, zlib.crc32(clip_id.encode())))
    ordered = sorted(names)
    return [ordered[index] for index in rng.permutation(len(ordered))]


def assert_others(clip: Clip, shot_clips: Sequence[Clip]) -> None:
    """Make sure that no shot shows the person who is asked about.

    Raises:
        ShotLeakError: One does.
    """
    for shot_clip in shot_clips:
        if person(shot_clip) == person(clip) or shot_clip.id == clip.id:
            raise ShotLeakError(f"the shot {shot_clip.id} shows the same person as {clip.id} (subject {clip.subject})")
