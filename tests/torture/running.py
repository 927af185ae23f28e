"""Run one command under limits: in a fork of this process, where mevqa is imported already, or in a process of its own.

A fork costs milliseconds; what happens while Python starts and mevqa is imported needs a process. Both can be sent a
signal on the way. POSIX only.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

from tests.torture.attempts import Outcome

#: Limits of a command: seconds, and bytes of peak resident memory.
SECONDS, BYTES = 20.0, 2 * 10**9
#: Root of the checkout, from which processes import mevqa.
ROOT = Path(__file__).resolve().parents[2]
#: Modules that most commands import, and that take long to.
_HEAVY = ("torch", "transformers", "peft", "safetensors.torch", "cv2", "av", "scipy.signal", "openpyxl", "PIL.Image")


@dataclass(frozen=True, slots=True)
class Shot:
    """A signal that a command gets.

    Attributes:
        signal: Which one.
        seconds: When, after its start.
    """

    signal: signal.Signals
    seconds: float


def inside(
    words: Sequence[str | os.PathLike[str]],
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    standard_input: bytes = b"",
    before: Callable[[], None] | None = None,
    shot: Shot | None = None,
    seconds: float = SECONDS,
    memory: int = BYTES,
) -> Outcome:
    """Run ``mevqa WORDS`` in a fork of this process.

    Args:
        words: Words behind ``mevqa``.
        folder: Working folder.
        environment: Variables to add. Those that Python reads at its start have no effect: see ``process``.
        given: Standard input.
        before: Called in the fork before the command, e.g. to put a failing function in place.
        shot: A signal to send.
        seconds: Limit of wall-clock time; four times that where the processor was given to others.
        memory: Limit of resident memory, bytes.
    """
    return fork(words, folder=folder, environment=environment, standard_input=standard_input, before=before)(
        shot, seconds, memory
    )


def fork(
    words: Sequence[str | os.PathLike[str]],
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    standard_input: bytes = b"",
    before: Callable[[], None] | None = None,
) -> Callable[..., Outcome]:
    """Begin ``mevqa WORDS`` as ``inside`` does; what is returned waits for its end, under limits."""
    words = [os.fspath(word) for word in words]
    warm()
    streams = _streams(standard_input)
    started = time.monotonic()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        _be_command(words, streams.files, folder, environment or {}, before)

    def wait(shot: Shot | None = None, seconds: float = SECONDS, memory: int = BYTES) -> Outcome:
        with streams:
            return _watched(pid, words, streams, started, shot, seconds, memory)

    return wait


def process(
    words: Sequence[str | os.PathLike[str]],
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    standard_input: bytes = b"",
    shot: Shot | None = None,
    seconds: float = SECONDS,
    memory: int = BYTES,
    program: Sequence[str] = (sys.executable, "-m", "mevqa"),
) -> Outcome:
    """Run ``mevqa WORDS`` as a process of its own; arguments as for ``inside``.

    Args:
        program: What is run with the words, e.g. a shell that closes a stream first.
    """
    words = [os.fspath(word) for word in words]
    with _streams(standard_input) as streams:
        started = time.monotonic()
        running = start(words, streams.files, folder=folder, environment=environment, program=program)
        outcome = _watched(running.pid, words, streams, started, shot, seconds, memory)
        running.returncode = outcome.code  # It was waited for already.
        return outcome


def start(
    words: Sequence[str],
    files: Sequence[IO[bytes] | int],
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    program: Sequence[str] = (sys.executable, "-m", "mevqa"),
) -> subprocess.Popen[bytes]:
    """Start ``mevqa WORDS`` in a session of its own, with standard input, output and error as given."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    variables = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", **(environment or {})}
    stdin, stdout, stderr = files
    return subprocess.Popen(
        [*program, *words], cwd=folder, env=variables, stdin=stdin, stdout=stdout, stderr=stderr, start_new_session=True
    )


