"""Benchmark of the stages of an evaluation: they add up, and the measured times are printed."""

import json

import pytest

import mevqa
from mevqa.benchmarks import evaluation_stages as stages
from mevqa.benchmarks.scale import CommandCost
from mevqa.cli import main


def test_a_second_is_of_the_innermost_stage(monkeypatch):
    clock_time = [0.0]
    monkeypatch.setattr(stages.time, "perf_counter", lambda: clock_time[0])
    clock = stages.StageClock()

    def work(seconds):
        clock_time[0] += seconds

    inner = clock.timed("inner", work)
    work(1.0)
    with clock.stage("outer"):
        work(2.0)
        inner(4.0)
        with pytest.raises(ZeroDivisionError), clock.stage("inner"):
            work(8.0)
            raise ZeroDivisionError
        work(16.0)
    work(32.0)
    with clock.stage("outer"):
        pass
    assert clock.seconds == {"rest": 33.0, "outer": 18.0, "inner": 12.0}
    assert clock.calls == {"outer": 2, "inner": 2}


def test_every_place_that_is_timed_is_there():
    assert all(callable(stages._resolve(target)) for _, target in stages._TIMED)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return mevqa.synthesise(tmp_path_factory.mktemp("stages") / "set", 1, 3, size=(128, 128), fps=(50.0,), crf=30)


def test_the_command_prints_stages_and_commands(data, tmp_path, monkeypatch, capsys):
    commands = []

    def command(name, words, output=None):
        commands.append([str(word) for word in words])
        assert main(commands[-1][2:]) == 0
        return CommandCost(name, 2.0, float(len(commands)), 100.0, 0)

    monkeypatch.setattr(stages, "measure_command", command)
    monkeypatch.setattr("mevqa.synthetic.writer.synthesise", lambda *args: data)
    code = main(["bench", "eval", "--clips", "1", "--model", "mock", "--json", str(tmp_path / "cost.json")])
    printed = capsys.readouterr().out
    assert code == 0 and "the answers are the same" in printed and "stabilise" in printed
    assert "2 processes: 2.00 of the time" in printed and "generate" not in printed
    cost = json.loads((tmp_path / "cost.json").read_text())
    assert cost["live"]["calls"]["decode"] > 0 and cost["live"]["calls"]["model"] == 1
    assert "decode" not in cost["stored"]["calls"] and cost["stored"]["calls"]["model"] == 1
    assert cost["ratios"].keys() == {"2 processes", "looking again"} and cost["same"]
    assert [("--workers" in words, "none" in words) for words in commands] == [
        (False, True),
        (True, True),
        (False, False),
    ]


def test_a_plain_loop_generates_from_the_same_pictures(data, tmp_path):
    from mevqa.inference.evaluation import plan
    from mevqa.models.registry import load_model

    work = plan([data.train], data.media, limit=1)
    seconds = stages._generate(work, load_model("nano"), tmp_path / "views")
    assert seconds is not None and seconds > 0
    assert stages._generate(work, load_model("mock"), tmp_path / "views") is None
