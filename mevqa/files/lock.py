"""A lock that keeps two processes from writing the same output at once.

The lock is a small JSON file that says who holds it: process id, when that process was started, host. It is made with
an exclusive create, which holds on network file systems and on Windows too, and it is removed when the work ends, also
by an interrupt. What a killed process left behind is recognised by its process being gone and is taken over; of two
that find it at once only one gets it. While it is held its time of modification is renewed, so that a process on
another machine, which cannot look the holder up, can say when it was last heard of.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import socket
import stat
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter

from mevqa.errors import InputError, Problem
from mevqa.files.system_errors import reason

#: Name of the lock inside a folder that is held.
LOCK_NAME = ".mevqa.lock"
#: How the names of files go on that are made while a lock is taken over.
_CLAIM = re.compile(r"\.([0-9a-f]{32}|damaged)")
#: Bytes that file systems take in a name.
_LONGEST_NAME = 255
#: Seconds between two signs of life.
_HEARTBEAT = 20.0
#: Seconds within which a lock that was just made must have its content, and a take-over be done.
_PATIENCE = 5.0
#: Largest lock, bytes; paths and commands are not in it.
_LARGEST = 10_000
#: How a file that must not be there yet is opened.
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
#: Locks that this process holds or is about to take: by path, the thread and how often it took the lock.
_held: dict[Path, tuple[int, int]] = {}
_guard = threading.Lock()


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that holds a lock.

    Attributes:
        pid: Process id.
        started: Start of the process, which tells it from a later one of the same id; empty where it cannot be read.
        host: Name of the machine.
        namespace: The process ids' name space, so that containers of one machine are told apart; empty elsewhere.
        since: When the lock was taken, local time.
        command: The command that it runs.
        token: Unique to this lock.
    """

    pid: Annotated[int, Field(gt=0, lt=1 << 31)]
    started: str
    host: str
    namespace: str
    since: str
    command: str
    token: Annotated[str, Field(pattern=r"^[0-9A-Za-z]+$")]

    @property
    def is_here(self) -> bool:
        """Whether the process belongs to this machine and can be looked up."""
        return (self.host, self.namespace) == (socket.gethostname(), _namespace())

    @property
    def is_gone(self) -> bool:
        """Whether the process is known to have ended."""
        if not self.is_here:
            return False
        now = _started(self.pid)
        return now is None or ("" not in (now, self.started) and now != self.started)

    def __str__(self) -> str:
        """Name the command, the process and since when."""
        where = "" if self.is_here else f" on {self.host}"
        return f"{self.command}{where} (process {self.pid}, since {self.since})"


_HOLDER = TypeAdapter(Holder)


