"""The scan against a step-by-step reference in double precision, and its gradient against that of the reference."""

from __future__ import annotations

import pytest
import torch

from mevqa.spotting.networks import selective_scan as module
from mevqa.spotting.networks.mamba import DropPath, Mamba
from mevqa.spotting.networks.selective_scan import selective_scan


def reference(x, dt, a, b, c):
    state = x.new_zeros(x.shape[0], x.shape[2], a.shape[1])
    outputs = []
    for at in range(x.shape[1]):
        state = torch.exp(dt[:, at, :, None] * a) * state + (dt[:, at] * x[:, at])[..., None] * b[:, at, None, :]
        outputs.append((state * c[:, at, None, :]).sum(-1))
    return torch.stack(outputs, 1)


def inputs(batch, length, channels=6, states=5, dtype=torch.float64):
    torch.manual_seed(0)
    x = torch.randn(batch, length, channels, dtype=dtype)
    dt = torch.nn.functional.softplus(torch.randn(batch, length, channels, dtype=dtype) - 3)
    a = -torch.arange(1, states + 1, dtype=dtype).repeat(channels, 1)
    b, c = (torch.randn(batch, length, states, dtype=dtype) for _ in range(2))
    return [tensor.requires_grad_() for tensor in (x, dt, a, b, c)]


@pytest.mark.parametrize(("batch", "length"), [(1, 1), (1, 900), (3, 30)])
def test_single_precision_is_within_1e_5_of_the_reference(batch, length):
    exact = inputs(batch, length, channels=32, states=16)
    expected = reference(*exact)
    output = selective_scan(*(tensor.detach().float() for tensor in exact))
    assert (output - expected).abs().max() <= 1e-5 * expected.abs().max()


@pytest.mark.parametrize("piece", [1, 70, 1 << 18])
@pytest.mark.parametrize(("batch", "length"), [(1, 1), (2, 7), (1, 20)])
def test_the_gradient_is_that_of_the_reference(monkeypatch, piece, batch, length):
    monkeypatch.setattr(module, "_PIECE", piece)
    weights = torch.randn(batch, length, 6, dtype=torch.float64)
    gradients = [
        torch.autograd.grad((scan(*tensors) * weights).sum(), tensors)
        for scan in (selective_scan, reference)
        for tensors in [inputs(batch, length)]
    ]
    for gradient, expected in zip(*gradients, strict=True):
        torch.testing.assert_close(gradient, expected, rtol=1e-10, atol=1e-12)


def test_nothing_in_gives_nothing():
    assert selective_scan(*(tensor.detach() for tensor in inputs(2, 0))).shape == (2, 0, 6)


def test_a_mamba_layer_looks_back_only_and_keeps_sequences_apart():
    torch.manual_seed(0)
    layer = Mamba(8, states=4)
    sequence = torch.randn(3, 12, 8)
    out = layer(sequence)
    assert out.shape == sequence.shape
    changed = sequence.clone()
    changed[:, 7:] += 1
    torch.testing.assert_close(layer(changed)[:, :7], out[:, :7])
    torch.testing.assert_close(layer(sequence[1:2]), out[1:2])


def test_branches_are_left_out_while_training_only():
    torch.manual_seed(0)
    drop = DropPath(0.5)
    branch = torch.ones(1000, 2)
    kept = drop(branch)
    assert set(kept.unique().tolist()) == {0.0, 2.0} and 0.9 < float(kept.mean()) < 1.1
    assert torch.equal(drop.eval()(branch), branch)
