"""A real server of models, started once and stopped at the end, and a proxy before it that fails as servers do."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))

from proxy import Proxy

from mevqa.synthetic.writer import synthesise

#: Seconds until the server must have started; it takes some six on an idle machine.
_PATIENCE = 120


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `transformers serve`, which loads the folder that a request names."""
    pytest.importorskip("fastapi")
    port = free_port()
    log = tmp_path_factory.mktemp("server") / "log.txt"
    code = "from transformers.cli.transformers import main; main()"
    command = [sys.executable, "-c", code, "serve", "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    alone = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with log.open("wb") as out:
        process = subprocess.Popen(command, env={**os.environ, **alone}, stdout=out, stderr=out)
    try:
        end = time.monotonic() + _PATIENCE
        while not answers(f"http://127.0.0.1:{port}/health"):
            assert process.poll() is None and time.monotonic() < end, log.read_text(errors="replace")[-2000:]
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1):
            return True
    except OSError:
        return False


@pytest.fixture
def proxy(server: str) -> Iterator[Proxy]:
    """A proxy before the server, without faults until a test names some."""
    with Proxy(server) as started:
        yield started


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two synthetic clips with annotations and questions."""
    folder = tmp_path_factory.mktemp("clips")
    synthesise(folder, 2, 7)
    return folder


@pytest.fixture
def no_keys(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """An environment without keys and addresses; returns the function that sets a variable."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch.setenv
