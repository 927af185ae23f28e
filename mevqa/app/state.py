"""State that the handlers of a running page share, and how they run jobs and report errors."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from mevqa.app.clips.asking import PageModels
from mevqa.app.clips.library import Library
from mevqa.app.guard import owner_of
from mevqa.app.rendering import data_uri
from mevqa.app.sessions.jobs import Progress, Report, StoppedError
from mevqa.app.sessions.session import Session, Sessions
from mevqa.app.settings import AppSettings
from mevqa.app.timeline.values import sought_frame
from mevqa.errors import MevqaError
from mevqa.safe_text import PathShortener, visible

_T = TypeVar("_T")


@dataclass(frozen=True)
class AppState:
    """A running page.

    Attributes:
        settings: Settings of the page.
        sessions: Sessions of the open pages.
        models: The models that can be asked.
        library: The clips that can be chosen.
    """

    settings: AppSettings
    sessions: Sessions
    models: PageModels
    library: Library = Library()

    def session(self, request: Any) -> Session:
        """Return the session of the page that an event came from.

        Raises:
            MevqaError: The browser is not known.
        """
        return self.sessions.of(owner_of(request.cookies), request.session_hash)

    def frame(self, event_data: Any, cookies: Any) -> str | None:
        """Return a frame of a video that one of a browser's pages has open, as a data URI.

        Args:
            event_data: Request of the timeline (``sought_frame``).
            cookies: Cookies of the browser.
        """
        key = event_data.get("key") if isinstance(event_data, dict) else None
        session = self.sessions.with_clip(owner_of(cookies), key)
        if session is None:
            return None
        try:
            opened = session.clip
            picture = session.frames.read(opened.path, opened.clip.fps, sought_frame(event_data, opened))
        except MevqaError:
            return None  # The page itself says what is wrong with the video.
        return data_uri(picture)

    def close(self, request: Any) -> None:
        """End the session of a page that was closed."""
        self.sessions.close(owner_of(request.cookies), request.session_hash)

    def work(self, session: Session, work: Callable[[Report], _T], result: list[_T]) -> Iterator[Progress]:
        """Run a job and yield its progress; its result is appended to ``result``.

        Raises:
            MevqaError: An error in the input, or too many jobs in the last minute.
            StoppedError: The user stopped it.
        """
        self.sessions.count_job(session)
        job = session.start(work)
        try:
            yield from job.follow()
        finally:
            job.stop()  # Where the page was closed in the middle.
        result.append(job.result())

    def explain(self, error: BaseException, session: Session | None = None) -> str:
        """Return an error as one line for the page, without the folders of this machine."""
        if isinstance(error, StoppedError):
            return "Stopped."
        if isinstance(error, MevqaError):
            paths = [self.sessions.root] + ([session.folder / "x"] if session is not None else [])
            return visible(PathShortener(paths)(" · ".join(str(error).splitlines())))
        traceback.print_exception(error, file=sys.stderr)
        return f"this failed in a way that mevqa did not expect ({type(error).__name__}); the terminal says more"
