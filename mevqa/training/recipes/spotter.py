"""Recipes of spotters: what is learned of annotated long videos, and by which system (``finetune/spotting``)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import Field

from mevqa.errors import InputError, Problem
from mevqa.files.strict_yaml import StrictModel, YamlFile
from mevqa.spotting.learning.config import SystemConfig
from mevqa.spotting.registry import find_spotter, spotter_names
from mevqa.suggestions import did_you_mean

#: Keys that say where things are and who is held out, and decide nothing that is learned.
INDIFFERENT = frozenset({"title", "annotations", "media", "features", "output", "folds", "device"})


class SubjectFolds(StrictModel):
    """How ``mevqa loso`` divides the subjects.

    Attributes:
        by: ``subject`` (leave one out) or ``group`` (``k`` groups of subjects).
        k: Number of groups.
    """

    by: Literal["subject", "group"] = "subject"
    k: Annotated[int, Field(ge=2)] = 5


class SpotterRecipe(SystemConfig):
    """Everything that decides the training of a spotter; ``finetune/README.md`` explains each key.

    Attributes:
        spotter: Name of the system.
        title: For people.
        extends: Another recipe whose keys hold where this one has none; of a file only.
        annotations: Label file of long videos.
        media: Folder of the videos.
        dataset: Whose label file it is, when its header does not tell.
        features: Folder of ``mevqa features``; None: ``MEVQA_FEATURES`` of the environment, or one beside the output.
        device: ``auto`` (a GPU where there is one), ``cpu`` or ``cuda``.
        precision: Of the forward pass.
        folds: Who is held out by ``mevqa loso``.
        output: Folder of the weights, or of the folds.
    """

    spotter: str
    title: str = ""
    extends: str | None = Field(default=None, exclude=True)
    annotations: Path | None = None
    media: Path | None = None
    dataset: str | None = None
    features: Path | None = None
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    folds: SubjectFolds = SubjectFolds()
    output: Path | None = None

    def decisive(self) -> dict[str, Any]:
        """Return the keys that decide what is learned, as plain values."""
        return self.model_dump(mode="json", exclude=set(INDIFFERENT))


def spotter_schema(name: object, files: Sequence[YamlFile]) -> type[SpotterRecipe]:
    """Return the schema of the recipes of a system.

    Args:
        name: Its name, as the recipe has it.
        files: The files of the recipe, for the message.

    Raises:
        InputError: There is no such system, or it learns nothing by recipes.
    """
    from mevqa.spotting.learning.system import LearnedSystem, config_schema

    naming_files = (entry for entry in files if isinstance(entry.content, dict) and "spotter" in entry.content)
    file = next(naming_files, files[0])
    names = spotter_names()
    if not isinstance(name, str) or name not in names:
        message = f"unknown spotter {name!r}; {did_you_mean(str(name), names)}"
        raise InputError([Problem(file.path, f"spotter: {message}", file.line_of("spotter"))])
    system = find_spotter(name)
    if not issubclass(system, LearnedSystem):
        message = f"{name} has no network to train; mevqa spot --fit calibrates it"
        raise InputError([Problem(file.path, f"spotter: {message}", file.line_of("spotter"))])
    return cast("type[SpotterRecipe]", config_schema(system, SpotterRecipe))
