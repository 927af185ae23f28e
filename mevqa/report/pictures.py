"""The pictures of one clip: what there was to see."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mevqa.errors import InputError, MediaError
from mevqa.records import LONG_VIDEO_TYPES, Clip, Question, View
from mevqa.report.drawing import Drawing

if TYPE_CHECKING:
    from PIL.Image import Image

    from mevqa.data.annotations import ClipLabels
    from mevqa.scoring.event_rows import EventRow
    from mevqa.video.face import FaceMode

#: What is shown of an expression.
_VIEWS = ("onset", "apex", "offset", "motion", "magnified")


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
class Seen:
    """What is shown of a clip.

    Attributes:
        rows: Pictures in rows, one row an event.
        timeline: Events in time, for long videos.
        notes: Why something is not shown, and what was found instead of given.
        titles: What each row shows, for the rows of events.
        events: The events as a table of plain values (``mevqa.report.event_pairs``), for long videos.
    """

    rows: tuple[tuple[Picture, ...], ...] = ()
    timeline: Drawing | None = None
    notes: tuple[str, ...] = field(default=())
    titles: tuple[str, ...] = ()
    events: Mapping[str, Any] | None = None


def see(
    clip: Clip,
    questions: Sequence[Question],
    labels: ClipLabels | None,
    found: Sequence[EventRow] | None,
    face: FaceMode = "auto",
    on_frames: Callable[[int, int], None] = lambda done, total: None,
    *,
    curve: list[tuple[float, float]] | None = None,
    unseen: Sequence[tuple[float, float, str]] = (),
) -> Seen:
    """Return what is shown of a clip; what cannot be read is a note.

    Args:
        clip: The clip with its media.
        questions: The questions about it.
        labels: What human coders wrote about it.
        found: Events that were found in it; None when nothing was looked for.
        face: How the face is found.
        on_frames: Called with the frames of a long video that are passed, and all of them.
        curve: Motion of a long video over time, where a run measured it.
        unseen: Begin and end in s, and the reason, of what a run could not look at in a long video.
    """
    from mevqa.report.long_videos import see_long

    try:
        if any(question.type in LONG_VIDEO_TYPES for question in questions) and clip.media is not None:
            return see_long(clip, labels, found, face, on_frames, curve, unseen)
        pictures, notes = _look(clip, face)
        return Seen((pictures,) if pictures else (), None, notes)
    except (MediaError, InputError, OSError) as error:
        return Seen(notes=(f"no pictures: {error}",))


def _look(clip: Clip, face: FaceMode) -> tuple[tuple[Picture, ...], tuple[str, ...]]:
    """Return the views that a short clip can give."""
    from mevqa.video.look import look

    views: Sequence[str] = _VIEWS
    if clip.media is None:
        views = [name for name in clip.pictures if name in views] or list(clip.pictures)
        if not views:
            return (), ("there is neither a video nor a ready-made picture",)
    seen = look(clip, views=views, face=face)
    moments = {"onset": seen.onset, "apex": seen.apex, "offset": seen.offset}
    pictures = tuple(picture_of(view, moments.get(view.name)) for view in seen.views)
    found = ("onset, apex and offset were found in the motion, not given",) if seen.localised else ()
    return pictures, (*found, *seen.warnings)


def picture_of(view: View, frame: int | None) -> Picture:
    """Return a view as a picture of the page.

    Args:
        view: The view.
        frame: Which frame it shows; None for those that show several.
    """
    name = view.name if frame is None else f"{view.name} · frame {frame}"
    # Only views that are drawn from a video know its frames.
    given = not view.frames
    return Picture(f"{view.name} · ready-made" if given else name, view.caption, view.image, view.name, given)
