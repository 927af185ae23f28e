"""Filling a cache of motion records ahead, on any engine; what is there is not measured again."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeAlias, TypeVar

import numpy as np

from mevqa.engines import Engine, Lost
from mevqa.errors import InputError, MediaError, Problem
from mevqa.files.remote import AnyFile, local_copy
from mevqa.files.system_errors import media_problem
from mevqa.files.whole import write_whole
from mevqa.spotting.features.cache import FeatureCache, read_record
from mevqa.spotting.features.measure import measure
from mevqa.spotting.features.types import MotionRecord
from mevqa.video.opencv_threads import without_opencv_threads
from mevqa.video.reading.reader import read_once
from mevqa.video.reading.video import Video


@dataclass(frozen=True, slots=True)
class ToMeasure:
    """A video whose motion is to be in the cache.

    Attributes:
        path: The media, here or elsewhere.
        fps: Frames per second, where the user or the data set knows better than the file.
    """

    path: AnyFile
    fps: float | None = None


@dataclass(frozen=True, slots=True)
class MeasuredVideo:
    """A video whose motion is in the cache.

    Attributes:
        path: The media, here or elsewhere.
        file: Its motion record.
        seconds: Time of its last frame.
        share: Share of its frames in which the face was measured.
        warnings: What a reader should know about the face.
        new: Whether it was measured now.
    """

    path: AnyFile
    file: Path
    seconds: float
    share: float
    warnings: tuple[str, ...]
    new: bool


#: A video in the cache, or why it is not there.
Outcome: TypeAlias = MeasuredVideo | Problem
_Result = TypeVar("_Result")


class _Measured(NamedTuple):
    """Result of measuring a video where the cache is not at hand.

    Attributes:
        name: Of its record in the cache.
        content: The record as a file; None where it is in the cache.
        seconds: Time of the video's last frame.
    """

    name: str
    content: bytes | None
    seconds: float


def fill(
    videos: Sequence[ToMeasure],
    folder: Path,
    *,
    engine: Engine | None = None,
    frames: Callable[[ToMeasure], Callable[[int, int], None]] = lambda video: lambda done, total: None,
) -> Generator[tuple[ToMeasure, Outcome], None, None]:
    """Yield every video when its motion is in the cache, or cannot be; the order is that in which they are done.

    An interruption loses the videos under way: what is stored is whole, and is not measured again.

    Args:
        videos: The videos.
        folder: Of the cache.
        engine: Where they are measured; None: in this process, one after the other.
        frames: Given a video, returns what is called with frames done and frames in all; without an engine only.
    """
    if engine is None:
        for video in videos:
            yield video, fill_one(video, folder, frames(video))
    elif engine.shares_files:
        with without_opencv_threads(), closing(engine.map(partial(fill_one, folder=folder), videos)) as results:
            for index, result in results:
                yield videos[index], _outcome_of(videos[index], result)
    else:
        present = frozenset(file.name for file in folder.glob("*.safetensors"))
        with closing(engine.map(partial(_measure_elsewhere, present=present), videos)) as measured:
            for index, sent in measured:
                outcome = _keep(videos[index], sent, folder) if isinstance(sent, _Measured) else sent
                yield videos[index], _outcome_of(videos[index], outcome)


def fill_one(
    video: ToMeasure, folder: Path, progress: Callable[[int, int], None] = lambda done, total: None
) -> Outcome:
    """Measure a video that is not in the cache yet.

    Args:
        video: The video.
        folder: Of the cache.
        progress: Called now and then with frames done and frames in all.
    """
    cache = FeatureCache(folder)

    def use(opened: Video) -> MeasuredVideo:
        file = cache.file(opened)
        stored = cache.load(opened, file)
        record = measure(opened, progress) if stored is None else stored
        if stored is None:
            cache.store(file, record)
        return _outcome(video.path, file, record, float(opened.times_ms[-1]) / 1000, stored is None)

    return _read(video, use)


def _measure_elsewhere(video: ToMeasure, present: frozenset[str]) -> _Measured | Problem:
    """Measure a video where the cache is not at hand.

    Args:
        video: The video.
        present: Names of the records in the cache.
    """
    with tempfile.TemporaryDirectory(prefix="mevqa-") as folder:
        cache = FeatureCache(Path(folder))

        def use(opened: Video) -> _Measured:
            file, seconds = cache.file(opened), float(opened.times_ms[-1]) / 1000
            if file.name in present:
                return _Measured(file.name, None, seconds)
            cache.store(file, measure(opened, lambda done, total: None))
            return _Measured(file.name, file.read_bytes(), seconds)

        return _read(video, use)


def _read(video: ToMeasure, use: Callable[[Video], _Result]) -> _Result | Problem:
    """Open a video, fetched where it lies elsewhere, and return what is made of it, or why it cannot be read."""
    try:
        with local_copy(video.path) as path:
            return read_once(path, use, fps=video.fps, errors="skip")
    except (MediaError, OSError) as error:
        problem = media_problem(error, Path(str(video.path)))
        return problem if isinstance(video.path, Path) else Problem(str(video.path), problem.message)
    except InputError as error:
        return error.problems[0]


def _keep(video: ToMeasure, measured: _Measured, folder: Path) -> Outcome:
    """Put a record that was measured elsewhere into the cache."""
    file = folder / measured.name
    try:
        if measured.content is not None:
            write_whole(file, measured.content)
    except InputError as error:
        return error.problems[0]
    record = read_record(file)
    if record is None:
        return Problem(file, "is damaged; delete it and repeat the command")
    return _outcome(video.path, file, record, measured.seconds, measured.content is not None)


def _outcome_of(video: ToMeasure, result: Outcome | Lost) -> Outcome:
    return Problem(str(video.path), result.reason) if isinstance(result, Lost) else result


def _outcome(path: AnyFile, file: Path, record: MotionRecord, seconds: float, new: bool) -> MeasuredVideo:
    share = float(np.mean(record.missing == 0)) if len(record.missing) else 0.0
    return MeasuredVideo(path, file, seconds, share, record.warnings, new)
