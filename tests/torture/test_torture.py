"""The judge and the runner of the campaigns: what they must not let pass."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.torture import running
from tests.torture.attempts import Campaign, Outcome, Row
from tests.torture.jobs import count_writes, differences, results
from tests.torture.judge import faults, half_written
from tests.torture.running import ROOT, Shot
from tests.torture.table import table

#: No limit: these tests are run in a process that has run others, whose memory a fork shares.
MUCH = 10**12


def ended(code=0, out="", err="", stopped=""):
    return Outcome(("score", "run"), code, out, err, 1.0, 10**6, stopped)


def test_a_command_that_kept_to_the_rules_has_no_faults():
    assert faults(ended()) == [] and faults(ended(2, err="mevqa score: run: no such folder\n")) == []


@pytest.mark.parametrize(
    "outcome",
    [
        ended(1),
        ended(-11),
        ended(2),
        ended(0, err="Traceback (most recent call last):\n  x\nValueError: y\n"),
        ended(0, err="Exception ignored in: <x>\n"),
        ended(-9, stopped="memory"),
    ],
)
def test_a_command_that_broke_a_rule_has_one(outcome):
    assert len(faults(outcome)) == 1


def test_leftovers_and_torn_files_are_seen(tmp_path):
    (tmp_path / "whole.json").write_text("{}\n")
    assert list(half_written(tmp_path)) == []
    (tmp_path / "torn.json").write_text('{"a": ')
    (tmp_path / ".page.html.mevqa-part").write_text("<html>")
    (tmp_path / "answers.jsonl").write_text('{"a": 1}\n{"a"')
    assert len(list(half_written(tmp_path))) == 3


def test_results_are_compared_but_for_times(tmp_path):
    for name, seconds in (("then", 1.0), ("now", 2.0)):
        (tmp_path / name).mkdir()
        row = {"text": "no", "seconds": seconds}
        (tmp_path / name / "answers.jsonl").write_text(json.dumps(row) + "\n")
    assert differences(tmp_path / "now", results(tmp_path / "then")) == []
    (tmp_path / "now" / "answers.jsonl").write_text('{"text": "yes", "seconds": 1.0}\n')
    (tmp_path / "now" / "events.csv").write_text("")
    assert len(differences(tmp_path / "now", results(tmp_path / "then"))) == 2


def test_a_command_kills_itself_before_a_write(tmp_path, monkeypatch):
    def run():
        for number in range(3):
            (tmp_path / "out" / f"{number}.txt").write_text("x")
        return 0

    (tmp_path / "out").mkdir()
    command(monkeypatch, run)
    running.inside(["env"], before=count_writes(tmp_path / "out", report=tmp_path / "writes"), memory=MUCH)
    assert (tmp_path / "writes").stat().st_size == 3
    (tmp_path / "out" / "2.txt").unlink()
    assert running.inside(["env"], before=count_writes(tmp_path / "out", kill_at=2), memory=MUCH).code == -9
    assert not (tmp_path / "out" / "2.txt").exists()


def command(monkeypatch, run):
    """Put a function in the place of the command line."""
    monkeypatch.setattr(running, "warm", lambda: None)
    monkeypatch.setattr("mevqa.cli.main", run)


def test_a_fork_returns_streams_and_exit_code(monkeypatch, tmp_path):
    def run():
        print(sys.argv[1:], os.getcwd(), os.environ["WORD"])
        print("no", file=sys.stderr)
        return 2

    command(monkeypatch, run)
    outcome = running.inside(["score", "run"], folder=tmp_path, environment={"WORD": "so"}, memory=MUCH)
    assert (outcome.code, outcome.err, outcome.stopped) == (2, "no\n", "")
    assert outcome.out == f"['score', 'run'] {tmp_path} so\n" and outcome.peak > 10**6


def test_an_uncaught_error_of_a_fork_is_a_traceback_and_code_1(monkeypatch):
    command(monkeypatch, lambda: 1 / 0)
    assert len(faults(running.inside(["env"], memory=MUCH))) == 2


def test_limits_of_time_and_memory_end_a_fork(monkeypatch):
    command(monkeypatch, lambda: time.sleep(60))
    assert running.inside(["env"], seconds=0.2, memory=MUCH).stopped == "time"

    def fill():
        filled = bytearray(b"x") * 600_000_000  # written, or the system would not give the memory
        time.sleep(60)
        return len(filled)

    command(monkeypatch, fill)
    assert running.inside(["env"], memory=500_000_000).stopped == "memory"


def test_a_fork_gets_its_signal(monkeypatch):
    command(monkeypatch, lambda: time.sleep(60))
    assert running.inside(["env"], shot=Shot(signal.SIGKILL, 0.1), memory=MUCH).code == -9


def test_a_process_is_run_in_the_same_way():
    outcome = running.process(["--version"])
    assert outcome.code == 0 and outcome.out.startswith("mevqa ")


def test_the_table_counts(tmp_path):
    row = Row(Campaign("kills/eval", "kill -9 of eval", lambda attempt: [], 30, 1), wanted=30, tried=7)
    row.fell[3] = ["exit code 1"]
    assert "| kills/eval | kill -9 of eval | 7 of 30 | 1 |" in table([row])


def test_campaigns_are_listed_with_names_of_their_own():
    listed = subprocess.run([sys.executable, "-m", "tests.torture", "--list"], cwd=ROOT, capture_output=True, text=True)
    names = [line.split()[0] for line in listed.stdout.splitlines()]
    assert listed.returncode == 0 and names and len(names) == len(set(names))