@cache
def warm() -> None:
    """Import mevqa and what it stands on, once, with one thread, so that forks are safe and cheap."""
    import importlib
    import pkgutil

    import mevqa

    # Not torch.set_num_threads: it makes a pool of threads, which some forks find broken.
    os.environ["OMP_NUM_THREADS"] = "1"
    logging.disable()  # What libraries say of this machine as they are imported is no part of any command's output.
    for name in _HEAVY:
        importlib.import_module(name)
    for module in pkgutil.walk_packages(mevqa.__path__, "mevqa."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    import cv2

    cv2.setNumThreads(0)
    logging.disable(logging.NOTSET)
    gc.collect()
    gc.freeze()


class _streams:
    """Standard input, output and error as unnamed files."""

    def __init__(self, standard_input: bytes) -> None:
        self.files = tuple(tempfile.TemporaryFile() for _ in range(3))  # noqa: SIM115
        self.files[0].write(standard_input)
        self.files[0].seek(0)

    def __enter__(self) -> _streams:
        return self

    def __exit__(self, *error: object) -> None:
        for file in self.files:
            file.close()

    def texts(self) -> tuple[str, str]:
        """Return what was printed."""
        read = []
        for file in self.files[1:]:
            file.seek(0)
            read.append(file.read().decode(errors="replace"))
        return read[0], read[1]


def _be_command(
    words: Sequence[str],
    files: Sequence[IO[bytes]],
    folder: Path | None,
    environment: Mapping[str, str],
    before: Callable[[], None] | None,
) -> None:
    """Become ``mevqa WORDS`` in a fork, and end."""
    code = 1
    try:
        os.setsid()
        for number, file in enumerate(files):
            os.dup2(file.fileno(), number)
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.environ.update(environment)
        if folder is not None:
            os.chdir(folder)
        sys.argv = ["mevqa", *words]
        if before is not None:
            before()
        from mevqa.__main__ import main

        code = main()
        sys.stdout.flush()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 0 if error.code is None else 1
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
    finally:
        try:
            sys.stderr.flush()
        finally:
            os._exit(code if isinstance(code, int) else 1)


def _watched(
    pid: int,
    words: Sequence[str],
    streams: _streams,
    started: float,
    shot: Shot | None,
    seconds: float,
    memory: int,
) -> Outcome:
    """Wait for a process, send it its signal, and end it at a limit."""
    stopped, peak, nap, looked = "", 0, 0.001, started
    while True:
        gone, status, usage = os.wait4(pid, os.WNOHANG)
        now = time.monotonic()
        if gone:
            break
        if shot is not None and now - started >= shot.seconds:
            os.kill(pid, shot.signal)
            shot = None
        if not stopped and now - looked > 0.05:
            resident, computed = _used(pid)
            looked, peak = now, max(peak, resident)
            # On a machine that others use too, a command gets less than its share of the wall clock.
            is_late = now - started > seconds and (computed > 0.5 * seconds or now - started > 4 * seconds)
            stopped = "time" if is_late else "memory" if peak > memory else ""
        if stopped:
            # Again in every round: a fork that has not begun a session of its own yet is not met.
            _kill_session(pid)
        due = shot.seconds - (now - started) if shot is not None else nap
        nap = min(0.02, nap * 1.5)
        time.sleep(max(0.0, min(nap, due)))
    _kill_session(pid)  # What it started and left running.
    scale = 1 if sys.platform == "darwin" else 1024
    peak = max(peak, usage.ru_maxrss * scale)
    if not stopped and peak > memory:
        stopped = "memory"
    out, err = streams.texts()
    return Outcome(tuple(words), os.waitstatus_to_exitcode(status), out, err, now - started, peak, stopped)


def _kill_session(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _used(pid: int) -> tuple[int, float]:
    """Return the resident memory, bytes, and the processor time, seconds, of a process and those that it started."""
    import psutil

    try:
        process = psutil.Process(pid)
        everybody = [process, *process.children(recursive=True)]
        times = [member.cpu_times() for member in everybody]
        return sum(member.memory_info().rss for member in everybody), sum(spent.user + spent.system for spent in times)
    except psutil.Error:
        return 0, 0.0
