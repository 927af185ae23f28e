"""The recipe of a recogniser: what is trained, on which clips, with which settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from mevqa.errors import InputError
from mevqa.files.strict_yaml import StrictModel
from mevqa.recognition.base import LEVELS, Level, Recogniser
from mevqa.recognition.registry import find_recogniser
from mevqa.training.recipes.blocks import Folds, Names, listed


class RecogniserRecipe(StrictModel):
    """Everything that decides the training of a recogniser; the key ``recogniser`` tells it from other recipes.

    Attributes:
        recogniser: Which one: ``mean``, ``child-lbp``, ``child-cnn``, ``child-graph``.
        settings: Settings of its own.
        levels: Which classes it learns to tell: ``coarse``, ``fine`` or both.
        none: Whether it learns what a face at rest looks like as one more class of each level: moments of rest are
            taken from the clips themselves, before the onset or after the offset.
        device: ``auto`` (a GPU where there is one), ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
    """

    title: str = ""
    extends: str | None = Field(default=None, exclude=True)  # of a file only: what is read has the base's keys
    # model
    recogniser: str
    settings: dict[str, Any] = {}
    levels: Annotated[tuple[Level, ...], BeforeValidator(listed), Field(min_length=1)] = LEVELS
    none: bool = False
    device: str = "auto"
    # data
    questions: Names = ()
    media: Names = ()
    annotations: Names = ()
    precomputed: dict[str, Names] = {}
    numbers: Literal["names", "recording", "interval"] = "names"
    face: Literal["auto", "haar", "mediapipe", "none"] = "auto"
    folds: Folds = Folds()
    seed: Annotated[int, Field(ge=0, lt=1 << 32)] = 0
    # output
    output: Path | None = None

    @model_validator(mode="after")
    def _check(self) -> RecogniserRecipe:
        """Refuse what contradicts itself, and settings that its recogniser does not have."""
        try:
            recogniser = self.make()
        except InputError as error:
            raise ValueError(f"recogniser: {error.problems[0].message}") from error
        except ValidationError as error:
            messages = [
                f"settings.{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
                for problem in error.errors(include_url=False)
            ]
            raise ValueError("; ".join(messages)) from error
        if len(set(self.levels)) != len(self.levels):
            raise ValueError("levels names one twice")
        if self.none and not {"onset", "frames", "apex"} & set(recogniser.look.views):
            raise ValueError("none needs moments of rest, which ready-made pictures do not show: leave it out")
        for name, where in (("media", self.media), ("annotations", self.annotations), *self.precomputed.items()):
            if len(where) > 1 and len(where) != len(self.questions):
                raise ValueError(f"{name} names {len(where)} places for {len(self.questions)} question files")
        return self

    def make(self) -> Recogniser:
        """Return the recogniser with its settings, untrained."""
        kind = find_recogniser(self.recogniser)
        return kind(kind.schema.model_validate(self.settings))
