"""Subjects that weights were trained on, read from the record of their training, and a guard against testing on them.

An adapter that is trained further has seen the subjects of every training before: the record of each training holds
those of the weights that it began with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mevqa.data.persons import Person, is_known, person
from mevqa.errors import InputError, Problem
from mevqa.files.json_file import read_json_object
from mevqa.models.transformers.adapters.load import adapter_folder
from mevqa.recognition.folder import RECORD as RECOGNISER_RECORD
from mevqa.recognition.folder import read_record
from mevqa.recognition.registry import recogniser_names
from mevqa.safe_text import shared_name
from mevqa.spotting.weights_folder import trained_videos
from mevqa.training.recipes.recipe import UNTRAINED_NANO, Recipe
from mevqa.training.splits import LeakError, subject_spelling
from mevqa.types import Clip

#: Name of the record of a training in its folder.
RECORD = "training.json"
#: Subjects that a message names before it counts the rest.
_NAMED = 8


@dataclass(frozen=True)
class TrainedSubjects:
    """Subjects and clips that weights were trained on.

    Attributes:
        spellings: The subjects, with the spelling of each in its data set.
        clips: Ids of the clips whose subject is unknown, by data set.
        complete: Whether the record of every training is known.
        only_ids: Ids of clips of which nothing else is known: a record of an earlier release.
    """

    spellings: Mapping[Person, str] = field(default_factory=dict)
    clips: Mapping[str, frozenset[str]] = field(default_factory=dict)
    complete: bool = True
    only_ids: frozenset[str] = frozenset()

    def __or__(self, other: TrainedSubjects) -> TrainedSubjects:
        """Return those of two trainings."""
        clips = {
            name: self.clips.get(name, frozenset()) | other.clips.get(name, frozenset())
            for name in {*self.clips, *other.clips}
        }
        complete = self.complete and other.complete
        return TrainedSubjects({**self.spellings, **other.spellings}, clips, complete, self.only_ids | other.only_ids)

    def shows(self, clip: Clip) -> bool:
        """Return whether a clip, or its subject in another clip, was trained on."""
        who = person(clip)
        return who in self.spellings or clip.id in self.clips.get(who[0], ()) or clip.id in self.only_ids

    def of_datasets(self) -> set[str]:
        """Return the data sets of the clips that were trained on."""
        return {dataset for dataset, _ in self.spellings} | {name for name, clips in self.clips.items() if clips}

    def as_record(self) -> dict[str, Any]:
        """Return plain values, for the record of a training."""
        datasets: dict[str, dict[str, list[str]]] = {}
        for (dataset, _), spelling in sorted(self.spellings.items()):
            datasets.setdefault(dataset, {"subjects": [], "clips": []})["subjects"].append(spelling)
        for dataset, clips in sorted(self.clips.items()):
            datasets.setdefault(dataset, {"subjects": [], "clips": []})["clips"] = sorted(clips)
        return {"datasets": datasets, "complete": self.complete, "clips": sorted(self.only_ids)}


def subjects_of(clips: Iterable[Clip]) -> TrainedSubjects:
    """Return the subjects that clips show."""
    spellings: dict[Person, str] = {}
    unknown: dict[str, set[str]] = {}
    for clip in clips:
        who = person(clip)
        if is_known(clip):
            spellings.setdefault(who, subject_spelling(clip))
        else:
            unknown.setdefault(who[0], set()).add(clip.id)
    return TrainedSubjects(spellings, {name: frozenset(ids) for name, ids in unknown.items()})


def start_subjects(recipe: Recipe) -> TrainedSubjects:
    """Return the subjects that the weights which a recipe begins with were trained on.

    A base model of others counts as one that saw none of them: nobody knows better.

    Raises:
        InputError: The record of a training cannot be read.
        ModelError: There is no such adapter.
    """
    subjects = _of_model(recipe.model)
    if recipe.adapter is not None:
        subjects |= recorded_subjects(adapter_folder(recipe.adapter))
    return subjects


def _of_model(model: str) -> TrainedSubjects:
    """Return the subjects of a whole model of ours; others, and the embedded one, count as trained on nobody."""
    folder = Path(model).expanduser()
    is_ours = model not in ("nano", UNTRAINED_NANO) and (folder / RECORD).is_file()
    return recorded_subjects(folder) if is_ours else TrainedSubjects()


def clips_trained_on(
    model: str, adapter: str | None, clips: Iterable[Clip], *, spotter: Path | str | None = None
) -> list[str]:
    """Return the ids of clips whose subject a model, or the spotter beside it, was trained on, by their records.

    Args:
        model: As for ``load_model``: a folder of a whole model, or a recogniser as ``mean:DIR``; of others nothing is
            known.
        adapter: Folder of its adapter, if any; one on the hub tells nothing.
        clips: The clips.
        spotter: Folder of a spotter's weights, which names the videos that it was trained on.

    Raises:
        InputError: The record of a training cannot be read.
    """
    subjects = _of_model(model)
    if adapter is not None and (path := Path(adapter).expanduser()).is_dir():
        subjects |= recorded_subjects(path)
    fitted: frozenset[str] = frozenset()
    kind, _, folder = model.partition(":")
    if kind in recogniser_names() and (path := Path(folder).expanduser() / RECOGNISER_RECORD).is_file():
        fitted = frozenset(read_record(path).fitted_on.subjects)
    videos = trained_videos(Path(spotter).expanduser()) if spotter is not None else frozenset()
    return [clip.id for clip in clips if subjects.shows(clip) or " ".join(person(clip)) in fitted or clip.id in videos]


def recorded_subjects(folder: Path) -> TrainedSubjects:
    """Return the subjects that an adapter or a whole model was trained on, by the record in its folder.

    Args:
        folder: Folder of the adapter or model. One without a record, or with one of an earlier release, is not
            ``complete``.

    Raises:
        InputError: The record cannot be read, or is something else.
    """
    path = folder / RECORD
    if not path.is_file():
        return TrainedSubjects(complete=False)
    content = read_json_object(path)
    try:
        record = content.get("subjects")
        if record is None:
            media = content["decides"].get("media") or {}
            return TrainedSubjects(complete=not media, only_ids=frozenset(map(str, media)))
        clips = {
            name: [Clip(f"{name} {subject}", name, str(subject)) for subject in entry["subjects"]]
            for name, entry in record["datasets"].items()
        }
        known_subjects = subjects_of(clip for dataset_clips in clips.values() for clip in dataset_clips)
        unknown_clips = {
            name: frozenset(map(str, entry["clips"])) for name, entry in record["datasets"].items() if entry["clips"]
        }
        return TrainedSubjects(
            known_subjects.spellings, unknown_clips, bool(record["complete"]), frozenset(record["clips"])
        )
    except (KeyError, TypeError, AttributeError) as error:
        message = f"does not tell which subjects were trained on ({type(error).__name__}: {error})"
        raise InputError([Problem(path, message)]) from error


def refuse_trained_subjects(
    recipe: Recipe, seen: TrainedSubjects, test: Iterable[Clip], *, whole_datasets: bool = False
) -> None:
    """Refuse to test on subjects that a recipe's adapter, or its model, was trained on.

    Args:
        recipe: The recipe.
        seen: What ``start_subjects`` returned.
        test: The clips to test on.
        whole_datasets: Whether whole data sets are held out: nobody of them may have been trained on, known or not.

    Raises:
        InputError: It is not known who was trained on.
        LeakError: A subject or clip to test on was trained on.
    """
    tested = list(test)
    start = _start_name(recipe)
    leaks = [clip for clip in tested if seen.shows(clip)]
    if whole_datasets:
        leaks += [clip for clip in tested if person(clip)[0] in seen.of_datasets()]
    # A clip whose subject is unknown may show anybody of its data set.
    leaks += [clip for clip in tested if seen.clips.get(person(clip)[0])]
    if leaks:
        names = sorted({f"{subject_spelling(clip)} of {person(clip)[0]}" for clip in leaks})
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        raise LeakError(
            f"{start} was trained on subjects to test on, or may have been: {', '.join(names[:_NAMED])}{more}; hold "
            "out others (folds.of=DATASET), or begin with weights that were not trained on them"
        )
    if not seen.complete:
        message = f"{start} does not tell which subjects it was trained on, so that they may be tested on"
        raise InputError([Problem("adapter", f"{message}; begin with one that mevqa finetune made, or leave it out")])


def _start_name(recipe: Recipe) -> str:
    """Return the name of the adapter or model that a recipe's training begins with, for messages."""
    if recipe.adapter is not None:
        return f"the adapter {shared_name(recipe.adapter)}"
    return f"the model {shared_name(recipe.model)}"
