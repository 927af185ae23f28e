"""Files of tensors (safetensors), read so that every fault is one line."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from mevqa.errors import InputError, Problem


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors of a file by name, and its metadata.

    Raises:
        InputError: It is missing, cannot be read or is damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except FileNotFoundError as error:
        raise InputError([Problem(path, "is missing")]) from error
    except (OSError, SafetensorError) as error:
        raise InputError([Problem(path, f"cannot be read as safetensors: {' '.join(str(error).split())}")]) from error


def load_weights(network: nn.Module, weights: dict[str, Tensor], path: Path) -> None:
    """Give a network the weights that were read from a file.

    Raises:
        InputError: They are of another network.
    """
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise InputError([Problem(path, "holds the weights of another network than the one that is built")]) from error
