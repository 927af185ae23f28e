"""BoostingVRME (arXiv 2508.18834, ACM MM 2025; MIT-licensed code) as a spotter.

Theirs: 36 channels of eighteen regions, one slow-fast backbone of Mamba blocks under both heads, the loss and windows
of ME-TST, the median length of expressions, intervals that scale with the score on both sides of a peak (decoder
``scalable-intervals``, relative to the video's own mean), and a prior of the classes: on unseen videos the logit of the
negative class, which training subjects show most, is lowered by 1.

Ours: absolute thresholds that training subjects choose (decoder ``scalable-absolute``, the default); ``class_prior``
divides class probabilities by what share of the training expressions a class is, to that power (logit adjustment, Menon
et al., ICLR 2021), where theirs is a constant for one data set; everything that ``me-tst`` names as ours.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from torch import nn

from mevqa.spotting.boosting_vrme.network import BoostingVrme
from mevqa.spotting.learning.priors import Priors
from mevqa.spotting.learning.two_heads import TwoHeads, TwoHeadsConfig
from mevqa.spotting.registry import register_spotter

Size = Annotated[int, Field(ge=1, le=1024)]


class BoostingVrmeConfig(TwoHeadsConfig):
    """The ``network`` block of recipes.

    Attributes:
        width: Channels of the stem and the fast pathway.
        depth: Mamba blocks of a pathway in each of three stages.
        states: States of every inner channel.
        drop: Share of the sequences for which the last block of a stage is left out while training.
        class_prior: Power by which shares of classes among the training expressions divide their probabilities.
    """

    width: Size = 128
    depth: Size = 4
    states: Size = 64
    drop: Annotated[float, Field(ge=0, lt=1)] = 0.2
    class_prior: Annotated[float, Field(ge=0)] = 0.0


@register_spotter("boosting-vrme")
class BoostingVrmeSpotter(TwoHeads):
    """Spots and recognises with a slow and a fast pathway; intervals scale with the score."""

    view = "me-tst-plus"
    network = BoostingVrmeConfig

    @classmethod
    def build(cls, config: BoostingVrmeConfig, channels: int, priors: Priors) -> nn.Module:
        """Return the network."""
        network = BoostingVrme(
            channels, 1 + len(priors.classes), config.width, config.depth, config.states, config.drop
        )
        # Balanced weights are inverse shares; the neutral class is no expression and stays.
        weights = priors.class_weights
        network.adjust([1.0, *(weight**config.class_prior for weight in weights[1:])])
        return network
