"""Pictures of one clip: of a short one its views, of a long one its events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from mevqa.errors import InputError, MediaError
from mevqa.questions.question_types import asks_long_video
from mevqa.reporting.pictures import ClipPictures, Picture, picture_of
from mevqa.types import Clip, Question

if TYPE_CHECKING:
    from mevqa.data.events.rows import EventRow
    from mevqa.data.label_types import ClipLabels
    from mevqa.video.face.aligned_face import FaceMode

#: What is shown of an expression.
_VIEWS = ("onset", "apex", "offset", "motion", "magnified")


def clip_pictures(
    clip: Clip,
    questions: Sequence[Question],
    labels: ClipLabels | None,
    detected: Sequence[EventRow] | None,
    face: FaceMode = "auto",
    on_frames: Callable[[int, int], None] = lambda done, total: None,
    *,
    curve: list[tuple[float, float]] | None = None,
    unseen: Sequence[tuple[float, float, str]] = (),
) -> ClipPictures:
    """Return the pictures of a clip, for a long one its timeline and events; media that cannot be read give a note.

    Args:
        clip: The clip with its media.
        questions: The questions about it.
        labels: What human coders wrote about it.
        detected: Events that were detected in it; None when nothing was looked for.
        face: How the face is found.
        on_frames: Called with the frames of a long video that are passed, and all of them.
        curve: Motion of a long video over time, where a run measured it.
        unseen: Begin and end in s, and the reason, of what a run could not look at in a long video.
    """
    from mevqa.reporting.long_videos import long_video_pictures

    try:
        if any(asks_long_video(question) for question in questions) and clip.media is not None:
            return long_video_pictures(clip, labels, detected, face, on_frames, curve, unseen)
        pictures, notes = _look(clip, face)
        return ClipPictures((pictures,) if pictures else (), None, notes)
    except (MediaError, InputError, OSError) as error:
        return ClipPictures(notes=(f"no pictures: {error}",))


def _look(clip: Clip, face: FaceMode) -> tuple[tuple[Picture, ...], tuple[str, ...]]:
    """Return the views that a short clip can give."""
    from mevqa.video.views.render import render_clip

    views: Sequence[str] = _VIEWS
    if clip.media is None:
        views = [name for name in clip.pictures if name in views] or list(clip.pictures)
        if not views:
            return (), ("there is neither a video nor a ready-made picture",)
    rendered = render_clip(clip, views=views, face=face)
    moments = {"onset": rendered.onset, "apex": rendered.apex, "offset": rendered.offset}
    pictures = tuple(picture_of(view, moments.get(view.name)) for view in rendered.views)
    localised = ("onset, apex and offset were found in the motion, not given",) if rendered.localised else ()
    return pictures, (*localised, *rendered.warnings)
