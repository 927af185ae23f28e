"""Seconds and peak memory of commands on a run of many answers, beside reading its log once."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from mevqa.datasets import taxonomy
from mevqa.facs import UNIT_NAMES, coarse_of
from mevqa.questions.writing.sentences import sentence

#: Most questions about a clip: one of each kind.
QUESTIONS = 5
#: A prime: each subject is asked all kinds of questions, however many there are about a clip.
_SUBJECTS = 101
_READ = "import json, sys; sum(len(json.loads(line)) for line in open(sys.argv[1], encoding='utf-8'))"


@dataclass(frozen=True, slots=True)
class CommandCost:
    """Time and memory of a command.

    Attributes:
        command: Its name.
        seconds: Processor seconds, start included.
        clock: Seconds on the clock, likewise.
        peak_mb: Largest resident memory, millions of bytes.
        code: Exit code.
        largest_page_mb: Size of the largest page that it wrote, in MB; 0 without pages.
    """

    command: str
    seconds: float
    clock: float
    peak_mb: float
    code: int
    largest_page_mb: float = 0.0


def measure_scale(
    folder: Path, clips: int, questions_per_clip: int = QUESTIONS, seed: int = 0
) -> Iterator[CommandCost]:
    """Yield time and memory of each command, the reading of the log among them.

    Args:
        folder: An empty folder for the questions, pictures, run and report.
        clips: How many.
        questions_per_clip: 1 to ``QUESTIONS``.
        seed: Of the questions.
    """
    questions, maps, run = folder / "me_vqa_synthetic_test_to_answer.jsonl", folder / "maps", folder / "run"
    _write_questions(questions, maps, clips, questions_per_clip, seed)
    inputs = [questions, "--precomputed", f"motion={maps}"]
    evaluation = ["eval", *inputs, "--views", "motion", "--model", "mock", "--out", run]
    submission = folder / "submission" / "me_vqa_synthetic_test_pred.jsonl"
    yield measure_command("check", ["-m", "mevqa", "check", *inputs])
    yield measure_command("eval, mock model", ["-m", "mevqa", *evaluation])
    yield measure_command("read the log once", ["-c", _READ, run / "answers.jsonl"])
    yield measure_command("eval, nothing left to do", ["-m", "mevqa", *evaluation])
    yield measure_command("score", ["-m", "mevqa", "score", run])
    report = measure_command("report", ["-m", "mevqa", "report", run, "--out", folder / "report"])
    pages = (page.stat().st_size / 1e6 for page in (folder / "report").rglob("*.html"))
    yield replace(report, largest_page_mb=max(pages, default=0.0))
    yield measure_command(
        "submit", ["-m", "mevqa", "submit", run, "--questions", questions, "--out", submission.parent]
    )
    yield measure_command(
        "submit --validate", ["-m", "mevqa", "submit", "--validate", submission, "--questions", questions]
    )


def measure_command(name: str, command: Sequence[object], output: IO[str] | None = None) -> CommandCost:
    """Run Python in a process of its own: the peak of a process's memory is never forgotten.

    Args:
        name: What is measured.
        command: Arguments of Python.
        output: Where its output and errors go; None: nowhere.
    """
    begin, out = time.perf_counter(), subprocess.DEVNULL if output is None else output
    process = subprocess.Popen([sys.executable, *map(str, command)], stdout=out, stderr=out)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    # Kilobytes on Linux, bytes on macOS.
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
    clock = time.perf_counter() - begin
    return CommandCost(name, usage.ru_utime + usage.ru_stime, clock, peak, process.returncode)


def _write_questions(path: Path, maps: Path, clips: int, questions_per_clip: int, seed: int) -> None:
    """Write questions with references, and a small picture for each clip; the kinds of questions take turns."""
    from PIL import Image

    maps.mkdir(parents=True)
    generator = random.Random(seed)
    with path.open("w", encoding="utf-8") as file:
        for clip in range(clips):
            picture = Image.frombytes("RGB", (28, 28), generator.randbytes(28 * 28 * 3))
            picture.save(maps / f"clip{clip:06d}.png")
            questions = _questions(generator)
            first = clip * questions_per_clip
            for number in range(first, first + questions_per_clip):
                question, reference = questions[number % QUESTIONS]
                row = {"id": f"synthetic_{number}", "dataset": "synthetic", "image_id": f"clip{clip:06d}"}
                row |= {"subject": f"s{clip % _SUBJECTS:03d}", "filename": "", "question": question}
                file.write(json.dumps(row | {"answer": reference}) + "\n")


def _questions(generator: random.Random) -> list[tuple[str, str]]:
    """Return the questions about one clip with their answers."""
    fine = generator.choice(taxonomy("synthetic").fine)
    coarse = coarse_of(fine) or "negative"
    units = generator.sample(UNIT_NAMES, generator.randint(1, 4))
    unit = generator.choice(UNIT_NAMES)
    combined = "What are the action units, and based on them, the fine-grained and the coarse expression class?"
    return [
        ("What is the coarse expression class?", coarse),
        ("What is the fine-grained expression class?", fine),
        ("What are the action units?", ", ".join(units)),
        (f"Is the action unit {unit} shown on the face?", "yes" if unit in units else "no"),
        (combined, sentence("combined", units, fine, coarse, plural=True)),
    ]
