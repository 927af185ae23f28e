"""The network of PESFormer: a transformer encoder over the snippets of a whole video (arXiv 2410.18695).

From the paper: an encoder of the vision transformer over snippet features, each point in time one foreground or
background sample without anchors, whole training videos padded to one length. Its layer sizes, lengths and losses
could not be read; those here (pre-normalised layers, sinusoidal positions, sizes of the recipe) are ours.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

#: Longest period of the sinusoids, in samples (Vaswani et al., NeurIPS 2017, section 3.5).
_LONGEST = 10_000.0


class PesFormer(nn.Module):
    """How much every snippet of a video looks like an expression, and of which class.

    Args:
        channels: Channels of a snippet.
        classes: Emotion classes, the neutral one included.
        width: Channels inside, even.
        depth: Layers of the encoder.
        heads: Attention heads of a layer.
        dropout: Share of activations that are dropped while training.
    """

    def __init__(
        self, channels: int, classes: int, width: int = 64, depth: int = 4, heads: int = 4, dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.embed = nn.Linear(channels, width)
        layer = nn.TransformerEncoderLayer(
            width, heads, 4 * width, dropout, activation="gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, depth, nn.LayerNorm(width), enable_nested_tensor=False)
        self.spot = nn.Linear(width, 1)
        self.recognise = nn.Linear(width, classes)

    def forward(self, snippets: Tensor, real: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return scores [batch, length] between 0 and 1 and class logits [batch, length, classes].

        Args:
            snippets: [batch, length, channels] features.
            real: [batch, length] bool, False where a video was padded: nothing looks there; None: nowhere.
        """
        hidden = self.embed(snippets)
        hidden = hidden + positions(hidden.shape[1], hidden.shape[2]).to(hidden)
        hidden = self.encoder(hidden, src_key_padding_mask=None if real is None else ~real)
        return torch.sigmoid(self.spot(hidden))[..., 0], self.recognise(hidden)


def positions(length: int, width: int) -> Tensor:
    """Return sinusoids of every position, [length, width] (Vaswani et al., NeurIPS 2017, section 3.5)."""
    rates = _LONGEST ** -(torch.arange(0, width, 2) / width)
    angles = torch.arange(length)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)
