"""The packed model with its weights spread over two processes (FSDP 2, gloo), beside the same model in one."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from tiny import SYSTEM, views
from tiny_rows import TURNS, encoder, fresh
from torch import distributed

from mevqa.training.packing.packed_model import PackedModel
from mevqa.training.packing.rows import Row, collate
from mevqa.training.recipes.recipe import Recipe
from mevqa.training.trainer.trained_parts import prepare, trained

_PROCESSES = 2


def _model(name: str) -> PackedModel:
    """The tiny model called ``name`` with an adapter whose gradients are not zero."""
    recipe = Recipe.model_validate({"model": name, "lora": {"rank": 4}, "rates": {"adapter": 1e-3}, "steps": 1})
    model = PackedModel(prepare(fresh(name, "sdpa").model, recipe, base_name=name)).train()
    torch.manual_seed(0)
    with torch.no_grad():
        for _, parameter in trained(model):
            parameter.normal_(0, 0.1)
    return model


def _rows(name: str) -> list[Row]:
    """One row for each process."""
    return [encoder(name)(SYSTEM, views(seed, 2), TURNS) for seed in range(_PROCESSES)]


def _train(rank: int, name: str, port: int, out: str) -> None:
    """Take one process' row forward and backward; the first writes the whole gradients."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", rank=rank, world_size=_PROCESSES)
    model = _model(name)
    mesh = init_device_mesh("cpu", (_PROCESSES,))
    for module in list(model.modules()):
        if type(module).__name__.endswith("DecoderLayer"):
            fully_shard(module, mesh=mesh)
    fully_shard(model, mesh=mesh)
    model(collate([_rows(name)[rank]]))["loss"].backward()
    # Processes average; the rows of one process add up.
    gradients = {key: _PROCESSES * parameter.grad.full_tensor() for key, parameter in trained(model)}
    if rank == 0:
        torch.save(gradients, out)
    distributed.destroy_process_group()


def largest_difference(name: str) -> float:
    """Return the largest difference between the gradients of both ways."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with TemporaryDirectory() as folder:
        out = str(Path(folder) / "gradients.pt")
        torch.multiprocessing.spawn(_train, (name, port, out), nprocs=_PROCESSES)
        spread: Mapping[str, torch.Tensor] = torch.load(out, weights_only=True)
    model = _model(name)
    model(collate(_rows(name)))["loss"].backward()
    largest = max(float(parameter.grad.abs().max()) for _, parameter in trained(model))
    assert largest > 0
    return max(float((spread[key] - parameter.grad).abs().max()) for key, parameter in trained(model)) / largest
