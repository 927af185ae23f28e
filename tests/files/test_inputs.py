import os
import socket
from pathlib import Path

import pytest

from mevqa.data.official import scan_questions
from mevqa.files.inputs import read_file
from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.files.tables import read_bytes
from mevqa.inference.runs import open_run


@pytest.fixture(params=["pipe", "socket", "device"])
def no_file(request, tmp_path, monkeypatch):
    path = tmp_path / "given"
    if request.param == "pipe":
        os.mkfifo(path)
    elif request.param == "device":
        path.symlink_to("/dev/zero")
    else:
        monkeypatch.chdir(tmp_path)
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    return path, request.param


def test_what_would_wait_or_never_end_is_refused(no_file):
    path, kind = no_file
    with pytest.raises(OSError, match=f"it is a {kind}, not a file"):
        read_file(path)


def test_readers_say_so_in_one_line(no_file):
    path, kind = no_file
    said = rf"given: cannot be read: it is a {kind}, not a file"
    for read in (read_bytes, lambda path: read_yaml(path, StrictModel)):
        with pytest.raises(Exception, match=said):
            read(path)
    assert [f"it is a {kind}, not a file" in str(problem) for problem in scan_questions(path).problems] == [True]


def test_a_log_that_is_a_pipe_is_refused(tmp_path):
    (tmp_path / "manifest.json").write_text("{}")
    os.mkfifo(tmp_path / "answers.jsonl")
    with pytest.raises(Exception, match="answers.jsonl: cannot be read: it is a pipe"):
        open_run(tmp_path)


def test_what_a_shell_substitutes_is_read():
    reading, writing = os.pipe()
    os.write(writing, b"rows")
    os.close(writing)
    try:
        assert read_file(Path(f"/dev/fd/{reading}")) == b"rows"
    finally:
        os.close(reading)
