import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from mevqa.errors import InputError
from mevqa.files import lock as locks
from mevqa.files.lock import LOCK_NAME, hold_file, hold_folder

#: Waits for a file named go, holds the folder until a file named stop is there, and says what came of it.
HOLDER = """
import sys, time
from pathlib import Path
from mevqa.errors import InputError
from mevqa.files.lock import hold_folder
import psutil
folder, signs = Path(sys.argv[1]), Path(sys.argv[2])
print("ready", flush=True)
while not (signs / "go").exists():
    time.sleep(0.001)
try:
    with hold_folder(folder, on_note=lambda line: None):
        print("held", flush=True)
        while not (signs / "stop").exists():
            time.sleep(0.01)
except InputError as error:
    print(error, flush=True)
"""


@pytest.fixture
def signs(tmp_path):
    folder = tmp_path / "signs"
    folder.mkdir()
    return folder


@pytest.fixture
def start(tmp_path, signs):
    """Start a process that will hold the folder; it is ended with the test."""
    running = []

    def start_one():
        command = [sys.executable, "-c", HOLDER, str(tmp_path / "run"), str(signs)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    yield start_one
    for process in running:
        process.kill()
        process.communicate()


def write_lock(folder, **changes):
    """A lock as another process would have left it."""
    folder.mkdir(exist_ok=True)
    with hold_folder(folder):
        content = json.loads((folder / LOCK_NAME).read_text())
    (folder / LOCK_NAME).write_text(json.dumps(content | {"token": "0123"} | changes))


def ended_process():
    finished = subprocess.Popen([sys.executable, "-c", ""])
    finished.wait()
    return finished.pid


@pytest.mark.parametrize("fault", [None, ValueError, KeyboardInterrupt, SystemExit])
def test_the_lock_names_its_holder_and_goes_with_the_work(fault, tmp_path):
    def work():
        with hold_folder(tmp_path / "new" / "run"):
            holder = json.loads((tmp_path / "new" / "run" / LOCK_NAME).read_text())
            assert holder["pid"] == os.getpid() and holder["host"] and holder["since"]
            if fault is not None:
                raise fault

    if fault is None:
        work()
    else:
        with pytest.raises(fault):
            work()
    assert list(tmp_path.iterdir()) == []  # Nothing was put into the folder.


def test_a_second_process_is_refused_and_told_who_holds_it(tmp_path, signs, start):
    first = start()
    (signs / "go").touch()
    assert first.stdout.readline() == "held\n"
    with pytest.raises(InputError) as caught, hold_folder(tmp_path / "run"):
        raise AssertionError
    line = str(caught.value)
    assert line.count("\n") == 0 and f"(process {first.pid}, since " in line and f"kill {first.pid}" in line
    (signs / "stop").touch()
    first.wait()
    with hold_folder(tmp_path / "run"):
        pass


def test_one_may_wait_for_the_other(tmp_path, signs, start):
    first = start()
    (signs / "go").touch()
    assert first.stdout.readline() == "held\n"
    threading.Timer(0.3, (signs / "stop").touch).start()
    with hold_folder(tmp_path / "run", wait=60):
        pass


def test_what_a_killed_process_held_is_taken_over_with_a_note(tmp_path, signs, start, capsys):
    first = start()
    (signs / "go").touch()
    assert first.stdout.readline() == "held\n"
    first.send_signal(signal.SIGKILL)  # Not waited for: it stays as a zombie.
    deadline = time.monotonic() + 30
    while locks._started(first.pid) is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    with hold_folder(tmp_path / "run"):
        assert json.loads((tmp_path / "run" / LOCK_NAME).read_text())["pid"] == os.getpid()
    noted = capsys.readouterr().err
    assert noted.count("\n") == 1 and f"process {first.pid}" in noted and "ended without finishing" in noted


def test_of_many_that_find_a_stale_lock_one_takes_it(tmp_path, signs, start):
    write_lock(tmp_path / "run", pid=ended_process())
    several = [start() for _ in range(6)]
    (signs / "go").touch()
    lines = [process.stdout.readline() for process in several]
    assert lines.count("held\n") == 1
    assert sum("is being written by" in line for line in lines) == 5
    assert [path.name for path in (tmp_path / "run").iterdir()] == [LOCK_NAME]


def test_a_later_process_of_the_same_id_does_not_count_as_the_holder(tmp_path):
    write_lock(tmp_path / "run", pid=os.getppid(), started="another/1")
    notes = []
    with hold_folder(tmp_path / "run", on_note=notes.append):
        pass
    assert len(notes) == 1


@pytest.mark.parametrize("changes", [{"host": "gpu7"}, {"namespace": "pid:[1]"}])
def test_a_lock_of_another_machine_is_refused_with_its_age_and_the_mend(changes, tmp_path):
    write_lock(tmp_path / "run", pid=ended_process(), **changes)
    path = tmp_path / "run" / LOCK_NAME
    os.utime(path, (time.time() - 7300, time.time() - 7300))
    with pytest.raises(InputError, match=rf"last heard of 2 h ago; if that no longer runs, remove {path}$"):
        hold_folder(tmp_path / "run").__enter__()
    path.unlink()
    with hold_folder(tmp_path / "run"):
        pass


DAMAGED = ("", "{", "[]", '{"pid": 0}', '{"pid": "1"}', "[" * 9_000, '{"pid": ' + "1" * 9_000 + "}", "x" * 20_000)


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_lock_is_taken_over_when_nobody_writes_it(content, tmp_path, monkeypatch):
    (tmp_path / "run").mkdir()
    path = tmp_path / "run" / LOCK_NAME
    path.write_text(content)
    os.utime(path, (time.time() - 60, time.time() - 60))
    notes = []
    with hold_folder(tmp_path / "run", on_note=notes.append):
        assert json.loads(path.read_text())["pid"] == os.getpid()
    assert len(notes) == 1 and list((tmp_path / "run").iterdir()) == []


def test_a_process_id_that_none_can_have_is_damage(tmp_path):
    with hold_folder(tmp_path / "run"):
        holder = json.loads((tmp_path / "run" / LOCK_NAME).read_text())
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / LOCK_NAME).write_text(json.dumps(holder | {"pid": 10**30}))
    os.utime(tmp_path / "run" / LOCK_NAME, (0, 0))
    with hold_folder(tmp_path / "run", on_note=lambda line: None):
        pass


