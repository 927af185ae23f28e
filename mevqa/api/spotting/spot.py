"""Spotting of expressions in videos, and the fit of what scores them to annotated videos."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, closing, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

from PIL import Image

from mevqa.api.paths import AnyPath, optional_path
from mevqa.engines import ENGINE_NAMES, Engine, Lost, find_engine
from mevqa.errors import InputError, MediaError, Problem, errors_name_parameters
from mevqa.events import KINDS, Rule
from mevqa.files.lock import hold_file
from mevqa.files.remote import AnyFile, is_remote, local_copy
from mevqa.files.system_errors import media_problem
from mevqa.files.whole import make_folder
from mevqa.reporting.charts.spotted import write_plot
from mevqa.signals import finished_first
from mevqa.spotting.annotated import find_annotated
from mevqa.spotting.base import DEFAULT_SPOTTER, Fitted, Progress, ShowFrames, SpotOptions, SpotterFit, Spotting
from mevqa.spotting.files import write_csv, write_json
from mevqa.spotting.registry import find_spotter, spot_options
from mevqa.spotting.video import File, find_media, spot_video, video_names
from mevqa.video.opencv_threads import without_opencv_threads


@errors_name_parameters
def spot(
    video: AnyPath,
    *,
    fps: float | None = None,
    kinds: str | Sequence[str] = KINDS,
    rule: Rule = "half-second",
    threshold: float | None = None,
    calibrator: Fitted | AnyPath | None = None,
    spotter: str | None = None,
    features: AnyPath | None = None,
    weights: AnyPath | None = None,
    progress: Progress | None = None,
) -> Spotting:
    """Find the micro- and macro-expressions of one video; the default spotter needs no labels and no training.

    Args:
        video: Video file or folder of frames.
        fps: Frames per second; None: as the video says.
        kinds: Kinds to return.
        rule: How micro- and macro-expressions are told apart.
        threshold: Least strength, in the spotter's own units; None: its default (``motion``: 4 times the video's own
            noise, or where the calibrator begins).
        calibrator: What the spotter learned, or its file (``fit_spotter``). That of ``motion`` scores events and drops
            those below its probability.
        spotter: Name of the spotter (``register_spotter``); None: that of the weights, or the default one.
        features: Folder of the cache of motion records (``measure_features``); None: ``MEVQA_FEATURES`` of the
            environment, or none.
        weights: Folder of a trained spotter (``finetune`` with a recipe of a spotter).
        progress: Called now and then with frames done and frames in all.

    Raises:
        InputError: A kind or the threshold makes no sense, there is no such spotter, or its file cannot be read.
        MediaError: The video cannot be read.
    """
    options = spot_options(kinds, rule, threshold, calibrator, spotter, features, weights)
    return spot_video(Path(video), fps=fps, options=options, progress=progress)


@errors_name_parameters
def spot_folder(
    path: AnyPath,
    *,
    fps: float | None = None,
    options: SpotOptions | None = None,
    workers: int = 1,
    engine: str = ENGINE_NAMES[0],
    csv: AnyPath | None = None,
    json: AnyPath | None = None,
    plot: AnyPath | None = None,
    progress: ShowFrames = lambda name: nullcontext(lambda done, total: None),
    on_video: Callable[[Spotting], None] = lambda spotted: None,
) -> list[Spotting]:
    """Find the expressions of every video that a path stands for; files are written after each of them.

    Args:
        path: A video, a folder of frames, or a folder of several of either; or the URL of a video or of a folder of
            videos that fsspec reads (``s3://``, ``gs://``, ``hf://``).
        fps: Frames per second; None: as each video says.
        options: What is looked for.
        workers: Processes that spot; what is found does not depend on their number.
        engine: Where they are: ``local`` or ``ray``, as for ``measure_features``.
        csv: File of the events, as ``mevqa.score`` reads them.
        json: File of events, evidence by region and curves.
        plot: Picture of the timeline; a folder for several videos.
        progress: Given the name of a video, shows how far it is read; with one worker.
        on_video: Called with what was found in each video, in the order in which they are done.

    Raises:
        InputError: Videos that cannot be read, all together, once the others are written; a file cannot be written.
        MediaError: There is no such file or folder.
    """
    outputs = [optional_path(out) for out in (csv, json, plot)]
    videos = find_media(str(path) if is_remote(path) else Path(path))
    spotting = None if workers == 1 and engine == ENGINE_NAMES[0] else find_engine(engine, workers)
    with ExitStack() as locks:
        for out in filter(None, outputs):
            locks.enter_context(hold_file(out))
        plots = plot_files(outputs[2], videos)
        names = video_names(videos)
        spottings: dict[AnyFile, Spotting] = {}
        problems: dict[AnyFile, Problem] = {}
        results = locks.enter_context(closing(_spot_each(videos, fps, options, spotting, progress)))
        for _ in videos:
            # Written after every video, so that an interruption loses one at most; termination waits for that.
            with finished_first():
                video, result = next(results)
                if isinstance(result, Problem):
                    problems[video] = result
                    continue
                spottings[video] = replace(result, video=names[video])
                on_video(spottings[video])
                if video in plots:
                    write_plot(plots[video], spottings[video])
                spotted = [spottings[file] for file in videos if file in spottings]
                if outputs[0] is not None:
                    write_csv(outputs[0], spotted)
                if outputs[1] is not None:
                    write_json(outputs[1], spotted)
    if problems:
        raise InputError([problems[video] for video in videos if video in problems])
    return [spottings[video] for video in videos]


def _spot_each(
    videos: Sequence[AnyFile],
    fps: float | None,
    options: SpotOptions | None,
    engine: Engine | None,
    progress: ShowFrames,
) -> Generator[tuple[AnyFile, Spotting | Problem], None, None]:
    """Yield each video with its events, or why it cannot be read, in the order in which they are done."""
    if engine is None:
        for video in videos:
            with progress(video.name) as show_frames:
                result = _spot_one(video, fps, options, show_frames)
            yield video, result
        return
    with (
        without_opencv_threads(),
        closing(engine.map(partial(_spot_one, fps=fps, options=options), videos)) as outcomes,
    ):
        for index, outcome in outcomes:
            video = videos[index]
            yield video, Problem(str(video), outcome.reason) if isinstance(outcome, Lost) else outcome


def _spot_one(
    video: AnyFile, fps: float | None, options: SpotOptions | None, progress: Progress | None = None
) -> Spotting | Problem:
    """Spot in a video, fetched where it lies elsewhere, or return why it cannot be read."""
    try:
        with local_copy(video) as path:
            return spot_video(path, fps=fps, options=options, progress=progress)
    except (MediaError, OSError) as error:
        problem = media_problem(error, Path(str(video)))
        return problem if isinstance(video, Path) else Problem(str(video), problem.message)


def plot_files(where: Path | None, videos: Sequence[File]) -> dict[File, Path]:
    """Return the file of each video's timeline.

    Args:
        where: A picture for one video, or a folder; None for no timelines.
        videos: The videos.

    Raises:
        InputError: The folder cannot be made, or one picture is named for several videos.
    """
    if where is None:
        return {}
    if where.suffix.lower() in (".svg", *Image.registered_extensions()) and not where.is_dir():
        if len(videos) > 1:
            several = f"{where} is one picture, there are {len(videos)} videos: name a folder"
            raise InputError([Problem("--plot", several)])
        return {videos[0]: where}
    make_folder(where)
    return {path: where / f"{name}.png" for path, name in video_names(videos).items()}


@errors_name_parameters
def fit_spotter(
    annotations: AnyPath,
    media: AnyPath,
    out: AnyPath,
    *,
    dataset: str | None = None,
    rule: Rule = "half-second",
    spotter: str = DEFAULT_SPOTTER,
    features: AnyPath | None = None,
    progress: ShowFrames = lambda name: nullcontext(lambda done, total: None),
    on_note: Callable[[str], None] = lambda note: None,
) -> SpotterFit:
    """Fit a spotter to annotated long videos, and judge it on subjects that are held out.

    Args:
        annotations: CSV of several events a video, or a data set's label file of long videos.
        media: Folder of the videos.
        out: What is learned (``motion``: a calibrator, JSON); what is computed of each video is kept in ``OUT.parts``,
            so that an interrupted call goes on.
        dataset: Whose label file it is, when its header does not tell.
        rule: How micro- and macro-expressions are told apart.
        spotter: Name of the spotter.
        features: As for ``spot``.
        progress: Given the name of a video, shows how far it is read.
        on_note: Called with what is not used of the annotations, one sentence each.

    Raises:
        InputError: Annotations, media or the output are at fault, or there is nothing to fit to.
    """
    if find_spotter(spotter).has_weights:
        message = f"the spotter {spotter} has a network: mevqa finetune trains it, by a recipe of finetune/spotting"
        raise InputError([Problem("--fit", message)])
    path, target = Path(annotations), Path(out)
    annotated = find_annotated(path, Path(media), dataset)
    for note in annotated.notes:
        on_note(note)
    with hold_file(target):
        options = spot_options(rule=rule, spotter=spotter, features=features)
        fitted = find_spotter(spotter).fit(annotated, options, Path(f"{target}.parts"), progress)
        fitted.calibrator.save(target)
    return fitted
