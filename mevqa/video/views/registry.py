"""Views of a clip: pictures by name that a model sees, each with a caption that the prompt carries.

A new view is a function and a line: decorate a function from a ``ViewSource`` to views with ``register_view``. A view
of words (``evidence``) draws no picture: it appends its text to ``ViewSource.notes``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from mevqa.errors import InputError, MediaError, Problem
from mevqa.registry import Registry
from mevqa.types import Clip, Moment, View
from mevqa.video.motion.evidence import MotionEvidence, evidence_frames, measure_evidence
from mevqa.video.motion.flow import centre_channels, dense_flow, motion_map, within_face
from mevqa.video.motion.magnify import magnify
from mevqa.video.motion.still import is_uniform, stillness
from mevqa.video.reading.pictures import read_ready_made
from mevqa.video.views.evidence import Timing, evidence_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mevqa.video.face.aligned_face import FaceAligner
    from mevqa.video.reading.video import Footage

#: How many times the motion is shown in the view ``magnified``.
MAGNIFICATION = 8.0

#: Side in px of the computed ``motion-centred`` view: that of the published maps, which small models are trained on.
CENTRED_SIZE = 28

# Grey levels of the view ``difference`` for each grey level by which the skin has changed.
_DIFFERENCE_GAIN = 4.0

#: Sentence about the colours in the captions of all motion maps.
_COLOURS = (
    "Red is the horizontal motion (brighter: to the right of the picture), green the vertical motion (brighter: "
    "downwards), blue the strain of the skin"
)

#: Caption of every view but ``frames``, whose captions tell the time.
CAPTIONS = {
    "onset": "The aligned face at the onset, just before the expression.",
    "apex": "The aligned face at the apex, when the expression is strongest.",
    "offset": "The aligned face at the offset, when the expression has passed.",
    "difference": (
        "Difference of the aligned face from onset to apex, four times enlarged: mid-grey is unchanged, brighter has "
        "become brighter."
    ),
    "motion": f"Motion of the face from onset to apex. {_COLOURS}; each is stretched to its full range.",
    "motion-centred": f"Motion of the face from onset to apex. {_COLOURS}; mid-grey is each one's median.",
    "magnified": f"The aligned face with its motion from onset to apex magnified {MAGNIFICATION:g} times.",
}


@dataclass
class ViewSource:
    """One clip, opened: where views take faces, flow and ready-made pictures from.

    Frames are read in one forward pass and aligned when a view asks for them; faces, flow and given pictures are kept.

    Attributes:
        clip: The clip.
        video: Its media; None when only ready-made pictures exist.
        aligner: Fitted to a frame of the media; None without media.
        moments: The sampled moments.
        onset: First frame of the expression, None when it is not known.
        apex: Frame of its largest extent.
        offset: Its last frame.
        notes: What views of words have written about the clip; the prompt carries it before the pictures.
    """

    clip: Clip
    video: Footage | None = None
    aligner: FaceAligner | None = None
    moments: Sequence[Moment] = ()
    onset: int | None = None
    apex: int | None = None
    offset: int | None = None
    notes: list[str] = field(default_factory=list, init=False)
    _frames: dict[int, NDArray[np.uint8]] = field(default_factory=dict, init=False, repr=False)
    _faces: dict[int, NDArray[np.uint8]] = field(default_factory=dict, init=False, repr=False)
    _pictures: dict[str, Image.Image] = field(default_factory=dict, init=False, repr=False)

    def face(self, frame: int) -> NDArray[np.uint8]:
        """Return the aligned face of a frame, RGB [256, 256, 3].

        Args:
            frame: 0-based index.

        Raises:
            InputError: The clip has no media.
            MediaError: A frame cannot be read.
        """
        if frame not in self._faces:
            if self.video is None or self.aligner is None:
                raise self._lacks("its video, which is missing")
            if frame not in self._frames:
                likely = (frame, self.onset, self.apex, self.offset, *(moment.frame for moment in self.moments))
                wanted = sorted({index for index in likely if index is not None} - self._faces.keys())
                self._frames.update(zip(wanted, self.video.frames(wanted), strict=True))
            self._faces[frame] = self.aligner(self._frames.pop(frame))
        return self._faces[frame]

    def faces(self, frames: Sequence[int]) -> list[NDArray[np.uint8]]:
        """Return the aligned faces of some frames, which are read in one go.

        Raises:
            InputError: The clip has no media.
            MediaError: A frame cannot be read.
        """
        missing = sorted(set(frames) - self._faces.keys() - self._frames.keys())
        if missing and self.video is not None:
            self._frames.update(zip(missing, self.video.frames(missing), strict=True))
        return [self.face(frame) for frame in frames]

    def at(self, role: str) -> int:
        """Return the frame of ``onset``, ``apex`` or ``offset``.

        Raises:
            InputError: It is not known.
        """
        frame: int | None = getattr(self, role)
        if frame is None:
            raise self._lacks(f"the {role} of the expression, which is not known")
        return frame

    @cached_property
    def flow(self) -> NDArray[np.float32]:
        """Motion of the face from onset to apex, px of the aligned face [256, 256, 2]; its surroundings stand still."""
        flow = dense_flow(self.face(self.at("onset")), self.face(self.at("apex")))
        by_eyes = self.aligner is not None and self.aligner.has_face and self.aligner.mode != "none"
        return within_face(flow) if by_eyes else flow

    @cached_property
    def evidence(self) -> MotionEvidence:
        """Motion of each region of the face from onset to apex."""
        onset, apex = self.at("onset"), self.at("apex")
        if onset == apex:
            return MotionEvidence(failure="onset and apex are one frame")
        if self.video is None or self.aligner is None:
            raise self._lacks("its video, which is missing")
        if not self.aligner.has_face:
            return MotionEvidence(failure="no face was found")
        if self.aligner.mode == "none":
            return MotionEvidence(failure="the eyes were not looked for")
        at_onset, at_apex = evidence_frames(onset, apex, self.video.times_ms)
        return measure_evidence(self.faces(at_onset), self.faces(at_apex))

    def picture(self, name: str) -> Image.Image | None:
        """Return the clip's ready-made picture of a view, RGB; None when it has none.

        Raises:
            MediaError: The file is missing or no picture.
        """
        path = self.clip.pictures.get(name)
        if path is None:
            return None
        if name not in self._pictures:
            if not path.exists():
                raise MediaError(path, "the ready-made picture is missing")
            try:
                self._pictures[name] = read_ready_made(path)
            except MediaError as error:
                raise MediaError(path, f"the ready-made picture cannot be read: it {error.reason}") from error
        return self._pictures[name]

    @cached_property
    def stillness(self) -> str | None:
        """Why the views of motion show none, None when they show some or cannot be drawn."""
        ready = self.picture("motion")
        if ready is not None:
            return "the ready-made picture is uniform" if is_uniform(np.asarray(ready)) else None
        if self.video is None or self.onset is None or self.apex is None:
            return None
        before, after = self.face(self.onset), self.face(self.apex)
        return stillness(before, after, one_frame=self.onset == self.apex)

    def _lacks(self, what: str) -> InputError:
        where = self.clip.media or f"clip {self.clip.id}"
        return InputError([Problem(where, f"this view needs {what}")])


Draw = Callable[[ViewSource], list[View]]
VIEWS: Registry[Draw] = Registry("view", "--views")
_OF_WORDS: set[str] = set()


def register_view(name: str, *, words: bool = False) -> Callable[[Draw], Draw]:
    """Make a function available as the view ``name``.

    Args:
        name: What users write in ``--views``.
        words: Whether it draws no picture and appends a text to the notes of the source, which only models with a
            system text can be given.

    Raises:
        ValueError: The name is taken.
    """

    def register(draw: Draw) -> Draw:
        VIEWS.add(name, draw)
        if words:
            _OF_WORDS.add(name)
        return draw

    return register


def view_names() -> tuple[str, ...]:
    """Return the names of all views."""
    return VIEWS.names


def is_of_words(name: str) -> bool:
    """Return whether a view is a text about the clip and no picture."""
    return name in _OF_WORDS


def render_views(names: Sequence[str], source: ViewSource) -> list[View]:
    """Render views of a clip, in the order asked for; a ready-made picture of a view's name replaces it.

    Args:
        names: Names of views.
        source: The opened clip.

    Raises:
        InputError: A name is unknown, or a view needs what the clip lacks.
        MediaError: A frame or a picture cannot be read.
    """
    problems = VIEWS.unknown(names)
    if problems:
        raise InputError(problems)
    views: list[View] = []
    for name in names:
        ready = None if is_of_words(name) else source.picture(name)
        views += (
            VIEWS.find(name)(source) if ready is None else [View(name, ready, CAPTIONS.get(name, f"The view {name}."))]
        )
    return views


@register_view("frames")
def _frames(source: ViewSource) -> list[View]:
    """The aligned face at the moments that the sampler chooses."""
    return [
        View("frames", Image.fromarray(source.face(moment.frame)), _moment_caption(source, moment), (moment.frame,))
        for moment in source.moments
    ]


def _moment_caption(source: ViewSource, moment: Moment) -> str:
    milliseconds = source.video.times_ms[moment.frame] if source.video is not None else 0.0
    return f"The aligned face at {milliseconds:.0f} ms ({moment.role})."


def _key_frame(source: ViewSource, role: str) -> list[View]:
    frame = source.at(role)
    return [View(role, Image.fromarray(source.face(frame)), CAPTIONS[role], (frame,))]


for _role in ("onset", "apex", "offset"):
    register_view(_role)(partial(_key_frame, role=_role))


@register_view("difference")
def _difference(source: ViewSource) -> list[View]:
    before, after = (source.face(source.at(role)).astype(np.float32) for role in ("onset", "apex"))
    drawn = np.clip(np.rint(128 + _DIFFERENCE_GAIN * (after - before)), 0, 255).astype(np.uint8)
    return [_from_onset_to_apex(source, "difference", Image.fromarray(drawn))]


@register_view("motion")
def _motion(source: ViewSource) -> list[View]:
    return [_from_onset_to_apex(source, "motion", motion_map(source.flow))]


@register_view("motion-centred")
def _motion_centred(source: ViewSource) -> list[View]:
    ready = source.picture("motion")
    drawn = np.asarray(ready if ready is not None else motion_map(source.flow, size=CENTRED_SIZE))
    centred = Image.fromarray(centre_channels(drawn))
    if ready is not None:
        return [View("motion-centred", centred, CAPTIONS["motion-centred"])]
    return [_from_onset_to_apex(source, "motion-centred", centred)]


@register_view("magnified")
def _magnified(source: ViewSource) -> list[View]:
    drawn = magnify(source.face(source.at("onset")), source.flow, MAGNIFICATION)
    return [_from_onset_to_apex(source, "magnified", drawn)]


@register_view("evidence", words=True)
def _evidence(source: ViewSource) -> list[View]:
    """The measured motion as a sentence in the prompt: regions, directions, percent of the eye distance, timing."""
    at = [
        None if frame is None or source.video is None else float(source.video.times_ms[frame])
        for frame in (source.at("onset"), source.at("apex"), source.offset)
    ]
    onset_ms, apex_ms, offset_ms = at
    source.notes.append(evidence_text(source.evidence, Timing(onset_ms or 0.0, apex_ms or 0.0, offset_ms)))
    return []


def _from_onset_to_apex(source: ViewSource, name: str, image: Image.Image) -> View:
    return View(name, image, CAPTIONS[name], (source.at("onset"), source.at("apex")))
