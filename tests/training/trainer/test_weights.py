from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from mevqa.training.trainer.weights import MovingAverage


class Two(nn.Module):
    """One weight that is trained and one that is not."""

    def __init__(self, value: float = 0.0) -> None:
        super().__init__()
        self.moves = nn.Parameter(torch.full((2,), value))
        self.stays = nn.Parameter(torch.full((2,), 7.0), requires_grad=False)


def run(average: MovingAverage, model: Two, values: list[float], first: int = 1) -> None:
    """Let the model's weight take these values, one a step."""
    for step, value in enumerate(values, start=first):
        with torch.no_grad():
            model.moves.fill_(value)
        average.on_step_end(None, SimpleNamespace(global_step=step), None, model=model)


def by_hand(start: float, values: list[float], decay: float) -> float:
    kept = start
    for step, value in enumerate(values, start=1):
        share = min(decay, step / (step + 10))
        kept = share * kept + (1 - share) * value
    return kept


@pytest.mark.parametrize("decay", [0.0, 0.3, 0.999])
def test_the_average_is_that_of_the_definition(decay):
    model = Two(1.0)
    average = MovingAverage(model, decay)
    values = [0.5, -2.0, 3.0, 0.25, 8.0, 1.0, 1.5]
    run(average, model, values)
    average.keep(model)
    assert model.moves.tolist() == pytest.approx([by_hand(1.0, values, decay)] * 2, rel=1e-6)
    assert model.stays.tolist() == [7.0, 7.0]


def test_late_the_decay_is_the_one_that_was_asked_for():
    model = Two(0.0)
    average = MovingAverage(model, 0.9)
    run(average, model, [1.0], first=100_000)
    average.keep(model)
    assert model.moves.tolist() == pytest.approx([0.1, 0.1], rel=1e-5)


def test_the_average_stands_in_for_a_while_and_the_last_weights_come_back():
    model = Two(0.0)
    average = MovingAverage(model, 0.5)
    run(average, model, [11.0])
    kept = by_hand(0.0, [11.0], 0.5)
    with pytest.raises(KeyError), average.in_place(model):
        assert model.moves.tolist() == pytest.approx([kept, kept])
        raise KeyError
    assert model.moves.tolist() == [11.0, 11.0]
    run(average, model, [11.0], first=2)  # looking changed nothing of the average
    average.keep(model)
    assert model.moves.tolist() == pytest.approx([by_hand(0.0, [11.0, 11.0], 0.5)] * 2, rel=1e-6)


def test_a_checkpoint_holds_the_average_and_another_goes_on_with_it(tmp_path):
    model, values = Two(0.0), [1.0, 5.0, -3.0, 2.0]
    average = MovingAverage(model, 0.5)
    run(average, model, values[:2])
    folder = tmp_path / "checkpoint-2"
    folder.mkdir()
    average.on_save(
        SimpleNamespace(output_dir=str(tmp_path)),
        SimpleNamespace(global_step=2, is_world_process_zero=True),
        None,
    )
    (file,) = folder.iterdir()
    assert set(load_file(file)) == {"moves"}
    other = Two(99.0)
    resumed = MovingAverage(other, 0.5)
    resumed.restore(folder)
    for moving, trained in ((average, model), (resumed, other)):
        run(moving, trained, values[2:], first=3)
        moving.keep(trained)
    assert model.moves.tolist() == other.moves.tolist() == pytest.approx([by_hand(0.0, values, 0.5)] * 2)


def test_other_processes_write_nothing(tmp_path):
    folder = tmp_path / "checkpoint-1"
    folder.mkdir()
    MovingAverage(Two(), 0.5).on_save(
        SimpleNamespace(output_dir=str(tmp_path)),
        SimpleNamespace(global_step=1, is_world_process_zero=False),
        None,
    )
    assert not list(folder.iterdir())