@pytest.mark.parametrize("make", [lambda path: path.symlink_to("nowhere"), os.mkfifo])
def test_what_is_no_file_in_the_place_of_a_lock_is_replaced(make, tmp_path):
    (tmp_path / "run").mkdir()
    path = tmp_path / "run" / LOCK_NAME
    make(path)
    os.utime(path, (0, 0), follow_symlinks=False)
    with hold_folder(tmp_path / "run", on_note=lambda line: None):
        assert json.loads(path.read_text())["pid"] == os.getpid()
    assert list((tmp_path / "run").iterdir()) == []


def test_a_damaged_lock_of_a_machine_whose_clock_is_ahead_is_waited_for_only_a_while(tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "_PATIENCE", 0.2)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / LOCK_NAME).write_text("")
    os.utime(tmp_path / "run" / LOCK_NAME, (time.time() + 3600,) * 2)
    with hold_folder(tmp_path / "run", on_note=lambda line: None):
        pass


def test_a_thread_may_hold_twice_and_another_may_not(tmp_path):
    refused = []

    def other():
        try:
            hold_folder(tmp_path / "run").__enter__()
        except InputError as error:
            refused.append(str(error))

    with hold_folder(tmp_path / "run"):
        with hold_folder(tmp_path / "run"):
            thread = threading.Thread(target=other)
            thread.start()
            thread.join()
        assert (tmp_path / "run" / LOCK_NAME).is_file()
    assert len(refused) == 1 and "another thread" in refused[0]
    assert not (tmp_path / "run").exists()


def test_a_thread_that_waits_for_another_process_keeps_no_other_thread_from_its_own_lock(tmp_path, monkeypatch):
    write_lock(tmp_path / "run", host="gpu7")
    waiting, created = threading.Event(), locks._create

    def create(path, content):
        if path.parent.name == "run":
            waiting.set()
        return created(path, content)

    monkeypatch.setattr(locks, "_create", create)
    held = []

    def hold(name, wait):
        with hold_folder(tmp_path / name, wait=wait):
            held.append(name)

    first = threading.Thread(target=hold, args=("run", 600), daemon=True)
    first.start()
    assert waiting.wait(30)
    second = threading.Thread(target=hold, args=("other", 0), daemon=True)
    second.start()
    second.join(5)
    held_meanwhile = list(held)
    (tmp_path / "run" / LOCK_NAME).unlink()
    for thread in (first, second):
        thread.join(30)
    assert held_meanwhile == ["other"] and sorted(held) == ["other", "run"]


def test_a_lock_that_could_not_be_taken_is_free_for_other_threads(tmp_path):
    write_lock(tmp_path / "run", host="gpu7")
    with pytest.raises(InputError, match="is being written by"):
        hold_folder(tmp_path / "run").__enter__()
    assert not locks._held


def test_a_lock_that_was_taken_away_is_not_taken_from_its_new_holder(tmp_path):
    with hold_folder(tmp_path / "run"):
        path = tmp_path / "run" / LOCK_NAME
        path.write_text(json.dumps(json.loads(path.read_text()) | {"token": "another"}))
    assert path.is_file()


def test_the_holder_gives_signs_of_life(tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "_HEARTBEAT", 0.01)
    with hold_folder(tmp_path / "run"):
        path = tmp_path / "run" / LOCK_NAME
        os.utime(path, (1, 1))
        deadline = time.monotonic() + 30
        while path.stat().st_mtime < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert path.stat().st_mtime > 2


def test_a_file_is_locked_beside_it(tmp_path):
    with hold_file(tmp_path / "new" / "table.csv"):
        assert [path.name for path in (tmp_path / "new").iterdir()] == ["table.csv.lock"]
    assert list((tmp_path / "new").iterdir()) == []


def test_a_device_needs_no_lock_and_a_long_name_gets_one(tmp_path):
    with hold_file(tmp_path / ("x" * 255)):
        assert [path.suffix for path in tmp_path.iterdir()] == [".lock"]
    os.mkfifo(tmp_path / "pipe")
    with hold_file(tmp_path / "pipe"):
        assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


def test_where_nothing_can_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file; name another folder"):
        hold_folder(tmp_path / "file").__enter__()
    with pytest.raises(InputError, match="cannot be made"):
        hold_folder(tmp_path / "file" / "run").__enter__()
    with pytest.raises(InputError, match="cannot be written"):
        hold_file(tmp_path / "file" / "run" / "table.csv").__enter__()


def test_what_a_process_left_that_was_killed_while_it_took_a_lock_over_is_removed(tmp_path):
    left = [tmp_path / f"{locks.LOCK_NAME}.{ending}" for ending in ("0" * 32, "damaged")]
    other = tmp_path / f"{locks.LOCK_NAME}.txt"
    for path in (*left, other):
        path.touch()
    with locks.hold_folder(tmp_path):
        assert not any(path.exists() for path in left)
    assert other.exists()
