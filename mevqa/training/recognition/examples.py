"""Training examples of a recogniser: each clip measured as it is and mirrored, and moments of rest beside it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mevqa.data.persons import person
from mevqa.errors import InputError, MediaError, Problem
from mevqa.events import Event
from mevqa.facs import coarse_of
from mevqa.files.inputs import read_file
from mevqa.files.whole import make_folder, write_whole
from mevqa.inference.drawing.cache import chosen_cache, drawn_with
from mevqa.inference.evaluation import Plan, check_views
from mevqa.inference.fingerprint import media_digests
from mevqa.inference.view_config import ViewConfig
from mevqa.models.base import Preferences
from mevqa.questions.prompts import PromptLibrary
from mevqa.recognition.base import NONE, Example, Level, Recogniser
from mevqa.terminal.verbosity import show
from mevqa.training.examples.clips import TrainingClip, of_clips, training_clips
from mevqa.training.examples.mirror import mirror_views
from mevqa.training.recipes.recogniser import RecogniserRecipe

if TYPE_CHECKING:
    from mevqa.types import Clip
    from mevqa.video.views.render import ClipViews

#: A moment of rest lasts as long as a short micro-expression at least and a usual one at most, ms.
_LEAST_REST_MS, _MOST_REST_MS = 80.0, 400.0
#: Seconds between two lines that say how far the measuring is.
_REPORT_S = 10.0


@dataclass(frozen=True, slots=True)
class MeasuredClip:
    """A clip as a recogniser measures it.

    Attributes:
        expression: Its expression, with classes.
        rest: A moment of rest in it; None where it has none, or none was asked for.
    """

    expression: Example
    rest: Example | None = None


def recogniser_view_config(recipe: RecogniserRecipe) -> ViewConfig:
    """Return the view configuration of a recipe's clips."""
    return ViewConfig.preferred(recogniser_preferences(recipe.make(), none=recipe.none), face=recipe.face)


def recogniser_preferences(recogniser: Recogniser, *, none: bool) -> Preferences:
    """Return the preferences of a recogniser: views, sampler and frames."""
    look = recogniser.look
    return Preferences(views=look.views, sampler=look.sampler, frames=look.frames, sees_rest=none)


def labelled(recipe: RecogniserRecipe, work: Plan) -> Plan:
    """Return the clips whose class is known, with the questions for it.

    Raises:
        InputError: An answer is not valid for its question; no clip has a class.
    """
    clips = [clip for clip in training_clips(work, PromptLibrary.load()) if clip_labels(recipe, clip)]
    if not clips:
        names = ", ".join(str(file.path) for file in work.files)
        message = f"tells no {' and no '.join(recipe.levels)} class of any clip; nothing can be learned"
        raise InputError([Problem(names, message)])
    labelled_plan = of_clips(work, [clip.clip.id for clip in clips])
    class_questions = {clip.clip.id: tuple(q for q in clip.questions if q.type in recipe.levels) for clip in clips}
    return replace(labelled_plan, questions={name: class_questions[name] for name in labelled_plan.questions})


def clip_labels(recipe: RecogniserRecipe, clip: TrainingClip) -> dict[Level, str]:
    """Return the class of a clip at each level that the recipe learns; a fine class implies the coarse one."""
    labels: dict[Level, str] = {}
    for level in recipe.levels:
        name = clip.label(level)
        if name is None and level == "coarse" and (fine := clip.label("fine")) is not None:
            name = coarse_of(fine)
        if name is not None:
            labels[level] = name
    return labels


