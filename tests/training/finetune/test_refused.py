"""Trainings that cannot live, and a model that does not look: one line each."""

from __future__ import annotations

import pytest
import torch
from adapters import save_base
from short_trainings import SETTINGS, answers, command, write_recipe
from tiny import built

from mevqa.cli import main
from mevqa.errors import ModelError
from mevqa.training.examples.clips import read_clips
from mevqa.training.finetune import finetune
from mevqa.training.trainable_model import load_trainable_model
from mevqa.training.trainer.trained_parts import prepare, trained

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def test_the_command_says_when_a_model_does_not_look(questions, tmp_path, capsys):
    """A projector of zeros shows every picture as the same one."""
    model, processor = built("llava")
    blind = type(model)(model.config)
    state = {k: v * 0 if "multi_modal_projector" in k else v for k, v in model.state_dict().items()}
    blind.load_state_dict(state)
    blind.save_pretrained(tmp_path / "base")
    processor.save_pretrained(tmp_path / "base")
    settings = SETTINGS | {"model": str(tmp_path / "base"), "views": ["motion"], "variant": "brief", "probe": True}
    path = write_recipe(tmp_path, **settings, device="cpu")
    assert main(command(path, questions, tmp_path / "out")) == 1
    printed = capsys.readouterr()
    assert "picture probe, 8 clips" in printed.out and "saved to" in printed.out
    assert "the loss does not depend on the pictures" in printed.err
    path = write_recipe(tmp_path, **SETTINGS | {"probe": True})
    assert main(command(path, questions, tmp_path / "seeing")) == 0
    assert "the loss does not depend on the pictures" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "override, message",
    [
        ("lora.targets=q_porj", "lora.targets: 'q_porj' matches no linear module"),
        ("views=onset", "onset cannot be made for 8 clips without video"),
    ],
)
def test_what_cannot_be_trained_is_one_line(questions, tmp_path, capsys, override, message):
    path = write_recipe(tmp_path, **SETTINGS)
    assert main(command(path, questions, tmp_path / "out", override)) == 2
    assert message in capsys.readouterr().err


def test_a_gradient_of_zero_is_one_line(questions, tmp_path, capsys, monkeypatch):
    from mevqa.training import finetune as module

    def dead(model, recipe, *, base_name):
        prepared = prepare(model, recipe, base_name=base_name)
        for _, parameter in trained(prepared):
            parameter.register_hook(torch.zeros_like)
        return prepared

    monkeypatch.setattr(module, "prepare", dead)
    assert main(command(write_recipe(tmp_path, **SETTINGS), questions, tmp_path / "out")) == 2
    assert "step 1: the gradient of the adapter is exactly 0" in capsys.readouterr().err


def test_answering_before_training_is_no_trap_that_goes_unnoticed(make, tmp_path):
    """A 4-bit model on a CPU that was asked something is refused instead of trained with a part of its gradient."""
    pytest.importorskip("bitsandbytes")
    base = save_base("llava", tmp_path / "base")
    recipe = make(model=str(base), views=["motion"], variant="brief", quantization="4bit", device="cpu")
    trainable = load_trainable_model(recipe)
    answers(trainable.wrapped)
    layer = next(m for m in trainable.wrapped.model.modules() if type(m).__name__ == "Linear4bit")
    if not layer.support_avx512bf16_for_cpu:
        pytest.skip("this processor has no bfloat16 kernels: bitsandbytes does not pack its weights")
    with pytest.raises(ModelError, match="step 1: 14 layers with 4-bit weights on CPU were packed for inference"):
        finetune(recipe, read_clips(recipe), tmp_path / "out", trainable=trainable)
