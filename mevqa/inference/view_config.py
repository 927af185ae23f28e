"""Which views are made of a clip, from which frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mevqa.models.base import Preferences

if TYPE_CHECKING:
    from mevqa.events import Rule
    from mevqa.spotting.motion.spotter import SpotOptions
    from mevqa.video.face.aligned_face import FaceMode

#: Who answers questions about a long video: the spotter and the model together, or one of them alone.
LongVideoWay = Literal["hybrid", "spotter", "model"]

#: Moments of a long video when the model itself looks at the whole of it.
LONG_VIDEO_FRAMES = 8


@dataclass(frozen=True, slots=True)
class ViewConfig:
    """How clips are looked at.

    Attributes:
        views: Names of the views, in order.
        sampler: Name of the sampling strategy.
        face: Face detection mode (``auto``, ``haar``, ``mediapipe``, ``none``).
        frames: Frames of the sampler's window, or of the whole clip for ``uniform``.
        stride: Distance of neighbouring frames of a window.
        long_views: Names of the views for questions about a whole long video that the model answers alone.
        long_sampler: Sampling strategy for them.
        long_frames: As ``frames``, for them.
        lvqa: Who answers questions about long videos: ``hybrid`` (the spotter finds the events, the model looks at
            each), ``spotter`` or ``model``.
        rule: How micro- and macro-expressions are told apart; None: as the data set was coded.
        spotter: Other options of the spotter; its own rule is not used.
    """

    views: tuple[str, ...]
    sampler: str = "oao"
    face: FaceMode = "auto"
    frames: int = 3
    stride: int = 1
    long_views: tuple[str, ...] = ("frames",)
    long_sampler: str = "uniform"
    long_frames: int = LONG_VIDEO_FRAMES
    lvqa: LongVideoWay = "hybrid"
    rule: Rule | None = None
    spotter: SpotOptions | None = None

    @classmethod
    def preferred(
        cls,
        preferences: Preferences,
        views: Sequence[str] | None = None,
        sampler: str | None = None,
        face: FaceMode = "auto",
        frames: int = 3,
        stride: int = 1,
        lvqa: LongVideoWay = "hybrid",
        rule: Rule | None = None,
        spotter: SpotOptions | None = None,
        *,
        long_frames: int = LONG_VIDEO_FRAMES,
    ) -> ViewConfig:
        """Return the user's choice where there is one and the model's preference elsewhere."""
        # A model that asks for one kind of picture only (a motion map) cannot read anything else.
        single = len(preferences.views) == 1
        return cls(
            views=tuple(views or preferences.views),
            sampler=sampler or preferences.sampler,
            face=face,
            frames=frames,
            stride=stride,
            long_views=tuple(views or (preferences.views if single else ("frames",))),
            long_sampler=sampler or (preferences.sampler if single else "uniform"),
            long_frames=long_frames,
            lvqa=lvqa,
            rule=rule,
            spotter=spotter,
        )
