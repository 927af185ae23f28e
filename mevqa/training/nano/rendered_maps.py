"""Motion maps that went through the product's own pipeline: rendered faces, alignment, dense flow.

They hold what no drawn map has: the flow's own errors on skin, the rest of the head's motion after stabilisation, the
compression. They are slow (a few a second), so a set is made once and every picture is used many times, mirrored and
shifted.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from mevqa.facs import ActionUnit, parse_units
from mevqa.files.system_errors import writing
from mevqa.files.whole import replacing
from mevqa.signals import interrupts_blocked
from mevqa.synthetic.clip_plan import MICRO_AMPLITUDE
from mevqa.synthetic.recording import Pair, person, render_pair
from mevqa.terminal.verbosity import show
from mevqa.training.nano.crops import draw_crops
from mevqa.training.nano.drawn_maps import MAP_SIZE, finish_maps, to_map
from mevqa.training.nano.examples import Expression, draw_expressions
from mevqa.training.nano.flow_patches import in_patches
from mevqa.training.nano.recording_conditions import draw_flow, draw_light
from mevqa.video.face.align import place_by_eyes
from mevqa.video.face.aligned_face import FaceAligner
from mevqa.video.face.geometry import EYES
from mevqa.video.motion.flow import dense_flow, optical_strain, within_face

#: Seed of the persons that nano is trained on; no other set of synthetic clips shares a person with it.
PERSONS_SEED = 20_260_101
#: Pictures of one person before the next.
_EACH = 40
#: Pairs between two savings of a set.
_SAVED = 250
#: Side of the stored fields, pixels.
_STORED = 2 * MAP_SIZE
#: Shares of the maps in the product's own geometry and closely cropped, and of those whose motion falls into patches.
_CANONICAL, _TIGHT, _PATCHED = 0.4, 0.5, 0.3
#: Share of the varied pairs in which the lids move, how far they close, and the share of those in which they open.
_BLINKING, _CLOSURE, _OPENING = 0.35, (0.1, 1.0), 0.3
#: Standard deviation of the eye detector's error, as a fraction of the eye distance.
_EYE_ERROR = 0.025


@dataclass(frozen=True)
class RenderedMaps:
    """Fields that were measured on rendered faces.

    Attributes:
        fields: [pairs, 3, 56, 56] float16: horizontal and vertical flow and strain, not normalised.
        expressions: What each shows.
    """

    fields: NDArray[np.float16]
    expressions: Sequence[Expression]

    def sample(
        self, count: int, rng: np.random.Generator, *, widened: bool = True
    ) -> tuple[NDArray[np.uint8], list[Expression]]:
        """Draw maps [count, 28, 28, 3] at random, mirrored half of the time and cropped in several ways.

        Args:
            count: How many.
            rng: Decides which and how.
            widened: Some are cropped closely, some fall into patches; else all keep the product's crop but for a few
                percent.
        """
        chosen = rng.integers(len(self.fields), size=count)
        mirrored = rng.random(count) < 0.5
        fields = torch.from_numpy(self.fields[chosen].astype(np.float32))
        fields[mirrored] = fields[mirrored].flip(-1) * torch.tensor([-1.0, 1.0, 1.0])[:, None, None]
        expressions = [
            _mirror(self.expressions[index]) if flipped else self.expressions[index]
            for index, flipped in zip(chosen, mirrored, strict=True)
        ]
        fields = _crop(fields, rng, _CANONICAL if widened else 1.0)
        maps = to_map(fields)
        patched = rng.random(count) < (_PATCHED if widened else 0.0)
        if patched.any():
            maps[patched] = finish_maps(in_patches(fields[patched, :2], 1.0, rng))
        return maps, expressions

    def save(self, path: Path) -> None:
        """Write to an npz file."""
        units = ["+".join(str(unit) for unit in expression.units) for expression in self.expressions]
        fine = [expression.fine for expression in self.expressions]
        with writing(path), replacing(path) as part, part.open("wb") as file:
            np.savez(file, fields=self.fields, fine=fine, units=units)

    @classmethod
    def load(cls, path: Path) -> RenderedMaps:
        """Read what ``save`` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            pairs = zip(stored["fine"], stored["units"], strict=True)
            return cls(stored["fields"], [Expression(str(fine), parse_units(str(units))) for fine, units in pairs])


