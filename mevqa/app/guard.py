"""Access control before Gradio: password, host names, the addresses that exist, and files only for their owner."""

from __future__ import annotations

import base64
import binascii
import hmac
import posixpath
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import parse_qs, unquote

from mevqa.app.sessions.session import Sessions
from mevqa.app.settings import is_loopback

_Message: TypeAlias = MutableMapping[str, Any]
_Receive: TypeAlias = Callable[[], Awaitable[_Message]]
_Send: TypeAlias = Callable[[_Message], Awaitable[None]]
_App: TypeAlias = Callable[[_Message, _Receive, _Send], Awaitable[None]]

#: Cookie with a browser's secret.
COOKIE = "mevqa_app"

_UPLOAD = "/gradio_api/upload"
#: What a form may hold beside its file, bytes.
_FORM = 1_000_000
#: Everything that the page needs of Gradio. Its other addresses (run history, proxies, deep links, monitoring, calls by
#: name) are not there.
_EXACT = frozenset(
    {
        "/",
        "/config",
        "/favicon.ico",
        "/manifest.json",
        "/theme.css",
        "/gradio_api/theme.css",
        "/gradio_api/app_id",
        "/gradio_api/cancel",
        "/gradio_api/component_server/",
        "/gradio_api/info",
        "/gradio_api/queue/data",
        "/gradio_api/queue/join",
        "/gradio_api/reset",
        "/gradio_api/run/predict",
        "/gradio_api/startup-events",
        _UPLOAD,
        "/gradio_api/upload_progress",
    }
)
_HEARTBEAT = "/gradio_api/heartbeat/"
_BELOW = ("/assets/", "/static/", _HEARTBEAT)
_FILE = "/gradio_api/file="

#: The browser itself asks no other host for anything.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'; object-src 'none'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
)


class Guard:
    """ASGI application in front of Gradio's.

    It asks for the password where there is one; on a page for this machine alone it answers only to host names of this
    machine (DNS rebinding: a web page elsewhere could reach it by a name of its own that leads here); it passes only
    the addresses that the page needs; and it serves a file only to the browser that it belongs to.

    Args:
        app: Gradio's application.
        sessions: The sessions, with the files of each browser.
        password: Password of the page; None: it has none.
        local: Whether only this machine may connect.
    """

    def __init__(self, app: _App, sessions: Sessions, *, password: str | None = None, local: bool = True) -> None:
        self._app, self._sessions, self._password, self._local = app, sessions, password, local

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        owner = _cookie(headers.get("cookie", ""))
        refusal = self._refusal(scope, headers, owner)
        if refusal is not None:
            await _answer(send, *refusal)
            return
        cookies: list[tuple[bytes, bytes]] = []
        if scope["path"] == "/" and not self._sessions.knows(owner):
            cookie = f"{COOKIE}={self._sessions.new_owner()}; Path=/; HttpOnly; SameSite=Strict"
            cookies.append((b"set-cookie", cookie.encode()))

        async def add_headers(message: _Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _with_headers(message.get("headers", ()), scope["path"], cookies)
            await send(message)

        if scope["path"] == _UPLOAD:
            await self._upload(scope, receive, add_headers, owner)
        else:
            await self._app(scope, receive, add_headers)

    async def _upload(self, scope: _Message, receive: _Receive, send: _Send, owner: str | None) -> None:
        """Pass an upload on and note its files."""
        uploads, answer, left = self._sessions.uploads, bytearray(), self._sessions.most_bytes + _FORM

        async def take() -> _Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            return message if left >= 0 else {"type": "http.disconnect"}

        async def note(message: _Message) -> None:
            if message["type"] == "http.response.body":
                answer.extend(message.get("body", b""))
                if not message.get("more_body", False):
                    uploads.received(owner, bytes(answer))
            await send(message)

        with uploads.under_way() as has_room:
            if has_room:
                await self._app(scope, take, note)
                return
        # A browser shows the answer only after it has sent everything.
        while (message := await receive())["type"] == "http.request" and message.get("more_body", False):
            pass
        await _answer(send, 429, "too many videos are being uploaded here; try again in a minute", [])

    def _refusal(
        self, scope: _Message, headers: dict[str, str], owner: str | None
    ) -> tuple[int, str, list[tuple[bytes, bytes]]] | None:
        """Return status, text and headers for a request that is refused; None for one that is let through."""
        if self._local and not is_loopback(_host(headers.get("host", ""))):
            return 403, "this page answers only to localhost", []
        if self._password is not None and not _has_password(headers.get("authorization", ""), self._password):
            return 401, "a password is needed", [(b"www-authenticate", b'Basic realm="mevqa app", charset="UTF-8"')]
        path: str = scope["path"]
        if path.startswith(_FILE):
            return None if self._owns(owner, path.removeprefix(_FILE)) else (404, "there is no such file", [])
        if path not in _EXACT and not path.startswith(_BELOW):
            return 404, "there is no such page", []
        if path.startswith("/gradio_api/") and not self._sessions.knows(owner):
            return 403, "reload the page", []
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        if "deep_link" in query:
            return 404, "there is no such page", []
        page = path.removeprefix(_HEARTBEAT) if path.startswith(_HEARTBEAT) else query.get("session_hash", [""])[0]
        if page and not self._sessions.claim(owner, page):
            return 404, "there is no such page", []
        return None

    def _owns(self, owner: str | None, address: str) -> bool:
        if not self._sessions.knows(owner):
            return False
        file_name = posixpath.normpath(unquote(address))
        path = Path(file_name)
        return path.is_absolute() and self._sessions.may_read(owner, path.resolve())


def owner_of(cookies: Any) -> str | None:
    """Return a browser's secret from the cookies of a request."""
    secret = dict(cookies or {}).get(COOKIE)
    return str(secret) if secret else None


def _with_headers(
    headers: Iterable[tuple[bytes, bytes]], path: str, more: list[tuple[bytes, bytes]]
) -> list[tuple[bytes, bytes]]:
    added = [*_HEADERS, *more]
    if path.startswith(("/assets/", "/static/")):  # Gradio's own files may be kept by the browser.
        added = [header for header in added if header[0] != b"cache-control"]
    names = {name for name, _ in added if name != b"set-cookie"}
    return [(name, value) for name, value in headers if name.lower() not in names] + added


def _host(value: str) -> str:
    """Return a Host header without its port."""
    return value.partition("]")[0].lstrip("[") if value.startswith("[") else value.partition(":")[0]


def _cookie(header: str) -> str | None:
    try:
        morsel = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel is not None else None


def _has_password(header: str, password: str) -> bool:
    kind, _, value = header.partition(" ")
    if kind.lower() != "basic":
        return False
    try:
        sent_password = base64.b64decode(value, validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(sent_password, password.encode())


async def _answer(send: _Send, status: int, text: str, headers: list[tuple[bytes, bytes]]) -> None:
    body = text.encode()
    plain = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*plain, *_HEADERS, *headers]})
    await send({"type": "http.response.body", "body": body})
