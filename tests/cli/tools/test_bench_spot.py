"""The command line of the spotter's benchmark."""

from __future__ import annotations

import json

import pytest

from mevqa.benchmarks.spotting_trial import TrialResult
from mevqa.cli import main
from mevqa.scoring.result import ScoreResult

RESULT = TrialResult(
    ScoreResult(
        {"spotting.micro.f1": 6 / 7, "spotting.macro.f1": 0.5},
        counts={"spotting.micro.detections": 3, "spotting.macro.detections": 2},
        details={"videos": []},
    ),
    {"still": (1, 2.0)},
)


@pytest.fixture
def trials(monkeypatch):
    """Let no video be made; return the settings and options that a trial was run with."""
    run = []

    def trial(folder, settings, *, options, progress):
        run.append((folder, settings, options))
        progress("events_1")
        return RESULT

    monkeypatch.setattr("mevqa.benchmarks.spotting_trial.run_trial", trial)
    return run


def test_a_trial_prints_what_was_found(trials, tmp_path, capsys):
    assert main(["bench", "spot", "--trial", str(tmp_path), "--seed", "720", "--both", "1", "--still", "0"]) == 0
    printed = capsys.readouterr()
    assert "micro" in printed.out and "0.857" in printed.out and "0.50 a minute (1 in 2.0 minutes)" in printed.out
    assert "events_1" in printed.err
    ((_, settings, options),) = trials
    assert (settings.seed, settings.events, settings.still, settings.seconds) == (720, 1, 0, 60.0)
    assert options.calibrator is None


def test_a_trial_as_json_and_with_a_calibrator(trials, tmp_path, capsys):
    from mevqa.spotting.motion.calibration import shipped_calibrator

    shipped_calibrator().save(tmp_path / "c.json")
    command = ["bench", "spot", "--trial", str(tmp_path), "--json", "-", "--calibrator", str(tmp_path / "c.json")]
    assert main(command) == 0
    assert json.loads(capsys.readouterr().out)["metrics"]["spotting.macro.f1"] == 0.5
    assert trials[0][2].calibrator == shipped_calibrator()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--trial", "x", "--minutes", "2"], "choose one"),
        (["--calibrator", "c.json"], "of no use without --trial"),
        (["--seconds", "1"], "--seconds"),
        (["--trial", "x", "--calibrator", "nowhere.json"], "nowhere.json"),
    ],
)
def test_conflicting_options_are_one_line(trials, words, message, capsys):
    assert main(["bench", "spot", *words]) == 2
    assert message in capsys.readouterr().err and trials == []
