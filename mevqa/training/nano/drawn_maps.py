"""Motion maps drawn from geometry alone: what nano learns to see from, thousands a second.

A map is the field of an expression's action units (``mevqa.synthetic.faces.fields``) on a face crop of random geometry,
with what real flow adds: the rest of the head's motion, blinks, garbage at the border (``other_motion``), smooth errors
of several scales, loss of small motions, blur, patches of constant motion. Where the crops lie, that flow falls into
patches, that lids are often stronger than all else and that errors come in places was read off published maps without
their labels (``map_statistics``). A map ends like every motion map: strain from the field, each channel stretched
between its extremes, reduced to 28 x 28 (``mevqa.video.motion.flow``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from mevqa.facs import ActionUnit
from mevqa.synthetic.faces.fields import FaceMotion, draw_motion
from mevqa.training.nano.crops import draw_crops
from mevqa.training.nano.flow_patches import in_patches
from mevqa.training.nano.other_motion import affine_motion, border_blobs, depth_motion, eyelid_motion

#: Side of the picture that the model sees, in pixels.
MAP_SIZE = 28
_FINE = 2  # fields are computed this many times finer and averaged down
_BLINK, _GLANCES = 45, (61, 62)
#: Cells a side in which the errors are of one size.
_PLACES = 7
#: Largest factor of the widths of a compact motion.
_WIDEST = 1.1


@dataclass(frozen=True)
class Nuisance:
    """Amounts of motion and error besides the expression; motions are relative to the peak of a unit of strength 1.

    Attributes:
        canonical: Share of faces in the product's own aligned geometry.
        tight: Share of faces that are cropped closely, from the brows to the chin; the others are cropped at random.
        drift: Standard deviation of the global translation.
        affine: Standard deviation of the affine motion at the border of the face.
        blink: Probability of a blink, closing or (one in three) opening.
        gaze: Probability of a glance to the side.
        border: Probability of each of three blobs of wrong motion near the border.
        noise: Median of the root mean square of the smooth errors, and its log deviation.
        blur: Largest standard deviation of the final blur, in map pixels.
        deadzone: Probability that small motions are lost, as total-variation flow loses them.
        patches: Probability that the motion falls into patches, as total-variation flow does (``flow_patches``).
        turning: Standard deviation of the nose's motion against the cheeks, which a turn of the head leaves.
        eyelids: Probability that the lids move, often much stronger than the expression.
        compact: Least factor of the widths of the units' motion, drawn evenly up to 1.1; 1: widths are kept.
        uneven: Log deviation of the errors' size over the face: real flow is wrong in places, not everywhere.
    """

    canonical: float = 0.15
    tight: float = 0.7
    drift: float = 0.3
    affine: float = 0.2
    blink: float = 0.25
    gaze: float = 0.08
    border: float = 0.2
    noise: tuple[float, float] = (0.1, 0.8)
    blur: float = 1.5
    deadzone: float = 0.3
    patches: float = 0.6
    turning: float = 0.0
    eyelids: float = 0.0
    compact: float = 1.0
    uneven: float = 0.0


#: Smooth fields in wide crops: what nano's first training draws.
PLAIN = Nuisance(canonical=0.35, tight=0.0, patches=0.0)

#: Nearer to published maps in most of ``map_statistics``; nano gained nothing by it (``eval/ablations.md``).
VARIED = Nuisance(affine=0.13, border=0.12, blur=1.0, turning=0.3, eyelids=0.4, compact=0.65, uneven=1.0)


def draw_maps(
    expressions: Sequence[Sequence[ActionUnit]], rng: np.random.Generator, nuisance: Nuisance | None = None
) -> NDArray[np.uint8]:
    """Draw one motion map for each set of units.

    Args:
        expressions: The units of each face.
        rng: Decides everything.
        nuisance: What else moves.

    Returns:
        [faces, 28, 28, 3]: red horizontal, green vertical, blue strain, each stretched over 0..255.
    """
    nuisance = nuisance or Nuisance()
    motions = [_motion(units, nuisance, rng) for units in expressions]
    x, y = _pixels(len(motions), nuisance, rng)
    flow = _fields(motions, x, y)
    flow = flow + affine_motion(x, y, nuisance.drift, nuisance.affine, rng)
    flow = flow + border_blobs(len(motions), MAP_SIZE * _FINE, nuisance.border, rng)
    # What does not happen draws nothing, so that a seed gives the same maps with and without these lines.
    if nuisance.turning:
        flow = flow + depth_motion(x, y, nuisance.turning, rng)
    if nuisance.eyelids:
        flow = flow + eyelid_motion(x, y, nuisance.eyelids, rng)
    flow = _lose_small_motions(flow, nuisance, rng) * _texture(len(motions), rng)
    flow = flow + _errors(len(motions), nuisance, rng)
    flow = _blur(flow, nuisance.blur * _FINE * rng.random(len(motions)).astype(np.float32))
    return finish_maps(in_patches(flow, nuisance.patches, rng))


def finish_maps(flow: torch.Tensor) -> NDArray[np.uint8]:
    """Turn flows [faces, 2, H, W] into motion maps [faces, 28, 28, 3], as ``mevqa.video.motion.flow`` does."""
    across_x = torch.gradient(flow[:, 0], dim=(1, 2))
    across_y = torch.gradient(flow[:, 1], dim=(1, 2))
    shear = (across_x[0] + across_y[1]) / 2
    strain = (across_x[1] ** 2 + across_y[0] ** 2 + 2 * shear**2).sqrt()
    return to_map(torch.cat([flow, strain[:, None]], 1))


def to_map(channels: torch.Tensor) -> NDArray[np.uint8]:
    """Reduce channels [faces, 3, H, W] to 28 x 28 and stretch each over 0..255, [faces, 28, 28, 3]."""
    maps = functional.adaptive_avg_pool2d(channels, MAP_SIZE)
    low, high = maps.amin((2, 3), keepdim=True), maps.amax((2, 3), keepdim=True)
    stretched = (maps - low) / (high - low).clamp_min(1e-9) * 255
    return stretched.round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()


def _motion(units: Sequence[ActionUnit], nuisance: Nuisance, rng: np.random.Generator) -> FaceMotion:
    """Lay the units on the face, now and then with a blink or a glance."""
    numbers, gains = [], []
    if rng.random() < nuisance.blink:
        numbers.append(_BLINK)
        gains.append(rng.uniform(0.3, 2.0) * (-1 if rng.random() < 1 / 3 else 1))
    if rng.random() < nuisance.gaze:
        numbers.append(int(rng.choice(_GLANCES)))
        gains.append(rng.uniform(0.3, 1.5))
    motion = draw_motion([*units, *map(ActionUnit, numbers)], rng, gains=[*[1.0] * len(units), *gains])
    if nuisance.compact < 1:
        motion.motion[:, 2:4] *= rng.uniform(nuisance.compact, _WIDEST)
    return motion


def _pixels(
    faces: int, nuisance: Nuisance, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the face coordinates of the pixel columns and rows of each crop, [faces, pixels] each.

    The mouth sits higher or lower between people.
    """
    crops = draw_crops(faces, nuisance.canonical, nuisance.tight, rng)
    pixels = (np.arange(MAP_SIZE * _FINE)[None] + 0.5) / (MAP_SIZE * _FINE)
    x = (pixels - crops.centre_x) / crops.across
    y = (pixels - crops.centre_y) / crops.down
    stretch = 1 + rng.normal(0, 0.07, (faces, 1))
    return x.astype(np.float32), np.where(y > 0, y * stretch, y).astype(np.float32)