@contextmanager
def hold_folder(
    folder: Path,
    *,
    name: Path | None = None,
    part: str | None = None,
    wait: float = 0.0,
    on_note: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Hold the lock of a folder while it is written; the same thread may hold it several times.

    Args:
        folder: The folder; it is made, and removed again at the end where nothing was put into it.
        name: Its name in messages (default: itself).
        part: A part of it that is held beside others (default: the whole; ``part_holders`` tells who holds parts).
        wait: Seconds to wait for another process to end, before it is named in an error.
        on_note: Gets a line where the lock of a process that is gone is taken over (default: to standard error).

    Raises:
        InputError: Another process holds it, it is a file, or nothing can be written there.
    """
    display_name = name or folder
    folder = folder.resolve()
    new_folders = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise InputError([Problem(display_name, "is a file; name another folder")]) from None
    except OSError as error:
        raise InputError([Problem(display_name, f"cannot be made: {reason(error)}")]) from error
    try:
        with _hold(display_name, folder / (LOCK_NAME if part is None else f"{LOCK_NAME}-{part}"), on_note, wait):
            yield
    finally:
        for path in new_folders:
            with contextlib.suppress(OSError):  # It is not empty.
                path.rmdir()


def folder_holder(folder: Path) -> Holder | None:
    """Return the holder of a folder; None where nobody holds it, or the holder is gone."""
    holder = _read(folder / LOCK_NAME)
    return None if holder is None or holder.is_gone else holder


def part_holders(folder: Path) -> dict[str, Holder]:
    """Return the holders of parts of a folder, without processes that are gone and without this one."""
    holders = {}
    for lock in sorted(folder.glob(f"{LOCK_NAME}-*")):
        part, holder = lock.name.removeprefix(f"{LOCK_NAME}-"), _read(lock)
        if holder is not None and not _CLAIM.search(part) and not holder.is_gone and holder.pid != os.getpid():
            holders[part] = holder
    return holders


@contextmanager
def hold_file(file: Path, *, wait: float = 0.0, on_note: Callable[[str], None] | None = None) -> Iterator[None]:
    """Hold the lock of a file while it is written; the lock stands beside it.

    Args:
        file: The file; its folder is made.
        wait: As for ``hold_folder``.
        on_note: As for ``hold_folder``.

    Raises:
        InputError: Another process holds it, or nothing can be written there.
    """
    if file.exists() and not file.is_file() and not file.is_dir():
        yield  # A pipe or a device, which takes what each of its writers says.
        return
    display_name, file = file, file.resolve()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError([Problem(display_name, f"cannot be written: {reason(error)}")]) from error
    is_short = len(os.fsencode(file.name)) < _LONGEST_NAME - len(".lock.") - len(uuid.uuid4().hex)
    name = file.name if is_short else hashlib.blake2b(os.fsencode(file.name), digest_size=8).hexdigest()
    with _hold(display_name, file.with_name(f"{name}.lock"), on_note, wait):
        yield


@contextmanager
def _hold(output: Path, lock: Path, on_note: Callable[[str], None] | None, wait: float = 0.0) -> Iterator[None]:
    """Take a lock, or count once more in the thread that has it; give it back at the end."""
    me = threading.get_ident()
    note = on_note or (lambda line: print(line, file=sys.stderr, flush=True))
    with _guard:
        thread, times = _held.get(lock, (me, 0))
        if thread != me:
            raise InputError([Problem(output, "is being written by another thread of this process; wait for it")])
        _held[lock] = (me, times + 1)
    mine = None
    try:
        if times:
            yield
        else:
            # Outside of the guard: it may wait for another process, and other threads take and give back theirs.
            mine = _take(output, lock, note, wait)
            with _signs_of_life(lock):
                yield
    finally:
        with _guard:
            if times:
                _held[lock] = (me, times)
            else:
                del _held[lock]
            if mine is not None and _read(lock) == mine:
                lock.unlink(missing_ok=True)


def _take(output: Path, lock: Path, on_note: Callable[[str], None], wait: float) -> Holder:
    """Make the lock, or take it over from a process that is gone."""
    mine = _myself()
    content = json.dumps(asdict(mine)).encode()
    began = time.monotonic()
    try:
        while not _create(lock, content):
            holder = _read(lock)
            if holder is None and _age(lock) < _PATIENCE > time.monotonic() - began:
                time.sleep(0.05)  # It was removed just now, or is being written.
                continue
            if holder is not None and not holder.is_gone:
                if time.monotonic() < began + wait:
                    time.sleep(0.2)
                    continue
                raise InputError([Problem(output, _refusal(holder, lock))])
            if _replace(lock, holder, content, mine.token):
                whose = "a process" if holder is None else str(holder)
                on_note(f"note: {output}: taken over from {whose}, which ended without finishing")
                break
        _remove_claims(lock)
    except OSError as error:
        raise InputError([Problem(output, f"cannot be written: {reason(error)}")]) from error
    return mine


def _remove_claims(lock: Path) -> None:
    """Remove files of processes that were killed while they took over an earlier lock; this one is ours."""
    for path in lock.parent.iterdir():
        if _CLAIM.fullmatch(path.name.removeprefix(lock.name)) and path.name.startswith(lock.name):
            path.unlink(missing_ok=True)


def _create(path: Path, content: bytes) -> bool:
    """Write a file that must not be there yet; False when it is."""
    try:
        try:
            descriptor = os.open(path, _NEW, 0o644)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)  # The last holder put nothing into it, and removed it.
            descriptor = os.open(path, _NEW, 0o644)
    except FileExistsError:
        return False
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return True


def _replace(lock: Path, gone: Holder | None, content: bytes, token: str) -> bool:
    """Put a lock in the place of one whose holder is gone; False when another process did so first.

    Only who makes the file that is named after the lock to be replaced may replace it, and only while it is still
    there: two processes that judged the same lock cannot both succeed, nor can one replace the other's new lock.
    """
    claim = lock.with_name(f"{lock.name}.{gone.token if gone is not None else 'damaged'}")
    if not _create(claim, b""):
        if _age(claim) > _PATIENCE:
            claim.unlink(missing_ok=True)  # Its maker was killed at this very point.
        time.sleep(0.05)
        return False
    new = lock.with_name(f"{lock.name}.{token}")
    try:
        if _read(lock) != gone or not os.path.lexists(lock):
            return False
        new.write_bytes(content)
        new.replace(lock)
        return True
    finally:
        claim.unlink(missing_ok=True)
        new.unlink(missing_ok=True)


def _read(lock: Path) -> Holder | None:
    """Return the holder of a lock; None when it is not there, not whole, or no file."""
    try:
        if not stat.S_ISREG(lock.lstat().st_mode):
            return None
        with lock.open("rb") as file:
            return _HOLDER.validate_json(file.read(_LARGEST), strict=True)
    except (OSError, ValueError):
        return None


def _age(path: Path) -> float:
    """Return the seconds since a file was last renewed; 0 when it is not there."""
    try:
        return max(0.0, time.time() - path.lstat().st_mtime)
    except OSError:
        return 0.0


def _refusal(holder: Holder, lock: Path) -> str:
    """Return the message that another process writes, and what to do."""
    if holder.is_here:
        return f"is being written by {holder}; wait for it, or end it with: kill {holder.pid}"
    seconds = round(_age(lock))
    ago = f"{seconds} s" if seconds < 120 else f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
    return f"is being written by {holder}, last heard of {ago} ago; if that no longer runs, remove {lock}"


@contextmanager
def _signs_of_life(lock: Path) -> Iterator[None]:
    """Renew a lock's time of modification now and then."""
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(_HEARTBEAT):
            with contextlib.suppress(OSError):
                os.utime(lock)

    thread = threading.Thread(target=renew, name="mevqa lock", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()


def _myself() -> Holder:
    """Return this process as a holder."""
    pid = os.getpid()
    program, *words = sys.argv or [""]
    name = "mevqa" if Path(program).name == "__main__.py" else Path(program).name or "python"
    command = " ".join([name, *words[:1]]) if name == "mevqa" else name
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    return Holder(pid, _started(pid) or "", socket.gethostname(), _namespace(), since, command, uuid.uuid4().hex)


def _namespace() -> str:
    """Return the name space of this process's ids; empty where there is no such thing."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def _started(pid: int) -> str | None:
    """Return the start of a process, to tell it from others of its id; empty if unreadable, None once it ended."""
    import psutil

    if not psutil.pid_exists(pid):
        return None
    try:
        process = psutil.Process(pid)
        if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
            return None
    except psutil.NoSuchProcess:
        return None
    except psutil.Error:
        return ""
    try:
        # Exact, and unlike the time of day not moved when the clock is set: ticks since the start, and which start.
        ticks = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
        return f"{Path('/proc/sys/kernel/random/boot_id').read_text(encoding='ascii').strip()}/{ticks}"
    except (OSError, IndexError, ValueError):
        pass
    try:
        return str(process.create_time())
    except psutil.Error:
        return ""
