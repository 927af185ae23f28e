import argparse
import json
from pathlib import Path

import pytest
from tiny import built, wrapped

from mevqa.benchmarks.prefix_reuse import QUESTIONS, measure_prefix_reuse, requests
from mevqa.cli.tools import bench


def parse(*words):
    parser = argparse.ArgumentParser()
    bench.configure(parser)
    return parser.parse_args(words)


@pytest.mark.parametrize("answers", ["free", "official"])
def test_both_ways_are_timed_and_compared(answers):
    result = measure_prefix_reuse(wrapped("qwen2_5_vl"), count=2, size=56, rounds=2, answers=answers)
    assert result.questions == len(QUESTIONS) == 6
    assert {way: len(seconds) for way, seconds in result.seconds.items()} == {
        "each question alone": 2,
        "prefix reused": 2,
    }
    assert result.picture_tokens == 8
    assert result.identical and result.differences["log-probabilities"] < 1e-3


def test_different_answers_are_noticed(monkeypatch):
    model = wrapped("llava")
    ask = model.ask
    monkeypatch.setattr(
        model, "ask", lambda s, v, r, *, prefix_cache: ask(s, v, r[: 5 if prefix_cache else 6], prefix_cache=True)[:5]
    )
    honest = measure_prefix_reuse(model, count=1, size=56, rounds=1, answers="official")
    assert honest.identical
    monkeypatch.setattr(model, "ask", lambda s, v, r, *, prefix_cache: ask(s, v, r[::-1] if prefix_cache else r))
    assert not measure_prefix_reuse(model, count=1, size=56, rounds=1, answers="official").identical


def test_requests_are_the_official_ones():
    system, question_requests = requests("official")
    assert system and [bool(r.options) for r in question_requests] == [True, True, False, True, True, False]
    assert all(r.grammar is None and not r.options and r.max_new_tokens == 8 for r in requests("free")[1])


def test_command_prints_times_and_verdict(tmp_path, capsys):
    model, processor = built("llava")
    model.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    words = (
        "prefix",
        "--model",
        str(tmp_path),
        "--rounds",
        "1",
        "--pictures",
        "1",
        "--pixels",
        "56",
        "--device",
        "cpu",
    )
    args = parse(*words, "--form", "official")
    assert bench.run(args) == 0
    printed = capsys.readouterr().out
    assert "prefix reused" in printed and "identical answers" in printed and "times as fast" in printed
    args.json = Path("-")
    assert bench.run(args) == 0
    assert json.loads(capsys.readouterr().out)["identical"] is True


def test_command_refuses_what_has_no_prefix():
    from mevqa.errors import ModelError

    with pytest.raises(ModelError, match="no prefix"):
        bench.run(parse("prefix", "--model", "mock"))
    with pytest.raises(SystemExit):
        parse("prefix", "--rounds", "0")
