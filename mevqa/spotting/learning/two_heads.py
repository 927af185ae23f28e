"""Systems that score every sample and name its class with one network, as ME-TST and those that follow it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from torch import Tensor, nn

from mevqa.files.strict_yaml import StrictModel
from mevqa.spotting.learning.priors import Priors
from mevqa.spotting.learning.spotter import LearnedSpotter
from mevqa.spotting.learning.system import Tensors, masked_mean, weighted_cross_entropy
from mevqa.spotting.networks.boundary_loss import boundary_weights


class TwoHeadsConfig(StrictModel):
    """Keys of the ``network`` block that weigh what is learned (values as published for ME-TST).

    Attributes:
        recognition: Weight of the recognition in the loss; the score has the rest.
        neutral: The neutral class weighs so many times its balanced weight.
        boundary: What is added to the weight of samples beside an onset or offset (after MELDAE); 0 switches it off.
    """

    recognition: Annotated[float, Field(ge=0, le=1)] = 0.1
    neutral: Annotated[float, Field(gt=0)] = 6.0
    boundary: Annotated[float, Field(ge=0)] = 0.0


class TwoHeads(LearnedSpotter):
    """A system whose network returns scores [batch, length] and class logits [batch, length, classes].

    ``network`` must have the keys of ``TwoHeadsConfig``.
    """

    network = TwoHeadsConfig

    @classmethod
    def forward(cls, network: nn.Module, values: Tensor, counts: Tensor) -> Tensors:
        """Return ``score`` and ``classes``."""
        score, classes = network(values)
        return {"score": score, "classes": classes}

    @classmethod
    def loss(cls, outputs: Tensors, targets: Tensors, counts: Tensor, config: Any, priors: Priors) -> Tensor:
        """Return squared error of the score and weighted cross-entropy of the classes."""
        weight = boundary_weights(targets["score"] > 0.5, boundary=config.boundary, reach=1)
        error = masked_mean(weight * (outputs["score"] - targets["score"]) ** 2, counts)
        return cls.with_classes(error, outputs, targets, counts, config, priors)

    @classmethod
    def with_classes(
        cls, error: Tensor, outputs: Tensors, targets: Tensors, counts: Tensor, config: Any, priors: Priors
    ) -> Tensor:
        """Return an error of the score weighed against that of the classes; the former alone without classes."""
        if not priors.classes:
            return error
        class_error = cls.class_error(outputs, targets, counts, config, priors)
        return (1 - config.recognition) * error + config.recognition * class_error

    @classmethod
    def class_error(cls, outputs: Tensors, targets: Tensors, counts: Tensor, config: Any, priors: Priors) -> Tensor:
        """Return the weighted cross-entropy of the classes, of which there is one at least."""
        weights = (config.neutral * priors.class_weights[0], *priors.class_weights[1:])
        return weighted_cross_entropy(outputs["classes"], targets["classes"], counts, weights)
