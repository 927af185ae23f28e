"""The training-free spotter: motion of facial regions, matched filters, and times at the full rate of the footage."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mevqa.spotting.annotated import Annotated
from mevqa.spotting.base import Progress, ShowFrames, SpotOptions, Spotter, SpotterFit, Spotting
from mevqa.spotting.evidence.finish import unread_frames
from mevqa.spotting.evidence.refine import is_fast, refine
from mevqa.spotting.features.cache import FeatureCache
from mevqa.spotting.features.measure import replay
from mevqa.spotting.motion.calibration import Calibrator, read_calibrator
from mevqa.spotting.motion.stream import EventStream
from mevqa.spotting.registry import register_spotter
from mevqa.video.reading.reader import read_once

if TYPE_CHECKING:
    from mevqa.spotting.evidence.course import TracedEvent
    from mevqa.spotting.features.types import MotionRecord
    from mevqa.video.reading.video import Video

#: Frames between two reports of progress.
_REPORT = 30


@register_spotter("motion")
class MotionSpotter(Spotter):
    """Finds what moves a face like an expression, by the video's own noise; a calibrator can learn what coders mark."""

    def spot(self, video: Video, progress: Progress = lambda done, total: None) -> Spotting:
        """Find the expressions of an open video; in fast footage events are timed at its full rate."""
        stream = EventStream(self.options, keep_trace=True)
        if self.options.features is None:
            traced_events = _spot_live(stream, video, progress)
        else:
            traced_events = _spot_record(stream, FeatureCache(self.options.features).record(video, progress), video)
        traced_events += stream.finish()
        return Spotting.of(
            video,
            refine(video, traced_events, self.options.rule)
            if is_fast(video.fps)
            else [traced.event for traced in traced_events],
            scores=stream.trace,
            warnings=stream.warnings,
            face=not stream.gaps.nothing_seen,
            gaps=stream.gaps.spans,
            cuts_ms=stream.gaps.cuts_ms,
        )

    @classmethod
    def fit(cls, annotated: Annotated, options: SpotOptions, work: Path, progress: ShowFrames) -> SpotterFit:
        """Fit a calibrator, as ``Spotter.fit``; the candidates of each video are kept in ``work``."""
        from mevqa.spotting.motion.candidate_cache import spot_annotated
        from mevqa.spotting.motion.fitting import fit_and_judge

        return fit_and_judge(annotated, spot_annotated(annotated.videos, work, options, progress, spot_by_motion))

    @classmethod
    def load(cls, path: Path) -> Calibrator:
        """Read a calibrator."""
        return read_calibrator(path)


def _spot_live(stream: EventStream, video: Video, progress: Progress) -> list[TracedEvent]:
    """Return the settled events of a video that is measured now; an hour of it takes as much memory as minutes do."""
    traced_events: list[TracedEvent] = []
    done = 0
    for frame in video.read_forward(stream.wants):
        if frame.missing:
            stream.skip(frame.ms, frame.missing)
        elif frame.picture is not None:
            traced_events += stream.feed(frame.number, frame.ms, frame.picture)
        done = frame.number + 1
        if done % _REPORT == 0:
            progress(done, len(video))
    progress(done, done)
    return traced_events


def _spot_record(stream: EventStream, record: MotionRecord, video: Video) -> list[TracedEvent]:
    """Return the settled events of a video that was measured before, the same as while it is measured."""
    traced_events: list[TracedEvent] = []
    stream.face_warnings = record.warnings
    video.missing.update(unread_frames(record))
    for reading, unread in replay(record):
        if unread:
            stream.skip(reading.ms, reading.missing)
        else:
            traced_events += stream.take(reading)
    return traced_events


def spot_by_motion(path: Path, *, fps: float | None, options: SpotOptions, progress: Progress) -> Spotting:
    """Return what the spotter finds in a file or a folder of frames, of whatever kind.

    Raises:
        MediaError: The video cannot be read.
    """
    return read_once(path, lambda video: MotionSpotter(options).spot(video, progress), fps=fps, errors="skip")
