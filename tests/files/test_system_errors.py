import errno
import os
import shutil

import pytest

from mevqa.cli import main
from mevqa.errors import InputError
from mevqa.files.system_errors import as_system_error, problem_of, writing
from mevqa.inference.runs import open_run


def test_an_error_names_its_file_why_and_the_mend():
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "out/scores.json")
    assert str(problem_of(error)) == "out/scores.json: No space left on device; make room and repeat the command"
    assert str(problem_of(OSError("odd"))) == "the system: odd"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)"), "No space left"),
        (RuntimeError("PytorchStreamWriter failed writing file data/0: file write failed"), "make room"),
        (shutil.Error([("a", "b", "[Errno 28] No space left on device: 'b'")]), "No space left on device; make room"),
        (MemoryError(), "Cannot allocate memory; close other programs"),
        (RuntimeError("Symlink loop from '/a/b'"), "Too many levels of symbolic links; its links lead round"),
        (PermissionError(errno.EACCES, "Permission denied"), "Permission denied; change its permissions"),
    ],
)
def test_errors_that_libraries_wrap_are_the_systems(error, message):
    with pytest.raises(InputError, match=f"^model: cannot be written: .*{message}"), writing("model"):
        raise error


def test_a_name_that_a_format_cannot_hold_is_named():
    with pytest.raises(UnicodeEncodeError) as caught:
        os.fsdecode(b"clip\xff.mp4").encode()
    problem = problem_of(as_system_error(caught.value))
    assert str(problem) == "clip\udcff.mp4: the name is not UTF-8; rename it"


def test_other_errors_pass():
    with pytest.raises(RuntimeError, match="of our own"), writing("model"):
        raise RuntimeError("of our own")


@pytest.mark.parametrize("words", [["convert", "DIR", "out.jsonl"], ["check", "q.jsonl", "--annotations", "DIR"]])
def test_a_folder_in_the_place_of_a_file_is_named_as_a_folder(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "DIR").mkdir()
    assert main(words) == 2
    assert "DIR: cannot be read: it is a folder; name a file in it\n" in capsys.readouterr().err


def test_a_missing_run_is_reported_as_missing(tmp_path):
    with pytest.raises(InputError, match="nowhere: there is no such folder; `mevqa eval --out` makes a run"):
        open_run(tmp_path / "nowhere")
