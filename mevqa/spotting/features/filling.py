"""Filling a cache of motion records ahead, with several processes; what is there is not measured again."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TypeAlias

import numpy as np

from mevqa.errors import InputError, MediaError, Problem
from mevqa.files.system_errors import media_problem
from mevqa.signals import quiet_workers
from mevqa.spotting.features.cache import FeatureCache
from mevqa.spotting.features.measure import measure
from mevqa.spotting.features.types import MotionRecord
from mevqa.video.opencv_threads import without_opencv_threads
from mevqa.video.reading.reader import read_once
from mevqa.video.reading.video import Video


@dataclass(frozen=True, slots=True)
class ToMeasure:
    """A video whose motion is to be in the cache.

    Attributes:
        path: The media.
        fps: Frames per second, where the user or the data set knows better than the file.
    """

    path: Path
    fps: float | None = None


@dataclass(frozen=True, slots=True)
class MeasuredVideo:
    """A video whose motion is in the cache.

    Attributes:
        path: The media.
        file: Its motion record.
        seconds: Time of its last frame.
        share: Share of its frames in which the face was measured.
        warnings: What a reader should know about the face.
        new: Whether it was measured now.
    """

    path: Path
    file: Path
    seconds: float
    share: float
    warnings: tuple[str, ...]
    new: bool


#: What came of a video: it is in the cache, or why it is not.
Outcome: TypeAlias = MeasuredVideo | Problem


def fill(
    videos: Sequence[ToMeasure],
    folder: Path,
    *,
    workers: int = 1,
    frames: Callable[[ToMeasure], Callable[[int, int], None]] = lambda video: lambda done, total: None,
) -> Generator[tuple[ToMeasure, Outcome], None, None]:
    """Yield every video when its motion is in the cache, or cannot be; the order is that in which they are done.

    An interruption loses the videos under way: what is stored is whole, and is not measured again.

    Args:
        videos: The videos.
        folder: Of the cache.
        workers: Processes that measure, each one video at a time; with 1 none is started.
        frames: Given a video, returns what is called with frames done and frames in all; with one worker only.
    """
    if workers == 1:
        for video in videos:
            yield video, fill_one(video, folder, frames(video))
        return
    with quiet_workers(), without_opencv_threads():
        yield from _in_processes(videos, folder, workers)


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

    try:
        return read_once(video.path, use, fps=video.fps, errors="skip")
    except (MediaError, OSError) as error:
        return media_problem(error, video.path)
    except InputError as error:
        return error.problems[0]


def _outcome(path: Path, file: Path, record: MotionRecord, seconds: float, new: bool) -> MeasuredVideo:
    share = float(np.mean(record.missing == 0)) if len(record.missing) else 0.0
    return MeasuredVideo(path, file, seconds, share, record.warnings, new)


def _in_processes(
    videos: Sequence[ToMeasure], folder: Path, workers: int
) -> Generator[tuple[ToMeasure, Outcome], None, None]:
    """Measure each video in a process of its own, some at a time; one that the system ends costs its own video only."""
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("fork" if "fork" in methods else None)
    running: dict[int, tuple[ToMeasure, BaseProcess, Connection]] = {}
    waiting = list(reversed(videos))
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                video = waiting.pop()
                ours, theirs = context.Pipe(duplex=False)
                process: BaseProcess = context.Process(target=_send, args=(theirs, video, folder), daemon=True)
                process.start()
                theirs.close()
                running[process.sentinel] = video, process, ours
            for sentinel in wait(list(running)):
                assert isinstance(sentinel, int)
                video, ended, ours = running.pop(sentinel)
                ended.join()
                yield video, _received(ours, video)
    finally:
        for _, left, ours in running.values():
            left.terminate()
            left.join()
            ours.close()


def _send(theirs: Connection, video: ToMeasure, folder: Path) -> None:
    theirs.send(fill_one(video, folder))
    theirs.close()


def _received(ours: Connection, video: ToMeasure) -> Outcome:
    """Return what a process that has ended says of its video."""
    try:
        outcome: Outcome = ours.recv()
        return outcome
    except EOFError:
        message = "the process that measured it was ended by the system, often for lack of memory; name fewer --workers"
        return Problem(video.path, message)
    finally:
        ours.close()