def _fields(motions: Sequence[FaceMotion], x: NDArray[np.float32], y: NDArray[np.float32]) -> torch.Tensor:
    """Return the units' displacements, [faces, 2, rows, columns]."""
    most = max(1, *(len(motion.motion) for motion in motions))
    bumps = np.zeros((len(motions), most, 6), np.float32)
    bumps[:, :, 2:4] = 1.0
    for row, motion in zip(bumps, motions, strict=True):
        row[: len(motion.motion)] = motion.motion
    across = np.exp(-0.5 * ((x[:, None] - bumps[:, :, 0:1]) / bumps[:, :, 2:3]) ** 2)
    down = np.exp(-0.5 * ((y[:, None] - bumps[:, :, 1:2]) / bumps[:, :, 3:4]) ** 2)
    weighted = down[:, None] * bumps[:, :, 4:6].transpose(0, 2, 1)[..., None]
    return torch.from_numpy(weighted).transpose(2, 3) @ torch.from_numpy(across)[:, None]


def _lose_small_motions(flow: torch.Tensor, nuisance: Nuisance, rng: np.random.Generator) -> torch.Tensor:
    """Shrink the motion's length by a threshold, as flow with a data-term tolerance does."""
    threshold = rng.uniform(0, 0.3, len(flow)) * (rng.random(len(flow)) < nuisance.deadzone)
    length = flow.square().sum(1, keepdim=True).sqrt().clamp_min(1e-6)
    return flow * ((length - _column(threshold)).clamp_min(0) / length)


