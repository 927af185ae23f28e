"""Made-up events of the spotter."""

from __future__ import annotations

from collections.abc import Iterable

from mevqa.spotting.events import SpottedEvent


def spotted(frames: Iterable[int], times_ms: Iterable[float], kind="micro", score=0.9, **more) -> SpottedEvent:
    """Return an event by its onset, apex and offset."""
    onset, apex, offset = frames
    onset_ms, apex_ms, offset_ms = times_ms
    return SpottedEvent(
        onset=onset,
        apex=apex,
        offset=offset,
        kind=kind,
        score=score,
        onset_ms=onset_ms,
        apex_ms=apex_ms,
        offset_ms=offset_ms,
        **more,
    )
