"""Average the weights of trainings that began at one model: ``python -m mevqa.training.nano.average A B --out DIR``.

Trainings of different seeds that start from the same weights stay in one basin, where the mean of their weights answers
like their ensemble at the cost of one model (Wortsman et al., "Model soups", ICML 2022: uniform soup).
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from mevqa.errors import InputError, Problem

_WEIGHTS = "model.safetensors"
#: What a training leaves beside its model, and is not that of the mean.
_LEFT_OUT = ("rendered", "checkpoints", "training.json")


def average(folders: Sequence[Path], out: Path) -> None:
    """Write the model whose weights are the mean of those of several folders; everything else is the first one's.

    Args:
        folders: Of whole models, not of adapters.
        out: New folder.

    Raises:
        InputError: A folder holds no such weights, they do not fit each other, or ``out`` exists.
    """
    problems = [Problem(str(folder), f"holds no {_WEIGHTS}") for folder in folders if not (folder / _WEIGHTS).is_file()]
    if out.exists():
        problems.append(Problem(str(out), "exists already; name a new folder"))
    if problems:
        raise InputError(problems)
    states = [load_file(folder / _WEIGHTS) for folder in folders]
    shapes = [{name: weight.shape for name, weight in state.items()} for state in states]
    if any(other != shapes[0] for other in shapes):
        raise InputError([Problem(str(folder), f"has other weights than {folders[0]}") for folder in folders[1:]])
    shutil.copytree(folders[0], out, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    save_file(_mean(states), out / _WEIGHTS, metadata={"format": "pt"})


def _mean(states: Sequence[Mapping[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    return {
        name: torch.stack([state[name].float() for state in states]).mean(0).to(weight.dtype).contiguous()
        for name, weight in states[0].items()
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Average what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m mevqa.training.nano.average", description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", help="trained models")
    parser.add_argument("--out", type=Path, required=True, help="new folder")
    options = parser.parse_args(arguments)
    average(options.folders, options.out)


if __name__ == "__main__":
    main()
