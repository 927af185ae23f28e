"""A synthetic long video with its coded events as spotted, and made-up spotting results."""

from __future__ import annotations

from pathlib import Path

from spotted_events import spotted

from mevqa.data.annotations import read_annotations
from mevqa.facs import ActionUnit
from mevqa.spotting.base import Spotting
from mevqa.spotting.events import SpottedEvent, UnitCandidate
from mevqa.synthetic.writer import SyntheticSet
from mevqa.types import Clip


def event(
    onset: int, offset: int, kind: str = "micro", *, fps: float = 30.0, score: float = 0.9, units=("12",)
) -> SpottedEvent:
    apex = (onset + offset) // 2
    candidates = tuple(UnitCandidate(ActionUnit(int(unit)), 1 / len(units)) for unit in units)
    frames = (onset, apex, offset)
    return spotted(frames, (1000 * frame / fps for frame in frames), kind, score, units=candidates)


def spotting(
    *events: SpottedEvent, path: Path = Path("talk.mp4"), frames: int = 900, fps: float = 30.0, **more
) -> Spotting:
    fields = {"trace": (), "warnings": (), "face": True} | more
    return Spotting(path.stem, path, fps, frames, (frames - 1) / fps, tuple(events), **fields)


def perfect(data: SyntheticSet) -> tuple[Clip, Spotting]:
    """Return the first video of a set with its coded events as if they had been spotted."""
    plan = data.plans[0]
    labels = read_annotations(data.annotations)[plan.id]
    path = data.media / f"{plan.id}.mp4"
    events = [
        event(e.onset, e.offset, e.kind, fps=plan.fps, units=[unit.number for unit in e.action_units])
        for e in labels.events
    ]
    return Clip(plan.id, "synthetic", media=path), spotting(*events, path=path, frames=plan.frames, fps=plan.fps)
