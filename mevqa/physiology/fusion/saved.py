"""A fitted fusion as a file: JSON with every number, never pickle."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from mevqa.errors import InputError, Problem
from mevqa.files.json_file import read_json_object
from mevqa.files.whole import write_whole
from mevqa.physiology.features.definition import feature_groups
from mevqa.physiology.fusion.feature_level import FeatureFusion
from mevqa.physiology.fusion.late import LateFusion
from mevqa.physiology.fusion.table import VIDEO_FEATURES, Task

_FORMAT = "mevqa physiological fusion 1"


@dataclass(frozen=True, slots=True)
class SavedFusion:
    """A fusion that was fitted on all subjects of a table.

    Attributes:
        fusion: The fitted fusion.
        task: Whether it decides that a detection is an expression, or its class.
        classes: Names of the classes.
    """

    fusion: LateFusion | FeatureFusion
    task: Task
    classes: tuple[str, ...]

    def save(self, path: Path) -> None:
        """Write the fusion to a file.

        Raises:
            InputError: The file cannot be written.
        """
        content = {
            "format": _FORMAT,
            "way": "late" if isinstance(self.fusion, LateFusion) else "features",
            "task": self.task,
            "classes": list(self.classes),
            "features": list(feature_groups()),
            "video_features": list(VIDEO_FEATURES),
            "fusion": self.fusion.as_record(),
        }
        write_whole(path, json.dumps(content, indent=1) + "\n")


def load_fusion(path: Path) -> SavedFusion:
    """Read a fusion that ``SavedFusion.save`` wrote.

    Raises:
        InputError: The file is none, or was fitted on other features than this release has.
    """
    content = read_json_object(path)
    if content.get("format") != _FORMAT:
        raise InputError([Problem(path, "is no fusion that mevqa physiology fuse --save wrote")])
    if content.get("features") != list(feature_groups()) or content.get("video_features") != list(VIDEO_FEATURES):
        raise InputError([Problem(path, "was fitted on other features than this release has; fit it again")])
    try:
        reader = {"late": LateFusion, "features": FeatureFusion}[content["way"]]
        fusion = reader.from_record(content["fusion"])  # type: ignore[attr-defined]
        task, classes = content["task"], tuple(map(str, content["classes"]))
        if task not in get_args(Task) or len(classes) < 2:
            raise ValueError("no task or no classes")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError([Problem(path, f"is damaged ({type(error).__name__}: {error})")]) from error
    return SavedFusion(fusion, task, classes)
