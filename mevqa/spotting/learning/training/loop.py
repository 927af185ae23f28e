"""The training loop: seeded, and resumed from the last epoch as if it had never stopped.

The weights of the last epoch are kept. Published scripts of this field keep, of each test subject, the epoch that does
best on it (AUW-GCN, SpotFormer, GIM); that is a choice on the tested subject and is not offered here. What is chosen,
the threshold, is chosen on training subjects (``thresholds``).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import torch
from safetensors.torch import save as tensors_as_bytes
from torch import Tensor, nn

from mevqa.errors import ModelError
from mevqa.files.whole import write_whole
from mevqa.spotting.learning.config import SystemConfig, Training
from mevqa.spotting.learning.priors import Priors
from mevqa.spotting.learning.saved_tensors import load_weights, read_tensors
from mevqa.spotting.learning.system import LearnedSystem
from mevqa.spotting.learning.training.batches import TrainingWindows
from mevqa.spotting.learning.types import TrainingVideo

if TYPE_CHECKING:
    from accelerate import Accelerator

#: Called with epochs done, epochs in all, and the mean loss of the last one.
ShowEpochs: TypeAlias = Callable[[int, int, float], None]

#: Of one-cycle: share of the training in which the rate goes up, and how far below the highest it begins and ends
#: (the defaults of PyTorch's OneCycleLR, which the published code uses).
_UP, _BEGIN, _END = 0.3, 1 / 25, 1 / 25e4


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained network.

    Attributes:
        network: The network, on the device on which it was trained, in evaluation mode.
        losses: Mean loss of each epoch.
    """

    network: nn.Module
    losses: tuple[float, ...]


def train_network(
    system: type[LearnedSystem],
    config: SystemConfig,
    videos: Sequence[TrainingVideo],
    priors: Priors,
    *,
    accelerator: Accelerator,
    checkpoint: Path | None = None,
    progress: ShowEpochs = lambda done, total, loss: None,
) -> Trained:
    """Train a network, or go on with an interrupted training of it.

    Args:
        system: The system.
        config: Its settings.
        videos: The training videos.
        priors: What is known of them.
        accelerator: Device and precision.
        checkpoint: File of weights and optimizer after each epoch; it is left behind at the end.
        progress: Called after each epoch.

    Raises:
        ModelError: The loss is not finite.
        InputError: The checkpoint cannot be read or written.
    """
    settings = config.training
    with one_thread(accelerator.device):
        torch.manual_seed(config.seed)
        network = system.build(config.network, videos[0].series.values.shape[1], priors)
        optimizer = _optimizer(network, settings)
        network, optimizer = accelerator.prepare(network, optimizer)
        losses = _resume(checkpoint, network, optimizer, accelerator.device)
        windows = TrainingWindows(system, config, videos, priors)
        for epoch in range(len(losses), settings.epochs):
            torch.manual_seed((config.seed << 16) + epoch + 1)
            losses.append(_epoch(system, config, network, optimizer, accelerator, windows, priors, epoch))
            if not math.isfinite(losses[-1]):
                raise ModelError(f"epoch {epoch + 1}: the loss is not finite; lower training.rate")
            if checkpoint is not None and accelerator.is_main_process:
                _save(checkpoint, network, optimizer, losses)
            progress(epoch + 1, settings.epochs, losses[-1])
    return Trained(accelerator.unwrap_model(network).eval(), tuple(losses))


def _epoch(
    system: type[LearnedSystem],
    config: SystemConfig,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    accelerator: Accelerator,
    windows: TrainingWindows,
    priors: Priors,
    epoch: int,
) -> float:
    """Train one epoch and return its mean loss."""
    settings = config.training
    steps = math.ceil(len(windows.epoch(epoch)) / settings.batch)
    total = torch.zeros((), dtype=torch.float64)
    network.train()
    for step, (values, counts, targets) in enumerate(windows.batches(epoch)):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(settings, (epoch + step / steps) / settings.epochs, epoch)
        device = accelerator.device
        moved = {name: target.to(device) for name, target in targets.items()}
        learned = moved.pop("learned")
        with accelerator.autocast():
            outputs = system.forward(network, values.to(device), counts.to(device))
        outputs = {name: output.float() for name, output in outputs.items()}
        loss = system.loss(outputs, moved, learned, config.network, priors)
        optimizer.zero_grad()
        accelerator.backward(loss)
        if settings.max_norm:
            accelerator.clip_grad_norm_(network.parameters(), settings.max_norm)
        optimizer.step()
        total += float(loss.detach())
    return float(total) / max(steps, 1)


def learning_rate(settings: Training, share: float, epoch: int) -> float:
    """Return the learning rate.

    Args:
        settings: The schedule.
        share: How much of the training is done, 0 to 1.
        epoch: Epochs done.
    """
    if settings.schedule == "constant":
        return settings.rate
    if settings.schedule == "exponential":
        return settings.rate * settings.factor**epoch
    begin, end = settings.rate * _BEGIN, settings.rate * _END
    if share < _UP:
        return _cosine(begin, settings.rate, share / _UP)
    return _cosine(settings.rate, end, (share - _UP) / (1 - _UP))


def _cosine(begin: float, end: float, share: float) -> float:
    return end + (begin - end) * (1 + math.cos(math.pi * share)) / 2


def _optimizer(network: nn.Module, settings: Training) -> torch.optim.Optimizer:
    kind = torch.optim.AdamW if settings.optimizer == "adamw" else torch.optim.Adam
    return kind(network.parameters(), lr=settings.rate, weight_decay=settings.decay)


@contextmanager
def one_thread(device: torch.device) -> Iterator[None]:
    """Compute with one thread on a processor: several make networks as small as these ten times slower."""
    before = torch.get_num_threads()
    if device.type == "cpu":
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _save(path: Path, network: nn.Module, optimizer: torch.optim.Optimizer, losses: Sequence[float]) -> None:
    """Write weights, the optimizer's state and the losses in one file, whole or not at all."""
    tensors = {f"network.{name}": tensor for name, tensor in network.state_dict().items()}
    for number, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{number}.{name}": torch.as_tensor(value) for name, value in state.items()}
    on_cpu = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_whole(path, tensors_as_bytes(on_cpu, {"losses": json.dumps(list(losses))}))


def _resume(
    path: Path | None, network: nn.Module, optimizer: torch.optim.Optimizer, device: torch.device
) -> list[float]:
    """Load the last epoch that was saved; return the losses until then.

    Raises:
        InputError: The file is damaged or of another network.
    """
    if path is None or not path.is_file():
        return []
    tensors, facts = read_tensors(path)
    weights = {name.removeprefix("network."): tensor for name, tensor in tensors.items() if name.startswith("network.")}
    load_weights(network, weights, path)
    states: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            number, key = name.removeprefix("optimizer.").split(".", 1)
            # Steps are counted on the processor.
            states.setdefault(int(number), {})[key] = tensor if key == "step" else tensor.to(device)
    optimizer.load_state_dict({"state": states, "param_groups": optimizer.state_dict()["param_groups"]})
    return [float(loss) for loss in json.loads(facts["losses"])]
