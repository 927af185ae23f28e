"""The motion of faces in videos, measured once for every spotter, and exported for other people's code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, nullcontext
from pathlib import Path

from mevqa.api.paths import AnyPath, media_list, optional_path
from mevqa.engines import ENGINE_NAMES, find_engine
from mevqa.errors import InputError, MediaError, Problem, errors_name_parameters
from mevqa.files.remote import is_remote
from mevqa.files.whole import make_folder
from mevqa.spotting.annotated import find_annotated
from mevqa.spotting.base import ShowFrames
from mevqa.spotting.features.cache import read_record
from mevqa.spotting.features.export import ExportFormat, export_record, export_series
from mevqa.spotting.features.filling import MeasuredVideo, ToMeasure, fill
from mevqa.spotting.features.folder import named_cache, user_cache
from mevqa.spotting.features.views import channel_layouts, channel_names, regional_channels
from mevqa.spotting.video import find_media, video_names

#: What is exported where no channels are named: the record as it is stored.
RECORD = "record"


@errors_name_parameters
def measure_features(
    media: AnyPath | Sequence[AnyPath],
    *,
    features: AnyPath | None = None,
    annotations: AnyPath | None = None,
    dataset: str | None = None,
    fps: float | None = None,
    workers: int = 1,
    engine: str = ENGINE_NAMES[0],
    export: AnyPath | None = None,
    format: ExportFormat = "npz",
    channels: str = RECORD,
    progress: Callable[[int, int], None] = lambda done, total: None,
    frames: ShowFrames = lambda name: nullcontext(lambda done, total: None),
    on_video: Callable[[MeasuredVideo], None] = lambda measured: None,
) -> list[MeasuredVideo]:
    """Measure the motion of faces in videos into a cache; what is there already is not measured again.

    Args:
        media: Videos, folders of frames, and folders of several of either; or URLs of videos and of folders of videos
            that fsspec reads (``s3://``, ``gs://``, ``hf://``). With annotations the folder of their media.
        features: Folder of the cache; None: ``MEVQA_FEATURES`` of the environment, or the user's cache folder.
        annotations: A label file of long videos: those that it names are measured, at the frame rates that it tells.
        dataset: Whose label file it is, when its header does not tell.
        fps: Frames per second; None: as each video says.
        workers: Processes that measure; the records do not depend on their number.
        engine: Where they are: ``local``, processes of this machine; ``ray``, a cluster of Ray (``RAY_ADDRESS``), whose
            machines need not see the cache.
        export: Folder for files that other programs read, one a video.
        format: ``npz`` or ``csv``.
        channels: What is exported: ``record`` (everything that was measured), or a layout of channels at even steps of
            time (``me-tst``, ``me-tst-plus``, ``nodes``, ``lips``).
        progress: Called with videos done and videos in all.
        frames: Given the name of a video, shows how far it is read; with one worker.
        on_video: Called after each video.

    Returns:
        What is in the cache, in the order of the videos.

    Raises:
        InputError: Annotations or options are at fault; or every video that cannot be measured or written, once the
            others are done.
        MediaError: There is no such file or folder.
    """
    choices = (RECORD, *channel_layouts())
    if channels not in choices:
        raise InputError([Problem("--channels", f"known are {', '.join(choices)}, not {channels!r}")])
    videos = _videos(media_list(media), optional_path(annotations), dataset, fps)
    measuring = None if workers == 1 and engine == ENGINE_NAMES[0] else find_engine(engine, workers)
    folder = named_cache(optional_path(features)) or user_cache()
    exports = optional_path(export)
    for needed in filter(None, (folder, exports)):
        make_folder(needed)
    names = video_names([video.path for video in videos])
    measured_videos: dict[ToMeasure, MeasuredVideo] = {}
    problems: dict[ToMeasure, Problem] = {}
    with ExitStack() as open_progress:

        def show(video: ToMeasure) -> Callable[[int, int], None]:
            open_progress.close()
            return open_progress.enter_context(frames(names[video.path]))

        with closing(fill(videos, folder, engine=measuring, frames=show)) as outcomes:
            for video, outcome in outcomes:
                open_progress.close()
                if isinstance(outcome, MeasuredVideo):
                    try:
                        if exports is not None:
                            _export(exports / f"{names[video.path]}.{format}", outcome, channels)
                        measured_videos[video] = outcome
                        on_video(outcome)
                    except InputError as error:
                        problems[video] = error.problems[0]
                else:
                    problems[video] = outcome
                progress(len(measured_videos) + len(problems), len(videos))
    if problems:
        raise InputError([problems[video] for video in videos if video in problems])
    return [measured_videos[video] for video in videos]


def _videos(
    media: Sequence[Path | str], annotations: Path | None, dataset: str | None, fps: float | None
) -> list[ToMeasure]:
    """Return the videos to measure, each once.

    Raises:
        InputError: Options that do not belong together, or everything that is wrong with the annotations.
        MediaError: There is no such file or folder.
    """
    if annotations is None:
        if dataset is not None:
            raise InputError([Problem("--dataset", "is of no use without --annotations")])
        return list(dict.fromkeys(ToMeasure(video, fps) for path in media for video in find_media(path)))
    if len(media) != 1 or fps is not None:
        raise InputError([Problem("--annotations", "takes one folder of media and tells their frame rates: no --fps")])
    folder = Path(media[0])
    if is_remote(media[0]):
        raise InputError(
            [Problem(str(media[0]), "the media of a label file are looked for in a folder of this machine")]
        )
    if not folder.exists():
        raise MediaError(folder, "there is no such file or folder")
    annotated_videos = find_annotated(annotations, folder, dataset, to_learn=False).videos
    return list(dict.fromkeys(ToMeasure(video.path, video.fps) for video in annotated_videos))


def _export(file: Path, measured: MeasuredVideo, channels: str) -> None:
    """Write the exported file of one video: its record, or a layout of channels.

    Raises:
        InputError: The record is gone, or the file cannot be written.
    """
    record = read_record(measured.file)
    if record is None:
        raise InputError([Problem(measured.file, "is gone from the cache or damaged; repeat the command")])
    if channels == RECORD:
        export_record(file, record)
    else:
        export_series(file, regional_channels(record, channels), channel_names(channels))
