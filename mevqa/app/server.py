"""The running page: Gradio behind the guard, on one address."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mevqa.app.clips.asking import PageModels
from mevqa.app.clips.library import read_library
from mevqa.app.guard import Guard
from mevqa.app.sessions.session import Sessions
from mevqa.app.settings import LAST_PORT, AppSettings
from mevqa.app.state import AppState
from mevqa.errors import MevqaError

_INSTALL = "the page needs Gradio, which is missing: pip install 'mevqa[app]'"
#: Ports that are tried after the one that was asked for.
_TRIED = 20


def make_app(state: AppState) -> Any:
    """Return the ASGI application of a page.

    Raises:
        MevqaError: Gradio is not installed.
    """
    # Before Gradio is imported: it asks its makers for nothing, and keeps what it is given below one folder.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_TEMP_DIR"] = str(state.sessions.root)
    try:
        import gradio as gr
        from fastapi import FastAPI
    except ImportError as error:
        raise MevqaError(_INSTALL) from error
    from mevqa.app.pages.main import build
    from mevqa.app.theme import CSS_FILE, theme

    settings = state.settings
    app = gr.mount_gradio_app(
        FastAPI(openapi_url=None, docs_url=None, redoc_url=None),
        build(state),
        path="/",
        server_name=settings.host,
        server_port=settings.port,
        footer_links=[],
        run_history=False,
        show_error=True,
        max_file_size=state.sessions.most_bytes,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        theme=theme(),
        css_paths=[CSS_FILE],
    )
    return Guard(app, state.sessions, password=settings.password, local=settings.local)


@dataclass(frozen=True, slots=True)
class RunningPage:
    """A page that is served.

    Attributes:
        address: Its URL.
        state: State that its handlers share.
    """

    address: str
    state: AppState


@contextlib.contextmanager
def running(settings: AppSettings) -> Iterator[RunningPage]:
    """Serve the page in a thread until the block ends; then its files are removed.

    Args:
        settings: Settings of the page.

    Raises:
        InputError: Every problem of the settings.
        MevqaError: Gradio is missing, or the port is taken.
    """
    settings.check()
    library = read_library(settings)
    sessions = Sessions(settings.limits, settings.keep)
    try:
        state = AppState(settings, sessions, PageModels(settings), library)
        app = make_app(state)
        import uvicorn

        listening = _listen(settings.host, settings.port)
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1, ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            host = f"[{settings.host}]" if ":" in settings.host else settings.host
            address = f"http://{host}:{listening.getsockname()[1]}/"
            yield RunningPage(address, state)
        finally:
            server.should_exit = True
            thread.join(10)
            listening.close()
    finally:
        sessions.close_all()


def _listen(host: str, port: int) -> socket.socket:
    """Return a listening socket on a port, or on one of the next where it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    error: OSError | None = None
    for tried in range(port, min(port + (_TRIED if port else 1), LAST_PORT + 1)):
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, tried))
            listener.listen(128)
            return listener
        except OSError as failed:
            listener.close()
            error = failed
    raise MevqaError(f"cannot listen on {host}, port {port}: {error.strerror if error else ''}") from error
