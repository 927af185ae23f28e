"""Apex of an expression, when its extent is largest: drawn from everything that its curve may be.

A course with few parameters is never quite right: held expressions tremble, and what coders mark is the frame of the
largest extent and not the middle of a hill. The extent is modelled as a course plus a deviation that is a
Gaussian process in proportion to the extent. Where the curve is clear, the deviation follows it; where
it is lost in noise, the course alone speaks. Whole curves are drawn from this posterior, and each has its apex.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mevqa.video.motion.course import Courses

Array = NDArray[np.float64]

#: How far an expression departs from the best courses, as a share of its extent, and how fast, ms. The correlation is
#: that of Matern with 3/2 (Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006, section 4.2.1):
#: a smoother one swings over at the corners of a shoulder and at the end of a hold.
_DEPARTURE = 0.12
_DEPARTURE_MS = 60.0

#: Curves that are drawn, and their spacing in time, ms.
_DRAWS = 256
_SPACING_MS = 4.0

#: Samples of a drawn curve, at most, so that those of a long expression are further apart.
_MOST_SAMPLES = 1500

#: What is not the expression (a constant, a slope, a blink) may have any weight: this variance in units of the extent.
_ANY = 100.0


def draw_apexes(
    curve: Array, times_ms: Array, covariance: Array, ignored: Array, courses: Courses, weights: Array
) -> Array:
    """Return when curves drawn from the posterior have their largest extent, [draws] ms.

    Args:
        curve: [samples] motion along the direction of the expression, about 1 at the apex.
        times_ms: [samples] ascending.
        covariance: [samples, samples] of the noise of ``curve``.
        ignored: [samples, k] time courses that are not the expression.
        courses: What the expression may be.
        weights: [courses] their probabilities.
    """
    # Systematic sampling: each course is drawn as often as its probability says, rounded up or down.
    places = np.searchsorted(np.cumsum(weights), (np.arange(_DRAWS) + 0.5) / _DRAWS)
    drawn = courses.at(np.minimum(places, len(weights) - 1))
    first = max(float(times_ms[0]), float((drawn.apex - drawn.rise).min()))
    last = min(float(times_ms[-1]), float((drawn.apex + drawn.fall).max()))
    spacing = max(_SPACING_MS, (last - first) / _MOST_SAMPLES)
    grid = np.arange(min(first, last), last + 1e-6, spacing)
    at_samples, at_grid = drawn.extents(times_ms), drawn.extents(grid)
    usual, usual_at_grid = at_samples.mean(axis=0), at_grid.mean(axis=0)
    sample_covariance = _departure(times_ms, times_ms, usual, usual) + covariance + _ANY * ignored @ ignored.T
    across = _departure(grid, times_ms, usual_at_grid, usual)
    gain = np.linalg.solve(sample_covariance, across.T).T
    left = _departure(grid, grid, usual_at_grid, usual_at_grid) - gain @ across.T
    variances, directions = np.linalg.eigh(left)
    spread = directions * np.sqrt(np.maximum(variances, 0.0))
    random = np.random.default_rng(0).standard_normal((_DRAWS, len(grid)))
    curves = at_grid + (curve - at_samples) @ gain.T + random @ spread.T
    return np.asarray(grid[curves.argmax(axis=1)])


def _departure(times_ms: Array, others_ms: Array, extent: Array, other_extent: Array) -> Array:
    """Return the covariance of the deviation from the course between times at which the extent is known."""
    distance = np.sqrt(3.0) * np.abs(times_ms[:, None] - others_ms[None, :]) / _DEPARTURE_MS
    correlation = (1.0 + distance) * np.exp(-distance)
    return np.asarray(_DEPARTURE**2 * correlation * extent[:, None] * other_extent[None, :])
