"""How many threads a model computes with on a processor."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

#: Models with fewer weights compute with one thread. On two cores nano (5 million) is as fast with one as with two, and
#: many times faster where something else runs: threads that share tiny pieces of work wait for one another, busily.
SMALL = 100_000_000

#: Environment variables by which a user says how many threads there are to be.
_CHOSEN_BY = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


@contextmanager
def fitting_threads(weights: int, device: torch.device) -> Iterator[None]:
    """Compute with one thread inside where a model is small and on a processor, unless the user says otherwise.

    Args:
        weights: How many the model has.
        device: Where they are.
    """
    if device.type != "cpu" or weights >= SMALL or any(os.environ.get(name) for name in _CHOSEN_BY):
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
