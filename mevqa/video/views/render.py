"""Rendering of a clip: everything between the media and the pictures that a model sees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mevqa.errors import InputError, MediaError, Problem
from mevqa.events import Event
from mevqa.types import NO_MOTION, Clip, Moment, View
from mevqa.video.face.aligned_face import FaceAligner, FaceMode
from mevqa.video.motion.evidence import MotionEvidence, evidence_frames
from mevqa.video.motion.localise import Localised, expected, localise
from mevqa.video.motion.still import MOTION_VIEWS
from mevqa.video.reading.key_frames import key_frames
from mevqa.video.reading.reader import open_video
from mevqa.video.reading.video import Footage, Video
from mevqa.video.views.registry import ViewSource, is_of_words, render_views, view_names
from mevqa.video.views.sampler import needs_moments, sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Views that show the sampled moments and do not depend on onset, apex and offset themselves.
_OF_MOMENTS = frozenset({"frames"})

#: Views that are computed from the ready-made picture of another view.
_MADE_FROM = {"motion-centred": "motion"}


@dataclass(frozen=True, slots=True)
class ClipViews:
    """Views of a clip, and the moments that they show.

    Attributes:
        views: The pictures, in the order asked for.
        moments: The sampled moments; none when only ready-made pictures were used.
        onset: First frame of the expression; None when it was neither given nor needed.
        apex: Frame of its largest extent, likewise.
        offset: Its last frame, likewise.
        localised: Whether any of the three was found in the motion and not given.
        source: Where those come from that were not found: ``given``, ``file names`` or ``number of frames``.
        warnings: What a reader of an answer should know.
        stillness: Why the views of motion show none; None when they show some, or none was asked for.
        localisation: The measurement that found onset, apex and offset; None where none was needed.
        times_ms: [frames] presentation times of the media; None when it was not opened.
        notes: What views of words say of the clip; the prompt carries it before the pictures.
        evidence: What the view ``evidence`` measured, where it was drawn now and not taken from a cache.
    """

    views: list[View]
    moments: list[Moment]
    onset: int | None
    apex: int | None
    offset: int | None
    localised: bool = False
    source: str = "given"
    warnings: tuple[str, ...] = ()
    stillness: str | None = None
    localisation: Localised | None = None
    times_ms: NDArray[np.float64] | None = None
    notes: tuple[str, ...] = ()
    evidence: MotionEvidence | None = None


def render_clip(
    clip: Clip,
    *,
    views: Sequence[str],
    sampler: str = "oao",
    face: FaceMode = "auto",
    frames: int = 3,
    stride: int = 1,
    localisation: Localised | None = None,
    footage: Video | None = None,
) -> ClipViews:
    """Open a clip, align the face, find what is not annotated, sample moments and draw views.

    The media is not opened when every view is a ready-made picture, and nothing is localised when neither the views nor
    the sampler depend on it.

    Args:
        clip: The clip; its fps, annotation and ready-made pictures come before what the media says.
        views: Names of the views, in order.
        sampler: Name of the sampling strategy.
        face: How the face is found.
        frames: Frames of the sampler's window, or of the whole clip for ``uniform``.
        stride: Distance of neighbouring frames of a window.
        localisation: What was found in the same clip before (``ClipViews.localisation``), which is not looked for
            again; the views are the same.
        footage: The clip's media, where it is open already; it stays open.

    Raises:
        InputError: A view or the sampler is unknown, or the clip has no media for a view that is not ready-made.
        MediaError: The media cannot be read, or the annotation does not fit it.
    """
    by_moments = needs_moments(sampler)
    drawn = views_to_draw(clip, views)
    event = clip.annotation or Event()
    if not drawn or any(name not in view_names() for name in views):
        source = ViewSource(clip, onset=event.onset, apex=event.apex, offset=event.offset)
        clip_views = ClipViews(render_views(views, source), [], event.onset, event.apex, event.offset)
        return _with_stillness(clip_views, source)
    if clip.media is None:
        message = f"clip {clip.id} has no video and no ready-made picture for {', '.join(drawn)}"
        raise InputError([Problem("--media", f"{message}; give the folder of the videos or ask for other views")])
    opened = nullcontext(footage) if footage is not None else open_video(clip.media, fps=clip.fps, keep_frames=True)
    with opened as video:
        annotated = key_frames(event, video)
        annotation_warnings = (*clip.warnings, *annotated.warnings)
        event = annotated.event
        _check(clip, event, len(video))
        aligner = _fit(video, event, face)
        needed = by_moments or any(name not in _OF_MOMENTS for name in drawn)
        localised = (localisation or _localise(video, aligner, event)) if needed else None
        clip_views = _draw(clip, video, aligner, localised or event, views, sampler, frames, stride)
        # Measured and not told from noise; a coded onset and apex are evidence that the measurement lacks.
        if (
            localised
            and localised.curve is not None
            and localised.confidence == 0
            and None in (event.onset, event.apex)
        ):
            clip_views = _as_still(clip_views, "the whole clip moves no more than noise does")
        return replace(
            clip_views,
            localised=localised is not None,
            source=annotated.source,
            warnings=(
                *(annotation_warnings if needed else ()),
                *clip_views.warnings,
                *(localised.warnings if localised else ()),
            ),
            localisation=localised,
            times_ms=video.times_ms,
        )


def render_events(
    clip: Clip,
    events: Sequence[Event],
    *,
    views: Sequence[str],
    sampler: str = "oao",
    face: FaceMode = "auto",
    frames: int = 3,
    stride: int = 1,
    footage: Footage | None = None,
) -> Iterator[ClipViews]:
    """Render the events of a long video one after the other; the video is read forward once.

    Args:
        clip: The long video; its annotation and ready-made pictures are not used.
        events: Each with onset, apex and offset, in the order of time.
        views: Names of the views, in order.
        sampler: Name of the sampling strategy.
        face: How the face is found: anew for every event, at its onset, or else at its apex.
        frames: Frames of the sampler's window.
        stride: Distance of neighbouring frames of a window.
        footage: The video, where it is open already.

    Yields:
        The views of each event.

    Raises:
        InputError: A view or the sampler is unknown, or the clip has no media.
        MediaError: The media cannot be read, or an event does not fit it.
    """
    if clip.media is None:
        raise InputError([Problem("--media", f"clip {clip.id} has no video: its events cannot be looked at")])
    bare = replace(clip, annotation=None, pictures={})
    with nullcontext(footage) if footage is not None else open_video(clip.media, fps=clip.fps) as opened:
        needed: list[set[int]] = []
        for event in events:
            _check(bare, event, len(opened))
            moments = _sample(sampler, opened, event, frames, stride)
            moments_of_event = (event.onset, event.apex, event.offset)
            measured = _evidence_frames(event, opened) if "evidence" in views else set()
            needed.append(
                {moment.frame for moment in moments} | {f for f in moments_of_event if f is not None} | measured
            )
        held = HeldFrames(opened)
        for number, event in enumerate(events):
            # Events may overlap: what later ones need of what is passed now is read with it.
            last = max(needed[number])
            held.hold({frame for later in needed[number:] for frame in later if frame <= last})
            yield _draw(bare, held, _fit_to_event(held, event, face), event, views, sampler, frames, stride)


class HeldFrames:
    """Some frames of footage, read forward and kept as long as they are needed.

    Args:
        footage: The whole.

    Attributes:
        times_ms: [frames] of the whole footage.
        warnings: Of the whole footage.
    """

    def __init__(self, footage: Footage) -> None:
        self._footage = footage
        self._frames: dict[int, NDArray[np.uint8]] = {}
        self.times_ms = footage.times_ms
        self.warnings = footage.warnings

    def __len__(self) -> int:
        return len(self._footage)

    def hold(self, frames: set[int]) -> None:
        """Read what of some frames is not held yet, and let all others go."""
        missing = sorted(frames - self._frames.keys())
        self._frames = {frame: picture for frame, picture in self._frames.items() if frame in frames}
        if missing:
            self._frames.update(zip(missing, self._footage.frames(missing), strict=True))

    def frames(self, indices: Sequence[int]) -> list[np.ndarray]:
        """Return frames that are held.

        Raises:
            KeyError: One of them is not.
        """
        return [self._frames[index] for index in indices]


def _draw(
    clip: Clip,
    video: Footage,
    aligner: FaceAligner,
    at: Event | Localised,
    views: Sequence[str],
    sampler: str,
    frames: int,
    stride: int,
) -> ClipViews:
    """Sample moments and draw views of an open video."""
    moments = _sample(sampler, video, at, frames, stride)
    source = ViewSource(clip, video, aligner, moments, at.onset, at.apex, at.offset)
    pictures = render_views(views, source)
    warnings = (*video.warnings, *aligner.warnings)
    notes = tuple(source.notes)
    measured = source.evidence if "evidence" in views else None
    clip_views = ClipViews(
        pictures, moments, at.onset, at.apex, at.offset, warnings=warnings, notes=notes, evidence=measured
    )
    return _with_stillness(clip_views, source)


def _evidence_frames(event: Event, footage: Footage) -> set[int]:
    """Return the frames in which the motion of an event is measured."""
    if event.onset is None or event.apex is None:
        return set()
    return {frame for group in evidence_frames(event.onset, event.apex, footage.times_ms) for frame in group}


def _with_stillness(clip_views: ClipViews, source: ViewSource) -> ClipViews:
    """Add a warning where the views of motion show none."""
    if not any(view.name in MOTION_VIEWS for view in clip_views.views) or source.stillness is None:
        return clip_views
    return _as_still(clip_views, source.stillness)


def _as_still(clip_views: ClipViews, reason: str) -> ClipViews:
    """Return views with the warning that their views of motion, where there are any, show none."""
    if clip_views.stillness is not None or not any(view.name in MOTION_VIEWS for view in clip_views.views):
        return clip_views
    return replace(clip_views, warnings=(f"{NO_MOTION}: {reason}", *clip_views.warnings), stillness=reason)


def views_to_draw(clip: Clip, views: Sequence[str]) -> list[str]:
    """Return the views that no ready-made picture of the clip serves: they need its media."""
    drawn = (name for name in views if is_of_words(name) or name not in clip.pictures)
    return [name for name in drawn if _MADE_FROM.get(name) not in clip.pictures]


def _check(clip: Clip, event: Event, length: int) -> None:
    """Refuse key frames that do not fit the media.

    Raises:
        MediaError: A frame is outside the media, or onset, apex and offset are not in order.
    """
    roles = {role: getattr(event, role) for role in ("onset", "apex", "offset")}
    coded = {role: frame for role, frame in roles.items() if frame is not None}
    moments = ", ".join(f"{role} {frame}" for role, frame in coded.items())
    assert clip.media is not None
    if any(not 0 <= frame < length for frame in coded.values()):
        reason = f"clip {clip.id}: the annotation says {moments}, but the media has frames 0 to {length - 1}"
        raise MediaError(clip.media, f"{reason}; mend the annotation (frames count from 0) or the media")
    if list(coded.values()) != sorted(coded.values()):
        raise MediaError(clip.media, f"clip {clip.id}: the annotation is not in order ({moments}); mend the annotation")


def _fit(video: Video, event: Event, face: FaceMode) -> FaceAligner:
    """Fit the aligner to the onset or the first frame, or to the middle of the clip when no face is there."""
    first = event.onset if event.onset is not None else 0
    aligner = FaceAligner.fit(video[first], face)
    if aligner.has_face:
        return aligner
    later = FaceAligner.fit(video[(first + len(video) - 1) // 2], face)
    return later if later.has_face else aligner


def _fit_to_event(video: Footage, event: Event, face: FaceMode) -> FaceAligner:
    """Fit the aligner to the onset of an event, or to its apex when no face is there."""
    onset, apex = event.onset or 0, event.apex or 0
    aligner = FaceAligner.fit(video.frames([onset])[0], face)
    if aligner.has_face or apex == onset:
        return aligner
    later = FaceAligner.fit(video.frames([apex])[0], face)
    return later if later.has_face else aligner


def _localise(video: Video, aligner: FaceAligner, event: Event) -> Localised | None:
    """Find what is missing of onset, apex and offset; None when nothing is."""
    if None not in (event.onset, event.apex, event.offset):
        return None
    if not aligner.has_face:
        return expected(video, onset=event.onset, apex=event.apex, offset=event.offset)
    return localise(video, aligner, onset=event.onset, apex=event.apex, offset=event.offset)


def _sample(sampler: str, video: Footage, at: Event | Localised, frames: int, stride: int) -> list[Moment]:
    """Return the sampled moments; a strategy that depends on no key frame gets the whole clip in their place."""
    onset, apex, offset = at.onset, at.apex, at.offset
    if onset is None or apex is None or offset is None:
        onset = apex = 0
        offset = len(video) - 1
    return sample(
        sampler,
        length=len(video),
        onset=onset,
        apex=apex,
        offset=offset,
        frames=frames,
        stride=stride,
        times_ms=video.times_ms,
    )
