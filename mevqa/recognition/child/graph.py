"""The graph baseline: edge convolutions over points of the face, with a graph that follows the features.

CMED's is DGCNN on landmarks (arXiv 2503.21690); we take it for the dynamic graph network of Wang et al. ("Dynamic Graph
CNN for Learning on Point Clouds", TOG 2019), whose edge convolution is, with x_j among the k nearest of x_i in the
features of the layer, x'_i = max over j of h(x_i, x_j - x_i) (equations 7 and 8). The points are the centres of our
facial regions, which need no landmark model; each carries its place, how it moved from onset to apex, and the strain
of the skin around it. All sizes are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from mevqa.recognition.base import Array, Look
from mevqa.recognition.flow import flow_and_strain, region_box
from mevqa.recognition.network_settings import NetworkSettings
from mevqa.recognition.networks import NetworkRecogniser
from mevqa.recognition.registry import register_recogniser
from mevqa.video.face.geometry import ALIGNED_SIZE, EYE_DISTANCE, EYES
from mevqa.video.face.regions import face_regions

if TYPE_CHECKING:
    import torch

    from mevqa.types import View


class GraphSettings(NetworkSettings):
    """Settings of the graph network.

    Attributes:
        neighbours: How many nearest points each point is joined with.
        widths: Features of each edge convolution.
    """

    neighbours: Annotated[int, Field(ge=1, le=18)] = 6
    widths: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)] = (32, 64)


@register_recogniser("child-graph")
class GraphRecogniser(NetworkRecogniser):
    """A dynamic graph network over the facial regions."""

    schema = GraphSettings
    settings: GraphSettings

    @property
    def look(self) -> Look:
        """Onset and apex."""
        return Look(("onset", "apex"))

    def measure(self, views: Sequence[View]) -> Array:
        """Return position (eye distances from between the eyes), mean motion and strain (percents) [5, regions]."""
        motion = flow_and_strain(views)
        middle = np.array([(EYES[0][0] + EYES[1][0]) / 2, EYES[0][1]]) * ALIGNED_SIZE
        nodes = []
        for region in face_regions():
            left, top, right, bottom = region_box(region)
            position = (np.array(region.centre) - middle) / EYE_DISTANCE
            nodes.append([*position, *motion[:, top:bottom, left:right].mean(axis=(1, 2))])
        return np.array(nodes, np.float32).T

    def body(self, shape: Sequence[int]) -> tuple[torch.nn.Module, int]:
        """Return the edge convolutions."""
        from mevqa.recognition.child.edge_convolution import DynamicGraph

        network = DynamicGraph(shape[0], self.settings.widths, self.settings.neighbours)
        return network, network.features
