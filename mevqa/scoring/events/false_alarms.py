"""False alarms a minute: what is spotted where nothing was coded, while people talk and while they do not."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mevqa.data.talking import Span
from mevqa.events import Kind
from mevqa.scoring.result import ScoreResult


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """False alarms in some parts of videos.

    Attributes:
        count: Detections there that overlap no coded expression.
        minutes: Length of the parts.
    """

    count: int
    minutes: float

    @property
    def rate(self) -> float:
        """False alarms a minute; not a number where there are no such parts."""
        return self.count / self.minutes if self.minutes > 0 else math.nan


def count_false_alarms(result: ScoreResult, spans: Mapping[str, Sequence[Span]], kind: Kind = "micro") -> FalseAlarms:
    """Count detections that overlap no coded expression of either kind and have their apex in given parts of videos.

    Args:
        result: Of ``score_events``: what was coded and what was detected, and each video's frame rate.
        spans: Parts by video, without the suffix of its file.
        kind: Detections that name this kind count.
    """
    count, seconds = 0, 0.0
    for video in result.details["videos"]:
        video_spans = spans.get(video["clip"], ())
        seconds += sum(last - first + 1 for first, last in video_spans) / video["fps"]
        coded = [(event["onset"], event["offset"]) for event in video["references"]]
        for detection in video["detections"]:
            apex = (detection["onset"] + detection["offset"]) / 2 if detection["apex"] is None else detection["apex"]
            hits = any(detection["onset"] <= offset and onset <= detection["offset"] for onset, offset in coded)
            if detection["kind"] == kind and not hits and any(first <= apex <= last for first, last in video_spans):
                count += 1
    return FalseAlarms(count, seconds / 60)


def outside(spans: Sequence[Span], frames: int) -> list[Span]:
    """Return the parts of a video outside of the given ones, in the order of time.

    Args:
        spans: Parts, in any order; they may overlap.
        frames: Length of the video.
    """
    left: list[Span] = []
    begin = 0
    for first, last in sorted(spans):
        if first > begin:
            left.append((begin, min(first, frames) - 1))
        begin = max(begin, last + 1)
    if begin < frames:
        left.append((begin, frames - 1))
    return left
