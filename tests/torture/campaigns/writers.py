"""Two commands that write one output, and locks that others left: one works, the other says so, and nothing is lost."""

from __future__ import annotations

import json
import os
import socket
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path

from mevqa.files import lock
from mevqa.files.lock import LOCK_NAME, Holder
from mevqa.files.whole import part_of
from tests.torture.attempts import Attempt, Campaign
from tests.torture.jobs import JOBS, PATIENCE, Job, differences, results, uninterrupted
from tests.torture.judge import faults
from tests.torture.running import fork, inside

#: Jobs that are over too quickly for a second one to meet them for certain.
_QUICK = frozenset({"submit"})


def _two(job: Job, attempt: Attempt) -> list[str]:
    """Begin the same command twice; the second at once or at a random moment of the first."""
    duration = float((attempt.shared / "seconds").read_text(encoding="utf-8"))
    delay = 0.0 if attempt.number % 2 else attempt.random.random() * duration
    attempt.notes.append(f"the second began after {delay:.2f} of {duration:.2f} s")
    command = job.command(attempt.shared)
    first = fork(command, folder=attempt.folder)
    time.sleep(delay)
    second = fork(command, folder=attempt.folder)
    ended = [first(seconds=PATIENCE), second(seconds=PATIENCE)]
    problems = [line for outcome in ended for line in faults(outcome, output=attempt.folder)]
    refused = [outcome for outcome in ended if outcome.code == 2]
    if len(refused) == 2:
        problems.append(f"both were refused: {refused[0].err} {refused[1].err}")
    if delay == 0.0 and job.name not in _QUICK and not any("is being written by" in outcome.err for outcome in refused):
        problems.append(f"none was refused for the other: {[(outcome.code, outcome.err[-200:]) for outcome in ended]}")
    return [*problems, *differences(attempt.folder / "out", results(attempt.shared / "whole" / "out"))]


def _lock_of(job: Job, folder: Path) -> Path:
    """Return the lock that a job takes."""
    match job.name:
        case "spot":
            return folder / "out" / "e.csv.lock"
        case "str":
            return folder / "out" / "str.csv.lock"
        case "merge":
            return part_of(folder / "out") / LOCK_NAME
    return folder / "out" / LOCK_NAME


def _holder(**other: object) -> bytes:
    """Return the lock of this very process, but for what is given."""
    mine = Holder(
        pid=os.getpid(),
        started=lock._started(os.getpid()) or "",
        host=socket.gethostname(),
        namespace=lock._namespace(),
        since="2026-01-01 00:00:00",
        command="mevqa eval",
        token="0" * 32,
    )
    return json.dumps({**asdict(mine), **other}).encode()


def _stale(job: Job, attempt: Attempt) -> list[str]:
    """Leave a lock of a process that is gone, of another machine, of a reused id, or a damaged one."""
    whole = _holder()
    kinds = {
        "a process that is gone": (_holder(pid=2**22 - 1), 0),
        "a process id that another has now": (_holder(started="boot/1"), 0),
        "a process that runs": (whole, 2),
        "another machine": (_holder(host="elsewhere"), 2),
        "another container": (_holder(namespace="pid:[1]"), 2),
        "nothing in it": (b"", 0),
        "cut": (whole[: attempt.random.randrange(1, len(whole) - 1)], 0),
        "bytes": (attempt.random.randbytes(200), 0),
        "other types": (_holder(pid="1", token=5), 0),
        "a huge process id": (_holder(pid=10**30), 0),
        "a token that is a path": (_holder(token="../../x"), 0),
        "nested deeply": (b"[" * 100_000, 0),
        "a mebibyte": (whole[:-1] + b" " * 2**20 + b"}", 0),
        "a number of 10,000 digits": (b'{"pid": ' + b"1" * 10_000 + b"}", 0),
    }
    kind = list(kinds)[attempt.number % len(kinds)]
    content, code = kinds[kind]
    attempt.notes.append(f"lock: {kind}")
    path = _lock_of(job, attempt.folder)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    if attempt.random.random() < 0.7:
        os.utime(path, (time.time() - 60,) * 2)  # Else it looks as if it were being written right now.
    ended = inside(job.command(attempt.shared), folder=attempt.folder, seconds=PATIENCE)
    problems = faults(ended, codes=(code,), output=attempt.folder if code == 0 else None)
    if code == 0:
        return [*problems, *differences(attempt.folder / "out", results(attempt.shared / "whole" / "out"))]
    if not path.exists() or path.read_bytes() != content:
        problems.append("the other's lock was touched")
    mend = "kill " if kind == "a process that runs" else "remove "
    return problems if mend in ended.err else [*problems, f"no mend is named: {ended.err}"]


#: The quickest job of each way to lock: a folder, a file, a folder that is filled beside.
_STALE = ("submit", "synth", "str", "merge", "eval")

CAMPAIGNS = (
    *(
        Campaign(
            f"writers/{job.name}",
            f"two {job.name.replace('-', ' ')} on one output at once",
            partial(_two, job),
            full=6,
            short=0 if job.name in {"loso", "finetune", "merge", "str", "long-eval", "spot"} else 1,
            prepare=partial(uninterrupted, job),
            of=f"job-{job.name}",
        )
        for job in JOBS.values()
    ),
    *(
        Campaign(
            f"locks/{name}",
            f"locks before {name}: left by killed processes, of other machines, reused ids, damaged",
            partial(_stale, JOBS[name]),
            full=28,
            short=14 if name == "submit" else 0,
            prepare=partial(uninterrupted, JOBS[name]),
            of=f"job-{name}",
        )
        for name in _STALE
    ),
)