def rendered_maps(
    folder: Path, pairs: int, seed: int, *, varied: bool = False, workers: int | None = None
) -> RenderedMaps:
    """Return a set of measured maps, made once and kept in a file.

    Every pair is decided by the seed and its number, so that the number of processes does not matter and an
    interrupted making goes on where it stopped.

    Args:
        folder: Of the file.
        pairs: How many.
        seed: Decides everything but the persons' pictures.
        varied: In some pairs the lids move, some are in dim light, some are measured by other methods
            (``recording_conditions``).
        workers: Processes; None: one a core.
    """
    path = folder / f"rendered-{pairs}-{seed}{'-varied' if varied else ''}.npz"
    no_maps = RenderedMaps(np.zeros((0, 3, _STORED, _STORED), "f2"), [])
    stored_maps = RenderedMaps.load(path) if path.is_file() else no_maps
    fields, expressions = list(stored_maps.fields), list(stored_maps.expressions)
    if len(fields) >= pairs:
        return RenderedMaps(stored_maps.fields[:pairs], expressions[:pairs])
    folder.mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context("spawn")
    with interrupts_blocked():
        processes = context.Pool(workers or os.cpu_count(), initializer=cv2.setNumThreads, initargs=(1,))
    with processes as pool:
        numbers = ((seed, number, varied) for number in range(len(fields), pairs))
        for field, expression in pool.imap(_render_one, numbers, chunksize=4):
            fields.append(field)
            expressions.append(expression)
            if len(fields) % _SAVED == 0 or len(fields) == pairs:
                RenderedMaps(np.stack(fields), expressions).save(path)
                show(f"rendered {len(fields)}/{pairs} faces")
    return RenderedMaps(np.stack(fields), expressions)


def _render_one(job: tuple[int, int, bool]) -> tuple[NDArray[np.float16], Expression]:
    """Render onset and apex of one expression and measure their motion."""
    seed, number, varied = job
    rng = np.random.default_rng((seed, 1, number))
    (expression,) = draw_expressions(1, rng)
    low, high = np.log(MICRO_AMPLITUDE)
    identity = person(PERSONS_SEED + seed, number // _EACH)
    amplitude = float(np.exp(rng.uniform(low, high)))
    closures = _draw_closures(rng) if varied else (0.0, 0.0)
    pair = render_pair(identity, expression.units, amplitude, rng, closures=closures)
    return measure(pair, rng, varied=varied), expression


def _draw_closures(rng: np.random.Generator) -> tuple[float, float]:
    """Return how far the lids are closed at onset and apex: now and then they close or open meanwhile."""
    closure = rng.uniform(*_CLOSURE) if rng.random() < _BLINKING else 0.0
    return (closure, 0.0) if rng.random() < _OPENING else (0.0, closure)


def measure(pair: Pair, rng: np.random.Generator, *, varied: bool = False) -> NDArray[np.float16]:
    """Return flow and strain of a pair, [3, 56, 56], aligned by its eyes with a detector's error.

    Args:
        pair: Onset and apex.
        rng: Decides the error.
        varied: Light and method are drawn; else the frames are as they are, and the product's own method measures.
    """
    onset, apex = draw_light((pair.onset, pair.apex), rng) if varied else (pair.onset, pair.apex)
    spread = _EYE_ERROR * float(np.linalg.norm(pair.onset_eyes[1] - pair.onset_eyes[0]))
    left, right = pair.onset_eyes + rng.normal(0, spread, (2, 2))
    placement = place_by_eyes(((left[0], left[1]), (right[0], right[1])))
    aligner = FaceAligner(onset, placement, mode="haar", has_face=True)
    faces = aligner(onset), aligner(apex)
    flow = within_face(draw_flow(*faces, rng) if varied else dense_flow(*faces))
    channels = np.dstack([flow[..., 0], flow[..., 1], optical_strain(flow)])
    reduced = cv2.resize(channels, (_STORED, _STORED), interpolation=cv2.INTER_AREA)
    return reduced.transpose(2, 0, 1).astype(np.float16)


def _crop(fields: torch.Tensor, rng: np.random.Generator, canonical: float) -> torch.Tensor:
    """Crop each field out of the aligned face as other people crop, or as the product does but for a few percent."""
    count = len(fields)
    crops = draw_crops(count, canonical, _TIGHT, rng)
    jitter = 1 + rng.normal(0, 0.02, (count, 2, 1))
    unit = EYES[1][0] - EYES[0][0]
    transform = np.zeros((count, 2, 3), np.float32)
    for axis, (centre, length, own_centre) in enumerate(
        ((crops.centre_x, crops.across, 0.5), (crops.centre_y, crops.down, EYES[0][1]))
    ):
        scale = unit / length * jitter[:, axis]
        # A pixel of the crop shows the place own_centre + scale * (pixel - centre); grids run from -1 to 1.
        transform[:, axis, axis] = scale[:, 0]
        transform[:, axis, 2] = (2 * own_centre - 1 - scale * (2 * centre - 1))[:, 0]
    grid = functional.affine_grid(torch.from_numpy(transform), list(fields.shape), align_corners=False)
    return functional.grid_sample(fields, grid, padding_mode="border", align_corners=False)


def _mirror(expression: Expression) -> Expression:
    """Return the expression of the mirrored face."""
    other = {"left": "right", "right": "left", None: None}
    units = tuple(ActionUnit(unit.number, other[unit.side]) for unit in expression.units)  # type: ignore[arg-type]
    return Expression(expression.fine, units)
