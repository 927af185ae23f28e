"""Convolutions over time with normalisation, as stems and laterals of several systems have them."""

from __future__ import annotations

from torch import nn


def convolution(channels: int, width: int, *, stride: int = 1) -> nn.Sequential:
    """Return a convolution of three samples, [batch, channels, length] to [batch, width, length / stride]."""
    return nn.Sequential(nn.Conv1d(channels, width, 3, stride=stride, padding=1), nn.BatchNorm1d(width), nn.ReLU())


def stem(channels: int, width: int) -> nn.Sequential:
    """Return the two convolutions before the blocks of ME-TST, ME-TST+ and BoostingVRME."""
    return nn.Sequential(convolution(channels, width), convolution(width, width))
