"""Leave subjects out: train a spotter without them, spot in their videos, pool all events and score them once.

A fold's folder holds its weights and the events of its videos. Nothing is chosen on the held-out subjects: lengths,
classes, thresholds and the spread of channels come from the fold's training side, and what was trained on is read back
from the weights' own record before a held-out video is looked at.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mevqa.data.events.write import CLASS_COLUMNS, SPOTTED_COLUMNS
from mevqa.errors import InputError, Problem
from mevqa.files.inputs import read_file
from mevqa.files.lock import hold_folder
from mevqa.files.tables.csv_cells import csv_text
from mevqa.files.whole import write_whole
from mevqa.scoring.events.score import score_events
from mevqa.scoring.result import ScoreResult
from mevqa.spotting.annotated import Annotated
from mevqa.spotting.base import SpotOptions
from mevqa.spotting.files import write_csv
from mevqa.spotting.learning.types import TrainingVideo
from mevqa.spotting.learning.weights import SpotterWeights
from mevqa.spotting.video import spot_video
from mevqa.training.adapters.artifact import read_manifest
from mevqa.training.recipes.spotter import SpotterRecipe
from mevqa.training.splits import Fold, assert_disjoint, k_folds, leave_one_subject_out
from mevqa.training.spotters.finetune import Show, features_folder, finetune_spotter
from mevqa.types import Clip

_FOLDS, _WEIGHTS, EVENTS = "folds", "weights", "events.csv"


def clips_of(annotated: Annotated) -> dict[str, Clip]:
    """Return the videos as clips, by id, for folds and the leak guard."""
    dataset = annotated.dataset or "unknown"
    return {video.id: Clip(video.id, dataset, video.subject, video.path, video.fps) for video in annotated.videos}


def make_spotter_folds(recipe: SpotterRecipe, annotated: Annotated) -> tuple[Fold, ...]:
    """Divide the videos as the recipe says.

    Raises:
        InputError: There are too few subjects to divide.
    """
    clips = clips_of(annotated)
    if recipe.folds.by == "subject":
        return leave_one_subject_out(clips)
    return k_folds(clips, recipe.folds.k, recipe.seed)


def run_spotter_fold(
    recipe: SpotterRecipe,
    annotated: Annotated,
    videos: Sequence[TrainingVideo],
    fold: Fold,
    out: Path,
    *,
    show: Show | None = None,
) -> Path:
    """Train without the fold's subjects and spot in their videos; what is done already is not done again.

    Args:
        recipe: The recipe.
        annotated: All videos.
        videos: The same, measured.
        fold: Who is held out.
        out: The folder of all folds.
        show: Shows how far it is.

    Returns:
        The table of the events of the held-out videos.

    Raises:
        LeakError: A held-out person was trained on.
        InputError: The fold's folder holds another training, or another process writes it.
        ModelError: The training cannot live.
    """
    folder = out / _FOLDS / fold.name
    clips = clips_of(annotated)
    with hold_folder(folder):
        assert_disjoint(fold.train, fold.test, clips)
        training = [video for video in videos if video.id in set(fold.train)]
        trained = finetune_spotter(recipe, annotated, training, folder / _WEIGHTS, show=show)
        learned_from = read_manifest(folder / _WEIGHTS)["decides"]["media"]
        assert_disjoint(list(learned_from), fold.test, clips)
        if not (folder / EVENTS).is_file():
            _spot(recipe, annotated, trained.weights, fold, folder / EVENTS, features_folder(recipe, out))
    return folder / EVENTS


def _spot(
    recipe: SpotterRecipe, annotated: Annotated, weights: SpotterWeights, fold: Fold, table: Path, features: Path
) -> None:
    """Write the events of the held-out videos."""
    options = SpotOptions(recipe.kinds, recipe.rule, calibrator=weights, spotter=recipe.spotter, features=features)
    held_out = [video for video in annotated.videos if video.id in set(fold.test)]
    write_csv(
        table,
        [replace(spot_video(video.path, fps=video.fps, options=options), video=video.id) for video in held_out],
    )


def finished_tables(folds: Sequence[Fold], out: Path) -> dict[str, Path]:
    """Return the tables of events of the folds that are finished, by name."""
    tables = {fold.name: out / _FOLDS / fold.name / EVENTS for fold in folds}
    return {name: table for name, table in tables.items() if table.is_file()}


def pool_events(tables: Mapping[str, Path], out: Path) -> Path:
    """Put the events of all folds into one table and return it.

    Raises:
        InputError: A table is damaged, or the pooled one cannot be written.
    """
    columns = (*SPOTTED_COLUMNS, *CLASS_COLUMNS)
    rows: list[Sequence[str]] = [columns]
    for table in tables.values():
        problem = Problem(table, "is not the table of events of a fold; remove it, it is made anew", 1)
        try:
            text = read_file(table).decode("utf-8")
        except UnicodeDecodeError as error:
            raise InputError([problem]) from error
        header, *table_rows = list(csv.reader(io.StringIO(text))) or [[]]
        if tuple(header) not in (columns, SPOTTED_COLUMNS):
            raise InputError([problem])
        rows += [row + [""] * (len(columns) - len(row)) for row in table_rows]
    write_whole(out / EVENTS, csv_text(rows))
    return out / EVENTS


def score_pooled(recipe: SpotterRecipe, annotated: Annotated, table: Path) -> ScoreResult:
    """Score the events of all folds against the annotations (preset ``strict``), only of the kinds that are learned.

    Raises:
        InputError: A file is at fault.
    """
    changes = (f"evaluate={recipe.kinds[0]}",) if len(recipe.kinds) == 1 else ()
    return score_events(table, annotated.source, changes=changes)
