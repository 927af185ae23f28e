"""Sessions: what an open page has loaded belongs to it alone and is gone when it is closed."""

import os
import subprocess
import sys
import threading

import pytest

from mevqa.app.sessions.jobs import StoppedError
from mevqa.app.sessions.session import Sessions
from mevqa.app.settings import Limits
from mevqa.errors import MevqaError


@pytest.fixture
def sessions():
    created = Sessions(Limits(jobs=2, sessions=2))
    yield created
    created.close_all()


def upload(sessions, content=b"video"):
    folder = sessions.root / "uploaded"
    folder.mkdir(exist_ok=True)
    path = folder / "clip.mp4"
    path.write_bytes(content)
    return path


def test_closing_a_page_removes_its_files_and_stops_its_work(sessions):
    owner = sessions.new_owner()
    session = sessions.of(owner, "tab")
    taken = session.take(upload(sessions))
    assert taken.read_bytes() == b"video" and not (sessions.root / "uploaded" / "clip.mp4").exists()
    begun = threading.Event()

    def endless(report):
        begun.set()
        while True:
            sum(range(100))

    job = session.start(endless)
    assert begun.wait(20)
    sessions.close(owner, "tab")
    assert not taken.exists() and not session.folder.exists()
    with pytest.raises(StoppedError):
        job.result(20)
    assert sessions.of(owner, "tab") is not session


def test_a_second_video_takes_the_place_of_the_first(sessions):
    session = sessions.of(sessions.new_owner(), "tab")
    first = session.take(upload(sessions))
    second = session.take(upload(sessions, b"other"))
    assert not first.exists() and second.read_bytes() == b"other"


def test_files_are_kept_where_that_is_asked_for(tmp_path):
    sessions = Sessions(Limits(), keep=tmp_path / "kept")
    session = sessions.of(sessions.new_owner(), "tab")
    session.take(upload(sessions))
    sessions.close_all()
    assert not sessions.root.exists()
    assert [path.read_bytes() for path in (tmp_path / "kept").rglob("clip.mp4")] == [b"video"]


def test_what_a_killed_page_left_behind_is_removed(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    left, living = tmp_path / f"mevqa-app-{child.pid}-abc", tmp_path / f"mevqa-app-{os.getpid()}-abc"
    left.mkdir()
    living.mkdir()
    Sessions(Limits()).close_all()
    assert not left.exists() and living.exists()


def test_nobody_else_on_this_machine_can_read_the_folder(sessions):
    assert sessions.root.stat().st_mode & 0o077 == 0


def test_a_session_belongs_to_its_browser(sessions):
    """Whoever learns the session hash of an open page does not get the clip that it has loaded."""
    first, second = sessions.new_owner(), sessions.new_owner()
    mine = sessions.of(first, "tab")
    assert sessions.of(second, "tab") is not mine
    for owner in (None, "guessed"):
        with pytest.raises(MevqaError, match="reload it"):
            sessions.of(owner, "tab")


def test_pages_and_work_are_limited(sessions):
    owner = sessions.new_owner()
    session = sessions.of(owner, "1")
    sessions.of(owner, "2")
    with pytest.raises(MevqaError, match="2 pages are open, which is the most"):
        sessions.of(owner, "3")
    sessions.count_job(session)
    sessions.count_job(session)
    with pytest.raises(MevqaError, match="more than 2 requests in a minute: wait"):
        sessions.count_job(session)
