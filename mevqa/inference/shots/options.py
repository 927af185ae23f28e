"""The user's options about shots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from mevqa.datasets.label_layout import FolderNumbers

#: How shots are chosen among the clips of other subjects.
ShotChoice: TypeAlias = Literal["nearest", "random"]


@dataclass(frozen=True, slots=True)
class ShotOptions:
    """Which answered clips are shown before a clip, and how many.

    Attributes:
        count: How many clips, at least 1.
        source: Question files with answers.
        media: Folder of their clips.
        annotations: Their onset, apex and offset.
        pictures: Folders of ready-made pictures by view name.
        numbers: How the frames of folders were numbered, where a data set's label file tells numbers.
        by: ``nearest`` by motion, or ``random``.
        seed: Decides random ones, for each clip by itself.
        balanced: Take the classes in turn instead of the nearest whatever their class.
    """

    count: int
    source: tuple[Path, ...]
    media: Path | None = None
    annotations: Path | None = None
    pictures: Mapping[str, Path] = field(default_factory=dict)
    numbers: FolderNumbers = "names"
    by: ShotChoice = "nearest"
    seed: int = 0
    balanced: bool = False
