"""The value of the timeline for a video, and the moments, events and frames that its messages name."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeGuard

from mevqa.errors import MevqaError

if TYPE_CHECKING:
    from mevqa import Event
    from mevqa.app.clips.open_clip import OpenClip

#: Points of the curve that are sent: the track is hardly wider.
_POINTS = 1200
_ROLES = ("onset", "apex", "offset")
_LEGEND = "Motion of the face over time. Move onset, apex and offset with the mouse, a finger or the arrow keys"
_LEGEND_LONG = "Motion of the face over time. Diamonds: micro-expressions, bars: macro-expressions; press one to see it"


def timeline_value(opened: OpenClip | None, added: int | None = None) -> dict[str, Any] | None:
    """Return the value of the timeline component; None while there is no video.

    Args:
        opened: The open video.
        added: Place of the event that the user has added just now, to which the timeline zooms.
    """
    if opened is None:
        return None
    onset, apex, offset = (None, None, None) if opened.long else opened.moments
    moments = None
    if onset is not None and apex is not None and offset is not None:
        moments = {"onset": onset, "apex": apex, "offset": offset}
    return {
        "key": opened.key,
        "frames": opened.frames,
        "step": opened.step,
        "cursor": _first_apex(opened.events) if apex is None else apex,
        "moments": moments,
        "long": opened.long,
        "added": None if added is None else {"event": opened.event_numbers[added], "stamp": secrets.token_hex(4)},
        "curve": _thinned(opened.curve),
        "events": [_event(event, number) for event, number in zip(opened.events, opened.event_numbers, strict=True)],
        "legend": f"{_LEGEND_LONG if opened.events else _LEGEND}.",
    }


def moved_moments(event_data: Mapping[str, Any], opened: OpenClip) -> tuple[int | None, tuple[int, int, int]]:
    """Return the place of the event that was moved (None: the only one of a short clip), and its moments.

    Args:
        event_data: The data of an event of the component.
        opened: The open video.

    Raises:
        MevqaError: The event came of another video than the one that is open, or is no such event.
    """
    _check(event_data, opened)
    at = None if event_data.get("event") is None else chosen_event(event_data, opened)
    onset, apex, offset = (_frame(event_data.get(role), opened) for role in _ROLES)
    return at, (onset, apex, offset)


def chosen_event(event_data: Mapping[str, Any], opened: OpenClip) -> int:
    """Return the place of the event that was chosen on the timeline, which names it by its number.

    Args:
        event_data: The data of an event of the component.
        opened: The open video.

    Raises:
        MevqaError: The event came of another video than the one that is open, or is no such event.
    """
    _check(event_data, opened)
    number = event_data.get("event")
    at = opened.place_of(number) if _is_frame(number) else None
    if at is None:
        raise MevqaError("there is no such event: open the video again")
    return at


def sought_frame(event_data: Mapping[str, Any], opened: OpenClip) -> int:
    """Return the frame that is to be shown.

    Args:
        event_data: The data of an event of the component.
        opened: The open video.

    Raises:
        MevqaError: The event came of another video than the one that is open, or is no such event.
    """
    _check(event_data, opened)
    return _frame(event_data.get("frame"), opened)


def _check(event_data: Mapping[str, Any], opened: OpenClip) -> None:
    if event_data.get("key") != opened.key:
        raise MevqaError("another video was opened meanwhile")


def _frame(value: Any, opened: OpenClip) -> int:
    if not _is_frame(value) or value >= opened.frames:
        raise MevqaError(f"{opened.name} has frames 0 to {opened.frames - 1}")
    return int(value)


def _is_frame(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _first_apex(events: Sequence[Event]) -> int:
    return next((event.apex for event in events if event.apex is not None), 0)


def _event(event: Event, number: int) -> dict[str, Any]:
    score = "" if event.score is None else f"score {event.score:.2f}"
    return {
        "number": number,
        "onset": event.onset,
        "apex": event.apex if event.apex is not None else event.onset,
        "offset": event.offset,
        "kind": event.kind or "macro",
        "note": score,
    }


def _thinned(curve: Sequence[tuple[int, float]]) -> list[list[float]]:
    """Return a curve of at most ``_POINTS`` points: of neighbours that are left out the largest stays."""
    size = -(-len(curve) // _POINTS) or 1
    largest = (max(curve[start : start + size], key=lambda point: point[1]) for start in range(0, len(curve), size))
    return [[frame, round(moved, 4)] for frame, moved in largest]
