"""MEAN (Liong et al. 2023, the baseline of MEGC 2025) as a spotter.

Theirs: three shallow convolutional streams on flow to the right, flow down and strain of brows and mouth; one number to
spot, and a copy of the network that names the class of what is spotted; learning rate 5e-4 and 32 snippets a step;
peaks of the smoothed score, half an expression to each side, from a threshold relative to the video's own maximum on
(``decoder.name: relative-peaks``, a share of .55).

Ours: the flow (see ``flow``), dense along the video rather than around candidates, for it costs no more than tracking
the face did; samples between onset and offset are positive; spotting and recognition are trained together; the
threshold is absolute and chosen on training subjects.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from torch import nn

from mevqa.spotting.learning.priors import Priors
from mevqa.spotting.learning.two_heads import TwoHeads, TwoHeadsConfig
from mevqa.spotting.mean.flow import MEAN_FLOW
from mevqa.spotting.mean.network import Mean
from mevqa.spotting.registry import register_spotter


class MeanConfig(TwoHeadsConfig):
    """The ``network`` block of recipes.

    Attributes:
        dropout: Before the output layers.
    """

    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0


@register_spotter("mean")
class MeanSpotter(TwoHeads):
    """Scores and names flow and strain of brows and mouth."""

    view = MEAN_FLOW.name
    network = MeanConfig

    @classmethod
    def build(cls, config: MeanConfig, channels: int, priors: Priors) -> nn.Module:
        """Return the network."""
        return Mean(1 + len(priors.classes), config.dropout)
