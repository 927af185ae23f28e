"""The log and the curve of a training, and how far each fold is."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from mevqa.files.lock import hold_folder
from mevqa.reporting.charts.training import write_training_curve
from mevqa.training.fold_states import fold_states
from mevqa.training.splits import Fold
from mevqa.training.training_log import CURVE, LOG, TrainingLog, curves_drawn_by, join_logs, read_log


def losses(folder):
    return [(row.get("part", ""), row["epoch"], row["loss"]) for row in read_log(folder)]


def test_what_is_trained_again_is_logged_once(tmp_path):
    first = TrainingLog(tmp_path, "epoch")
    for epoch in (1, 2, 3):
        first.add(epoch, 4, {"loss": 1 / epoch}, "part 1 of 2")
    with (tmp_path / LOG).open("a") as file:
        file.write('{"epoch": 4, "lo')  # Killed while it wrote.
    again = TrainingLog(tmp_path, "epoch")
    for epoch in (2, 3, 4):
        again.add(epoch, 4, {"loss": 10.0 * epoch}, "part 1 of 2")
    again.add(1, 4, {"loss": 0.123456789}, "all subjects")
    assert losses(tmp_path) == [
        ("part 1 of 2", 1, 1.0),
        ("part 1 of 2", 2, 20.0),
        ("part 1 of 2", 3, 30.0),
        ("part 1 of 2", 4, 40.0),
        ("all subjects", 1, 0.123457),
    ]
    assert read_log(tmp_path / "nowhere") == []


def test_the_curve_is_drawn_at_the_end_and_of_stages_together(tmp_path):
    for number, stage in enumerate(("sft", "rft"), start=1):
        (tmp_path / stage).mkdir()
        log = TrainingLog(tmp_path / stage, "step")
        with curves_drawn_by(write_training_curve):
            log.add(1, 2, {"loss": 2.0 / number, "rate": 1e-4})
            assert not (tmp_path / stage / CURVE).exists()
            log.add(2, 2, {"validation": 1.5})
        assert Image.open(tmp_path / stage / CURVE).size == (1520, 680)
    join_logs({stage: tmp_path / stage for stage in ("sft", "rft")}, tmp_path)
    assert not (tmp_path / CURVE).exists()  # Nothing draws outside of the context.
    assert [row["part"] for row in read_log(tmp_path)] == ["sft", "sft", "rft", "rft"]
    write_training_curve(tmp_path)
    assert (tmp_path / CURVE).exists()


def test_without_losses_there_is_no_curve(tmp_path):
    TrainingLog(tmp_path, "epoch").add(1, 1, {})
    write_training_curve(tmp_path)
    assert read_log(tmp_path) == [{"epoch": 1, "epochs": 1}] and not (tmp_path / CURVE).exists()


@pytest.mark.parametrize("trained", ["adapter", "weights"])
def test_the_state_of_a_fold_is_read_from_its_files(trained, tmp_path):
    folds = [Fold(name, (), ()) for name in ("done", "running", "torn", "answering", "later")]
    for name in ("running", "torn", "answering"):
        folder = tmp_path / name / trained
        folder.mkdir(parents=True)
        (folder / "training.json").write_text(
            json.dumps({"decides": {}, "finished": {"steps": 3} if name == "answering" else None})
        )
        TrainingLog(folder, "step").add(2, 3, {"loss": 1.25})
    with hold_folder(tmp_path / "running"):
        states = {state.fold.name: (state.state, state.place) for state in fold_states(folds, {"done"}, tmp_path)}
    assert states == {
        "done": ("finished", ""),
        "running": ("under way", "step 2 of 3, loss 1.25"),
        "torn": ("interrupted", "step 2 of 3, loss 1.25"),
        "answering": ("interrupted", "trained"),
        "later": ("waiting", ""),
    }


def test_unreadable_rows_are_left_out(tmp_path):
    (tmp_path / LOG).write_bytes(b'{"epoch": 1}\n{"epoch": \xff}\n[]\n{"epoch": 2}\n{"epo')
    assert read_log(tmp_path) == [{"epoch": 1}, {"epoch": 2}]
