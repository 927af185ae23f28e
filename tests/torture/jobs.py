"""Commands that do real work on the smallest synthetic data, and what their outputs have in common when done again."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.torture.running import inside

#: Longest that one of these jobs may take; they are many commands' work, on cores that others share.
PATIENCE = 120.0
_SYNTH = ("--size", "128x128", "--fps", "50")
_CLIPS = ("--media", "{data}/short/clips", "--annotations", "{data}/short/annotations.csv")
_TRAIN = "{data}/short/me_vqa_synthetic_train.jsonl"
_TEST = "{data}/short/me_vqa_synthetic_test_to_answer.jsonl"
_LONG_TEST = "{data}/long/me_lvqa_synthetic_test_to_answer.jsonl"
_RECIPE = (
    "nano-casme2",
    f"questions={_TRAIN}",
    "media={data}/short/clips",
    "annotations={data}/short/annotations.csv",
    *("face=none", "steps=3", "clips=2", "save_every=1", "log_every=1", "output=out"),
)


@dataclass(frozen=True, slots=True)
class Job:
    """One command that writes ``out`` in its working folder.

    Attributes:
        name: The command, or what of it.
        words: Its words; ``{data}`` is the folder that ``needs`` filled.
        needs: Commands that make its input, run in that folder.
        readers: Commands that a user may give of what a killed one left; they write beside it.
    """

    name: str
    words: tuple[str, ...]
    needs: tuple[tuple[str, ...], ...] = ()
    readers: tuple[tuple[str, ...], ...] = ()

    def command(self, data: Path) -> list[str]:
        """Return its words for a folder of inputs."""
        return [word.replace("{data}", str(data)) for word in self.words]

    def prepare(self, data: Path) -> None:
        """Make its input.

        Raises:
            RuntimeError: A command that makes it failed.
        """
        for words in self.needs:
            done = inside([word.replace("{data}", str(data)) for word in words], folder=data, seconds=PATIENCE)
            if done.code != 0:
                raise RuntimeError(f"mevqa {' '.join(done.command)}: {done.code}: {done.err[-500:]}")


_SHORT_SET = ("synth", "short", "--clips", "4", "--subjects", "2", *_SYNTH)
_READ_RUN = (("score", "out"), ("report", "out", "--no-pictures", "--out", "page"), ("eval", _TEST, "--out", "out"))
_READ_ADAPTER = (("merge", "out", "--out", "merged"), ("eval", _TRAIN, *_CLIPS, "--adapter", "out", "--out", "run"))
_READ_LOSO = (("score", "out/run"), ("report", "out/run", "--no-pictures", "--out", "page"))
_LONG_SET = ("synth", "long", "--clips", "2", "--long", "--seconds", "5", "--size", "128x128", "--fps", "25")
_MOCK = ("--model", "mock", "--views", "motion", "--face", "none")
_REAL_RUN = ("eval", _TRAIN, *_CLIPS, *_MOCK, "--out", "run")
_TEST_RUN = ("eval", _TEST, *_CLIPS, *_MOCK, "--out", "test-run")
_ADAPTER = ("finetune", *_RECIPE[:-1], "steps=1", "output={data}/adapter")

JOBS = {
    job.name: job
    for job in (
        Job("eval", ("eval", _TRAIN, *_CLIPS, "--face", "none", "--out", "out"), (_SHORT_SET,), _READ_RUN),
        Job(
            "long-eval",
            ("eval", _LONG_TEST, "--media", "{data}/long/clips", "--face", "none", "--out", "out"),
            (_LONG_SET,),
            _READ_RUN[:2],
        ),
        Job("finetune", ("finetune", *_RECIPE), (_SHORT_SET,), _READ_ADAPTER),
        Job("loso", ("loso", *_RECIPE[:-1], "steps=2", "folds.of=synthetic", "output=out"), (_SHORT_SET,), _READ_LOSO),
        Job(
            "spot",
            ("spot", "{data}/long/clips", "--out", "out/e.csv", "--json", "out/e.json", "--plot", "out/plots"),
            (_LONG_SET,),
            _READ_RUN[:2],
        ),
        Job("str", ("str", "{data}/long/clips", "--face", "none", "--out", "out/str.csv"), (_LONG_SET,)),
        Job("merge", ("merge", "{data}/adapter", "--out", "out", "--sample", "1"), (_SHORT_SET, _ADAPTER)),
        Job("report", ("report", "{data}/run", *_CLIPS, "--draws", "50", "--out", "out"), (_SHORT_SET, _REAL_RUN)),
        Job("submit", ("submit", "{data}/test-run", "--questions", _TEST, "--out", "out"), (_SHORT_SET, _TEST_RUN)),
        Job("synth", ("synth", "out", "--clips", "4", "--subjects", "2", *_SYNTH)),
    )
}

#: Keys of JSON that tell times, whatever their value; not compared.
_TIMES = frozenset({"seconds", "started", "finished_at", "created", "updated", "saved", "seconds_per_step", "speed"})
#: Times in texts that people read: model cards, pages, curves of a training.
_SPELT = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|[+-]\d\d:\d\d)?|\b\d+(\.\d+)? (s|min|seconds|minutes)\b"
)


def comparable(path: Path) -> bytes:
    """Return a file's content without times: all else must be the same byte for byte."""
    content = path.read_bytes()
    if path.suffix in {".json", ".jsonl"}:
        lines = content.decode().splitlines() if path.suffix == ".jsonl" else [content.decode()]
        return "\n".join(json.dumps(_timeless(json.loads(line))) for line in lines).encode()
    if path.suffix in {".md", ".html"}:
        return _SPELT.sub("TIME", content.decode()).encode()
    return content


