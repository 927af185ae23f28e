"""Holding the head still: the motion of the whole head between two frames, to a few hundredths of a pixel.

The face is divided into patches. Each patch's own shift against the reference is estimated by one step of inverse
compositional Lucas-Kanade (Baker and Matthews, "Lucas-Kanade 20 years on", IJCV 56(3), 2004); the motion of a head is
fitted to the shifts of the patches on rigid parts of the face: a similarity, and small turns to the side and up or
down, which shift near parts against far ones. Both repeat until nothing moves. Patches that disagree with the common
motion, because an expression, a blink or a shadow moves them, lose their vote (iteratively reweighted least squares
with Tukey's biweight). The similarity holds the brows' depth still; the motion that is left over is the face's own.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from mevqa.video.face.align import cut_out
from mevqa.video.face.geometry import ALIGNED_SIZE
from mevqa.video.face.head_shape import depth, rigid_votes

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Patches a side; a patch of 16 px at full size pools enough texture for some 0.05 px at two grey levels of noise.
_GRID = 16
# Coarse to fine: side of the picture in px, and how many warps at most.
_LEVELS = ((64, 6), (128, 5), (256, 6))
# Surroundings of the face that are searched too, px of the canonical face.
_MARGIN = 32
# Side of the picture at which a head that moved far is searched for.
_SEARCH_SIDE = 64
# Blur in px of each level before gradients are taken.
_SIGMA = 1.2
# Noise of the blurred picture in grey levels, and the disagreement in px that patches have without any expression
# (pose, interpolation): together the expected error of a patch's shift.
_NOISE = 1.0
_DISAGREEMENT = 0.03
# Keeps patches without texture solvable; squared grey levels, far below any texture.
_FLAT = 1e-2
# Tukey's constant (Beaton and Tukey, "The fitting of power series", 1974). 4.685 is usual, for 95 % efficiency; a
# smaller one trades a little noise for resistance: with the fields of all action units it halves the error.
_TUKEY = 3.0
# Reweightings at most, and the change of the shifts in px at which they stop.
_REWEIGHTINGS = 12
_SETTLED = 0.002
# What a unit of each parameter moves a point of the face by at most, px.
_LEVERS = np.array([ALIGNED_SIZE, ALIGNED_SIZE, 1.0, 1.0, ALIGNED_SIZE / 4, ALIGNED_SIZE / 4])
# Precision of a head that does not turn, 1 / radians^2: a hundredth of what the patches know, so that turns are
# believed when they are seen and noise is not taken for one. Ten times more leaves twice the motion on real faces that
# nod; a tenth adds noise to faces that do not.
_PRIOR = np.diag([0.0, 0.0, 0.0, 0.0, 1e6, 1e6])
# Warps stop when no corner of the face moves by more than this many px of the canonical face.
_STILL = 0.005
# The corners of the face, (x, y, 1) in columns.
_CORNERS = np.array([[0, 0, ALIGNED_SIZE, ALIGNED_SIZE], [0, ALIGNED_SIZE, 0, ALIGNED_SIZE], [1, 1, 1, 1]], float)
# A head that still moves by more than this many px in the second warp has moved further than the frame before tells.
_NEAR = 0.3


class Stabilised(NamedTuple):
    """Placement of the face in another frame, and how well it fits there.

    Attributes:
        placement: Placement [2, 3] of the canonical face in the frame.
        agreement: Correlation of the rigid parts with the reference, -1 to 1.
    """

    placement: NDArray[np.float64]
    agreement: float


class _Level(NamedTuple):
    """The reference at one size, with what does not depend on the other frame.

    Attributes:
        picture: Blurred grey reference [S, S].
        voting: 255 in the patches that vote [S, S].
        contrast: Standard deviation of the picture there.
        gradient: Its derivatives to the right and down by px of the full size, without their patch means [2, S, S].
        curvature: Second moments of the gradients of each voting patch, with what keeps them solvable [K, 2, 2].
        precision: Inverse covariance of each voting patch's shift [K, 2, 2].
        pulled: The parameters' part of the normal equations, ``J_k^T P_k`` of each voting patch [K, 6, 2].
        left_sides: ``J_k^T P_k J_k`` of each voting patch [K, 36].
    """

    picture: NDArray[np.float32]
    voting: NDArray[np.uint8]
    contrast: float
    gradient: NDArray[np.float32]
    curvature: NDArray[np.float64]
    precision: NDArray[np.float64]
    pulled: NDArray[np.float64]
    left_sides: NDArray[np.float64]


class Stabiliser:
    """Finds the placement in other frames that keeps the rigid parts of one reference face still."""

    def __init__(self, reference: NDArray[np.uint8]) -> None:
        """Prepare the reference.

        Args:
            reference: Aligned grey face [256, 256].
        """
        votes = rigid_votes(_GRID)
        self._voting = votes > 0
        self._votes = votes[self._voting]
        self._design = _design(self._voting)
        self._template = cv2.resize(reference, (_SEARCH_SIDE, _SEARCH_SIDE), interpolation=cv2.INTER_AREA)
        self._levels = [self._prepare(reference, side) for side, _ in _LEVELS]

    def __call__(self, grey: NDArray[np.uint8], start: NDArray[np.float64]) -> Stabilised:
        """Refine a placement.

        Args:
            grey: Grey frame [H, W].
            start: Placement near the true one, within some 10 % of the side.

        Returns:
            The refined placement and how well it fits.
        """
        crop = cut_out(grey, start, margin=_MARGIN)
        motion = np.eye(3)
        for level, (side, warps) in zip(self._levels, _LEVELS, strict=True):
            smooth = _smooth(crop, (side * crop.shape[0]) // ALIGNED_SIZE)
            for _ in range(warps):
                step = self._step(level, _warp(smooth, motion, side))
                motion = motion @ step
                if _moves(step) < _STILL:
                    break
        agreement = _correlation(_warp(smooth, motion, side), level)
        return Stabilised(start @ motion, agreement)

    def follow(self, grey: NDArray[np.uint8], start: NDArray[np.float64]) -> Stabilised:
        """Refine the placement of the frame before, at a quarter of the time.

        Two warps at full size are within 0.005 % of the eye distance of the whole search when the head has moved by up
        to a pixel or two between frames; when it has moved further, the whole search is made.

        Args:
            grey: Grey frame [H, W].
            start: Placement in the frame before.
        """
        crop = cut_out(grey, start, margin=_MARGIN)
        level, side = self._levels[-1], ALIGNED_SIZE
        smooth = _smooth(crop, crop.shape[0])
        motion = np.eye(3)
        for _ in range(2):
            step = self._step(level, _warp(smooth, motion, side))
            motion = motion @ step
        if _moves(step) > _NEAR:
            return self(grey, start)
        return Stabilised(start @ motion, _correlation(_warp(smooth, motion, side), level))

    def search(self, grey: NDArray[np.uint8], start: NDArray[np.float64]) -> Stabilised:
        """Look for the face within half its side around ``start`` before refining, for a head that moved far.

        Args:
            grey: Grey frame [H, W].
            start: Placement in another frame.
        """
        shrink = ALIGNED_SIZE // _SEARCH_SIDE
        crop = cut_out(grey, start, margin=ALIGNED_SIZE // 2)
        small = cv2.resize(crop, None, fx=1 / shrink, fy=1 / shrink, interpolation=cv2.INTER_AREA)
        likeness = cv2.matchTemplate(small, self._template, cv2.TM_CCOEFF_NORMED)
        _, _, _, (left, top) = cv2.minMaxLoc(likeness)
        shift = np.eye(3)
        shift[:2, 2] = (left * shrink - ALIGNED_SIZE // 2, top * shrink - ALIGNED_SIZE // 2)
        return self(grey, start @ shift)

    def _prepare(self, reference: NDArray[np.uint8], side: int) -> _Level:
        """Compute one level of the reference."""
        picture = _smooth(reference, side)
        voting = np.kron(self._voting, np.full((side // _GRID, side // _GRID), 255)).astype(np.uint8)
        gradient = np.stack([_without_patch_means(part) for part in np.gradient(picture)[::-1]]) * (side / ALIGNED_SIZE)
        curvature = np.array([[self._patch_sums(first * second) for first in gradient] for second in gradient])
        curvature = np.moveaxis(curvature, -1, 0).astype(np.float64)
        covariance = _NOISE**2 * np.linalg.inv(curvature + _FLAT * np.eye(2)) + _DISAGREEMENT**2 * np.eye(2)
        contrast = float(cv2.meanStdDev(picture, mask=voting)[1].item())
        precision = np.asarray(np.linalg.inv(covariance), np.float64)
        pulled = np.swapaxes(self._design, 1, 2) @ precision
        left_sides = (pulled @ self._design).reshape(-1, self._design.shape[-1] ** 2)
        solvable = curvature + _FLAT * np.eye(2)
        return _Level(picture, voting, contrast, gradient, solvable, precision, pulled, left_sides)

    def _step(self, level: _Level, warped: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the motion of the head that is still missing, [3, 3]."""
        contrast = float(cv2.meanStdDev(warped, mask=level.voting)[1].item())
        error = warped * (level.contrast / max(contrast, 1e-3)) - level.picture
        pull = np.stack([self._patch_sums(error * part) for part in level.gradient], axis=-1).astype(np.float64)
        shifts = np.asarray(-np.linalg.solve(level.curvature, pull[..., None])[..., 0], np.float64)
        # What turns out of the picture plane is fitted, so that it cannot pass for a shift, and left in the picture.
        a, b, right, down, *_ = _robust_motion(self._design, shifts, level, self._votes)
        turn = np.array([[a, -b], [b, a]])
        centre = np.full(2, (ALIGNED_SIZE - 1) / 2)
        step = np.eye(3)
        step[:2, :2] += turn
        step[:2, 2] = np.array([right, down]) - turn @ centre
        return step

    def _patch_sums(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the sum over each voting patch [K]."""
        patch = picture.shape[0] // _GRID
        return cv2.resize(picture, (_GRID, _GRID), interpolation=cv2.INTER_AREA)[self._voting] * patch**2


def _moves(step: NDArray[np.float64]) -> float:
    """Return by how many px a step moves the corner of the canonical face that it moves most."""
    return float(np.linalg.norm(((step - np.eye(3)) @ _CORNERS)[:2], axis=0).max())


def _design(voting: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return what each patch shifts by for a unit of each parameter, in px about the centre [K, 2, 6].

    The parameters are (a, b, right, down) of the similarity, and the turns to the right and down in radians: a small
    turn shifts each point by its depth.
    """
    rows, columns = np.nonzero(voting)
    x, y = (columns + 0.5) / _GRID, (rows + 0.5) / _GRID
    nearer = depth(x, y)
    x, y = (x - 0.5) * ALIGNED_SIZE, (y - 0.5) * ALIGNED_SIZE
    unit, zero = np.ones_like(x), np.zeros_like(x)
    right = np.stack([x, -y, unit, zero, nearer, zero], axis=-1)
    down = np.stack([y, x, zero, unit, zero, nearer], axis=-1)
    return np.stack([right, down], axis=1)


def _robust_motion(
    design: NDArray[np.float64], shifts: NDArray[np.float64], level: _Level, votes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Fit the parameters of ``_design`` to the shifts of the patches; those that disagree lose their vote."""
    parameters = design.shape[-1]
    # Normal equations of sum_k w_k (J_k p - d_k)^T P_k (J_k p - d_k), patch by patch.
    right_sides = (level.pulled @ shifts[..., None])[..., 0]
    weights = votes
    solution: NDArray[np.floating] = np.zeros(parameters)
    for _ in range(_REWEIGHTINGS):
        before = solution
        left_side = (weights @ level.left_sides).reshape(parameters, parameters) + _PRIOR
        solution = np.linalg.solve(left_side, weights @ right_sides)
        if np.abs((solution - before) * _LEVERS).max() < _SETTLED:
            break
        missed = design @ solution - shifts
        distance = np.sqrt(((level.precision @ missed[..., None])[..., 0] * missed).sum(axis=1))
        # 1.18 is the median of the distance of a bivariate standard normal from 0.
        reach = _TUKEY * max(1.0, _median(distance) / 1.18)
        weights = votes * np.maximum(1 - (distance / reach) ** 2, 0) ** 2
    return np.asarray(solution, np.float64)


def _median(values: NDArray[np.float64]) -> float:
    """Return the median, as ``np.median`` of numbers does, which takes several times as long for as few."""
    middle = len(values) // 2
    if len(values) % 2:
        return float(np.partition(values, middle)[middle])
    parted = np.partition(values, (middle - 1, middle))
    return float((parted[middle - 1] + parted[middle]) / 2)


def _without_patch_means(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Subtract each patch's mean, which makes the shifts blind to a change of brightness of the patch."""
    side = picture.shape[0]
    means = cv2.resize(picture, (_GRID, _GRID), interpolation=cv2.INTER_AREA)
    return picture - cv2.resize(means, (side, side), interpolation=cv2.INTER_NEAREST)


def _smooth(picture: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    """Shrink to a level's size and take the noise off."""
    small = cv2.resize(picture.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), _SIGMA), np.float32)


def _warp(smooth: NDArray[np.float32], motion: NDArray[np.float64], side: int) -> NDArray[np.float32]:
    """Cut the face moved by ``motion`` (in canonical px) out of the padded picture of a level [S, S]."""
    down, up = _between_sizes(smooth.shape[0], side)
    # Linear on purpose: on a blurred picture its phase error is 0.006 px, that of OpenCV's cubic kernel 0.05 px.
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(smooth, (down @ motion @ up)[:2], (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)


@functools.cache
def _between_sizes(padded: int, side: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what takes canonical pixels to those of a padded picture of a level, and pixels of the level to canonical.

    Args:
        padded: Side of the padded picture.
        side: Side of the level.
    """
    pixel = ALIGNED_SIZE / side
    up = np.array([[pixel, 0, (pixel - 1) / 2], [0, pixel, (pixel - 1) / 2], [0, 0, 1]])
    down = np.linalg.inv(up)
    down[:2, 2] += (padded - side) / 2
    return down, up


def _correlation(warped: NDArray[np.float32], level: _Level) -> float:
    """Return the correlation of a warped picture with the reference in the patches that vote."""
    inside = level.voting > 0
    face, reference = warped[inside], level.picture[inside]
    spread = face.std() * reference.std()
    return float(((face - face.mean()) * (reference - reference.mean())).mean() / spread) if spread > 0 else 0.0
