"""Time of the selective scan beside loops over the sequence, with the results compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.benchmark import Timer

from mevqa.spotting.networks.selective_scan import selective_scan

#: Batch and length: a video of half a minute, and a batch of training windows of a second (ME-TST's for SAMM).
SHAPES = ((1, 900), (32, 30))

#: Inner channels and states of a block of ME-TST.
_CHANNELS, _STATES = 128, 64

Scan = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class ScanTime:
    """Time of one form of the scan at one shape.

    Attributes:
        form: ``scan`` (that of the package), ``loop`` or ``unbound loop``.
        batch: Sequences.
        length: Samples of each.
        forward_ms: Median without gradient.
        training_ms: Median with the gradient of all five inputs.
        error: Largest difference from the loop in double precision, relative to its largest output.
    """

    form: str
    batch: int
    length: int
    forward_ms: float
    training_ms: float
    error: float


def loop(x: Tensor, dt: Tensor, a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """Return the scan step by step, every step indexed and discretised by itself; arguments of ``selective_scan``."""
    state = x.new_zeros(x.shape[0], x.shape[2], a.shape[1])
    outputs = []
    for at in range(x.shape[1]):
        state = torch.exp(dt[:, at, :, None] * a) * state + (dt[:, at] * x[:, at])[..., None] * b[:, at, None, :]
        outputs.append((state * c[:, at, None, :]).sum(-1))
    return torch.stack(outputs, 1)


def unbound_loop(x: Tensor, dt: Tensor, a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """Return the scan with everything but the recurrence computed for all steps at once."""
    decays, entering = torch.exp(dt[..., None] * a), (dt * x)[..., None] * b[:, :, None, :]
    state = torch.zeros_like(entering[:, 0])
    states = []
    for decay, enter in zip(decays.unbind(1), entering.unbind(1), strict=True):
        state = torch.addcmul(enter, decay, state)
        states.append(state)
    return torch.einsum("nlds,nls->nld", torch.stack(states, 1), c)


FORMS: Mapping[str, Scan] = {"loop": loop, "unbound loop": unbound_loop, "scan": selective_scan}


def measure_scan(seconds: float = 2.0, threads: int = 1) -> list[ScanTime]:
    """Time every form at every shape on the processor.

    Args:
        seconds: Least time that each is run for.
        threads: Of the processor.
    """
    return [_time(form, *shape, seconds, threads) for shape in SHAPES for form in FORMS]


def _time(form: str, batch: int, length: int, seconds: float, threads: int) -> ScanTime:
    scan, inputs = FORMS[form], _inputs(batch, length)
    exact = loop(*(tensor.double() for tensor in inputs))
    error = float((scan(*inputs) - exact).abs().max() / exact.abs().max())
    forward, training = (
        Timer("work(scan, inputs)", globals={"work": work, "scan": scan, "inputs": inputs}, num_threads=threads)
        for work in (_forward, _train)
    )
    medians = [1000 * timer.blocked_autorange(min_run_time=seconds).median for timer in (forward, training)]
    return ScanTime(form, batch, length, medians[0], medians[1], error)


def _inputs(batch: int, length: int) -> tuple[Tensor, ...]:
    random = torch.Generator().manual_seed(0)
    x, before = (torch.randn(batch, length, _CHANNELS, generator=random) for _ in range(2))
    b, c = (torch.randn(batch, length, _STATES, generator=random) for _ in range(2))
    rates = -torch.arange(1.0, _STATES + 1).repeat(_CHANNELS, 1)
    return x, torch.nn.functional.softplus(before - 3), rates, b, c


def _forward(scan: Scan, inputs: tuple[Tensor, ...]) -> None:
    with torch.no_grad():
        scan(*inputs)


def _train(scan: Scan, inputs: tuple[Tensor, ...]) -> None:
    scan(*(tensor.detach().requires_grad_() for tensor in inputs)).sum().backward()
