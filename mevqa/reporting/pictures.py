"""The pictures of one clip, with its timeline and table of events where it is long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mevqa.reporting.charts.chart import Chart
from mevqa.types import View

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a clip.

    Attributes:
        name: What it is, with its frame.
        caption: What it shows.
        image: RGB picture.
        role: ``onset``, ``apex``, ``offset``, ``motion``, ...
        given: Whether it is a file of the user's and not drawn from the video.
    """

    name: str
    caption: str
    image: Image
    role: str
    given: bool = False


@dataclass(frozen=True, slots=True)
class ClipPictures:
    """What a report shows of a clip: pictures, and for a long video its timeline and events.

    Attributes:
        rows: Pictures in rows, one row an event.
        timeline: Events in time, for long videos.
        notes: Why something is not shown, and what was found instead of given.
        titles: What each row shows, for the rows of events.
        events: The events as a table of plain values (``mevqa.reporting.event_pairs``), for long videos.
    """

    rows: tuple[tuple[Picture, ...], ...] = ()
    timeline: Chart | None = None
    notes: tuple[str, ...] = field(default=())
    titles: tuple[str, ...] = ()
    events: Mapping[str, Any] | None = None


def picture_of(view: View, frame: int | None) -> Picture:
    """Return a view as a picture of the page.

    Args:
        view: The view.
        frame: Which frame it shows; None for those that show several.
    """
    name = view.name if frame is None else f"{view.name} · frame {frame}"
    # Only views that are drawn from a video know its frames.
    ready_made = not view.frames
    return Picture(f"{view.name} · ready-made" if ready_made else name, view.caption, view.image, view.name, ready_made)
