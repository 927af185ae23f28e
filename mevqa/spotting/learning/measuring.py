"""Annotated videos as a network learns from them: measured, or read from the cache of features, and marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mevqa.errors import InputError, MediaError
from mevqa.events import Event, Kind, kind_of
from mevqa.files.system_errors import media_problem
from mevqa.spotting.annotated import LongVideo
from mevqa.spotting.base import Progress, ShowFrames
from mevqa.spotting.features.cache import FeatureCache
from mevqa.spotting.features.measure import measure
from mevqa.spotting.features.speech import TALKS, speech_activity
from mevqa.spotting.features.types import FeatureSeries, MotionRecord
from mevqa.spotting.learning.config import SystemConfig
from mevqa.spotting.learning.types import Mark, TrainingVideo
from mevqa.spotting.learning.views import find_channels
from mevqa.video.reading.reader import read_once
from mevqa.video.reading.video import Video

#: Class of expressions that a data set's taxonomy merges into none of the coarse ones.
OTHERS = "others"

#: Nothing is learned so near to a coded frame without onset or offset, ms: it may be any part of the expression.
_UNJUDGED_MS = 500.0


def video_series(
    video: Video, view: str, features: Path | None, progress: Progress
) -> tuple[MotionRecord, FeatureSeries]:
    """Return what is measured of an open video and what a network reads of it, from the cache where they are there.

    Args:
        video: The video.
        view: Name of the channels.
        features: Folder of the cache; None: none.
        progress: Called now and then.

    Raises:
        MediaError: The video cannot be read.
    """
    record = measure(video, progress) if features is None else FeatureCache(features).record(video, progress)
    return record, find_channels(view).series(video, record, features)


def training_videos(
    videos: Sequence[LongVideo], view: str, config: SystemConfig, features: Path | None, progress: ShowFrames
) -> list[TrainingVideo]:
    """Return annotated videos as the network of a system learns from them.

    Args:
        videos: The videos.
        view: Name of the system's channels.
        config: The system's settings.
        features: Folder of the cache; None: every video is measured now.
        progress: Given the name of a video, shows how far it is read.

    Raises:
        InputError: Videos that cannot be read, or that show no face, all together.
    """
    measured, problems = [], []
    for number, video in enumerate(videos, start=1):
        try:
            with progress(f"{number}/{len(videos)} {video.id}") as report:
                record, series = read_once(
                    video.path,
                    lambda opened: video_series(opened, view, features, report),  # noqa: B023
                    fps=video.fps,
                    errors="skip",
                )
            measured.append(_marked(video, record, series, config))
        except (MediaError, OSError) as error:
            problems.append(media_problem(error, video.path))
    if problems:
        raise InputError(problems)
    return measured


def _marked(video: LongVideo, record: MotionRecord, series: FeatureSeries, config: SystemConfig) -> TrainingVideo:
    """Return a measured video with its coded expressions, and with when its lips talk."""
    talk = speech_activity(record)
    if not len(talk.times_ms):
        return mark(video, series, config)
    activity = np.interp(series.times_ms, talk.times_ms, talk.values[:, 0])
    return replace(mark(video, series, config), talking=activity > TALKS)


def mark(video: LongVideo, series: FeatureSeries, config: SystemConfig) -> TrainingVideo:
    """Return a video with its coded expressions in samples of its series."""
    samples = np.arange(len(series.frames))

    def sample(frame: int) -> float:
        return float(np.interp(frame, series.frames, samples)) if len(samples) else 0.0

    unjudged = np.zeros(len(samples), bool)
    reach = round(_UNJUDGED_MS / series.step_ms)
    for frame in video.half_coded:
        at = round(sample(frame))
        unjudged[max(at - reach, 0) : at + reach + 1] = True
    marks = []
    for event in video.coded:
        onset, offset = sample(event.onset or 0), sample(event.offset or 0)
        apex = (onset + offset) / 2 if event.apex is None else sample(event.apex)
        marks.append(
            Mark(onset, apex, offset, _kind(event, series, (onset, apex, offset), config), _label(event, config))
        )
    marks.sort(key=lambda coded_mark: coded_mark.onset)
    return TrainingVideo(video.id, video.subject, series, tuple(marks), unjudged)


def _kind(event: Event, series: FeatureSeries, at: tuple[float, float, float], config: SystemConfig) -> Kind:
    """Return the coded kind, or what the rule says where none is coded."""
    samples = np.arange(len(series.times_ms))
    onset_ms, apex_ms, offset_ms = (float(np.interp(sample, samples, series.times_ms)) for sample in at)
    return event.kind or kind_of(onset_ms, apex_ms, offset_ms, config.rule)


def _label(event: Event, config: SystemConfig) -> str | None:
    if config.classes == "none":
        return None
    if config.classes == "fine":
        return event.fine
    return event.coarse or (OTHERS if event.fine else None)
