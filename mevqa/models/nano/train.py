"""Train nano from nothing: ``python -m mevqa.models.nano.train``, at most 90 minutes on two cores.

First the vision tower alone learns to tell the action units of drawn motion maps (``seeing``), while another process
renders faces and measures their motion; then the whole model learns to answer questions about both kinds of map
(``answering``). Every batch is decided by the seed and its number, so that the number of processes does not matter.
"""

from __future__ import annotations

import argparse
import copy
import json
import logging
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset
from transformers import LlavaForConditionalGeneration

from mevqa.models.nano import WEIGHTS
from mevqa.models.nano.architecture import WIDTH, build_model, build_processor
from mevqa.models.nano.dialogues import VARIANT, all_texts
from mevqa.models.nano.packing import PackedBatch, Packer, answer_logits, answer_loss
from mevqa.models.nano.rendered_maps import RenderedMaps
from mevqa.models.nano.seeing import SeeingHeads
from mevqa.models.nano.sources import Batch, BatchSource
from mevqa.models.nano.tokens import build_tokenizer

_LOG = logging.getLogger("nano")
_SMOOTHING = 0.05
_WARM_UP = 150
_LAST_RATE = 0.02  # of the peak
_REPORT = 100  # steps


@dataclass(frozen=True)
class Recipe:
    """How long and how hard is trained.

    Attributes:
        seeing_steps: Batches for the vision tower alone.
        answering_steps: Batches for the whole model.
        rows: Maps in a batch.
        rendered: Rendered faces to measure.
        rate: Peak learning rate of AdamW.
        decay: Weight decay.
        average: Decay of the moving average of the weights that is kept in the end.
        seed: Decides everything.
    """

    seeing_steps: int = 1200
    answering_steps: int = 1100
    rows: int = 128
    rendered: int = 3500
    rate: float = 1e-3
    decay: float = 0.05
    average: float = 0.998
    seed: int = 0


class _Batches(Dataset[Batch]):
    """The batches of a stage by their number."""

    def __init__(self, source: BatchSource, recipe: Recipe, stage: int) -> None:
        self._source = source
        self._recipe = recipe
        self._stage = stage

    def __len__(self) -> int:
        return (self._recipe.seeing_steps, self._recipe.answering_steps)[self._stage]

    def __getitem__(self, step: int) -> Batch:
        return self._source.batch(self._recipe.rows, (self._recipe.seed, self._stage, step), talk=self._stage == 1)


