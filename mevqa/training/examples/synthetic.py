"""Synthetic motion maps as training clips: drawn from geometry, or measured on rendered faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from mevqa.errors import InputError, Problem
from mevqa.training.nano.dialogues import VARIANT, draw_turns
from mevqa.training.nano.drawn_maps import PLAIN, VARIED, Nuisance, draw_maps
from mevqa.training.nano.examples import Expression, class_targets, draw_expressions, unit_targets
from mevqa.training.nano.rendered_maps import RenderedMaps
from mevqa.training.packing.rows import Turn
from mevqa.training.recipes.recipe import Synthetic
from mevqa.types import View
from mevqa.video.motion.flow import centre_channels
from mevqa.video.views.registry import CAPTIONS

#: Views that a synthetic map can be.
_VIEWS = ("motion-centred", "motion")
#: Maps that are made together; each block is decided by the seed and its number.
_BLOCK = 64
#: Blocks to keep: places are asked for in order.
_KEPT = 8
#: Keeps the stream of synthetic maps apart from every other use of the seed.
_STREAM = 0x5EED


@dataclass(frozen=True)
class SyntheticClip:
    """One synthetic motion map with its questions, answers and targets of the vision tower.

    Attributes:
        views: The map.
        turns: Questions with answers.
        targets: ``units`` [2, units], ``fine`` and ``coarse``: what the vision tower can be taught directly.
    """

    views: tuple[View, ...]
    turns: tuple[Turn, ...]
    targets: Mapping[str, torch.Tensor]


class SyntheticClips:
    """A stream of synthetic clips, each decided by the seed and its number.

    Args:
        settings: Shares.
        view: The one view that the model looks at.
        variant: Variant of the prompt library that it is asked with.
        seed: Decides everything.
        rendered: Maps of rendered faces.

    Raises:
        InputError: The model looks at other things, or is asked in other words.
    """

    def __init__(
        self, settings: Synthetic, views: Sequence[str], variant: str, seed: int, rendered: RenderedMaps | None = None
    ) -> None:
        if len(views) != 1 or views[0] not in _VIEWS:
            message = f"synthetic maps stand for the view {' or '.join(_VIEWS)} alone, not for {', '.join(views)}"
            raise InputError([Problem("synthetic", message)])
        if variant != VARIANT:
            raise InputError([Problem("synthetic", f"goes with the prompt variant {VARIANT!r}, not with {variant!r}")])
        self._view = views[0]
        self._seed = seed
        self._rendered = rendered
        self._share = settings.rendered_share if rendered is not None else 0.0
        self._widened = settings.widened
        self._nuisance = VARIED if settings.varied else Nuisance() if settings.widened else PLAIN
        self._blocks: dict[int, list[SyntheticClip]] = {}

    def __getitem__(self, number: int) -> SyntheticClip:
        """Return the clip of a number, from 0 on without end."""
        block = number // _BLOCK
        if block not in self._blocks:
            if len(self._blocks) >= _KEPT:
                self._blocks.clear()
            self._blocks[block] = self._make(block)
        return self._blocks[block][number % _BLOCK]

    def _make(self, block: int) -> list[SyntheticClip]:
        rng = np.random.default_rng((self._seed, _STREAM, block))
        measured = round(_BLOCK * self._share)
        parts: list[NDArray[np.uint8]] = []
        expressions = draw_expressions(_BLOCK - measured, rng)
        if expressions:
            parts.append(draw_maps([expression.units for expression in expressions], rng, self._nuisance))
        if self._rendered is not None and measured:
            measured_maps, measured_expressions = self._rendered.sample(measured, rng, widened=self._widened)
            parts.append(measured_maps)
            expressions = [*expressions, *measured_expressions]
        maps = np.concatenate(parts)
        units = unit_targets(expressions)
        fine, coarse = class_targets(expressions)
        clips = [
            SyntheticClip(
                (self._picture(maps[i]),),
                tuple(draw_turns(expression, rng)),
                {"units": units[i], "fine": fine[i], "coarse": coarse[i]},
            )
            for i, expression in enumerate(expressions)
        ]
        # Drawn and measured maps alternate at random, so that every small batch holds both.
        return [clips[i] for i in rng.permutation(_BLOCK)]

    def _picture(self, rgb: NDArray[np.uint8]) -> View:
        drawn = centre_channels(rgb) if self._view == "motion-centred" else rgb
        return View(self._view, Image.fromarray(drawn), CAPTIONS[self._view])


def blank_targets() -> dict[str, torch.Tensor]:
    """Return targets of a real clip, which the vision tower is not taught directly: all unknown (-1)."""
    units = unit_targets([Expression("happiness", ())])[0]
    return {"units": torch.full_like(units, -1.0), "fine": torch.tensor(-1), "coarse": torch.tensor(-1)}
