from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest
from adapters import save_base
from tiny_rows import fresh

from mevqa.benchmarks.packed_training import ANSWERS, WAYS, measure_packing, turns
from mevqa.benchmarks.prefix_reuse import QUESTIONS
from mevqa.cli.tools import bench
from mevqa.errors import ModelError
from mevqa.training.packing import packed_model


def parse(*words):
    parser = argparse.ArgumentParser()
    bench.configure(parser)
    return parser.parse_args(words)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["qwen2_5_vl", "gemma3"])
def test_three_ways_are_timed_in_turns_and_train_the_same(name):
    rounds = []
    result = measure_packing(fresh(name), clips=2, count=1, size=56, rounds=2, on_round=rounds.append)
    assert rounds == [1, 2] and result.questions == 12 and result.clips == 2
    assert {way: len(seconds) for way, seconds in result.seconds.items()} == dict.fromkeys(WAYS, 2)
    assert result.identical and 0 < result.differences["gradients"] < 1e-4 and result.picture_tokens > 0
    assert result.parameters["adapter"] < result.parameters["all"]
    result.seconds = {WAYS[0]: [6.0, 8.0, 1.0], WAYS[1]: [2.0, 1.0, 4.0], WAYS[2]: [0.5, 3.0, 1.0]}
    assert (result.speedup[WAYS[1]], result.best_speedup[WAYS[1]]) == (3.0, 1.0)
    assert (result.speedup[WAYS[2]], result.best_speedup[WAYS[2]]) == (6.0, 2.0)


def test_packing_that_trains_differently_is_noticed(monkeypatch):
    """Packed rows whose questions see each other, as if all of them were the prefix."""
    visible = packed_model.visible
    monkeypatch.setattr(packed_model, "visible", lambda groups: visible(groups.clamp(max=0)))
    assert not measure_packing(fresh("llava"), clips=1, count=1, size=56, rounds=1).identical


def test_the_questions_are_official_ones_with_their_answers():
    system, question_turns = turns()
    assert system and len(question_turns) == len(QUESTIONS) == len(ANSWERS) == 6
    assert [turn.answer for turn in question_turns] == list(ANSWERS)
    for question, turn in zip(QUESTIONS, question_turns, strict=True):
        assert question in turn.text


def test_command_prints_times_and_verdict(tmp_path, capsys):
    folder = save_base("llava", tmp_path / "base")
    words = ("finetune", "--model", str(folder), "--rounds", "1", "--clips", "1", "--pictures", "1", "--pixels", "56")
    args = parse(*words, "--device", "cpu")
    assert bench.run(args) == 0
    printed = capsys.readouterr().out
    for way in WAYS:
        assert way in printed
    assert "6 questions about 1 clips a step" in printed and "the same training" in printed
    assert printed.count("times as fast") == 2
    args.json = Path("-")
    assert bench.run(args) == 0
    assert json.loads(capsys.readouterr().out)["identical"] is True


def test_command_refuses_what_has_no_weights():
    with pytest.raises(ModelError, match="no weights"):
        bench.run(parse("finetune", "--model", "mock"))
