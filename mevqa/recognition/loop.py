"""The training loop of small networks: shuffled batches, weighted cross-entropy at each level, AdamW."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from mevqa.errors import ModelError
from mevqa.recognition.base import Array, Fitting, Level
from mevqa.recognition.network_settings import NetworkSettings


def train(
    network: torch.nn.Module,
    inputs: tuple[Array, Array],
    targets: Mapping[Level, NDArray[np.int64]],
    weights: Mapping[Level, NDArray[np.float64]],
    settings: NetworkSettings,
    fitting: Fitting,
) -> None:
    """Train a network in place.

    Args:
        network: From inputs [B, ...] to logits by level.
        inputs: [clips, ...] as they are, and mirrored.
        targets: Class of each clip at each level; -1 where it is not known, which then teaches nothing.
        weights: Weight of each class in the loss.
        settings: How it is trained.
        fitting: Seed, device and progress.

    Raises:
        ModelError: The loss is no number any more.
    """
    device = torch.device(fitting.device)
    network.to(device).train()
    plain, mirrored = (torch.from_numpy(np.ascontiguousarray(array, np.float32)).to(device) for array in inputs)
    labels = {level: torch.from_numpy(target).to(device) for level, target in targets.items()}
    weight = {level: torch.from_numpy(class_weights).float().to(device) for level, class_weights in weights.items()}
    optimizer = torch.optim.AdamW(network.parameters(), lr=settings.rate, weight_decay=settings.decay)
    # Draws come from the CPU, so that they are the same on a GPU.
    rng = torch.Generator().manual_seed(fitting.seed)
    with _repeatable(fitting.seed, device):
        for epoch in range(settings.epochs):
            summed, batches = torch.zeros((), device=device), 0
            for batch in torch.randperm(len(plain), generator=rng).split(settings.batch):
                turned = (torch.rand(len(batch), generator=rng) < settings.mirror).to(device)
                indices = batch.to(device)
                batch_inputs = torch.where(turned.view(-1, *[1] * (plain.ndim - 1)), mirrored[indices], plain[indices])
                logits = network(batch_inputs)
                loss = torch.stack(
                    [
                        _loss(logits[level], labels[level][indices], weight[level], settings.smoothing)
                        for level in labels
                        if bool((labels[level][indices] >= 0).any())
                    ]
                    or [batch_inputs.sum() * 0.0]
                ).sum()
                if not bool(torch.isfinite(loss)):
                    raise ModelError(f"the loss is no number in epoch {epoch + 1}: lower settings.rate")
                if not loss.requires_grad:
                    continue
                summed, batches = summed + loss.detach(), batches + 1
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            fitting.on_progress(epoch + 1, settings.epochs, float(summed) / max(1, batches))
    network.eval()


def _loss(logits: torch.Tensor, labels: torch.Tensor, weight: torch.Tensor, smoothing: float) -> torch.Tensor:
    """Return the weighted mean cross-entropy of the clips whose class is known."""
    return functional.cross_entropy(logits, labels, weight, ignore_index=-1, label_smoothing=smoothing)


@contextmanager
def _repeatable(seed: int, device: torch.device) -> Iterator[None]:
    """Seed dropout, and compute on one thread on a CPU: more make networks so small slower, and round otherwise."""
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        if device.type == "cpu":
            torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