def measure_clips(recipe: RecogniserRecipe, work: Plan, cache_folder: Path, label: str = "") -> dict[str, MeasuredClip]:
    """Measure every clip, each independently of the others.

    Args:
        recipe: The recipe.
        work: What ``labelled`` returned.
        cache_folder: Folder in which measured clips are kept, so that they are read once for all folds.
        label: What the progress calls it.

    Raises:
        InputError: Every clip that cannot be read.
    """
    recogniser, view_config = recipe.make(), recogniser_view_config(recipe)
    check_views(work, view_config)
    make_folder(cache_folder)
    digests = media_digests(work)
    measured: dict[str, MeasuredClip] = {}
    problems: list[Problem] = []
    reported = time.monotonic()
    for number, (clip_id, clip) in enumerate(work.clips.items(), start=1):
        name = f"{digests[clip_id]}\n{clip.id}\n{clip.annotation}".encode()
        file = cache_folder / f"{blake2b(name, digest_size=16).hexdigest()}.safetensors"
        try:
            arrays = _read(file)
            if arrays is None:
                arrays = _measure(recogniser, view_config, clip, recipe)
                _write(file, arrays)
        except MediaError as error:
            problems.append(Problem(error.path, error.reason))
            continue
        except InputError as error:
            problems += error.problems
            continue
        labels = clip_labels(recipe, TrainingClip(clip, work.questions[clip_id]))
        measured[clip_id] = _measured_clip(arrays, labels, " ".join(person(clip)), recipe)
        if time.monotonic() - reported > _REPORT_S:
            reported = time.monotonic()
            show(f"{label or recipe.recogniser}: {number} of {len(work.clips)} clips measured")
    if problems:
        raise InputError(problems)
    return measured


def _measure(
    recogniser: Recogniser, view_config: ViewConfig, clip: Clip, recipe: RecogniserRecipe
) -> dict[str, np.ndarray]:
    """Return the features of a clip's expression and rest, plain and mirrored."""
    drawn_by = drawn_with(view_config, chosen_cache(None))
    clip_views = drawn_by.render(clip, long_video=False)
    arrays = {
        "expression": recogniser.measure(clip_views.views),
        "expression.mirrored": recogniser.measure(mirror_views(clip_views.views)),
    }
    rest = _rest_of(clip_views) if recipe.none else None
    if rest is not None:
        views = drawn_by.render(replace(clip, annotation=rest), long_video=False).views
        arrays |= {"rest": recogniser.measure(views), "rest.mirrored": recogniser.measure(mirror_views(views))}
    # Sums over an array are rounded by its order in memory, which must not tell whether it was kept before.
    return {name: np.ascontiguousarray(value) for name, value in arrays.items()}


def _rest_of(clip_views: ClipViews) -> Event | None:
    """Return the longer of the moments before the onset and after the offset; None when both are too short."""
    if clip_views.times_ms is None or clip_views.onset is None or clip_views.offset is None:
        return None
    times = clip_views.times_ms
    spans = [(0, clip_views.onset), (clip_views.offset, len(times) - 1)]
    first, last = max(spans, key=lambda span: times[span[1]] - times[span[0]])
    if last - first < 2 or times[last] - times[first] < _LEAST_REST_MS:
        return None
    # Next to the expression its slow beginning or end may still be going on: the far end of the span is taken.
    inside = np.flatnonzero(np.abs(times - times[first if first == 0 else last]) <= _MOST_REST_MS)
    first, last = max(first, int(inside[0])), min(last, int(inside[-1]))
    return Event(first, (first + last) // 2, last)


def _measured_clip(
    arrays: dict[str, np.ndarray], labels: dict[Level, str], who: str, recipe: RecogniserRecipe
) -> MeasuredClip:
    expression = Example(arrays["expression"], arrays["expression.mirrored"], labels, who)
    if not recipe.none or "rest" not in arrays:
        return MeasuredClip(expression)
    at_rest = dict.fromkeys(recipe.levels, NONE)
    return MeasuredClip(expression, Example(arrays["rest"], arrays["rest.mirrored"], at_rest, who))


def _read(file: Path) -> dict[str, np.ndarray] | None:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return load(read_file(file))
    except (OSError, SafetensorError):
        return None


def _write(file: Path, arrays: dict[str, np.ndarray]) -> None:
    from safetensors.numpy import save

    write_whole(file, save(arrays))


def all_examples(measured: Sequence[MeasuredClip]) -> list[Example]:
    """Return the expressions and, behind them, the moments of rest."""
    return [clip.expression for clip in measured] + [clip.rest for clip in measured if clip.rest is not None]