def _texture(faces: int, rng: np.random.Generator) -> torch.Tensor:
    """Return a smooth factor: flow is underestimated where the skin has no texture."""
    depth = _column(rng.uniform(0, 0.35, faces))
    return 1 - depth * torch.sigmoid(2 * _smooth_noise(faces, 1, 5, rng))


def _errors(faces: int, nuisance: Nuisance, rng: np.random.Generator) -> torch.Tensor:
    """Return smooth errors of several scales, [faces, 2, rows, columns]."""
    median, spread = nuisance.noise
    errors = torch.zeros(faces, 2, MAP_SIZE * _FINE, MAP_SIZE * _FINE)
    shares = rng.dirichlet(np.full(4, 0.7), faces).astype(np.float32)
    for column, cells in enumerate((4, 8, 16, 32)):
        errors += _column(shares[:, column]).sqrt() * _smooth_noise(faces, 2, cells, rng)
    if nuisance.uneven:
        size = (nuisance.uneven * _smooth_noise(faces, 1, _PLACES, rng)).exp()
        errors = errors * size / size.square().mean((2, 3), keepdim=True).sqrt()
    return errors * _column(median * np.exp(rng.normal(0, spread, faces)))


def _smooth_noise(faces: int, channels: int, cells: int, rng: np.random.Generator) -> torch.Tensor:
    """Return noise that changes over 1/``cells`` of the picture, [faces, channels, rows, columns]."""
    coarse = torch.from_numpy(rng.standard_normal((faces, channels, cells, cells), dtype=np.float32))
    return functional.interpolate(coarse, size=(MAP_SIZE * _FINE,) * 2, mode="bilinear", align_corners=False)


def _blur(flow: torch.Tensor, deviations: NDArray[np.float32]) -> torch.Tensor:
    """Blur each face's flow by its own Gaussian; ``deviations`` are in pixels of the flow."""
    faces, channels, side, _ = flow.shape
    offsets = torch.arange(-6, 7, dtype=torch.float32)
    kernels = torch.exp(-0.5 * (offsets[None] / torch.from_numpy(deviations).clamp_min(0.2)[:, None]) ** 2)
    kernels = (kernels / kernels.sum(1, keepdim=True)).repeat_interleave(channels, 0)
    rows = functional.pad(flow.reshape(1, faces * channels, side, side), (6, 6, 6, 6), mode="replicate")
    rows = functional.conv2d(rows, kernels[:, None, :, None], groups=faces * channels)
    rows = functional.conv2d(rows, kernels[:, None, None, :], groups=faces * channels)
    return rows.reshape(faces, channels, side, side)


def _column(values: NDArray[np.floating]) -> torch.Tensor:
    """Return one number a face, ready to multiply [faces, channels, rows, columns]."""
    return torch.from_numpy(np.asarray(values, np.float32))[:, None, None, None]
