"""A second family of courses, for validation: how the localiser does on courses that it does not model.

The kernel of ``mevqa.video.motion.extent`` was chosen with its results in view, among others; nothing else was.

Rises and releases are exponential, with a fast and a slow time constant, plateaus have any length and a second
movement may be largest after the first. The screenplay's own courses (``mevqa.synthetic.movements``) are made of
cosines.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mevqa.synthetic.clip_plan import PlannedExpression, random_source
from mevqa.synthetic.recording import Recording

Array = NDArray[np.float64]


def play_exponentially(recording: Recording, seed: int) -> int:
    """Give the one expression of a short clip other courses and return its apex.

    Args:
        recording: The clip; its strengths are replaced.
        seed: Decides the courses, with the number of the clip.

    Returns:
        The frame at which the displacement of the whole face (its root mean square) is largest.
    """
    plan = recording.plan
    rng = random_source(seed, "exponential", plan.index)
    (performance,) = plan.performances
    times = (np.arange(plan.frames) - int(performance.annotation.onset or 0)) * 1000 / plan.fps
    recording.strengths = _strengths(performance, times, 1000 / plan.fps, rng)
    fields = np.array([field[..., :2].ravel() for field in recording.renderer.fields])
    return int(np.linalg.norm(recording.strengths.T @ fields, axis=1).argmax())


def _strengths(performance: PlannedExpression, times: Array, step_ms: float, rng: np.random.Generator) -> Array:
    """Return [movements, frames] at times that count from the onset, ms."""
    annotation = performance.annotation
    span = (int(annotation.offset or 0) - int(annotation.onset or 0)) * step_ms
    apex = span * float(np.clip(rng.normal(0.42, 0.14), 0.15, 0.75))
    rows = []
    for movement in performance.movements:
        begin = min(movement.delay * step_ms, 0.8 * apex)
        top = apex * (float(rng.uniform(0.95, 1.25)) if movement.delay else 1.0)
        fast, slow, share = (float(rng.uniform(*limits)) for limits in ((15, 45), (60, 200), (0.5, 0.9)))
        since = np.clip(np.append(times, top) - begin, 0.0, top - begin)
        risen = share * (1 - np.exp(-since / fast)) + (1 - share) * (1 - np.exp(-since / slow))
        hold, loss, release = (float(rng.uniform(*limits)) for limits in ((0.1, 0.5), (0.03, 0.15), (0.25, 0.6)))
        after = np.maximum(times - top, 0.0) / (span - top)
        sagged = 1 - loss * np.clip(after / hold, 0.0, 1.0)
        rows.append(risen[:-1] / risen[-1] * sagged * np.exp(-np.clip(after - hold, 0.0, 1.0) / release))
    return np.array(rows)
