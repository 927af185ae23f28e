"""Outputs of a trained network for every sample of a video."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from mevqa.spotting.features.types import FeatureSeries
from mevqa.spotting.learning.config import SystemConfig
from mevqa.spotting.learning.priors import Priors
from mevqa.spotting.learning.system import Arrays, LearnedSystem
from mevqa.spotting.learning.windows import cut, grid, stitch

#: Windows in one pass; all are of one video, so that no video depends on its neighbours.
_TOGETHER = 64


@torch.inference_mode()
def network_outputs(
    system: type[LearnedSystem], network: nn.Module, series: FeatureSeries, config: SystemConfig, priors: Priors
) -> Arrays:
    """Return the outputs of a network for a video, stitched together, [samples, ...] each.

    Args:
        system: The system.
        network: Its network; it is put into evaluation mode.
        series: The video.
        config: How it is cut.
        priors: The spread of its channels.
    """
    network.eval()
    device = next(network.parameters()).device
    scale = priors.spread(series.values.ndim)
    begins = grid(series, config.training.windows)
    parts: dict[str, list[np.ndarray]] = {}
    for start in range(0, len(begins), _TOGETHER):
        windows = [cut(series, begin, config.training.windows) for begin in begins[start : start + _TOGETHER]]
        values = torch.from_numpy(np.stack([window.values / scale for window in windows])).to(device)
        counts = torch.from_numpy(np.stack([window.counts for window in windows])).to(device)
        for name, output in system.forward(network, values, counts).items():
            parts.setdefault(name, []).extend(output.float().cpu().numpy())
    samples = len(series.times_ms)
    return {name: stitch(outputs, begins, samples, config.training.windows) for name, outputs in parts.items()}
