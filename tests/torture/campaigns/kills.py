"""Kills and interrupts at random moments: the same command again gives the results of an uninterrupted one."""

from __future__ import annotations

import signal
from functools import partial
from pathlib import Path

from tests.torture.attempts import Attempt, Campaign
from tests.torture.jobs import JOBS, PATIENCE, Job, count_writes, differences, results, uninterrupted
from tests.torture.judge import faults
from tests.torture.running import Shot, inside, process

#: How a command may end that was sent a signal: by it, or before it came. SIGTERM ends Python itself before mevqa has
#: begun and after it is done.
_ENDS = {signal.SIGKILL: (-9, 0), signal.SIGINT: (130, 0), signal.SIGTERM: (143, -15, 0)}


def _interrupted(job: Job, numbers: tuple[signal.Signals, ...], attempt: Attempt) -> list[str]:
    """Send a job one signal or two in a row at random moments, then let it end, and compare."""
    problems: list[str] = []
    whole = float((attempt.shared / "seconds").read_text(encoding="utf-8"))
    writes = (attempt.shared / "writes").stat().st_size
    out = attempt.folder / "out"
    command = job.command(attempt.shared)
    for _ in range(attempt.random.choice((1, 1, 2))):
        number = attempt.random.choice(numbers)
        if number is signal.SIGKILL and attempt.number % 2:
            at = attempt.random.randrange(writes)
            attempt.notes.append(f"killed before write {at} of {writes}")
            hook, shot = count_writes(out, kill_at=at), None
        else:
            at_seconds = attempt.random.random() * whole
            attempt.notes.append(f"{number.name} after {at_seconds:.2f} of {whole:.2f} s")
            hook, shot = None, Shot(number, at_seconds)
        may_refuse = _is_done(out, attempt.shared)
        ended = inside(command, folder=attempt.folder, before=hook, shot=shot, seconds=PATIENCE)
        problems += faults(ended, codes=(*_ENDS[number], *may_refuse))
    if job.readers and attempt.number % 3 == 0:
        words = [word.replace("{data}", str(attempt.shared)) for word in attempt.random.choice(job.readers)]
        attempt.notes.append(f"then mevqa {' '.join(words)}")
        problems += faults(inside(words, folder=attempt.folder, seconds=PATIENCE), codes=(0, 1, 2))
    may_refuse = _is_done(out, attempt.shared)
    again = inside(command, folder=attempt.folder, seconds=PATIENCE)
    problems += faults(again, codes=(0, *may_refuse), output=attempt.folder)
    return [*problems, *differences(out, results(attempt.shared / "whole" / "out"))]


def _is_done(out: Path, shared: Path) -> tuple[int, ...]:
    """Return the exit code of a command that does not overwrite its finished output, where that is there."""
    return (2,) if out.is_dir() and not differences(out, results(shared / "whole" / "out")) else ()


def _starting(commands: tuple[tuple[str, ...], ...], longest: float, attempt: Attempt) -> list[str]:
    """Interrupt a process while Python starts, and imports mevqa or what it stands on: never a traceback."""
    number = attempt.random.choice((signal.SIGINT, signal.SIGINT, signal.SIGTERM))
    after = 0.02 + attempt.random.random() * longest
    words = attempt.random.choice(commands)
    attempt.notes.append(f"{number.name} after {after:.3f} s")
    ended = process(words, folder=attempt.folder, shot=Shot(number, after))
    # Python answers by itself, with its own exit code, until the first function of mevqa is entered.
    is_pythons = "KeyboardInterrupt" in ended.err and '__main__.py", line' not in ended.err
    return [] if is_pythons else faults(ended, codes=(*_ENDS[number], -number, 2))


#: Commands that begin at once, and those that import much.
_QUICK = (("--help",), ("env",), ("score", "--presets"), ("synth", "out", "--clips", "1"))
_MERGE = ("merge", "no-such-adapter", "--out", "out")
_HEAVY = (("env",), _MERGE, ("ask", "no-such.mp4", "?"), ("finetune", "nano", "questions=no-such", "output=out"))
_KILLS = (signal.SIGKILL,)
_REQUESTS = (signal.SIGINT, signal.SIGTERM)

CAMPAIGNS = (
    *(
        Campaign(
            f"{name}/{job.name}",
            f"{sent} of {job.name.replace('-', ' ')} at {when}, then the same command again",
            partial(_interrupted, job, signals),
            full=full,
            short=short,
            prepare=partial(uninterrupted, job),
            of=f"job-{job.name}",
        )
        for name, sent, when, signals, full, short in (
            ("kills", "kill -9", "random moments and writes", _KILLS, 30, 1),
            ("interrupts", "SIGINT and SIGTERM", "random moments", _REQUESTS, 6, 0),
        )
        for job in JOBS.values()
    ),
    Campaign(
        "interrupts/start", "SIGINT and SIGTERM while Python starts", partial(_starting, _QUICK, 0.4), full=100, short=6
    ),
    Campaign(
        "interrupts/imports", "SIGINT and SIGTERM while torch is imported", partial(_starting, _HEAVY, 8.0), 60, 2
    ),
)
