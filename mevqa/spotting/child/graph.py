"""``child-graph``: CMED's graph network on landmarks (arXiv 2503.21690; DGCNN, Wang et al. 2019) as a spotter.

Ours: the points are the 18 facial regions that ME-TST+ reads, which need no landmark model. Each carries its place on
the face and its displacement at moments around a sample, against their mean; the network of ``mevqa.recognition``
(edge convolutions over the nearest points in the features of each layer) makes one vector of them a sample.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn

from mevqa.recognition.child.edge_convolution import DynamicGraph
from mevqa.spotting.features.views import layout_places
from mevqa.spotting.learning.priors import Priors
from mevqa.spotting.learning.system import Tensors
from mevqa.spotting.learning.two_heads import TwoHeads, TwoHeadsConfig
from mevqa.spotting.registry import register_spotter
from mevqa.video.face.geometry import ALIGNED_SIZE, EYE_DISTANCE, EYES
from mevqa.video.face.regions import network_regions

_LAYOUT = "me-tst-plus"


class GraphConfig(TwoHeadsConfig):
    """The ``network`` block of recipes.

    Attributes:
        neighbours: Nearest points that each point is joined with.
        widths: Features of a point after each edge convolution.
        moments: Moments to each side of a sample at which displacements are read.
        apart: Samples from one moment to the next.
        dropout: Before the output layers.
    """

    neighbours: Annotated[int, Field(ge=1, le=17)] = 6
    widths: Annotated[tuple[Annotated[int, Field(ge=1, le=512)], ...], Field(min_length=1)] = (32, 64)
    moments: Annotated[int, Field(ge=1, le=30)] = 4
    apart: Annotated[int, Field(ge=1, le=30)] = 2
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0


class GraphNetwork(nn.Module):
    """Score and class of every sample from the points of the face around it.

    Args:
        places: [points, 2] where the points are, eye distances.
        classes: Emotion classes, the neutral one included.
        config: Sizes.
    """

    places: Tensor

    def __init__(self, places: NDArray[np.float32], classes: int, config: GraphConfig) -> None:
        super().__init__()
        reach = config.moments * config.apart
        self.offsets = range(-reach, reach + 1, config.apart)
        self.register_buffer("places", torch.from_numpy(places), persistent=False)
        self.graph = DynamicGraph(2 + 2 * len(self.offsets), config.widths, config.neighbours)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(self.graph.features, 1 + classes)

    def forward(self, channels: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores [batch, length] and class logits [batch, length, classes].

        Args:
            channels: [batch, length, 2 * points] displacement to the right and down of each point in turn.
            counts: [batch, length] where something was measured; elsewhere nothing is looked at.
        """
        batch, length, _ = channels.shape
        offsets = torch.tensor(self.offsets, device=channels.device)
        rows = torch.arange(length, device=channels.device)[:, None] + offsets
        usable = counts[:, rows.clamp(0, length - 1)] & (rows >= 0) & (rows < length)
        around = channels[:, rows.clamp(0, length - 1)] * usable[..., None]
        mean = around.sum(2, keepdim=True) / usable.sum(2).clamp(min=1)[..., None, None]
        moved = ((around - mean) * usable[..., None]).unflatten(-1, (-1, 2))
        points = moved.flatten(0, 1).permute(0, 1, 3, 2).flatten(1, 2)
        placed = self.places.T.expand(len(points), -1, -1)
        outputs = self.head(self.dropout(self.graph(torch.cat([placed, points], dim=1)))).view(batch, length, -1)
        return torch.sigmoid(outputs[..., 0]), outputs[..., 1:]


@register_spotter("child-graph")
class GraphSpotter(TwoHeads):
    """Scores and names how the regions of the face move around each sample, by a dynamic graph."""

    view = _LAYOUT
    network = GraphConfig

    @classmethod
    def build(cls, config: GraphConfig, channels: int, priors: Priors) -> nn.Module:
        """Return the network."""
        return GraphNetwork(_places(), 1 + len(priors.classes), config)

    @classmethod
    def forward(cls, network: nn.Module, values: Tensor, counts: Tensor) -> Tensors:
        """Return ``score`` and ``classes``."""
        score, classes = network(values, counts)
        return {"score": score, "classes": classes}


def _places() -> NDArray[np.float32]:
    """Return where the regions are, from between the eyes, in eye distances."""
    regions = network_regions()
    middle = np.array([(EYES[0][0] + EYES[1][0]) / 2, EYES[0][1]]) * ALIGNED_SIZE
    centres = np.array([regions[place].centre for place in layout_places(_LAYOUT)])
    return np.asarray((centres - middle) / EYE_DISTANCE, np.float32)
