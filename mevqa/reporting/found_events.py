"""Events detected in long videos, read from a file, by video."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mevqa.names import match_key

if TYPE_CHECKING:
    from mevqa.data.events.rows import EventRow

#: Videos that a note lists by name.
_MOST_NAMES = 5


@dataclass(frozen=True, slots=True)
class FoundEvents:
    """A file of detected events.

    Attributes:
        path: The file.
        names: Names of each of its videos: the name, and ``subject_name`` where it names subjects.
        events: Events by the key (``names.match_key``) of each of these names; a video without any has an empty list.
        complete: Whether nothing was found in a video that it does not name; else nothing was looked for there.
    """

    path: Path
    names: tuple[tuple[str, ...], ...]
    events: Mapping[str, list[EventRow]]
    complete: bool

    def of(self, video: str) -> list[EventRow] | None:
        """Return the events of a video; None when nothing was looked for in it."""
        return self.events.get(match_key(video), [] if self.complete else None)

    def notes(self, videos: Collection[str]) -> list[str]:
        """Return a note that lists the videos of the file that are not shown; empty where all are.

        Args:
            videos: Names of the videos that are shown.
        """
        shown_keys = {match_key(video) for video in videos}
        others = sorted({names[0] for names in self.names if not any(match_key(name) in shown_keys for name in names)})
        if not others:
            return []
        more = f" and {len(others) - _MOST_NAMES} more" if len(others) > _MOST_NAMES else ""
        listed = ", ".join(others[:_MOST_NAMES])
        return [f"{self.path.name} names videos that no question is about, they are not shown: {listed}{more}"]


def read_found(path: Path, *, complete: bool) -> FoundEvents:
    """Read a file of detected events.

    Args:
        path: CSV or JSON, as ``mevqa spot`` and ``mevqa eval`` write them.
        complete: Whether nothing was found in a video that the file does not name.

    Raises:
        InputError: The file is wrong.
    """
    from mevqa.data.events.read import read_events

    file = read_events(path, "predictions")
    names = tuple(_names(video.subject, video.video) for video in file.videos)
    events: dict[str, list[EventRow]] = {match_key(name): [] for video_names in names for name in video_names}
    for event in file.events:
        for name in _names(event.subject, event.video):
            events[match_key(name)].append(event)
    return FoundEvents(path, names, events, complete)


def _names(subject: str | None, video: str) -> tuple[str, ...]:
    return (video, f"{subject}_{video}") if subject else (video,)
