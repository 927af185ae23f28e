"""Memory of the GPU: bounded as on a smaller card, and the most that was in use."""

from __future__ import annotations

import torch

_GIB = 2**30
#: GiB of a card that no tensor can have: CUDA's context (.5 on Hopper), the driver, and a desktop on small cards.
_TAKEN = 0.75


def bound_memory(card_gib: int | None, device: str) -> None:
    """Give tensors no more memory than a card of that size would, and begin to count the most in use.

    Args:
        card_gib: Memory of the card, GiB; None: as much as there is.
        device: Nothing is done for ``cpu``.
    """
    if not device.startswith("cuda"):
        return
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(device).total_memory
    if card_gib is not None and card_gib * _GIB < total:
        torch.cuda.set_per_process_memory_fraction((card_gib - _TAKEN) * _GIB / total, device)
    torch.cuda.reset_peak_memory_stats(device)


def peak_memory(device: str) -> dict[str, float]:
    """Return the most memory in use since ``bound_memory``, GiB; empty for ``cpu``.

    ``tensors_gib`` is what tensors held, ``peak_gib`` with CUDA's context, ``reserved_gib`` what torch had taken from
    the card for tensors, gaps with it.
    """
    if not device.startswith("cuda"):
        return {}
    free, total = torch.cuda.mem_get_info(device)
    context = total - free - torch.cuda.memory_reserved(device)
    tensors = torch.cuda.max_memory_allocated(device)
    reserved = torch.cuda.max_memory_reserved(device)
    return {
        "tensors_gib": tensors / _GIB,
        "peak_gib": (tensors + context) / _GIB,
        "reserved_gib": reserved / _GIB,
    }


def wait_for(device: str) -> None:
    """Wait until the GPU has done everything that it was asked for, so that a clock may be read."""
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
