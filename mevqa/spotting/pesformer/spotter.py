"""PESFormer (arXiv 2410.18695) as a spotter.

Theirs, as far as the abstract says: a transformer encoder over features of snippets, each point in time one foreground
or background sample, whole training videos padded to one length with the padding masked, and consecutive foreground
points joined to intervals (decoder ``point-to-interval``). Its group's LGSNet takes a feature of every second frame
from a network for actions; ours are statistics of regional motion (channels ``snippets``). Sizes, the binary
cross-entropy, the weight of foreground points, class logits beside the score and the threshold that training subjects
choose are ours too. Videos longer than the padded length are scored in overlapping pieces of it.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator
from torch import Tensor, nn

from mevqa.spotting.learning.priors import Priors
from mevqa.spotting.learning.system import Tensors, masked_mean
from mevqa.spotting.learning.two_heads import TwoHeads, TwoHeadsConfig
from mevqa.spotting.networks.boundary_loss import boundary_weights
from mevqa.spotting.pesformer.network import PesFormer
from mevqa.spotting.registry import register_spotter

Size = Annotated[int, Field(ge=1, le=1024)]


class PesFormerConfig(TwoHeadsConfig):
    """The ``network`` block of recipes.

    Attributes:
        width: Channels inside; even, and a multiple of the heads.
        depth: Layers of the encoder.
        heads: Attention heads of a layer.
        dropout: Share of activations that are dropped while training.
        foreground: Weight of a foreground point; a background point weighs 1.
    """

    width: Size = 64
    depth: Size = 4
    heads: Size = 4
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    foreground: Annotated[float, Field(gt=0)] = 5.0

    @model_validator(mode="after")
    def _divides(self) -> PesFormerConfig:
        """Refuse a width that neither heads nor sines and cosines of a position can share."""
        if self.width % 2 or self.width % self.heads:
            raise ValueError(f"width must be even and a multiple of heads ({self.heads}), not {self.width}")
        return self


@register_spotter("pesformer")
class PesFormerSpotter(TwoHeads):
    """Scores whole videos at once with a transformer."""

    view = "snippets"
    network = PesFormerConfig

    @classmethod
    def build(cls, config: PesFormerConfig, channels: int, priors: Priors) -> nn.Module:
        """Return the network."""
        sizes = (config.width, config.depth, config.heads, config.dropout)
        return PesFormer(channels, 1 + len(priors.classes), *sizes)

    @classmethod
    def forward(cls, network: nn.Module, values: Tensor, counts: Tensor) -> Tensors:
        """Return ``score`` and ``classes``; nothing looks at padding or at what was not measured."""
        # A window without a single measured sample must look somewhere; what it says is not used.
        score, classes = network(values, counts | ~counts.any(dim=1, keepdim=True))
        return {"score": score, "classes": classes}

    @classmethod
    def loss(cls, outputs: Tensors, targets: Tensors, counts: Tensor, config: Any, priors: Priors) -> Tensor:
        """Return binary cross-entropy of the points and weighted cross-entropy of the classes."""
        weight = 1 + (config.foreground - 1) * targets["score"]
        weight = weight * boundary_weights(targets["score"] > 0.5, boundary=config.boundary, reach=1)
        points = nn.functional.binary_cross_entropy(outputs["score"], targets["score"], reduction="none")
        error = masked_mean(points * weight, counts)
        return cls.with_classes(error, outputs, targets, counts, config, priors)
