"""Benchmark suites: which questions, clips, preset and models, as YAML in ``eval/``."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field, field_validator, model_validator

from mevqa.datasets import known_dataset
from mevqa.errors import InputError, Problem
from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.resources import resource_folder

if TYPE_CHECKING:
    from mevqa.inference.evaluation import Plan

_PUBLISHED = "published"


class SuitePart(StrictModel):
    """One data set of a suite; every path is below the data root.

    Attributes:
        dataset: Short name of the data set.
        questions: Question file.
        reference: Where the right answers (or coded events) are, when not in ``questions``.
        media: Folder of the clips.
        annotations: Label file.
        precomputed: Folders of ready-made pictures by view name.
        detections: Name of this part's file in a folder of detections (task ``events``).
        fps: Frames per second of the coded events (task ``events``).
        published: Groups of published numbers about this part.
    """

    dataset: str
    questions: str | None = None
    reference: str | None = None
    media: str | None = None
    annotations: str | None = None
    precomputed: dict[str, str] = Field(default_factory=dict)
    detections: str | None = None
    fps: float | None = None
    published: tuple[str, ...] = ()

    @field_validator("dataset")
    @classmethod
    def _is_known(cls, name: str) -> str:
        """Reject data sets that there are not."""
        return known_dataset(name)

    @field_validator("questions", "reference", "media", "annotations", "detections")
    @classmethod
    def _stays_below(cls, path: str | None) -> str | None:
        """Reject paths that lead out of the data root."""
        if path is not None and (Path(path).is_absolute() or ".." in Path(path).parts):
            raise ValueError(f"{path} leads out of the data root; write a path below it")
        return path

    @field_validator("precomputed")
    @classmethod
    def _pictures_stay_below(cls, folders: dict[str, str]) -> dict[str, str]:
        """Reject folders that lead out of the data root."""
        for folder in folders.values():
            cls._stays_below(folder)
        return folders


class SyntheticData(StrictModel):
    """Clips that are made on the first run; see ``mevqa synth --help``."""

    clips: int = 24
    seed: int
    subjects: int | None = None
    long: bool = False
    seconds: float = 20.0
    profile: str = "standard"


class Suite(StrictModel):
    """A benchmark suite: data sets, preset and models.

    Attributes:
        title: Its heading in tables.
        task: ``vqa``, ``lvqa``, ``events``, or ``spotting`` (systems are trained, then compared).
        preset: How it is scored.
        changes: Switches of the preset that are set otherwise, ``NAME=VALUE`` (task ``spotting``).
        parts: Its data sets, scored together (events: each by itself).
        synthetic: The clips to make, for suites without licensed data.
        training: The videos to make and train on (task ``spotting``).
        models: Models, when the user names none; of task ``spotting`` spotters and recipes of spotters.
        published: Groups of published numbers to compare with.
    """

    title: str
    task: Literal["vqa", "lvqa", "events", "spotting"]
    preset: str
    changes: tuple[str, ...] = ()
    parts: tuple[SuitePart, ...]
    synthetic: SyntheticData | None = None
    training: SyntheticData | None = None
    models: tuple[str, ...]
    published: tuple[str, ...] = ()

    @property
    def groups(self) -> list[str]:
        """Groups of published numbers of the suite and its parts, each once."""
        return list(dict.fromkeys([*self.published, *(name for part in self.parts for name in part.published)]))

    @model_validator(mode="after")
    def _is_complete(self) -> Suite:
        """Check that every part has what its task needs, and that preset and published groups exist."""
        from mevqa.scoring.answers.presets import answer_presets
        from mevqa.scoring.events.presets import event_presets
        from mevqa.suites.published import published

        if not self.parts:
            raise ValueError("a suite needs a part")
        needed = {"events": ("reference", "detections"), "spotting": ()}.get(self.task, ("questions",))
        for part in self.parts:
            missing = [name for name in needed if getattr(part, name) is None]
            if missing:
                raise ValueError(f"the part {part.dataset} needs {', '.join(missing)}")
        presets = event_presets() if self.task in ("events", "spotting") else answer_presets()
        if self.preset not in presets:
            raise ValueError(f"unknown preset {self.preset!r}; known: {', '.join(presets)}")
        if unknown := [name for name in self.groups if name not in published()]:
            raise ValueError(f"unknown published numbers {', '.join(unknown)}; known: {', '.join(published())}")
        return self


def suite_names() -> list[str]:
    """Return the names of the shipped suites."""
    return sorted(path.stem for path in resource_folder("eval").glob("*.yaml") if path.stem != _PUBLISHED)


def read_suite(name: str) -> Suite:
    """Return a suite.

    Args:
        name: A name of ``suite_names``, or the path of a YAML file.

    Raises:
        InputError: There is no such suite, or its file is wrong.
    """
    if name.endswith((".yaml", ".yml")):
        return read_yaml(Path(name), Suite)
    if name not in suite_names():
        close = difflib.get_close_matches(name, suite_names(), n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise InputError([Problem("--suite", f"there is no suite {name!r}; {hint}Known: {', '.join(suite_names())}")])
    return read_yaml(resource_folder("eval") / f"{name}.yaml", Suite)


def suite_label(name: str) -> str:
    """Return the name of a suite that was named by name or path."""
    return Path(name).stem if name.endswith((".yaml", ".yml")) else name


def plan_suite(suite: Suite, root: Path, *, limit: int | None = None) -> Plan:
    """Read the questions of a suite and find their clips.

    Args:
        suite: A suite of task ``vqa`` or ``lvqa``.
        root: The data root.
        limit: Only the first so many clips of each part.

    Raises:
        InputError: Everything that is missing or wrong, together.
    """
    from mevqa.inference.evaluation import merged, plan

    problems: list[Problem] = []
    plans = []
    for part in suite.parts:
        assert part.questions is not None
        questions = find_file(root, part.questions, problems)
        annotations = find_file(root, part.annotations, problems) if part.annotations else None
        pictures = {name: root / folder for name, folder in part.precomputed.items()}
        if questions is None or (part.annotations and annotations is None):
            continue
        media = root / part.media if part.media is not None else None
        try:
            plans.append(plan([questions], media, annotations=annotations, pictures=pictures, limit=limit))
        except InputError as error:
            problems.extend(error.problems)
    if problems:
        raise InputError(problems)
    return merged(plans)


def references(suite: Suite, root: Path) -> tuple[list[Path], str]:
    """Return the reference files of a suite, and why there are none.

    Args:
        suite: A suite of task ``vqa`` or ``lvqa``.
        root: The data root.

    Returns:
        The files, empty when the question files hold the answers or when not every part has its file.
    """
    parts_with_reference = [part for part in suite.parts if part.reference is not None]
    reference_files = [
        _existing_file(root, part.reference) for part in parts_with_reference if part.reference is not None
    ]
    paths = [path for path in reference_files if path is not None]
    if len(paths) == len(suite.parts):
        return paths, ""
    absent = [part.reference for part, path in zip(parts_with_reference, reference_files, strict=True) if path is None]
    return [], f"not scored: there is no {', no '.join(map(str, absent))} below {root}" if absent else ""


def find_file(root: Path, name: str, problems: list[Problem]) -> Path | None:
    """Return a file of the data root; where it is missing, None and a problem more."""
    path = _existing_file(root, name)
    if path is None:
        problems.append(Problem(root / name, f"is missing; put it there or at {root / Path(name).name}"))
    return path


def run_names(models: Sequence[str]) -> list[str]:
    """Return a folder name for each model, the same whichever models it is run with.

    Raises:
        InputError: A model is named twice, or two have the same folder name.
    """
    names = []
    problems = []
    for model in models:
        parts = [part for part in re.split(r"[/\\]", model) if part not in ("", ".", "..")]
        # A hub name keeps its owner, a folder only its own name.
        name_parts = parts[-1:] if Path(model).exists() else parts[-2:]
        name = re.sub(r"[^\w.+-]+", "_", "--".join(name_parts)) or "model"
        if name in names:
            problems.append(Problem("--model", f"{model} has the same name as another model ({name}); rename a folder"))
        names.append(name)
    if problems:
        raise InputError(problems)
    return names


def _existing_file(root: Path, name: str) -> Path | None:
    return next((path for path in (root / name, root / Path(name).name) if path.is_file()), None)
