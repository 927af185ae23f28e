"""Plans of the long videos of a profile: frames, expressions, talk, turns, swallows and blinks on one clock."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mevqa.synthetic.clip_plan import ClipPlan, PlannedExpression, class_mixes, random_source
from mevqa.synthetic.long_profiles.behaviour import Turn, draw_blinks, draw_swallows, draw_turns
from mevqa.synthetic.long_profiles.clock import draw_ticks, frame_rate, kept_ticks, nearest
from mevqa.synthetic.long_profiles.expressions import draw_expressions
from mevqa.synthetic.long_profiles.profile import ContentQuantities, LongProfile, long_profile
from mevqa.synthetic.long_profiles.speech import Speaker, draw_speaker, draw_stretches
from mevqa.synthetic.profiles import expression_profile


@dataclass(frozen=True)
class VideoPlan:
    """One video before it is drawn; steps are those of the profile's clock.

    Attributes:
        clip: The same as its labels say it: expressions in frames, the frames a second that the camera is set
            to, or their average (``frame_rate``).
        profile: Name of the profile.
        camera_fps: Frames a second that the camera is set to.
        ticks: [frames] step at which each frame is taken.
        expressions: With annotations in steps.
        talk: First and last step of each stretch of talk.
        speaker: How the person talks.
        turns: Of the head.
        swallows: First step, steps, largest displacement.
        blinks: First step, steps closing, steps opening.
    """

    clip: ClipPlan
    profile: str
    camera_fps: float
    ticks: NDArray[np.int64]
    expressions: tuple[PlannedExpression, ...]
    talk: tuple[tuple[int, int], ...]
    speaker: Speaker
    turns: tuple[Turn, ...]
    swallows: tuple[tuple[int, int, float], ...]
    blinks: tuple[tuple[int, int, int], ...]

    @property
    def length(self) -> int:
        """Steps of the clock up to the last frame, both ends included."""
        return int(self.ticks[-1]) + 1

    @property
    def talk_frames(self) -> list[tuple[int, int]]:
        """First and last frame of each stretch of talk."""
        return [(nearest(self.ticks, begin), nearest(self.ticks, end)) for begin, end in self.talk]


def plan_videos(
    videos: int, seed: int, *, profile: str, subjects: int, fps: tuple[float, ...], classes: str, seconds: float
) -> list[VideoPlan]:
    """Plan a set of long videos.

    Args:
        videos: How many.
        seed: Decides everything.
        profile: One of ``profile_names()`` other than the standard one.
        subjects: Number of persons; videos are dealt to them in turn.
        fps: Frame rates that the cameras are set to, dealt to the persons; empty: the profile's.
        classes: Name of a mix of ``class_mixes``.
        seconds: Length of each.
    """
    quantities = long_profile(profile)
    rates = fps or (quantities.recording.fps,)
    contents = _deal_contents(videos, seed, quantities.contents)
    plans = []
    for index in range(videos):
        subject = index % subjects
        plans.append(
            _plan_video(
                random_source(seed, f"{profile} plan", index),
                quantities,
                ClipPlan(f"synth{seed}_s{subject + 1:02d}_{index + 1:04d}", index, subject, 0.0, 0, (), ()),
                profile,
                content=contents[index],
                fps=rates[subject % len(rates)],
                speaker=draw_speaker(random_source(seed, f"{profile} speaker", subject), quantities.talking),
                classes=classes,
                seconds=seconds,
            )
        )
    return plans


def _deal_contents(videos: int, seed: int, contents: ContentQuantities) -> list[str]:
    """Return what each video holds: ``still``, ``talking`` or ``both``, as often as the profile says in each block."""
    block = ["still"] * contents.still + ["talking"] * contents.talking
    block += ["both"] * (contents.of - len(block))
    dealt: list[str] = []
    while len(dealt) < videos:
        order = random_source(seed, "contents", len(dealt)).permutation(len(block))
        dealt += [block[index] for index in order]
    # A set too small for the shares is not one of videos in which nothing happens.
    return dealt[:videos] if videos >= contents.of else ["both"] * videos


def _plan_video(
    rng: np.random.Generator,
    quantities: LongProfile,
    clip: ClipPlan,
    profile: str,
    *,
    content: str,
    speaker: Speaker,
    fps: float,
    classes: str,
    seconds: float,
) -> VideoPlan:
    camera = quantities.recording
    ticks, lost = draw_ticks(rng, seconds, fps, camera)
    length = int(ticks[-1]) + 1
    talk = draw_stretches(rng, length, camera.clock, quantities.talking) if content != "still" else []
    expressions: tuple[PlannedExpression, ...] = ()
    if content == "both":
        mix = class_mixes()[classes]
        expressions = draw_expressions(rng, length, camera.clock, talk, mix, quantities.expressions)
    spans = [_steps(expression) for expression in expressions]
    written_ticks = kept_ticks(ticks, lost, spans)
    busy = [(onset, offset) for onset, _, offset in spans]
    # A blink within a micro-expression would end the coding of most data sets.
    micro = [span for span, expression in zip(busy, expressions, strict=True) if expression.annotation.kind == "micro"]
    plan = VideoPlan(
        clip,
        profile,
        fps,
        written_ticks,
        expressions,
        tuple(talk),
        speaker,
        draw_turns(rng, length, camera.clock, quantities.head, busy),
        draw_swallows(rng, length, camera.clock, quantities.swallowing, [*busy, *talk]),
        draw_blinks(rng, length, camera.clock, quantities.blinks, micro),
    )
    return replace(plan, clip=_labelled(plan, camera.clock))


def _steps(expression: PlannedExpression) -> tuple[int, int, int]:
    """Return onset, apex and offset."""
    it = expression.annotation
    return int(it.onset or 0), int(it.apex or 0), int(it.offset or 0)


def _labelled(plan: VideoPlan, clock: int) -> ClipPlan:
    """Return the clip as its labels say it.

    The onset is the last frame without the movement, the apex the frame in which it is largest, the offset the first
    frame after the return.
    """
    performances = []
    for expression in plan.expressions:
        onset, apex, offset = _steps(expression)
        first = int(np.searchsorted(plan.ticks, onset, side="right")) - 1
        last = int(np.searchsorted(plan.ticks, offset))
        extent = np.zeros(len(plan.ticks))
        for movement in expression.movements:
            course = expression_profile(plan.length, onset + movement.delay, apex, offset, movement.shape)
            extent += course[plan.ticks]
        annotation = replace(
            expression.annotation, onset=first, apex=int(extent.argmax()), offset=min(last, len(plan.ticks) - 1)
        )
        performances.append(replace(expression, annotation=annotation))
    rate = frame_rate(plan.ticks, clock, plan.camera_fps)
    return replace(plan.clip, fps=rate, frames=len(plan.ticks), performances=tuple(performances))