def _timeless(value: object) -> object:
    if isinstance(value, dict):
        return {key: _timeless(item) for key, item in value.items() if key not in _TIMES}
    return [_timeless(item) for item in value] if isinstance(value, list) else value


def results(folder: Path) -> dict[str, bytes]:
    """Return the comparable content of every file of a folder, by its path in it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): comparable(path) for path in files}


def differences(now: Path, then: dict[str, bytes]) -> list[str]:
    """Return a line for each file that differs from those of an uninterrupted run."""
    files = results(now)
    lines = [f"{name} is missing" for name in sorted(then.keys() - files.keys())]
    lines += [f"{name} is left over" for name in sorted(files.keys() - then.keys())]
    for name in sorted(then.keys() & files.keys()):
        if then[name] != files[name]:
            at = next((i for i, (a, b) in enumerate(zip(then[name], files[name], strict=False)) if a != b), 0)
            start = max(0, at - 60)
            was, is_now = (contents[name][start : at + 40].decode(errors="replace") for contents in (then, files))
            lines.append(f"{name} differs at byte {at}: ...{was!r} became ...{is_now!r}")
    return lines


def count_writes(out: Path, *, kill_at: int | None = None, report: Path | None = None) -> Callable[[], None]:
    """Return what makes a command count what it does to the file system below ``out``.

    Opening to write, making, renaming and removing each count one.

    Args:
        out: The folder of its outputs; names beside it that begin with a dot belong to it too.
        kill_at: The process kills itself right before the action of this number, from 0.
        report: File that is written with the number of actions so far; a count of bytes is the number.
    """
    return partial(_install, os.fspath(out), kill_at, report)


def _install(out: str, kill_at: int | None, report: Path | None) -> None:
    import signal

    beside = os.path.join(os.path.dirname(out), f".{os.path.basename(out)}")
    counted = os.open(report, os.O_WRONLY | os.O_CREAT | os.O_APPEND) if report is not None else None
    done = 0

    def heard(event: str, arguments: Sequence[object]) -> None:
        nonlocal done
        if event == "open":
            flags = arguments[2]
            if not isinstance(flags, int) or not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                return
        elif event not in {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "shutil.rmtree"}:
            return
        if not isinstance(arguments[0], (str, os.PathLike)):
            return
        path = os.path.abspath(os.fspath(arguments[0]))
        if not path.startswith((out, beside)):
            return
        if kill_at is not None and done == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        done += 1
        if counted is not None:
            os.write(counted, b".")

    sys.addaudithook(heard)


def uninterrupted(job: Job, shared: Path) -> None:
    """Do a job once, below ``shared/whole``, and write how many writes it took to ``shared/writes``.

    Raises:
        RuntimeError: It failed.
    """
    job.prepare(shared)
    folder = shared / "whole"
    folder.mkdir()
    hook = count_writes(folder / "out", report=shared / "writes")
    done = inside(job.command(shared), folder=folder, before=hook, seconds=PATIENCE)
    if done.code != 0:
        raise RuntimeError(f"mevqa {' '.join(done.command)}: {done.code}: {done.err[-500:]}")
    (shared / "seconds").write_text(f"{done.seconds:.3f}\n", encoding="utf-8")
