from __future__ import annotations

import numpy as np
import torch

from mevqa.training.nano.crops import draw_crops
from mevqa.training.nano.flow_patches import in_patches
from mevqa.video.face.geometry import EYES


def _edges(flow: torch.Tensor) -> torch.Tensor:
    """Return the kurtosis of the slopes of each field: high where motion is flat but for sharp edges."""
    slopes = flow.diff(dim=-1).flatten(1)
    return (slopes**4).mean(1) / (slopes**2).mean(1) ** 2


def test_motion_falls_into_patches_with_sharp_edges_and_keeps_its_place():
    ramp = torch.linspace(-1, 1, 56)
    flow = torch.stack([ramp.expand(56, 56), ramp[:, None].expand(56, 56)]).expand(8, 2, 56, 56).contiguous()
    patched = in_patches(flow, 1.0, np.random.default_rng(0))
    assert (_edges(patched[:, :1]) > 3 * _edges(flow[:, :1])).all()
    for channel, patched_channel in zip(flow.flatten(1), patched.flatten(1), strict=True):
        assert torch.corrcoef(torch.stack([channel, patched_channel]))[0, 1] > 0.8


def test_only_a_share_falls_into_patches_and_the_seed_decides_which():
    flow = torch.randn(40, 2, 20, 20, generator=torch.Generator().manual_seed(0))
    assert torch.equal(in_patches(flow, 0.0, np.random.default_rng(0)), flow)
    patched = in_patches(flow, 0.5, np.random.default_rng(0))
    changed = (patched != flow).flatten(1).any(1)
    assert 8 < int(changed.sum()) < 32
    assert torch.equal(patched, in_patches(flow, 0.5, np.random.default_rng(0)))


def test_crops_are_the_product_s_own_close_or_any():
    rng = np.random.default_rng(0)
    default = draw_crops(50, 1.0, 0.0, rng)
    assert np.allclose(default.across, EYES[1][0] - EYES[0][0]) and np.array_equal(default.across, default.down)
    assert np.abs(default.centre_y - EYES[0][1]).max() < 0.06
    close = draw_crops(50, 0.0, 1.0, rng)
    assert close.across.min() >= 0.5 and close.centre_y.max() <= 0.34 and (close.down < close.across).all()
    mixed = draw_crops(400, 0.3, 0.4, rng)
    assert 80 < (mixed.across == EYES[1][0] - EYES[0][0]).sum() < 160
    assert 120 < (mixed.across > 0.54).sum() < 170
