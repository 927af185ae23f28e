"""Measuring the localiser on synthetic clips: how far from the truth its apex is, and on which side."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mevqa.synthetic.clip_plan import ClipPlan
from mevqa.synthetic.encoding import write_mp4
from mevqa.synthetic.exponential import play_exponentially
from mevqa.synthetic.recording import Recording, Style
from mevqa.video.face.aligned_face import FaceAligner
from mevqa.video.motion.localise import localise
from mevqa.video.reading.reader import open_video

#: What counts as found: an apex within so many ms or so many frames.
TOLERANCE_MS = 20.0
TOLERANCE_FRAMES = 2


@dataclass(frozen=True, slots=True)
class ApexError:
    """Error of the apex that was found in one clip.

    Attributes:
        frames: Frames from the true apex to the one found, positive where that is too late.
        fps: Frames per second.
        shape: ``plain``, ``held`` (creep, hold and partial return), ``late units`` or ``exponential``.
    """

    frames: int
    fps: float
    shape: str

    @property
    def ms(self) -> float:
        """The error in ms, signed."""
        return self.frames * 1000 / self.fps

    @property
    def is_within(self) -> bool:
        """Whether the apex counts as found."""
        return abs(self.frames) <= TOLERANCE_FRAMES or abs(self.ms) <= TOLERANCE_MS


def measure_apex(plan: ClipPlan, seed: int, *, exponential: bool = False, crf: int | None = None) -> ApexError:
    """Make a short clip, find its apex and compare.

    Args:
        plan: Of the clip.
        seed: Of its set.
        exponential: With a course of the second family.
        crf: Constant rate factor of the compression, 0 for none; None: each clip has its own, 8 to 18.
    """
    recording = Recording(plan, seed, Style(crf=crf))
    (performance,) = plan.performances
    first, *late = performance.movements
    shape, apex = "plain" if first.is_plain else "late units" if late else "held", int(performance.annotation.apex or 0)
    if exponential:
        shape, apex = "exponential", play_exponentially(recording, seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        write_mp4(path, recording.frames(), plan.fps, recording.scene.crf)
        with open_video(path) as video:
            localisation = localise(video, FaceAligner.fit(video[0]))
    return ApexError(localisation.apex - apex, plan.fps, shape)


def error_table(errors: Sequence[ApexError]) -> str:
    """Return shares and quartiles by frame rate, by shape and together."""
    groups = {
        f"{fps:g} fps": [error for error in errors if error.fps == fps]
        for fps in sorted({error.fps for error in errors})
    }
    groups |= {
        shape: [error for error in errors if error.shape == shape]
        for shape in sorted({error.shape for error in errors})
    }
    lines = [f"{'':12}{'clips':>6}{'within':>9}   signed error, ms: quartiles"]
    for name, group in (*groups.items(), ("together", list(errors))):
        low, middle, high = np.percentile([error.ms for error in group], [25, 50, 75])
        share = np.mean([error.is_within for error in group])
        lines.append(f"{name:12}{len(group):6d}{share:9.1%}   {low:+.0f}, {middle:+.0f}, {high:+.0f}")
    return "\n".join(lines)
