import io
import json
import os
import subprocess
import sys

import pytest

from mevqa.cli import main
from mevqa.cli.printing.answers import print_answers
from mevqa.cli.streams import usable_streams
from mevqa.inference.engine import ClipAnswers
from mevqa.terminal.console import make_console
from mevqa.types import Answer

full_disk = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")


def run(words, *, stdout=subprocess.PIPE, stderr=subprocess.PIPE, shell="", **variables):
    command = [sys.executable, "-m", "mevqa", *words]
    if shell:
        command = ["sh", "-c", f'"$@" {shell}', "sh", *command]
    return subprocess.run(command, stdout=stdout, stderr=stderr, text=True, env={**os.environ, **variables})


@full_disk
@pytest.mark.parametrize("words", [["score", "--presets"], ["env"], ["--help"]])
def test_a_full_standard_output_is_one_line(words):
    process = run(words, shell="> /dev/full")
    assert process.returncode == 2 or words == ["--help"]
    assert process.stderr.count("\n") == 1
    assert "standard output: cannot be written: No space left on device; make room" in process.stderr


@full_disk
def test_a_full_standard_error_ends_nothing():
    assert run(["ask", "none.mp4", "What?"], shell="2> /dev/full").returncode == 2


def test_closed_streams_are_no_fault_and_no_output_file_gets_their_number(tmp_path):
    (tmp_path / "a.jsonl").write_text("{}\n")
    for shell in (">&-", "2>&-", "<&- >&- 2>&-"):
        process = run(["score", "--presets"], shell=shell)
        assert process.returncode == 0 and process.stderr == ""
        assert run(["check", str(tmp_path / "a.jsonl")], shell=shell).returncode == 2


def test_a_reader_that_ends_early_is_no_fault():
    process = run(["score", "--presets"], shell="| true")
    assert process.returncode == 0 and process.stderr == ""


def test_a_reader_of_tables_and_bars_that_ends_early_is_no_fault(monkeypatch):
    """A console of rich would end the command with exit code 1."""
    reading, writing = os.pipe()
    os.close(reading)
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.FileIO(writing, "w"), write_through=True))
    monkeypatch.setattr("mevqa.cli.evaluation.score.run", lambda args: make_console().print("table"))
    assert main(["score", "--presets"]) == 0


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_characters_that_an_encoding_lacks_are_escaped_as_in_json(encoding, monkeypatch):
    stream = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(stream, encoding=encoding, write_through=True))
    content = {"bar": "█", "name": "🙂 \udcff", "plain": "x"}
    with usable_streams():
        print(json.dumps(content, ensure_ascii=False))
    assert json.loads(stream.getvalue()) == content


def test_a_folder_that_is_gone_is_one_line(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    command = f'cd "{gone}" && rmdir "{gone}" && "{sys.executable}" -m mevqa check a.jsonl'
    path = os.pathsep.join(filter(os.path.isabs, sys.path))
    process = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}
    )
    assert process.returncode == 2
    assert process.stderr == "mevqa check: the folder that it is started in is gone; change to another (cd)\n"


@pytest.mark.parametrize(("encoding", "bar"), [("ascii", b"#" * 30), ("utf-8", "█".encode() * 30)])
def test_the_bars_of_ask_are_drawn_with_what_the_terminal_has(encoding, bar, monkeypatch):
    stream = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(stream, encoding=encoding, write_through=True))
    answers = ClipAnswers([Answer("0", "negative", options={"negative": 1.0}, confidence=1.0)], None)
    with usable_streams():
        print_answers(["Which class?"], answers)
    assert bar in stream.getvalue() and b"\\u" not in stream.getvalue()
