"""A small comparison of spotters, from making videos to the table, and what goes wrong on the way."""

from __future__ import annotations

import json

import pytest

import mevqa
from mevqa.cli import main
from mevqa.synthetic.writer import synthesise

SUITE = """
title: Two spotters
task: spotting
preset: strict
training: {clips: 2, seed: 5, subjects: 2, long: true, seconds: 6, profile: hard}
synthetic: {clips: 1, seed: 7, subjects: 1, long: true, seconds: 6, profile: hard}
parts: [{dataset: synthetic}]
models: [motion, OWN, no-such-recipe]
"""
OWN = """
extends: causal-ex-co-occurrence
title: Tiny
training: {epochs: 1, batch: 4}
decoder: {threshold: 0.3}
"""


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    folder = tmp_path_factory.mktemp("suite")
    (folder / "tiny.yaml").write_text(OWN)
    (folder / "suite.yaml").write_text(SUITE.replace("OWN", str(folder / "tiny.yaml")))
    return folder


@pytest.fixture(scope="module")
def result(suite):
    steps = []
    comparison = mevqa.evaluate_suite(
        str(suite / "suite.yaml"), out=suite / "run", on_step=lambda text, failed: steps.append((text, failed))
    )
    return comparison, steps


def test_systems_are_trained_and_compared_in_one_table(result, suite):
    comparison, _ = result
    motion, own, unknown = comparison.outcomes
    assert not comparison.complete and unknown.error is not None and "no-such-recipe" in unknown.error
    assert motion.result.metrics["cost.parameters"] == 0 and own.result.metrics["cost.parameters"] > 1000
    for outcome in (motion, own):
        assert {"spotting.micro.f1", "cost.frames_per_second"} <= outcome.result.metrics.keys()
        assert {"spotting.talking_alarms", "spotting.silent_alarms"} & outcome.result.metrics.keys()
    table = comparison.table(intervals=False)
    assert table.columns[:3] == ("system", "status", "spotting F1") and len(table.rows) == 3
    assert (suite / "run" / "motion" / "detections_by_rules.csv").is_file()
    written = json.loads((suite / "run" / "comparison.json").read_text())
    assert len(written) == 3 and (suite / "run" / "comparison.md").is_file()


def test_a_second_call_trains_nothing_and_measures_nothing_again(result, suite, capsys):
    weights = next((suite / "run").glob("*/weights/model.safetensors"))
    costs = weights.parents[1] / "costs.json"
    minutes = json.loads(costs.read_text())["cost.training_minutes"]
    before = weights.stat().st_mtime_ns
    records = {path: path.stat().st_mtime_ns for path in (suite / "run" / "features").rglob("*") if path.is_file()}
    assert main(["eval", "--suite", str(suite / "suite.yaml"), "--out", str(suite / "run")]) == 1
    assert weights.stat().st_mtime_ns == before
    assert json.loads(costs.read_text())["cost.training_minutes"] == minutes
    assert records and all(path.stat().st_mtime_ns == time for path, time in records.items())
    assert "Two spotters" in capsys.readouterr().out


def test_data_of_ones_own_are_named_where_they_lack(tmp_path, suite):
    synthesise(tmp_path / "train", 1, 5, long=True, profile="hard", seconds=4.0)
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "annotations.csv").write_text("video,onset,offset\n")
    text = (suite / "suite.yaml").read_text().replace("training: {clips: 2, seed: 5", "training: {clips: 1, seed: 5")
    (tmp_path / "suite.yaml").write_text(text.replace("subjects: 2, long: true, seconds: 6", "long: true, seconds: 4"))
    with pytest.raises(mevqa.InputError, match="clips: is missing: the suite trains and tests on it"):
        mevqa.evaluate_suite(str(tmp_path / "suite.yaml"), data_root=tmp_path)
