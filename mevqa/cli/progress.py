"""Progress on standard error: a bar on a terminal, a line now and then elsewhere (a batch job's log)."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from mevqa.inference.answering.run import ClipProgress
from mevqa.terminal.verbosity import progress_shows, show
from mevqa.types import Answer

if TYPE_CHECKING:
    from mevqa.training.spotters.finetune import Show

#: Seconds between lines where there is no terminal.
_LOG_INTERVAL = 30.0
_EPOCH_INTERVAL = 10.0


def _draws_bars() -> bool:
    return sys.stderr.isatty() and progress_shows()


def lines_now_and_then(interval: float = _LOG_INTERVAL) -> Callable[[str, bool], None]:
    """Return what prints a line on standard error if the last one is so many seconds ago, or it must be (True)."""
    printed = time.monotonic()

    def print_line(text: str, must: bool) -> None:
        nonlocal printed
        now = time.monotonic()
        if must or now - printed >= interval:
            printed = now
            show(text)

    return print_line


@contextmanager
def count_progress(name: str, unit: str, *, lines: bool = True) -> Iterator[Callable[[int, int], None]]:
    """Show a count on its way to a total, such as clips or frames.

    Args:
        name: What is under way.
        unit: What is counted.
        lines: Whether lines are printed where there is no terminal.

    Yields:
        A function to call with what is done and how much there is in all.
    """
    if _draws_bars():
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        from mevqa.terminal.console import make_console

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn(f"{unit} {{task.completed}}/{{task.total}}"),
        )
        with Progress(*columns, TimeRemainingColumn(), console=make_console(stderr=True), transient=True) as bar:
            task = bar.add_task(name, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
        return
    started, print_line = time.monotonic(), lines_now_and_then()

    def report(done: int, total: int) -> None:
        rate = max(done, 1e-6) / max(time.monotonic() - started, 1e-6)
        left = (total - done) / rate
        print_line(f"{name}: {unit} {done}/{total}, {rate:.0f} {unit}/s, {left:.0f} s left", False)

    yield report if lines else lambda done, total: None


def frame_progress(name: str) -> AbstractContextManager[Callable[[int, int], None]]:
    """Show how far a video is read."""
    return count_progress(name, "frames")


@contextmanager
def clip_progress(clips: int, questions: int) -> Iterator[ClipProgress]:
    """Show how many clips and questions of a run are done.

    Args:
        clips: Clips to do.
        questions: Questions to do.
    """
    if _draws_bars():
        with _bar(clips, questions) as bar:
            yield bar
        return
    yield _lines(clips, questions)


def _lines(clips: int, questions: int) -> ClipProgress:
    started, print_line = time.monotonic(), lines_now_and_then()
    counts = [0, 0]

    def advance(answers: Sequence[Answer]) -> None:
        counts[0] += 1
        counts[1] += len(answers)
        rate = counts[1] / max(time.monotonic() - started, 1e-6)
        left = (questions - counts[1]) / rate
        print_line(
            f"clips {counts[0]}/{clips}, questions {counts[1]}/{questions}, {rate:.1f} questions/s, {left:.0f} s left",
            counts[0] == clips,
        )

    def frames(clip: str, ready: int, total: int) -> None:
        print_line(f"clips {counts[0]}/{clips}; {clip}: frames {ready}/{total}", False)

    return ClipProgress(advance, frames)


@contextmanager
def step_progress() -> Iterator[Callable[[str, str], None]]:
    """Show on standard error which step is under way: in one changing line on a terminal, else in a line now and then.

    Yields:
        A function to call with the step and the place in it.
    """
    if _draws_bars():
        from rich.text import Text

        from mevqa.terminal.console import make_console

        with make_console(stderr=True).status("") as status:
            yield lambda step, place: status.update(Text(f"{step} {place}"))
        return
    last, print_line = "", lines_now_and_then()

    def report(step: str, place: str) -> None:
        nonlocal last
        print_line(f"{step} {place}".rstrip(), step != last)
        last = step

    yield report


@contextmanager
def _bar(clips: int, questions: int) -> Iterator[ClipProgress]:
    """Draw the bar on a terminal, and a second one below it while a long video is read."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from mevqa.terminal.console import make_console

    started = time.monotonic()
    with Progress(
        TextColumn("{task.description}", markup=False),
        MofNCompleteColumn(),
        BarColumn(),
        TextColumn("{task.fields[detail]}", markup=False),
        TimeRemainingColumn(),
        console=make_console(stderr=True),
    ) as progress:
        task = progress.add_task("clips", total=clips, detail="")
        reading = progress.add_task("frames", total=None, detail="", visible=False)
        count = 0

        def advance(answers: Sequence[Answer]) -> None:
            nonlocal count
            count += len(answers)
            rate = count / max(time.monotonic() - started, 1e-6)
            progress.update(task, advance=1, detail=f"questions {count}/{questions}, {rate:.1f} questions/s")
            progress.update(reading, visible=False)

        def frames(clip: str, ready: int, total: int) -> None:
            progress.update(reading, completed=ready, total=total, detail=clip, visible=True)

        yield ClipProgress(advance, frames)


def training_progress() -> Show:
    """Show how far the videos of a training are measured, and its epochs, a line now and then."""
    from mevqa.training.spotters.finetune import Show

    def epochs(name: str) -> Callable[[int, int, float], None]:
        print_line = lines_now_and_then(_EPOCH_INTERVAL)
        return lambda done, total, loss: print_line(f"{name}: epoch {done}/{total}, loss {loss:.4f}", done == total)

    return Show(frame_progress, epochs)
