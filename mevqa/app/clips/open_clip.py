"""A video that is open on the page: its expression with pictures, or the events of a long one."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import mevqa
from mevqa.app.clips.curve import Points, localised_curve, measured_curve, spotted_curve
from mevqa.app.clips.library import Choice
from mevqa.app.sessions.jobs import Report
from mevqa.app.settings import Limits
from mevqa.datasets import kind_rule
from mevqa.errors import MediaError
from mevqa.events import kind_of

if TYPE_CHECKING:
    from mevqa import Clip, Event, Spotting
    from mevqa.events import Kind
    from mevqa.video.views.render import ClipViews

#: Views that the page shows of an expression.
VIEWS = ("onset", "apex", "offset", "magnified", "motion", "evidence")
#: A video of more seconds is handled as a long one, unless the user chooses otherwise.
LONG_SECONDS = 10.0
#: Whether a video is a long one, by the label of the choice on the page; None: decided by its length.
LENGTHS: dict[str, bool | None] = {"by its length": None, "one expression": False, "a long video": True}


@dataclass(frozen=True, slots=True)
class OpenClip:
    """A video that is open on the page.

    Attributes:
        clip: Its media, data set, frame rate and coded moments.
        name: Name that the page shows.
        frames: Number of frames.
        fps: Frames per second.
        seconds: Time of the last frame.
        long: Whether it is handled as a long video, in which events are spotted.
        clip_views: The expression and its pictures; None before they were made.
        spotted: Result of the spotter on a long video; None before it ran.
        user_moments: Onset, apex and offset that the user set; None for those of the clip.
        choice: Entry of the list that it was chosen from, with questions and stored answers; None for an upload.
        events: Events of a long video in the order of time, as they were found or as the user corrected them.
        event_numbers: Number of each event, which it keeps wherever it moves among the others; the browser names events
            by it. Events that come without numbers get them in their order.
        curve: Motion of the face, by frame.
        key: Random identifier of this opening of the video.
    """

    clip: Clip
    name: str
    frames: int
    fps: float
    seconds: float
    long: bool
    clip_views: ClipViews | None = None
    spotted: Spotting | None = None
    user_moments: Event | None = None
    choice: Choice | None = None
    events: tuple[Event, ...] = ()
    event_numbers: tuple[int, ...] = ()
    curve: Points = ()
    key: str = field(default_factory=lambda: secrets.token_hex(6))

    def __post_init__(self) -> None:
        """Number events that have no numbers yet."""
        if len(self.event_numbers) != len(self.events):
            object.__setattr__(self, "event_numbers", tuple(range(len(self.events))))

    @property
    def path(self) -> Path:
        """The video file or folder of frames."""
        assert self.clip.media is not None
        return self.clip.media

    @property
    def step(self) -> float:
        """Seconds from one frame to the next, on average."""
        return self.seconds / (self.frames - 1) if self.frames > 1 else 0.0

    @property
    def source(self) -> str:
        """Where the moments come from, in words."""
        if self.user_moments is not None:
            return "set by hand"
        return "found in the motion" if self.clip_views is not None and self.clip_views.localised else "as annotated"

    @property
    def moments(self) -> tuple[int | None, int | None, int | None]:
        """Onset, apex and offset, as they were set, coded or found."""
        for source in (self.user_moments, self.clip_views, self.clip.annotation):
            if source is not None and source.onset is not None:
                return source.onset, source.apex, source.offset
        return None, None, None

    def place_of(self, number: int | None) -> int | None:
        """Return the place of the event of a number in the order of time; None: there is no such event."""
        return next((place for place, other in enumerate(self.event_numbers) if other == number), None)


def open_clip(
    clip: Clip, limits: Limits, *, name: str | None = None, long: bool | None = None, choice: Choice | None = None
) -> OpenClip:
    """Open a video and refuse one that is too long.

    Args:
        clip: The clip; its media is read.
        limits: Largest length.
        name: Name that the page shows; None: that of the file.
        long: Whether it is a long video; None: by its length.
        choice: Entry of the list that it was chosen from.

    Raises:
        MediaError: It cannot be read, or is too long.
    """
    if clip.media is None:
        raise MediaError(clip.id, "has no video; give its folder with --media")
    shown_name = name or clip.media.name
    with mevqa.open_video(clip.media, fps=clip.fps) as video:
        frames, fps = len(video), video.fps
        seconds = float(video.times_ms[-1]) / 1000
    if seconds > limits.seconds:
        raise MediaError(
            shown_name, f"lasts {seconds:.0f} s, and {limits.seconds:g} s is the most (mevqa app --max-seconds)"
        )
    is_long = seconds > LONG_SECONDS if long is None else long
    return OpenClip(clip, shown_name, frames, fps, seconds, is_long, choice=choice)


def find_expression(opened: OpenClip, report: Report) -> OpenClip:
    """Find the expression of a short clip and draw its pictures.

    Raises:
        MediaError: The video cannot be read, or the moments do not fit it.
    """
    report("Looking for the expression", 0, 0)
    moments = opened.user_moments or opened.clip.annotation
    clip_views = mevqa.render_clip(replace(opened.clip, annotation=moments), views=VIEWS)
    curve = opened.curve or localised_curve(clip_views)
    if not curve:
        measuring = _frames(report, "Measuring the motion: frames")
        curve = measured_curve(opened.path, opened.clip.fps, measuring)
    return replace(opened, clip_views=clip_views, curve=curve)


def spot_events(opened: OpenClip, report: Report) -> OpenClip:
    """Find the events of a long video.

    Raises:
        MediaError: The video cannot be read.
    """
    report("Looking for events", 0, opened.frames)
    spotting = mevqa.spot(opened.path, fps=opened.clip.fps, progress=_frames(report, "Looking for events: frames"))
    return replace(opened, spotted=spotting, events=opened.events or spotting.events, curve=spotted_curve(spotting))


def set_moments(opened: OpenClip, onset: int | None, apex: int | None, offset: int | None) -> OpenClip:
    """Return the clip with moments that the user set.

    Raises:
        MediaError: They are not in order inside the video.
    """
    frames = [frame for frame in (onset, apex, offset) if frame is not None]
    if any(not 0 <= frame < opened.frames for frame in frames):
        raise MediaError(opened.name, f"has frames 0 to {opened.frames - 1}: onset, apex and offset must be among them")
    if frames != sorted(frames):
        raise MediaError(opened.name, "onset, apex and offset must follow one another")
    moments = mevqa.Event(onset, apex, offset) if frames else None
    return replace(opened, user_moments=moments, clip_views=None)


def set_event_moments(opened: OpenClip, at: int, onset: int, apex: int, offset: int) -> OpenClip:
    """Return a long video with other moments of one of its events, which keeps its number, units and classes.

    It keeps a kind that was coded against its length too; any other follows from the new length.

    Raises:
        MediaError: They are not in order inside the video.
    """
    set_moments(opened, onset, apex, offset)
    old = opened.events[at]
    moved = mevqa.Event(onset, apex, offset, old.action_units, old.fine, old.coarse)
    moved = replace(moved, kind=coded_kind(opened, old) or kind_by_length(opened, moved))
    events = [*opened.events[:at], moved, *opened.events[at + 1 :]]
    return with_events(opened, events, opened.event_numbers)


def with_events(opened: OpenClip, events: Sequence[Event], numbers: Sequence[int]) -> OpenClip:
    """Return a long video with other events, which are put in the order of time.

    Args:
        opened: The long video.
        events: The events, in any order.
        numbers: Number of each event.
    """
    numbered = sorted(
        zip(events, numbers, strict=True), key=lambda pair: (pair[0].onset or 0, pair[0].offset or 0, pair[1])
    )
    return replace(
        opened,
        events=tuple(event for event, _ in numbered),
        event_numbers=tuple(number for _, number in numbered),
    )


def kind_by_length(opened: OpenClip, event: Event) -> Kind:
    """Return the kind of an event by its length, by the rule of the data set."""
    if event.onset is None or event.offset is None or opened.frames < 2:
        return "micro"
    step = 1000 * opened.step
    apex = event.offset if event.apex is None else event.apex
    return kind_of(event.onset * step, apex * step, event.offset * step, kind_rule(opened.clip.dataset))


def coded_kind(opened: OpenClip, event: Event) -> Kind | None:
    """Return the kind that a coder gave an event against its length; None: the length decides.

    A spotter's kind is none of a coder. It measures between frames, so that it may differ from that of the frames.
    """
    if event.score is not None or event.kind == kind_by_length(opened, event):
        return None
    return event.kind


def _frames(report: Report, text: str) -> Callable[[int, int], None]:
    return lambda done, total: report(text, done, total)
