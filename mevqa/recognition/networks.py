"""Recognisers that are networks: standardised inputs, one output layer a level, a plain training loop.

A training takes seconds to a few minutes, so that it has no checkpoints: its result is written whole at the end, and
what is interrupted is done again with the same result.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mevqa.recognition.base import (
    Array,
    Classes,
    Example,
    Fitting,
    Level,
    Predictor,
    Recogniser,
    balanced_weights,
    label_indices,
)
from mevqa.recognition.network_settings import NetworkSettings

if TYPE_CHECKING:
    import torch

#: Names under which the statistics of the training inputs stand beside the weights.
MEAN, SCALE, SHAPE = "inputs.mean", "inputs.scale", "inputs.shape"
#: Below this deviation an input is constant, and is not blown up.
_LEAST_SCALE = 1e-6


class NetworkRecogniser(Recogniser):
    """A network whose body is of the system, and whose outputs and training are common to all."""

    @abstractmethod
    def body(self, shape: Sequence[int]) -> tuple[torch.nn.Module, int]:
        """Return an untrained body and how many features it makes of each clip.

        Args:
            shape: Of the inputs of one clip.

        Raises:
            ValueError: Inputs of that shape are too small.
        """

    def network(self, shape: Sequence[int], classes: Classes) -> torch.nn.Module:
        """Return the untrained network: body, dropout, and a linear layer a level."""
        from mevqa.recognition.heads import Heads

        body, features = self.body(shape)
        return Heads(body, features, classes, self.settings.dropout)

    def fit(self, examples: Sequence[Example], fitting: Fitting) -> dict[str, NDArray[Any]]:
        """Train the network; statistics of inputs and weights of classes are those of the examples."""
        import torch

        from mevqa.recognition.loop import train

        inputs = np.stack([example.inputs for example in examples])
        mirrored = np.stack([example.mirrored for example in examples])
        mean, scale = statistics(np.concatenate([inputs, mirrored]))
        targets = {level: label_indices(examples, level, names) for level, names in fitting.classes.items()}
        weights = {level: balanced_weights(targets[level], len(names)) for level, names in fitting.classes.items()}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(fitting.seed)
            network = self.network(inputs.shape[1:], fitting.classes)
        settings: NetworkSettings = self.settings
        pair = ((inputs - mean) / scale, (mirrored - mean) / scale)
        train(network, pair, targets, weights, settings, fitting)
        arrays = {f"network.{name}": value.cpu().numpy() for name, value in network.state_dict().items()}
        shape = np.array(inputs.shape[1:], np.int64)
        return {**arrays, MEAN: mean, SCALE: scale, SHAPE: shape}

    def predictor(self, arrays: Mapping[str, NDArray[Any]], classes: Classes, device: str) -> Predictor:
        """Return a function that runs the trained network."""
        import torch

        missing = [name for name in (MEAN, SCALE, SHAPE) if name not in arrays]
        if missing:
            raise ValueError(f"{', '.join(missing)} is missing")
        network = self.network([int(side) for side in arrays[SHAPE]], classes)
        state = {
            name.removeprefix("network."): torch.from_numpy(np.array(value))
            for name, value in arrays.items()
            if name.startswith("network.")
        }
        try:
            network.load_state_dict(state)
        except RuntimeError as error:
            raise ValueError(" ".join(str(error).split())) from error
        network.to(device).eval()
        mean, scale = arrays[MEAN], arrays[SCALE]

        def predict(inputs: Array) -> dict[Level, NDArray[np.float64]]:
            standardised = torch.from_numpy(((inputs - mean) / scale).astype(np.float32)).to(device)
            with torch.inference_mode():
                logits = network(standardised)
            return {level: value.cpu().double().softmax(-1).numpy() for level, value in logits.items()}

        return predict


def statistics(inputs: Array) -> tuple[Array, Array]:
    """Return mean and standard deviation of each channel, in a shape that fits the inputs.

    Args:
        inputs: [clips, channels, ...] of the training side.
    """
    axes = (0, *range(2, inputs.ndim))
    mean = inputs.mean(axis=axes, keepdims=True)[0]
    scale = np.maximum(inputs.std(axis=axes, keepdims=True)[0], _LEAST_SCALE)
    return mean.astype(np.float32), scale.astype(np.float32)
