"""Two processes on CPUs (gloo) train what one process with twice the clips trains."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from adapters import save_base
from map_clips import write_maps
from safetensors.torch import load_file

from mevqa.resources import resource_folder

pytestmark = pytest.mark.slow

#: Rows with different numbers of questions (synthetic clips have four to six) and different weights.
SETTINGS = {
    "model": "nano",
    "lora": {"rank": 4, "targets": ["language"]},
    "rates": {"adapter": 3e-3},
    "balance": {"types": True},
    "synthetic": {"share": 0.5},
    "average": 0.8,
    "steps": 4,
    "clips": 2,
    "probe": False,
    "log_every": 1,
    "device": "cpu",
}
#: `accelerate launch --cpu` starts several processes through MPI alone; the file for several GPUs starts them anyway.
DDP = resource_folder("finetune") / "accelerate" / "ddp.yaml"
LAUNCHERS = {
    "torchrun": ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-addr", "127.0.0.1", "--master-port"],
    "accelerate": ["-m", "accelerate.commands.accelerate_cli", "launch", "--config_file", str(DDP)]
    + ["--main_process_ip", "127.0.0.1", "--main_process_port"],
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def launch(launcher: str | None, words: list[str]) -> str:
    """Run the command in one process or two, and return what it said."""
    start = [sys.executable]
    if launcher is not None:
        start += [*LAUNCHERS[launcher], str(free_port())]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "MASTER_ADDR": "127.0.0.1"}
    done = subprocess.run([*start, "-m", "mevqa", *words], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture
def train(tmp_path):
    questions = write_maps(tmp_path / "data", subjects=4, each=2)

    def run(launcher: str | None, name: str, *more: str, **settings) -> Path:
        recipe = tmp_path / f"{name}.yaml"
        recipe.write_text(json.dumps(SETTINGS | settings))
        maps = f"precomputed.flow={questions.parent / 'maps'}"
        out = tmp_path / name
        printed = launch(launcher, ["finetune", str(recipe), f"questions={questions}", maps, f"output={out}", *more])
        assert printed.count("saved to") == 1, "one process reports"
        assert json.loads((out / "training.json").read_text())["decides"]["processes"] == (2 if launcher else 1)
        return out

    return run


def same(first: Path, second: Path, close: float, file: str = "adapter_model.safetensors") -> None:
    whole, halves = load_file(first / file), load_file(second / file)
    assert whole.keys() == halves.keys()
    far = {key: float((value - halves[key]).abs().max()) for key, value in whole.items()}
    assert {key: value for key, value in far.items() if value > close} == {}


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_two_processes_train_the_adapter_of_one_with_twice_the_clips(train, launcher):
    single, double = train(None, "one", "clips=4"), train(launcher, "two")
    # Sums in another order; where a gradient is nearly zero, Adam makes a step of the rounding.
    same(single, double, 1e-4)
    files = [load_file(out / "adapter_model.safetensors") for out in (single, double)]
    far = torch.cat([(files[0][key] - files[1][key]).abs().ravel() for key in files[0]]) > 3e-5
    assert float(far.float().mean()) < 1e-3
    assert (
        max(float(value.abs().max()) for key, value in load_file(single / "adapter_model.safetensors").items()) > 1e-2
    )
    losses = [json.loads((out / "training.json").read_text())["finished"]["loss"] for out in (single, double)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def test_two_processes_validate_and_stop_as_one(train):
    """Three clips on the validation side: one process looks at two of them, the other at one."""
    options = {"validation": {"share": 0.3, "every": 1, "patience": 2}, "synthetic": None, "steps": 5, "clips": 1}
    single, double = train(None, "one", "clips=2", **options), train("torchrun", "two", **options)
    records = [json.loads((out / "training.json").read_text())["finished"] for out in (single, double)]
    assert records[0]["steps"] == records[1]["steps"]
    assert records[0]["validation"] == pytest.approx(records[1]["validation"], rel=1e-3)
    same(single, double, 3e-5)


def test_weights_that_no_answer_depends_on_do_not_stop_two_processes(train, tmp_path):
    """LLaVA takes the features before the vision tower's last layer, which gets an adapter all the same."""
    base = save_base("llava", tmp_path / "base")
    options = {
        "model": str(base),
        "views": ["motion"],
        "variant": "brief",
        "lora": {"rank": 4, "targets": ["everything"]},
        "synthetic": None,
        "balance": {},
    }
    same(train(None, "one", "clips=4", **options), train("torchrun", "two", **options), 1e-4)


def test_a_whole_model_is_trained_by_two_processes(train):
    """At first its language model rests: only the vision tower learns to see."""
    options = {
        "model": "untrained-nano",
        "lora": None,
        "rates": {"language": 1e-3, "projector": 1e-3, "vision": 1e-3},
        "synthetic": {"share": 1.0, "seeing_steps": 2, "seeing_weight": 0.2},
        "balance": {},
    }
    two = train("torchrun", "two", **options)
    assert load_file(two / "model.safetensors")
