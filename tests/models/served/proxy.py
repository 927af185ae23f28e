"""A proxy before a chat endpoint that is slow, fails, limits, truncates, refuses and cuts the connection."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: Given the handler, the server's reply (asked for when called) and the request; writes an answer.
Fault = Callable[["Handler", Callable[[], dict[str, Any]], dict[str, Any]], None]


class Handler(BaseHTTPRequestHandler):
    """Passes requests on, or does what the next fault says."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        proxy: Proxy = self.server.proxy  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        request = json.loads(body)
        with proxy.lock:
            proxy.requests.append(request)
            proxy.headers.append({name.lower(): value for name, value in self.headers.items()})
            proxy.under_way += 1
            proxy.most = max(proxy.most, proxy.under_way)
            fault = proxy.faults.pop(0) if proxy.faults else None
        try:
            if fault is not None:
                fault(self, lambda: proxy.upstream(self.path, request), request)
            else:
                self.answer(200, proxy.upstream(self.path, request))
        except urllib.error.HTTPError as error:
            self.answer(error.code, json.loads(error.read()))
        except OSError:
            pass  # the client gave up
        finally:
            with proxy.lock:
                proxy.under_way -= 1

    def answer(self, status: int, content: Any, **headers: str) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Print nothing."""


class Proxy:
    """The proxy; a context manager.

    Attributes:
        url: Its address.
        faults: What goes wrong with the next requests, one each; None passes one on.
        requests: The bodies that came, in order.
        headers: Their headers.
        most: Most requests that were under way at once.
    """

    def __init__(self, server: str) -> None:
        self._server = server.removesuffix("/v1")
        self.faults: list[Fault | None] = []
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.lock = threading.Lock()
        self.under_way = self.most = 0
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._http.proxy = self  # type: ignore[attr-defined]
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *args: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def upstream(self, path: str, request: dict[str, Any]) -> dict[str, Any]:
        """Return what the server answers."""
        data = json.dumps(request).encode()
        upstream_request = urllib.request.Request(self._server + path, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(upstream_request, timeout=120) as answer:
            return dict(json.loads(answer.read()))


def status(code: int, message: str = "it failed", **headers: str) -> Fault:
    """Answer with a state."""
    return lambda handler, reply, request: handler.answer(code, {"error": {"message": message}}, **headers)


def echo_key(code: int) -> Fault:
    """Answer with a state and the key in the message, as careless servers do."""

    def fault(handler: Handler, reply: Callable[[], dict[str, Any]], request: dict[str, Any]) -> None:
        key = handler.headers.get("Authorization", "")
        handler.answer(code, {"error": {"message": f"no access with {key}", "code": key}})

    return fault


def slow(seconds: float) -> Fault:
    """Answer late."""

    def fault(handler: Handler, reply: Callable[[], dict[str, Any]], request: dict[str, Any]) -> None:
        content = reply()
        time.sleep(seconds)
        handler.answer(200, content)

    return fault


def cut(handler: Handler, reply: Callable[[], dict[str, Any]], request: dict[str, Any]) -> None:
    """Send half of the answer and close the connection."""
    body = json.dumps(reply()).encode()
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2])
    handler.close_connection = True


def changed(**choice: Any) -> Fault:
    """Answer with another content, finish_reason or refusal."""

    def fault(handler: Handler, reply: Callable[[], dict[str, Any]], request: dict[str, Any]) -> None:
        content = reply()
        first_choice = content["choices"][0]
        first_choice["finish_reason"] = choice.get("finish_reason", first_choice["finish_reason"])
        first_choice["message"] |= {key: value for key, value in choice.items() if key != "finish_reason"}
        handler.answer(200, content)

    return fault


def drip(handler: Handler, reply: Callable[[], dict[str, Any]], request: dict[str, Any]) -> None:
    """Send the answer byte by byte, so that no silence is long and no end near."""
    body = json.dumps(reply()).encode()
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    for index in range(len(body)):
        handler.wfile.write(body[index : index + 1])
        handler.wfile.flush()
        time.sleep(0.1)
