"""Edge convolutions on a graph of nearest neighbours (Wang et al., "Dynamic Graph CNN", TOG 2019)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn


class EdgeConvolution(nn.Module):
    """x'_i = max over the k nearest j of h(x_i, x_j - x_i), with a linear layer, normalisation and ReLU as h.

    Args:
        before: Features of a point.
        after: Features that it gets.
        neighbours: k; a point is not its own neighbour.
    """

    def __init__(self, before: int, after: int, neighbours: int) -> None:
        super().__init__()
        self.neighbours = neighbours
        self.edge = nn.Sequential(nn.Conv2d(2 * before, after, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU())

    def forward(self, points: torch.Tensor) -> torch.Tensor:
        """Return [B, after, N] of points [B, before, N]."""
        near = nearest(points, self.neighbours)
        linear, normalise, bend = self.edge
        point_weight, difference_weight = linear.get_parameter("weight")[..., 0, 0].chunk(2, dim=1)
        # A linear layer of (x_i, x_j - x_i) is one of x_i and one of x_j: a point is multiplied once, not once an edge.
        centres, others = (point_weight - difference_weight) @ points, difference_weight @ points
        batch, features, count = centres.shape
        taken = others.gather(2, near.reshape(batch, 1, -1).expand(-1, features, -1)).view(batch, features, count, -1)
        edges: torch.Tensor = bend(normalise(centres.unsqueeze(-1) + taken))
        return edges.amax(-1)


def nearest(points: torch.Tensor, count: int) -> torch.Tensor:
    """Return the indices of the ``count`` nearest other points of each [B, N, count], by Euclidean distance.

    Args:
        points: [B, features, N].
        count: At most N - 1 are taken.
    """
    rows = points.detach().transpose(1, 2)
    distance = torch.cdist(rows, rows)
    distance.diagonal(dim1=1, dim2=2).fill_(torch.inf)
    return distance.topk(min(count, points.shape[2] - 1), largest=False).indices


class DynamicGraph(nn.Module):
    """Edge convolutions one after the other, whose graphs follow the features, and a summary of all points.

    Args:
        inputs: Features of a point.
        widths: Features after each edge convolution.
        neighbours: Of each point.

    Attributes:
        features: How many features describe the whole face: maximum and mean of every layer's.
    """

    def __init__(self, inputs: int, widths: Sequence[int], neighbours: int) -> None:
        super().__init__()
        input_widths = [inputs, *widths[:-1]]
        self.layers = nn.ModuleList(
            EdgeConvolution(input_width, output_width, neighbours)
            for input_width, output_width in zip(input_widths, widths, strict=True)
        )
        self.features = 2 * sum(widths)

    def forward(self, points: torch.Tensor) -> torch.Tensor:
        """Return [B, features] of points [B, inputs, N]."""
        layer_features = []
        for layer in self.layers:
            points = layer(points)
            layer_features.append(points)
        joined = torch.cat(layer_features, dim=1)
        return torch.cat([joined.amax(-1), joined.mean(-1)], dim=1)
