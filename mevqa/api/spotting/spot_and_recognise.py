"""Spot, then recognise (ME-STR): the official table of the micro-expressions of long videos and their emotions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Literal

from mevqa.api.evaluation.arguments import ask_options
from mevqa.api.paths import AnyPath
from mevqa.api.spotting.spot import ShowFrames
from mevqa.datasets import video_name_pattern
from mevqa.errors import InputError, MediaError, Problem, errors_name_parameters
from mevqa.events import KINDS, Kind
from mevqa.files.lock import hold_file
from mevqa.files.system_errors import media_problem
from mevqa.inference.fingerprint import package_versions, view_config_record
from mevqa.inference.loading import Answerer, load_answerer
from mevqa.inference.long_videos.analysis import LongVideoResult, analyse_long_video
from mevqa.inference.long_videos.spot_and_recognise import Naming, Numbers, StrTable, rows_of
from mevqa.inference.runs import file_digest
from mevqa.inference.view_config import ViewOptions
from mevqa.models.base import Model, ModelOptions
from mevqa.questions.prompts import PromptLibrary
from mevqa.signals import finished_first
from mevqa.spotting.video import find_videos, video_names
from mevqa.types import Clip


@errors_name_parameters
def spot_and_recognise(
    path: AnyPath,
    out: AnyPath,
    model: str | Model = "nano",
    *,
    dataset: str = "unknown",
    fps: float | None = None,
    kinds: str | Sequence[str] = "micro",
    emotion: Literal["coarse", "fine"] = "coarse",
    names: str | None = None,
    numbers: Numbers = "names",
    views: ViewOptions | str | Sequence[str] | None = None,
    prompts: PromptLibrary | AnyPath | None = None,
    variant: str | None = None,
    consistency: bool = True,
    options: ModelOptions | None = None,
    progress: ShowFrames = lambda name: nullcontext(lambda done, total: None),
    on_video: Callable[[LongVideoResult], None] = lambda result: None,
    on_note: Callable[[str], None] = lambda note: None,
) -> list[LongVideoResult]:
    """Find the expressions of long videos and name the emotion of each; called again, go on.

    Args:
        path: A video, a folder of frames, or a folder of several of either.
        out: The official table (subject, video, onset, offset, emotion), written after every video.
        model: Who is asked about each event; as for ``evaluate``.
        dataset: Whose classes are the options, and whose rule tells micro from macro.
        fps: Frames per second; None: as each video says.
        kinds: Kinds that are written, as a list or in one text with commas between them.
        emotion: Classes that are written.
        names: Regular expression whose groups ``subject`` and ``video`` split a video's name; None: as in the data set.
        numbers: Frames of a folder by the ``names`` of its files, or by ``index`` from 0.
        views: What the model sees of an event: names of views in order, or all choices; None: as the model prefers.
        prompts: Folder of prompt files that replace the shipped ones; None: those that the model was fine-tuned with.
        variant: Prompt variant; None: as the model prefers.
        consistency: Kept with the settings; the answers about an event are always decided together.
        options: How the model is loaded and asked.
        progress: Given the name of a video, shows how far it is read.
        on_video: Called with each video's events once they are written.
        on_note: Called at the end with how many videos and rows there are, also where some could not be read.

    Returns:
        The videos that were not in the table yet.

    Raises:
        InputError: Options that are wrong; videos that cannot be read or recognised, all together, once the others are
            written; the table was begun with other settings, or another process writes it.
        ModelError: The model cannot be loaded.
    """
    chosen = _kinds(kinds)
    naming = _naming(names or video_name_pattern(dataset), numbers, emotion)
    paths = _videos(Path(path))
    results: list[LongVideoResult] = []
    problems: list[Problem] = []
    rows = 0
    with hold_file(Path(out)):
        answerer = load_answerer(ask_options(model, views, prompts, variant, options, consistency=consistency))
        table = StrTable(Path(out), _fingerprint(answerer, naming, chosen, dataset, fps))
        for video in paths:
            clip = Clip(video.stem if video.is_file() else video.name, dataset, media=video, fps=fps)
            try:
                recognised = _recognise(clip, video, answerer, table, naming, chosen, progress)
            except (MediaError, OSError) as error:
                problems.append(media_problem(error, video))
                continue
            except InputError as error:
                problems += error.problems
                continue
            if recognised is not None:
                result, count = recognised
                rows += count
                results.append(result)
                on_video(result)
    on_note(f"{len(paths) - len(problems)} of {len(paths)} videos, {rows} new rows -> {out}")
    if problems:
        raise InputError(problems)
    return results


def _kinds(kinds: str | Sequence[str]) -> list[Kind]:
    listed = kinds.split(",") if isinstance(kinds, str) else kinds
    names = [name.strip() for name in listed if name.strip()]
    chosen = [kind for kind in KINDS if kind in names]
    if not chosen or len(chosen) != len(set(names)):
        raise InputError([Problem("--kinds", f"{kinds!r} is not micro, macro or micro,macro")])
    return chosen


def _naming(names: str, numbers: Numbers, emotion: Literal["coarse", "fine"]) -> Naming:
    try:
        return Naming(names, numbers, emotion)
    except ValueError as error:
        raise InputError([Problem("--names", str(error))]) from error


def _videos(path: Path) -> list[Path]:
    """Return the videos of a folder; two of one name would share their rows and are refused."""
    paths = find_videos(path)
    doubled = [video for video, name in video_names(paths).items() if video.is_file() and name != video.stem]
    if doubled:
        raise InputError(
            [Problem(video, "has the name of another video in the table; rename one") for video in doubled]
        )
    return paths


def _fingerprint(
    answerer: Answerer, naming: Naming, kinds: Sequence[Kind], dataset: str, fps: float | None
) -> dict[str, Any]:
    """Return everything that decides the rows of the table."""
    return {
        "kinds": kinds,
        "emotion": naming.emotion,
        "names": naming.names,
        "numbers": naming.numbers,
        "dataset": dataset,
        "fps": fps,
        "model": {"name": answerer.model.name, "revision": answerer.model.revision},
        "prompts": answerer.prompts.digest,
        "looking": view_config_record(answerer.view_config),
        "settings": dict(answerer.settings),
        "packages": package_versions(),
    }


def _recognise(
    clip: Clip,
    video: Path,
    answerer: Answerer,
    table: StrTable,
    naming: Naming,
    kinds: Sequence[Kind],
    progress: ShowFrames,
) -> tuple[LongVideoResult, int] | None:
    """Find the expressions of a video, name their emotions and write its rows; a request to terminate waits for it.

    Returns:
        What was found, and the number of rows; None for a video that is in the table.

    Raises:
        InputError: An event has no emotion, because the model failed.
        MediaError: The video cannot be read.
    """
    media = file_digest(video)
    if table.has(clip.id, media):
        return None
    with finished_first(), progress(video.name) as show_frames:
        result = analyse_long_video(
            clip, "hybrid", answerer.model, answerer.prompts, answerer.view_config, progress=show_frames
        )
        rows = rows_of(video, result, naming, kinds)
        table.put(clip.id, media, rows)
    return result, len(rows)