class Trainer:
    """Holds the model, its read-outs and the moving average of both.

    Args:
        recipe: How to train.
    """

    def __init__(self, recipe: Recipe) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        tokenizer = build_tokenizer(all_texts())
        self.processor = build_processor(tokenizer)
        self.packer = Packer(self.processor)
        self.model = build_model(tokenizer)
        # On CPU with short rows and a mask, plain matrix products are 1.5 times as fast as fused attention.
        self.model.set_attn_implementation("eager")
        self.heads = SeeingHeads(WIDTH)
        self._parameters = [*self.model.parameters(), *self.heads.parameters()]
        self._average = [parameter.detach().clone() for parameter in self._parameters]
        self._steps = 0

    def see(self, workers: int) -> None:
        """Train the vision tower on drawn maps."""
        self._stage(_Batches(BatchSource(), self.recipe, 0), workers, self._seeing_loss, "seeing")

    def answer(self, rendered: RenderedMaps | None, workers: int) -> None:
        """Train everything on questions about drawn and rendered maps."""
        self._stage(_Batches(BatchSource(rendered), self.recipe, 1), workers, self._answering_loss, "answering")

    def averaged(self) -> LlavaForConditionalGeneration:
        """Return a copy of the model with the averaged weights."""
        model = copy.deepcopy(self.model)
        for parameter, average in zip(model.parameters(), self._average, strict=False):
            parameter.data.copy_(average)
        return model.eval()

    def _stage(self, batches: _Batches, workers: int, loss_of: Callable[[Batch], torch.Tensor], name: str) -> None:
        steps = len(batches)
        optimizer = torch.optim.AdamW(
            self._parameters, lr=self.recipe.rate, weight_decay=self.recipe.decay, betas=(0.9, 0.98)
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, steps))
        start, running = time.perf_counter(), 0.0
        loader = DataLoader(batches, batch_size=None, num_workers=workers)
        for step, batch in enumerate(loader, start=1):
            loss = loss_of(batch)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(self._parameters, 1.0)
            optimizer.step()
            schedule.step()
            self._update_average()
            running = loss.item() if step == 1 else 0.98 * running + 0.02 * loss.item()
            if step % _REPORT == 0 or step == steps:
                pace = step * self.recipe.rows / (time.perf_counter() - start)
                _LOG.info("%s %d/%d loss %.4f, %.0f maps a second", name, step, steps, running, pace)

    def _update_average(self) -> None:
        self._steps += 1
        keep = min(self.recipe.average, self._steps / (self._steps + 10))
        with torch.no_grad():
            torch._foreach_lerp_(self._average, [p.detach() for p in self._parameters], 1 - keep)

    def _seeing_loss(self, batch: Batch) -> torch.Tensor:
        return self._see(batch)[1]

    def _answering_loss(self, batch: Batch) -> torch.Tensor:
        patches, seeing = self._see(batch)
        packed: PackedBatch = self.packer.pack(batch.turns)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = answer_logits(self.model, self.packer.before, patches, packed)
        return answer_loss(logits, packed, _SMOOTHING) + 0.2 * seeing

    def _see(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            tower = self.model.model.vision_tower(batch.pixels, output_hidden_states=True)
        patches = tower.hidden_states[-1]
        return patches, self.heads.loss(patches[:, 0].float(), batch.units, batch.fine, batch.coarse, _SMOOTHING)


def save(trainer: Trainer, folder: Path) -> None:
    """Write the averaged weights in half precision, the processor and nano's preferences."""
    folder.mkdir(parents=True, exist_ok=True)
    trainer.averaged().half().save_pretrained(folder)
    trainer.processor.save_pretrained(folder)
    preferences = {"views": ["motion-centred"], "sampler": "oao", "variant": VARIANT, "option_score": "sum"}
    (folder / "mevqa.json").write_text(json.dumps(preferences, indent=2) + "\n", encoding="utf-8")


def _rate(step: int, steps: int) -> float:
    """Return the share of the peak learning rate: linear warm-up, then a half cosine."""
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, step / max(1, steps))))
    return min(1.0, (step + 1) / _WARM_UP) * (_LAST_RATE + (1 - _LAST_RATE) * cosine)


def _start_rendering(recipe: Recipe, out: Path) -> subprocess.Popen[bytes]:
    """Start the process that renders the faces."""
    module = "mevqa.models.nano.rendered_maps"
    command = [sys.executable, "-m", module, "--pairs", str(recipe.rendered), "--seed", str(recipe.seed)]
    return subprocess.Popen([*command, "--out", str(out)], stdout=subprocess.DEVNULL)


def run(recipe: Recipe, out: Path, *, rendered: Path | None = None, workers: int = 1) -> None:
    """Train from nothing and save.

    Args:
        recipe: How to train.
        out: Folder for the model.
        rendered: A set of ``rendered_maps`` to use instead of making one.
        workers: Processes that make batches.
    """
    trainer = Trainer(recipe)
    with tempfile.TemporaryDirectory() as scratch:
        maps = rendered or Path(scratch) / "rendered.npz"
        renderer = None if rendered else _start_rendering(recipe, maps)
        trainer.see(workers)
        if renderer is not None and renderer.wait() != 0:
            raise SystemExit("rendering the faces failed; its own message stands above")
        trainer.answer(RenderedMaps.load(maps), workers)
    save(trainer, out)


def main() -> None:
    """Train and save."""
    defaults = Recipe()
    parser = argparse.ArgumentParser(prog="python -m mevqa.models.nano.train", description=__doc__)
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="folder to write (default: the package's own)")
    parser.add_argument("--seed", type=int, default=defaults.seed)
    parser.add_argument("--seeing-steps", type=int, default=defaults.seeing_steps)
    parser.add_argument("--answering-steps", type=int, default=defaults.answering_steps)
    parser.add_argument("--rendered", type=Path, help="set of `rendered_maps` to use instead of making one")
    parser.add_argument("--workers", type=int, default=1, help="processes that make batches")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    torch.set_num_threads(1)
    recipe = Recipe(seed=options.seed, seeing_steps=options.seeing_steps, answering_steps=options.answering_steps)
    run(recipe, options.out, rendered=options.rendered, workers=options.workers)
    _LOG.info("saved to %s", options.out)


if __name__ == "__main__":
    main()
