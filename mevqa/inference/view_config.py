"""Which views are made of a clip, from which frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mevqa.errors import InputError, Problem
from mevqa.models.base import Preferences
from mevqa.spotting.base import Fitted, SpotOptions
from mevqa.spotting.registry import spot_options
from mevqa.suggestions import did_you_mean
from mevqa.video.views.registry import view_names
from mevqa.video.views.sampler import sampler_names

if TYPE_CHECKING:
    from mevqa.events import Rule
    from mevqa.types import Clip
    from mevqa.video.face.aligned_face import FaceMode
    from mevqa.video.reading.video import Video
    from mevqa.video.views.render import ClipViews

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

    def render(self, clip: Clip, *, long_video: bool, footage: Video | None = None) -> ClipViews:
        """Look at a clip.

        Args:
            clip: The clip.
            long_video: Whether it is asked about as a long video, at the whole of which the model looks.
            footage: The clip's media, where it is open already.

        Raises:
            InputError: A view or sampler is unknown, or the clip has no media for a view that is not ready-made.
            MediaError: The media cannot be read, or the annotation does not fit it.
        """
        from mevqa.video.views.render import render_clip

        sampler = self.long_sampler if long_video else self.sampler
        return render_clip(
            clip,
            views=self.long_views if long_video else self.views,
            sampler=sampler,
            face=self.face,
            frames=self.long_frames if long_video and sampler == "uniform" else self.frames,
            stride=self.stride,
            footage=footage,
        )

    @classmethod
    def preferred(
        cls,
        preferences: Preferences,
        views: Sequence[str] | None = None,
        sampler: str | None = None,
        face: FaceMode = "auto",
        frames: int | None = None,
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
            frames=frames or preferences.frames,
            stride=stride,
            long_views=tuple(views or (preferences.views if single else ("frames",))),
            long_sampler=sampler or (preferences.sampler if single else "uniform"),
            long_frames=long_frames,
            lvqa=lvqa,
            rule=rule,
            spotter=spotter,
        )


@dataclass(frozen=True, slots=True)
class ViewOptions:
    """The user's choices of a ``ViewConfig``; whatever is left out is as the model prefers it.

    Attributes:
        views: Names of the views, in order; in one text with commas between them, or as a list.
        sampler: Name of the sampling strategy.
        frames: Frames of the sampler's window, or in all for ``uniform``; None: as many as the model prefers, of a
            whole long video 8.
        stride: Distance of neighbouring frames of a window.
        face: Face detection mode.
        lvqa: Who answers questions about long videos.
        rule: How micro- and macro-expressions are told apart; None: as the data set was coded.
        threshold: Least strength of a spotted event, in units of the video's own noise.
        calibrator: What the spotter learned, or its file; that of ``motion`` scores events and drops some.
        spotter: Name of the spotter; None: that of the weights, or the default one.
        features: Folder of the cache of motion records; None: ``MEVQA_FEATURES`` of the environment, or none.
        weights: Folder of the spotter's trained weights.
    """

    views: str | Sequence[str] | None = None
    sampler: str | None = None
    frames: int | None = None
    stride: int = 1
    face: FaceMode = "auto"
    lvqa: LongVideoWay = "hybrid"
    rule: Rule | None = None
    threshold: float | None = None
    calibrator: Fitted | Path | str | None = None
    spotter: str | None = None
    features: Path | str | None = None
    weights: Path | str | None = None

    def names(self) -> tuple[str, ...] | None:
        """Return the names of the views, None where the model's preference holds."""
        if self.views is None:
            return None
        names = self.views.split(",") if isinstance(self.views, str) else self.views
        return tuple(name.strip() for name in names if name.strip())

    def check(self) -> tuple[SpotOptions | None, list[Problem]]:
        """Return the options of the spotter, None where they are wrong, and everything that is wrong."""
        views = self.names()
        problems = []
        if views == ():
            problems.append(Problem("--views", f"names no view; known: {', '.join(view_names())}"))
        for option, kind, names, known in (
            ("--views", "view", views or (), view_names()),
            ("--sampler", "sampler", () if self.sampler is None else (self.sampler,), sampler_names()),
        ):
            unknown = [name for name in dict.fromkeys(names) if name not in known]
            problems += [Problem(option, f"unknown {kind} {name!r}; {did_you_mean(name, known)}") for name in unknown]
        try:
            return self._spotter(), problems
        except InputError as error:
            return None, [*problems, *error.problems]

    def for_model(self, preferences: Preferences) -> ViewConfig:
        """Return the whole config for a model.

        Args:
            preferences: Of the model.

        Raises:
            InputError: Everything that is wrong with the options.
        """
        spotter, problems = self.check()
        if problems:
            raise InputError(problems)
        return ViewConfig.preferred(
            preferences,
            self.names(),
            self.sampler,
            self.face,
            self.frames,
            self.stride,
            self.lvqa,
            self.rule,
            spotter,
            long_frames=self.frames or LONG_VIDEO_FRAMES,
        )

    def _spotter(self) -> SpotOptions:
        """Return how events are spotted; the rule for the kinds is left to the data set."""
        return spot_options(
            threshold=self.threshold,
            calibrator=self.calibrator,
            spotter=self.spotter,
            features=self.features,
            weights=self.weights,
        )
