"""Synthetic long videos for spotting trials: expressions of a given size, and videos without any."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mevqa.synthetic.clip_plan import (
    MACRO_AMPLITUDE,
    ClipPlan,
    PlannedExpression,
    narrowest_motion,
    plan_clips,
    random_source,
)
from mevqa.synthetic.encoding import write_mp4
from mevqa.synthetic.recording import Recording, Style

#: Largest displacement of the micro-expressions of a trial, fractions of the eye distance.
MICRO_AMPLITUDE = (0.01, 0.03)

#: Largest amplitude in widths of the narrowest bump of motion, as in the screenplay: beyond it skin looks torn.
_FOLD = 0.8

#: What a video holds: both kinds of expressions, macro-expressions alone, or none.
CONTENTS = ("events", "macro", "still")


@dataclass(frozen=True, slots=True)
class TrialVideo:
    """One video of a trial.

    Attributes:
        plan: Who, how fast, which expressions and when: the ground truth.
        content: ``events``, ``macro`` or ``still``.
        path: The file.
    """

    plan: ClipPlan
    content: str
    path: Path


def trial_plans(videos: int, seed: int, *, seconds: float, fps: tuple[float, ...], content: str) -> list[ClipPlan]:
    """Plan the videos of a trial, each of a person of its own.

    Args:
        videos: How many.
        seed: Decides everything; sets of different seeds share no person.
        seconds: Length of each.
        fps: Frame rates, dealt in turn.
        content: One of ``CONTENTS``.
    """
    # A content has persons of its own: the seed is spread over them.
    content_seed = len(CONTENTS) * seed + CONTENTS.index(content)
    plans = plan_clips(videos, content_seed, subjects=videos, fps=fps, classes="balanced", long_seconds=seconds)
    kinds = {"events": ("micro", "macro"), "macro": ("macro",), "still": ()}[content]
    return [
        replace(
            plan,
            id=f"{content}_{plan.id}",
            performances=tuple(
                _resized(performance, random_source(content_seed, f"amplitude {number}", plan.index))
                for number, performance in enumerate(plan.performances)
                if performance.annotation.kind in kinds
            ),
        )
        for plan in plans
    ]


def _resized(performance: PlannedExpression, rng: np.random.Generator) -> PlannedExpression:
    """Return an expression with an amplitude drawn from the trial's range."""
    low, high = MICRO_AMPLITUDE if performance.annotation.kind == "micro" else MACRO_AMPLITUDE
    high = max(low, min(high, _FOLD * narrowest_motion(performance.annotation.action_units)))
    return replace(performance, amplitude=float(np.exp(rng.uniform(np.log(low), np.log(high)))))


def write_trial(
    folder: Path,
    plans: list[ClipPlan],
    content: str,
    seed: int,
    *,
    size: tuple[int, int] = (640, 480),
    progress: Callable[[ClipPlan], None] | None = None,
) -> list[TrialVideo]:
    """Write the videos that the folder does not hold yet.

    Args:
        folder: Where; made when it is missing.
        plans: From ``trial_plans``.
        content: The same as there.
        seed: The same as there.
        size: Width and height, pixels.
        progress: Called after each video.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content_seed = len(CONTENTS) * seed + CONTENTS.index(content)
    videos = []
    for plan in plans:
        path = folder / f"{plan.id}_{size[0]}x{size[1]}_{plan.fps:g}fps_{plan.frames}.mp4"
        if not path.exists():
            recording = Recording(plan, content_seed, Style(*size))
            write_mp4(path, recording.frames(), plan.fps, recording.scene.crf)
        videos.append(TrialVideo(plan, content, path))
        if progress is not None:
            progress(plan)
    return videos
