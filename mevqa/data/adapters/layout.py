"""How a data set writes its label file: what differs between the data sets, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mevqa.data.annotations import Numbering

Cells = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LabelLayout:
    """The label file of one data set.

    Attributes:
        dataset: Short name.
        title: Name that people use.
        fps: Frames per second of the recordings.
        columns: Spellings of the column of each field (subject, filename, onset, apex, offset, action_units, emotion,
            kind, first), simplified.
        required: Fields that tell this layout from the others.
        clip: Clip id as the official questions write it.
        subject: Subject as the official questions write it.
        numbering: How the frame numbers of a row relate to the media.
        coarse_only: The emotion column holds positive, negative or surprise.
    """

    dataset: str
    title: str
    fps: float
    columns: Mapping[str, tuple[str, ...]]
    required: tuple[str, ...]
    clip: Callable[[Cells], str]
    subject: Callable[[Cells], str]
    numbering: Callable[[Cells], Numbering]
    coarse_only: bool = False
