"""A learned spotter made of annotated videos: priors, thresholds and weights, of training subjects alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from torch import nn

from mevqa.spotting.learning.config import SystemConfig
from mevqa.spotting.learning.network_scores import network_outputs
from mevqa.spotting.learning.priors import Priors, learn_priors
from mevqa.spotting.learning.system import Arrays, LearnedSystem
from mevqa.spotting.learning.training.loop import ShowEpochs, train_network
from mevqa.spotting.learning.training.thresholds import choose_thresholds, subject_groups
from mevqa.spotting.learning.types import TrainingVideo

if TYPE_CHECKING:
    from accelerate import Accelerator

#: Given what is trained (``part 1 of 3``, ``all subjects``), returns what shows its epochs.
ShowTraining: TypeAlias = Callable[[str], ShowEpochs]


@dataclass(frozen=True, slots=True)
class FittedSystem:
    """Result of training a system: network, priors, losses and F1 on training subjects.

    Attributes:
        network: The network.
        priors: Scale, classes, lengths and thresholds that training subjects give.
        losses: Mean loss of each epoch.
        f1: F1 of each curve on training subjects, by networks that had not seen them; empty where the threshold was
            given.
    """

    network: nn.Module
    priors: Priors
    losses: tuple[float, ...]
    f1: dict[str, float]


def fit_system(
    system: type[LearnedSystem],
    config: SystemConfig,
    videos: Sequence[TrainingVideo],
    *,
    accelerator: Accelerator,
    checkpoints: Path | None = None,
    progress: ShowTraining = lambda name: lambda done, total, loss: None,
) -> FittedSystem:
    """Train a system, or go on with an interrupted training of it.

    Args:
        system: The system.
        config: Its settings.
        videos: Videos of the training subjects; nothing else is looked at.
        accelerator: Device and precision.
        checkpoints: Folder for what is trained so far; it is there.
        progress: Shows epochs.

    Raises:
        InputError: One subject, and a threshold to choose; a checkpoint cannot be read or written.
        ModelError: A loss is not finite.
    """

    def train(subset: Sequence[TrainingVideo], name: str) -> tuple[nn.Module, Priors, tuple[float, ...]]:
        priors = learn_priors(subset, config, system.learn(subset, config))
        file = None if checkpoints is None else checkpoints / f"{name.replace(' ', '-')}.safetensors"
        trained = train_network(
            system, config, subset, priors, accelerator=accelerator, checkpoint=file, progress=progress(name)
        )
        return trained.network, priors, trained.losses

    fixed = config.decoder.threshold
    scored: list[tuple[TrainingVideo, Arrays]] = []
    if fixed is None and config.decoder.folds:
        groups = subject_groups(videos, config.decoder.folds, config.seed)
        for number, held_out in enumerate(groups, start=1):
            others = [video for video in videos if all(video is not excluded for excluded in held_out)]
            part, own_priors, _ = train(others, f"part {number} of {len(groups)}")
            scored += [(video, network_outputs(system, part, video.series, config, own_priors)) for video in held_out]
    network, priors, losses = train(videos, "all subjects")
    f1: dict[str, float] = {}
    if fixed is not None:
        thresholds = dict.fromkeys(priors.half_lengths, fixed)
    else:
        scored = scored or [(video, network_outputs(system, network, video.series, config, priors)) for video in videos]
        thresholds, f1 = choose_thresholds(system, config, priors, scored)
    return FittedSystem(network, priors.model_copy(update={"thresholds": thresholds}), losses, f1)
