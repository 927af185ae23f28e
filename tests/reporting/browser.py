"""Debian's Chromium without a window, driven over its debugging pipe: no driver, no package, no port."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

#: How long the browser may take for one answer on a busy machine, seconds.
_PATIENCE = 120.0


def find_chromium() -> str | None:
    """Return the browser's command; None where it is not installed."""
    return next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )


class Browser:
    """One page in one browser; a context manager."""

    def __init__(self, command: str) -> None:
        self._profile = tempfile.mkdtemp(prefix="mevqa-browser-")
        to_read, self._write = os.pipe()
        self._read, to_write = os.pipe()

        def wire() -> None:
            # The browser reads commands from descriptor 3 and writes to 4.
            kept = os.dup(to_read), os.dup(to_write)
            os.dup2(kept[0], 3)
            os.dup2(kept[1], 4)

        self._process = subprocess.Popen(
            [
                command,
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--no-first-run",
                "--hide-scrollbars",
                "--remote-debugging-pipe",
                f"--user-data-dir={self._profile}",
                "about:blank",
            ],
            preexec_fn=wire,
            close_fds=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(to_read)
        os.close(to_write)
        self._buffer = b""
        self._number = 0
        self._session: str | None = None
        self.errors: list[str] = []
        self.requests: list[str] = []
        self._loaded = False
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *ignored: object) -> None:
        # It has children: the whole group that was started here ends.
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._write)
        os.close(self._read)
        shutil.rmtree(self._profile, ignore_errors=True)

    def open(self, page: Path, hash: str = "") -> None:
        """Load a page from disk, anew also where it is open already."""
        self.visit(page.resolve().as_uri() + hash)

    def visit(self, address: str) -> None:
        """Load a page by its address, anew also where it is open already."""
        end = time.monotonic() + _PATIENCE
        for step in ("about:blank", address):
            self._loaded = False
            self._call("Page.navigate", url=step)
            while not self._loaded:
                self._receive(end)
        self.run("new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")

    def run(self, script: str) -> Any:
        """Return the value of a JavaScript expression, awaited."""
        answer = self._call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"].get("exception", {}).get("description", str(answer)))
        return answer["result"].get("value")

    def wait_for(self, script: str, seconds: float = _PATIENCE) -> Any:
        """Return the value of a JavaScript expression as soon as it is true of the page."""
        end = time.monotonic() + seconds
        while not (value := self.run(script)):
            if time.monotonic() > end:
                raise TimeoutError(f"not so after {seconds:g} s: {script}")
            time.sleep(0.1)
        return value

    def choose_files(self, selector: str, *paths: Path) -> None:
        """Give files to an input, as a person chooses them in the system's dialog."""
        root = self._call("DOM.getDocument")["root"]["nodeId"]
        node = self._call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self._call("DOM.setFileInputFiles", nodeId=node, files=[str(path.resolve()) for path in paths])

    def follow(self, script: str) -> None:
        """Run what leads to another page, and wait until that is loaded."""
        end = time.monotonic() + _PATIENCE
        self._loaded = False
        self.run(script)
        while not self._loaded:
            self._receive(end)

    def key(self, name: str, text: str = "") -> None:
        """Press and release a key."""
        code = {"Enter": 13, "Tab": 9, "ArrowRight": 39, "Escape": 27}.get(name, 0)
        common = {"key": name, "code": name, "windowsVirtualKeyCode": code}
        self._call("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        self._call("Input.dispatchKeyEvent", type="keyUp", **common)

    def drag(self, selector: str, right: float, *, steps: int = 4) -> None:
        """Take hold of the middle of an element with the mouse and move it to the right, CSS pixels."""
        box = f"document.querySelector({json.dumps(selector)}).getBoundingClientRect()"
        x, y = self.run(f"(box => [box.x + box.width / 2, box.y + box.height / 2])({box})")
        held = {"button": "left", "buttons": 1, "clickCount": 1}
        self._call("Input.dispatchMouseEvent", type="mousePressed", x=x, y=y, **held)
        for step in range(1, steps + 1):
            self._call("Input.dispatchMouseEvent", type="mouseMoved", x=x + right * step / steps, y=y, **held)
        self._call("Input.dispatchMouseEvent", type="mouseReleased", x=x + right, y=y, **{**held, "buttons": 0})

    def size(self, width: int, height: int, *, phone: bool = False) -> None:
        """Set the window's size."""
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)

    def prefer(self, scheme: str) -> None:
        """Ask for a light or dark page, as the reader's system does."""
        self._call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def printed(self) -> None:
        """Show the page as it is printed."""
        self._call("Emulation.setEmulatedMedia", media="print")

    def save_downloads(self, folder: Path) -> None:
        """Save what pages give to be saved in a folder, without asking."""
        self._call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(folder))

    def screenshot(self, path: Path, *, whole: bool = False) -> None:
        """Write what is seen as PNG."""
        answer = self._call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(answer["data"]))

    def pdf(self, path: Path) -> None:
        """Write what is printed."""
        path.write_bytes(base64.b64decode(self._call("Page.printToPDF", printBackground=True)["data"]))

    def _call(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + _PATIENCE
        while True:
            answer = self._receive(end)
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                return dict(answer["result"])

    def _receive(self, end: float) -> dict[str, Any]:
        """Return the next message and keep what it says about errors and addresses."""
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                raise TimeoutError("the browser does not answer")
            piece = os.read(self._read, 1 << 16)
            if not piece:
                raise ConnectionError("the browser has ended")
            self._buffer += piece
        line, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        method, params = message.get("method", ""), message.get("params", {})
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Runtime.exceptionThrown":
            self.errors.append(params["exceptionDetails"].get("exception", {}).get("description", "exception"))
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.errors.append(str(params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.errors.append(params["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        return message


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests; they skip where Chromium is not installed."""
    command = find_chromium()
    if command is None:
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    with Browser(command) as opened:
        yield opened
