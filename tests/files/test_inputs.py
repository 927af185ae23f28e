import os
import socket
from pathlib import Path

import pytest

from mevqa.data.official import scan_questions
from mevqa.files.inputs import read_file
from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.files.tables.sheets import read_bytes
from mevqa.inference.logs.answer_log import torn_line
from mevqa.inference.long_videos.event_log import EventLog, read_curve, read_not_looked_at
from mevqa.inference.long_videos.event_log import _curve_file as curve_file
from mevqa.inference.runs import open_run
from mevqa.models.transformers.adapters.load import refuse_unfinished


@pytest.fixture(params=["pipe", "socket", "device"])
def no_file(request, tmp_path, monkeypatch):
    path = tmp_path / "given"
    if request.param == "pipe":
        os.mkfifo(path)
    elif request.param == "device":
        path.symlink_to("/dev/zero")
    else:
        monkeypatch.chdir(tmp_path)
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path.name)
    return path, request.param


def test_special_files_are_refused(no_file):
    path, kind = no_file
    with pytest.raises(OSError, match=f"it is a {kind}, not a file"):
        read_file(path)


def test_readers_refuse_special_files_in_one_line(no_file):
    path, kind = no_file
    message = rf"given: cannot be read: it is a {kind}, not a file"
    for read in (read_bytes, lambda path: read_yaml(path, StrictModel)):
        with pytest.raises(Exception, match=message):
            read(path)
    assert [f"it is a {kind}, not a file" in str(problem) for problem in scan_questions(path).problems] == [True]


def test_a_log_that_is_a_pipe_is_refused(tmp_path):
    (tmp_path / "manifest.json").write_text("{}")
    os.mkfifo(tmp_path / "answers.jsonl")
    with pytest.raises(Exception, match="answers.jsonl: cannot be read: it is a pipe"):
        open_run(tmp_path)
    assert torn_line(tmp_path) is None


def test_records_of_a_run_that_are_pipes_are_not_waited_for(tmp_path):
    (tmp_path / "curves").mkdir()
    os.mkfifo(tmp_path / "events.csv")
    os.mkfifo(curve_file(tmp_path, "video"))
    with pytest.raises(OSError, match="it is a pipe"):
        EventLog(tmp_path)
    assert read_curve(tmp_path, "video") is None and read_not_looked_at(tmp_path, "video") == []


def test_a_record_of_a_training_that_is_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "training.json")
    refuse_unfinished(tmp_path, "adapter")


def test_what_a_shell_substitutes_is_read():
    reading, writing = os.pipe()
    os.write(writing, b"rows")
    os.close(writing)
    try:
        assert read_file(Path(f"/dev/fd/{reading}")) == b"rows"
    finally:
        os.close(reading)
