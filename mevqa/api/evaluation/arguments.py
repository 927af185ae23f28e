"""Arguments of the public functions as options of the packages below: question files, and how a model is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mevqa.api.paths import AnyPath, optional_path, path_list
from mevqa.data.media import ready_pictures
from mevqa.datasets.label_layout import FolderNumbers
from mevqa.errors import InputError, Problem
from mevqa.inference.evaluation import Plan, plan, plan_prepared, with_notes
from mevqa.inference.loading import AskOptions
from mevqa.inference.prepared import is_prepared
from mevqa.inference.view_config import ViewOptions
from mevqa.models.base import Model, ModelOptions
from mevqa.questions.prompts import PromptLibrary


@dataclass(frozen=True, slots=True)
class QuestionFiles:
    """Question files, and where their clips are.

    Attributes:
        questions: One question file, or several; or a prepared benchmark, which has its clips with it.
        media: Folder of the clips: videos or folders of frames.
        annotations: Onset, apex and offset: our CSV, or a data set's label file.
        precomputed: Folders of ready-made pictures by view name.
        numbers: Where a data set's label file tells frame numbers, how the frames of folders were numbered.
        limit: Only the first so many clips.
        notes: Table of clip and note.
    """

    questions: AnyPath | Sequence[AnyPath]
    media: AnyPath | None = None
    annotations: AnyPath | None = None
    precomputed: Mapping[str, AnyPath] | Sequence[str] = ()
    numbers: FolderNumbers = "names"
    limit: int | None = None
    notes: AnyPath | None = None

    def plan(self) -> Plan:
        """Return the questions with their clips.

        Raises:
            InputError: Everything that is wrong with the files.
        """
        files = path_list(self.questions)
        if any(map(is_prepared, files)):
            if len(files) > 1 or self.media is not None or self.annotations is not None or self.precomputed:
                message = "is a prepared benchmark, which has its questions and clips with it: name nothing besides"
                raise InputError([Problem(next(filter(is_prepared, files)), message)])
            work = plan_prepared(files[0], limit=self.limit)
        else:
            work = plan(
                files,
                optional_path(self.media),
                annotations=optional_path(self.annotations),
                pictures=ready_pictures(self.precomputed),
                limit=self.limit,
                numbers=self.numbers,
            )
        return work if self.notes is None else with_notes(work, Path(self.notes))

    def facts(self) -> dict[str, Any]:
        """Return facts for the manifest of a run that the plan does not hold: the table of notes."""
        return {} if self.notes is None else {"notes": str(Path(self.notes).absolute())}


def ask_options(
    model: str | Model,
    views: ViewOptions | str | Sequence[str] | None,
    prompts: PromptLibrary | AnyPath | None,
    variant: str | None,
    options: ModelOptions | None,
    *,
    consistency: bool,
) -> AskOptions:
    """Return how a model is asked, from the arguments of the public functions."""
    return AskOptions(
        model,
        options or ModelOptions(),
        views if isinstance(views, ViewOptions) else ViewOptions(views),
        prompts if isinstance(prompts, PromptLibrary) else optional_path(prompts),
        variant,
        consistency,
    )
