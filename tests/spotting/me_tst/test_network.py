from __future__ import annotations

import pytest
import torch

from mevqa.spotting.me_tst.network import MeTst


def test_shapes_and_as_many_weights_as_published():
    network = MeTst(10, 5)
    assert sum(parameter.numel() for parameter in network.parameters()) == pytest.approx(632_000, rel=0.005)
    small = MeTst(10, 4, width=8, depth=2, states=4)
    score, classes = small(torch.randn(2, 30, 10))
    assert score.shape == (2, 30) and classes.shape == (2, 30, 4)
    assert bool((score > 0).all()) and bool((score < 1).all())
