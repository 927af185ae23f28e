"""Sessions: the clip, answers and files of one open page, in a folder that is removed when the page is closed."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psutil

from mevqa.app.sessions.frames import FrameReader
from mevqa.app.sessions.jobs import Job, RateLimit, Report
from mevqa.app.sessions.uploads import Uploads
from mevqa.app.settings import Limits
from mevqa.errors import MevqaError

_T = TypeVar("_T")

#: Prefix of the folders of running pages, before the number of their process.
_PREFIX = "mevqa-app-"


@dataclass
class Session:
    """Clip, answers and files of one open page.

    Attributes:
        owner: The browser that it belongs to.
        folder: Its files: the uploaded video and the annotation table.
        clip: The open clip (``mevqa.app.clips.open_clip.OpenClip``); None before one is opened.
        choice: Last choice of the list that the page was started with.
        answers: Last answers, by model.
        long: Whether the last suggested questions were those of a long video.
        job: The running or last job.
        frames: Reader of single frames of the clip.
    """

    owner: str
    folder: Path
    clip: Any = None
    choice: Any = None
    answers: Any = None
    long: bool = False
    job: Job[Any] | None = None
    frames: FrameReader = field(default_factory=FrameReader, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def start(self, work: Callable[[Report], _T]) -> Job[_T]:
        """Start a job; a job that runs on the same page is stopped."""
        with self._lock:
            if self.job is not None:
                self.job.stop()
            job = Job(work)
            self.job = job
        return job.start()

    def stop(self) -> None:
        """Stop the running job."""
        if self.job is not None:
            self.job.stop()

    def take(self, upload: Path) -> Path:
        """Move an uploaded file into the session's folder and return its new path.

        Gradio names uploads by their content: they must not stay where other browsers might find them.
        """
        self.forget_uploads()
        target = self._uploads / secrets.token_hex(4) / upload.name
        target.parent.mkdir(parents=True)
        shutil.copyfile(upload, target)
        upload.unlink(missing_ok=True)
        return target

    def forget_uploads(self) -> None:
        """Remove the video that was uploaded last."""
        shutil.rmtree(self._uploads, ignore_errors=True)

    @property
    def _uploads(self) -> Path:
        return self.folder / "uploads"


class Sessions:
    """All sessions of a running page, by browser and open page.

    Args:
        limits: Bounds for one browser.
        keep: Folder in which the files of ended sessions are kept; None: they are removed.

    Attributes:
        root: Folder of all files of the running page; nobody else can read it.
        uploads: Uploaded files that no session has taken yet.
        most_bytes: Largest file that is taken.
    """

    def __init__(self, limits: Limits, keep: Path | None = None) -> None:
        _remove_stale()
        self.root = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")).resolve()
        self.uploads = Uploads(self.root)
        self.most_bytes = int(limits.megabytes * 1e6)
        self._limits, self._keep = limits, keep
        self._sessions: dict[tuple[str, str], Session] = {}
        self._owners: set[str] = set()
        self._pages: dict[str, str | None] = {}
        self._lock = threading.Lock()
        self._rate = RateLimit(limits.jobs)

    def new_owner(self) -> str:
        """Return the secret of a browser that has none yet."""
        owner = secrets.token_urlsafe(24)
        with self._lock:
            self._owners.add(owner)
        return owner

    def knows(self, owner: str | None) -> bool:
        """Return whether a browser's secret was given out by this page."""
        return owner in self._owners

    def of(self, owner: str | None, page: str | None) -> Session:
        """Return the session of an open page, a new one where it has none.

        Args:
            owner: The browser's secret.
            page: Gradio's name of the open page (``session_hash``).

        Raises:
            MevqaError: The browser is not known, or too many pages are open.
        """
        if owner is None or not self.knows(owner) or not page:
            raise MevqaError("this page was opened before the program was started again: reload it")
        with self._lock:
            session = self._sessions.get((owner, page))
            if session is None:
                if len(self._sessions) >= self._limits.sessions:
                    raise MevqaError(f"{len(self._sessions)} pages are open, which is the most: close one")
                name = secrets.token_hex(8)
                session = Session(owner, self.root / "sessions" / name)
                self._sessions[owner, page] = session
            return session

    def with_clip(self, owner: str | None, key: Any) -> Session | None:
        """Return the session of a browser in which a clip is open; None where there is none.

        Args:
            owner: The browser's secret.
            key: That of the clip (``OpenClip.key``).
        """
        with self._lock:
            sessions = [session for (session_owner, _), session in self._sessions.items() if session_owner == owner]
        return next((session for session in sessions if session.clip is not None and session.clip.key == key), None)

    def claim(self, owner: str | None, page: str) -> bool:
        """Return whether an open page is a browser's own: the first browser that sends Gradio's name of it owns it."""
        with self._lock:
            return self._pages.setdefault(page, owner) == owner

    def count_job(self, session: Session) -> None:
        """Count a piece of work of a browser.

        Raises:
            MevqaError: It has started too many in the last minute.
        """
        left = self._rate.wait(session.owner)
        if left > 0:
            raise MevqaError(f"more than {self._limits.jobs} requests in a minute: wait {left:.0f} s")

    def may_read(self, owner: str | None, path: Path) -> bool:
        """Return whether a file belongs to a browser: it lies in a folder of one of its sessions."""
        with self._lock:
            folders = [
                session.folder for (session_owner, _), session in self._sessions.items() if session_owner == owner
            ]
        return any(path.is_relative_to(folder) for folder in folders)

    def close(self, owner: str | None, page: str | None) -> None:
        """End a session: its job stops, its files are removed, or kept with ``keep``.

        With the last page of a browser its uploads that were not opened are removed too.
        """
        with self._lock:
            session = self._sessions.pop((owner or "", page or ""), None)
            self._pages.pop(page or "", None)
            is_last = owner not in self._pages.values()
        if is_last:
            self.uploads.discard_all(owner)
        if session is not None:
            self._end(session)

    def close_all(self) -> None:
        """End every session and remove the folder of the running page."""
        with self._lock:
            sessions = list(self._sessions.values())
            self._sessions.clear()
        for session in sessions:
            self._end(session)
        shutil.rmtree(self.root, ignore_errors=True)

    def _end(self, session: Session) -> None:
        session.stop()
        session.frames.close()
        if self._keep is not None and session.folder.is_dir() and any(session.folder.iterdir()):
            self._keep.mkdir(parents=True, exist_ok=True)
            name = f"{time.strftime('%Y%m%d-%H%M%S')}-{session.folder.name}"
            shutil.move(session.folder, self._keep / name)
        shutil.rmtree(session.folder, ignore_errors=True)


def _remove_stale() -> None:
    """Remove the folders of pages whose process was killed before it could."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        process = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if process.isdigit() and not psutil.pid_exists(int(process)):
            shutil.rmtree(folder, ignore_errors=True)
