"""The network of Causal-Ex: a graph network over facial nodes and a convolution over time (arXiv 2503.09098).

That of AUW-GCN with another first adjacency matrix. Per sample: a graph convolution over twelve nodes with the causal
graph, a second one with the co-occurrence graph, then three convolutions over time. The published code runs the causal
search in every forward pass on the features of the batch, so that its result depends on the neighbours in the batch;
here the graph is an input, computed once from training subjects. Its poolings over two samples shorten a window by one
sample each; those here look at three and keep the length.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

#: Outputs of a sample: start, end, neither of micro and of macro (softmax); apex of micro and of macro; inside of micro
#: and of macro (sigmoid each).
OUTPUTS = 10

#: Channels of a node after a graph convolution, and of the convolutions over time (published code).
_NODE_WIDTH = 16
_TIME_WIDTH = 64


class CausalEx(nn.Module):
    """Ten logits of every sample, in the order of ``OUTPUTS``.

    Args:
        graphs: [2, nodes, nodes] non-negative weights, causal (with co-occurrence) and co-occurrence alone; rows are
            normalised to a sum of 1 here, rows of zeros stay.
        channels: Channels of a node.
    """

    graphs: Tensor

    def __init__(self, graphs: Tensor, channels: int = 2) -> None:
        super().__init__()
        nodes = graphs.shape[-1]
        self.register_buffer("graphs", graphs / graphs.sum(-1, keepdim=True).clamp(min=1e-12))
        self.first = nn.Linear(channels, _NODE_WIDTH)
        self.norm = nn.BatchNorm1d(_NODE_WIDTH)
        self.second = nn.Linear(_NODE_WIDTH, _NODE_WIDTH)
        self.time = nn.Sequential(
            nn.Conv1d(nodes * _NODE_WIDTH, _TIME_WIDTH, 1),
            nn.ReLU(),
            nn.MaxPool1d(3, 1, padding=1),
            nn.Conv1d(_TIME_WIDTH, _TIME_WIDTH, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool1d(3, 1, padding=1),
            nn.Conv1d(_TIME_WIDTH, _TIME_WIDTH, 3, padding=2, dilation=2),
            nn.ReLU(),
        )
        self.head = nn.Conv1d(_TIME_WIDTH, OUTPUTS, 1)

    def forward(self, nodes: Tensor) -> Tensor:
        """Return logits, [batch, length, 10].

        Args:
            nodes: [batch, length, nodes, channels] displacements.
        """
        batch, length = nodes.shape[:2]
        hidden = self.graphs[0] @ self.first(nodes)
        hidden = torch.relu(self.norm(hidden.flatten(0, 2)).view(*hidden.shape))
        hidden = self.graphs[1] @ self.second(hidden)
        logits: Tensor = self.head(self.time(hidden.reshape(batch, length, -1).transpose(1, 2)))
        return logits.transpose(1, 2)
