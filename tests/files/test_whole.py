import errno
import json
import os
import resource
from contextlib import contextmanager
from pathlib import Path

import pytest

from mevqa.errors import InputError
from mevqa.files.lock import hold_folder
from mevqa.files.whole import PART_ENDING, append_whole, is_vacant, part_of, whole_files, whole_folder, write_whole
from mevqa.training.adapters.merge import check_target


def test_the_folder_takes_its_name_when_it_is_complete(tmp_path):
    target = tmp_path / "new" / "merged"
    with whole_folder(target) as filling:
        (filling / "weights").write_text("all")
        assert not target.exists() and filling.parent == target.parent
    assert [path.name for path in target.parent.iterdir()] == ["merged"]
    assert (target / "weights").read_text() == "all"


def test_an_empty_folder_is_taken(tmp_path):
    target = tmp_path / "merged"
    target.mkdir()
    check_target(target, {})
    with whole_folder(target) as filling:
        (filling / "weights").write_text("all")
    assert (target / "weights").is_file()


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_nothing_behind(fault, tmp_path):
    with pytest.raises(fault), whole_folder(tmp_path / "new" / "deep" / "merged") as filling:
        (filling / "inner").mkdir()
        (filling / "inner" / "weights").write_text("half")
        raise fault
    assert list(tmp_path.iterdir()) == []


def test_parents_that_others_use_are_left_where_the_work_fails(tmp_path):
    with pytest.raises(ValueError), whole_folder(tmp_path / "new" / "merged") as filling:
        (filling.parent / "notes.txt").write_text("mine")
        raise ValueError
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["notes.txt"]


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="merged: cannot be made: "), whole_folder(tmp_path / "file" / "merged"):
        raise AssertionError


def test_what_a_killed_process_left_is_cleared_and_written_anew(tmp_path):
    target = tmp_path / "merged"
    part = part_of(target)
    (part / "inner").mkdir(parents=True)
    (part / "inner" / "weights").write_text("half")
    (part / "config.json").write_text("half")
    with whole_folder(target) as filling:
        assert filling == part and is_vacant(filling)
        (filling / "weights").write_text("all")
    assert [path.name for path in tmp_path.iterdir()] == ["merged"]
    assert [path.name for path in target.iterdir()] == ["weights"]


def test_folders_of_others_beside_the_target_are_left_alone(tmp_path):
    for name in ("merged-part", ".merged.part", f".other{PART_ENDING}"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "thesis.txt").write_text("mine")
    with whole_folder(tmp_path / "merged") as filling:
        (filling / "weights").write_text("all")
    assert all((path / "thesis.txt").is_file() for path in tmp_path.iterdir() if path.name != "merged")


def test_a_file_is_the_old_or_the_new_one(tmp_path, monkeypatch):
    path = tmp_path / "scores.json"
    write_whole(path, "old\n")
    assert path.read_bytes() == b"old\n"
    monkeypatch.setattr("os.replace", lambda *paths: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old\n"
    monkeypatch.undo()
    (tmp_path / "scores.json").unlink()
    assert is_vacant(tmp_path)
    write_whole(path, b"new")
    assert [file.name for file in tmp_path.iterdir()] == ["scores.json"] and path.read_bytes() == b"new"


@contextmanager
def little_room(size):
    """Let files of this process grow to ``size`` bytes only, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_file_that_does_not_fit_leaves_the_old_one_and_nothing_else(tmp_path):
    path = tmp_path / "scores.json"
    path.write_text("old")
    with little_room(1000), pytest.raises(InputError, match="scores.json: cannot be written: File too large"):
        write_whole(path, "new" * 1000)
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_lines_that_do_not_fit_are_taken_back(tmp_path):
    path = tmp_path / "answers.jsonl"
    append_whole(path, "one\n")
    with little_room(1000), pytest.raises(InputError, match="answers.jsonl: cannot be written"):
        append_whole(path, "two\n" * 1000)
    append_whole(path, "three\n")
    assert path.read_text() == "one\nthree\n"


def test_a_folder_that_does_not_fit_leaves_nothing(tmp_path):
    refused = pytest.raises(InputError, match="merged: cannot be written: File too large")
    with little_room(1000), refused, whole_folder(tmp_path / "merged") as filling:
        (filling / "weights").write_bytes(bytes(2000))
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_does_not_fit_leaves_nothing(tmp_path):
    with little_room(1), pytest.raises(InputError, match="run: cannot be written"), hold_folder(tmp_path / "run"):
        raise AssertionError
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_place_of_the_file_is_one_line(tmp_path):
    with pytest.raises(InputError, match="Is a directory; name a file"):
        write_whole(tmp_path, "new")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_regular_file_is_written_to_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match="nothing reads from it"):
        write_whole(pipe, "new")
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_whole(pipe, "new")
    assert os.read(reader, 10) == b"new" and pipe.is_fifo()
    os.close(reader)
    with pytest.raises(InputError, match="No space left on device"):
        write_whole(Path("/dev/full"), "new")


def test_a_link_stays_a_link(tmp_path):
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    real.write_text("old")
    link.symlink_to(real)
    write_whole(link, "new")
    assert link.is_symlink() and real.read_text() == "new"


def test_names_as_long_as_they_can_be_and_names_that_are_not_utf8(tmp_path):
    for name in ("x" * 255, os.fsdecode(b"\xff.json")):
        write_whole(tmp_path / name, json.dumps({"file": name}, ensure_ascii=False))
        assert json.loads((tmp_path / name).read_text()) == {"file": name}


def test_files_of_a_library_that_writes_in_place_are_there_whole_or_as_they_were(tmp_path):
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "old.yaml").write_text("old")
    (tmp_path / "config.json").write_text("old")
    with pytest.raises(InputError, match="No space left on device"), whole_files(tmp_path) as part:
        (part / "config.json").touch()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(part / "config.json"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.json", "prompts"]
    assert (tmp_path / "config.json").read_text() == "old"
    with whole_files(tmp_path) as part:
        (part / "config.json").write_text("new")
        (part / "prompts").mkdir()
        (part / "prompts" / "new.yaml").write_text("new")
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == [
        "config.json",
        "prompts",
        "prompts/new.yaml",
    ]
    assert (tmp_path / "config.json").read_text() == "new"
