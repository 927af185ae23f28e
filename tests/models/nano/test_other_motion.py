from __future__ import annotations

import numpy as np
import torch

from mevqa.training.nano.other_motion import affine_motion, border_blobs, depth_motion, eyelid_motion

#: A crop whose middle is the point midway between the eyes; columns and rows are 4 eye distances long.
AXIS = ((np.arange(57) - 28) / 14).astype(np.float32)
FACES = 200


def axes(faces: int = FACES) -> tuple[np.ndarray, np.ndarray]:
    return np.repeat(AXIS[None], faces, 0), np.repeat(AXIS[None], faces, 0)


def peaks(flow: torch.Tensor) -> torch.Tensor:
    """Return the largest motion of each face."""
    return flow.square().sum(1).sqrt().amax((1, 2))


def test_eyelids_move_at_both_eyes_and_nowhere_else():
    flow = eyelid_motion(*axes(), 1.0, np.random.default_rng(0))
    assert flow.shape == (FACES, 2, 57, 57) and flow.dtype == torch.float32
    down = flow[:, 1].abs()
    eyes = torch.stack([down[:, 24:32, 18:25].amax((1, 2)), down[:, 24:32, 32:39].amax((1, 2))], 1)
    assert torch.allclose(eyes.amax(1), down.amax((1, 2)))
    assert (eyes.amin(1) > 0.4 * eyes.amax(1)).all()
    assert (down[:, 40:].amax((1, 2)) < 0.01 * eyes.amax(1)).all()


def test_lids_mostly_close_and_are_often_stronger_than_an_expression():
    flow = eyelid_motion(*axes(), 1.0, np.random.default_rng(0))[:, 1]
    strongest = flow.flatten(1).gather(1, flow.abs().flatten(1).argmax(1, keepdim=True))[:, 0]
    assert 0.6 < (strongest > 0).float().mean() < 0.8
    assert (strongest.abs() > 1).float().mean() > 0.6


def test_only_a_share_of_the_lids_moves():
    moving = peaks(eyelid_motion(*axes(), 0.4, np.random.default_rng(0))) > 0
    assert 0.3 < moving.float().mean() < 0.5
    assert not eyelid_motion(*axes(), 0.0, np.random.default_rng(0)).any()


def test_a_turn_moves_the_nose_against_the_cheeks():
    flow = depth_motion(*axes(), 0.3, np.random.default_rng(0))
    turned = flow[peaks(flow) > 0]
    assert 0.4 * FACES < len(turned) < 0.6 * FACES
    nose, ears = turned[:, :, 36, 28], turned[:, :, 36, [14, 42]]
    assert (nose.sign() == -ears[..., 0].sign()).all() and torch.equal(ears[..., 0], ears[..., 1])
    assert nose[:, 1].std() > 1.5 * nose[:, 0].std()


def test_what_alignment_leaves_is_affine():
    flow = affine_motion(*axes(20), 0.3, 0.2, np.random.default_rng(0))
    assert flow.diff(dim=2).diff(dim=2).abs().max() < 1e-5 and flow.diff(dim=3).diff(dim=3).abs().max() < 1e-5
    assert not affine_motion(*axes(20), 0.0, 0.0, np.random.default_rng(0)).any()


def test_blobs_stay_near_the_border():
    flow = border_blobs(FACES, 56, 1.0, np.random.default_rng(0)).square().sum(1).sqrt().mean(0)
    assert flow[24:32, 24:32].max() < 0.1 * flow.max()
    assert not border_blobs(5, 56, 0.0, np.random.default_rng(0)).any()
