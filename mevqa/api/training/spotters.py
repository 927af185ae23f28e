"""Training of spotters by recipes, and leaving subjects out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mevqa.errors import InputError, Problem
from mevqa.scoring.result import ScoreResult
from mevqa.spotting.annotated import Annotated, find_annotated
from mevqa.training import loso as folds_of
from mevqa.training.fold_states import FoldState
from mevqa.training.recipes.spotter import SpotterRecipe
from mevqa.training.splits import Fold, shard
from mevqa.training.spotters.finetune import Show, SpotterTraining, finetune_spotter, measured_videos
from mevqa.training.spotters.loso import (
    finished_tables,
    make_spotter_folds,
    pool_events,
    run_spotter_fold,
    score_pooled,
)


@dataclass(frozen=True, slots=True)
class SpotterLosoResult:
    """Folds of a spotter's leave-one-out evaluation, and what is finished of them.

    Attributes:
        recipe: The recipe.
        annotated: The videos.
        folds: Every fold.
        tables: Events of the finished folds, by name of the fold.
        events: The events of all folds as one table; None until all are finished.
        score: Their score; None until then.
        states: How far each fold is (``loso_folds``); empty before any begins.
    """

    recipe: SpotterRecipe
    annotated: Annotated
    folds: tuple[Fold, ...]
    tables: Mapping[str, Path]
    events: Path | None = None
    score: ScoreResult | None = None
    states: tuple[FoldState, ...] = ()

    @property
    def missing(self) -> list[str]:
        """Names of the folds that are not finished."""
        return [fold.name for fold in self.folds if fold.name not in self.tables]


def train_spotter(recipe: SpotterRecipe, show: Show | None = None) -> SpotterTraining:
    """Train a spotter on all subjects, or go on with an interrupted training of it.

    Args:
        recipe: The recipe; it names annotations, media and output.
        show: Shows how far it is.

    Raises:
        InputError: Everything that is wrong with annotations, media or output.
        ModelError: The training cannot live.
    """
    annotated, out = _inputs(recipe)
    videos = measured_videos(recipe, annotated.videos, out, show or Show())
    return finetune_spotter(recipe, annotated, videos, out, show=show)


def spotter_folds(recipe: SpotterRecipe) -> SpotterLosoResult:
    """Return the folds of a recipe, of which nothing is trained yet.

    Raises:
        InputError: Everything that is wrong with annotations or media; there are too few subjects to divide.
    """
    annotated, _ = _inputs(recipe, output=False)
    return SpotterLosoResult(recipe, annotated, make_spotter_folds(recipe, annotated), {})


def spotter_loso(recipe: SpotterRecipe, part: tuple[int, int] = (0, 1), show: Show | None = None) -> SpotterLosoResult:
    """Train without each subject, spot in its videos, pool all events and score them.

    Args:
        recipe: The recipe.
        part: 0-based number of this process and how many there are; each takes every n-th fold.
        show: Shows how far it is.

    Raises:
        InputError: Everything that is wrong with annotations, media or output.
        ModelError: A training cannot live.
    """
    annotated, out = _inputs(recipe)
    result = SpotterLosoResult(recipe, annotated, make_spotter_folds(recipe, annotated), {})
    folds_of.start(recipe, result.folds, out)
    display = show or Show()
    videos = measured_videos(recipe, annotated.videos, out, display)
    mine = shard(result.folds, *part)
    for number, fold in enumerate(mine, start=1):
        fold_display = _with_label(display, f"fold {number}/{len(mine)} {fold.name}")
        run_spotter_fold(recipe, annotated, videos, fold, out, show=fold_display)
    result = replace(result, tables=finished_tables(result.folds, out))
    if result.missing:
        return result
    events = pool_events(result.tables, out)
    return replace(result, events=events, score=score_pooled(recipe, annotated, events))


def _with_label(show: Show, label: str) -> Show:
    """Return the display with a label before the name of each training."""
    return replace(show, epochs=lambda name: show.epochs(f"{label}, {name}"))


def _inputs(recipe: SpotterRecipe, *, output: bool = True) -> tuple[Annotated, Path]:
    """Return the annotated videos of a recipe, and where its output goes.

    Raises:
        InputError: Everything that is missing, or wrong with annotations and media.
    """
    needed = {
        "annotations": (recipe.annotations, "the label file of the videos: --annotations FILE"),
        "media": (recipe.media, "the folder of the videos: --media DIR"),
        "output": (recipe.output or (None if output else Path()), "where the result goes: --out DIR"),
    }
    missing = [
        Problem(name, f"is not given; name {expected}") for name, (value, expected) in needed.items() if value is None
    ]
    if missing or recipe.annotations is None or recipe.media is None:
        raise InputError(missing)
    return find_annotated(recipe.annotations, recipe.media, recipe.dataset), recipe.output or Path()
