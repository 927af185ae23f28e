"""The selective state-space scan of Mamba in plain PyTorch: exact, on any device, with gradients in little memory.

For every channel d and state n of a sequence (Gu and Dao, arXiv 2312.00752, eq. 2 and Algorithm 2; the input is
discretised by Euler's rule as in their code):

    h[t] = exp(dt[t] A) h[t - 1] + dt[t] B[t] x[t],    y[t] = C[t] h[t]

The scan goes through the sequence in pieces that fit the processor's cache. Rates and inputs of a piece are computed at
once; only the recurrence itself, one fused multiply and add, goes step by step. Parallel forms (a tree over the
sequence, pieces side by side) do the same work several times and were slower on a processor. The gradient is written
by hand: it keeps the state at the beginning of each piece and computes the others again, where automatic
differentiation of the loop keeps five tensors of every step.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, cast

import torch
from torch import Tensor

#: Elements of a state times steps of a piece: 1 MiB in single precision, about the second-level cache of a core.
_PIECE = 1 << 18


def selective_scan(x: Tensor, dt: Tensor, a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """Return the output of the scan, [batch, length, channels].

    Args:
        x: [batch, length, channels] input.
        dt: [batch, length, channels] step sizes, positive.
        a: [channels, states] rates, negative.
        b: [batch, length, states] what enters the states.
        c: [batch, length, states] what is read from them.
    """
    if x.is_cuda and (kernel := _kernel()) is not None:
        u, step, enter, read = (tensor.transpose(1, 2).contiguous() for tensor in (x, dt, b, c))
        return kernel(u, step, a, enter, read).transpose(1, 2)
    return _SelectiveScan.apply(x, dt, a, b, c)


@cache
def _kernel() -> Callable[..., Tensor] | None:
    """Return the CUDA kernel of mamba-ssm where it is installed (not run on hardware by the tests)."""
    try:
        from mamba_ssm.ops.selective_scan_interface import selective_scan_fn
    except ImportError:
        return None
    return cast("Callable[..., Tensor]", selective_scan_fn)


class _SelectiveScan(torch.autograd.Function):
    """Scan with time first, and its gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, dt: Tensor, a: Tensor, b: Tensor, c: Tensor) -> Tensor:
        u, dt, b, c = (tensor.transpose(0, 1) for tensor in (dt * x, dt, b, c))
        state = x.new_zeros(x.shape[0], x.shape[2], a.shape[1])
        begun, outputs = [], []
        for piece in _pieces(u, a):
            begun.append(state)
            states, _ = _follow(state, u[piece], dt[piece], a, b[piece])
            outputs.append((states @ c[piece, ..., None])[..., 0])
            state = states[-1].clone()
        ctx.save_for_backward(x, dt, a, b, c, *begun)
        return torch.cat(outputs).transpose(0, 1) if outputs else torch.zeros_like(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, ...]:
        x, dt, a, b, c, *begun = ctx.saved_tensors
        x, of_y = x.transpose(0, 1), gradients[0].transpose(0, 1)
        u = dt * x
        of_u, of_dt, of_b, of_c = torch.empty_like(u), torch.empty_like(u), torch.empty_like(b), torch.empty_like(c)
        of_a = torch.zeros_like(a)
        later = x.new_zeros(x.shape[1], x.shape[2], a.shape[1])
        for piece, state in reversed(list(zip(_pieces(u, a), begun, strict=True))):
            states, decay = _follow(state, u[piece], dt[piece], a, b[piece])
            of_c[piece] = (of_y[piece][..., None, :] @ states)[..., 0, :]
            of_states = of_y[piece][..., None] * c[piece][..., None, :]
            # Of every step, what the step after it passes back is added; of the last, what the next piece does.
            of_states[-1] += later
            steps = list(zip(of_states.unbind(), decay.unbind(), strict=True))
            for (of_state, _), (of_next, next_decay) in zip(steps[-2::-1], steps[:0:-1], strict=True):
                of_state.addcmul_(next_decay, of_next)
            of_u[piece] = (of_states @ b[piece][..., None])[..., 0]
            of_b[piece] = (u[piece][..., None, :] @ of_states)[..., 0, :]
            of_exponent = decay.mul_(of_states)
            later = of_exponent[0].clone()
            of_exponent[1:] *= states[:-1]
            of_exponent[0] *= state
            of_a += torch.mul(of_exponent, dt[piece][..., None], out=states).sum((0, 1))
            of_dt[piece] = of_exponent.mul_(a).sum(-1)
        of_dt += of_u * x
        of_x, of_dt, of_b, of_c = (tensor.transpose(0, 1) for tensor in (of_u * dt, of_dt, of_b, of_c))
        return of_x, of_dt, of_a, of_b, of_c


def _pieces(u: Tensor, a: Tensor) -> list[slice]:
    """Return the pieces of a sequence, [length, batch, channels]."""
    size = max(1, _PIECE // max(1, u.shape[1] * a.numel()))
    return [slice(begin, begin + size) for begin in range(0, u.shape[0], size)]


def _follow(state: Tensor, u: Tensor, dt: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Return the states of a piece and their decay, both [steps, batch, channels, states]."""
    decay = torch.mul(dt[..., None], a).exp_()
    states = u[..., None] * b[..., None, :]
    for step_state, step_decay in zip(states.unbind(), decay.unbind(), strict=True):
        state = step_state.addcmul_(step_decay, state)
    return states, decay
