"""Progress on standard error: of a run in clips and questions, of a video in frames."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from mevqa.inference.answerer import ClipProgress
from mevqa.types import Answer

#: Seconds between progress lines where there is no terminal to draw a bar on (a batch job's log).
_LOG_INTERVAL = 30.0


@contextmanager
def clip_progress(clips: int, questions: int) -> Iterator[ClipProgress]:
    """Show progress on standard error: a bar on a terminal, a line now and then elsewhere.

    Args:
        clips: Clips to do.
        questions: Questions to do.
    """
    if sys.stderr.isatty():
        with _bar(clips, questions) as shown:
            yield shown
        return
    yield _lines(clips, questions)


def _lines(clips: int, questions: int) -> ClipProgress:
    """Print a line now and then."""
    started = printed = time.monotonic()
    done = [0, 0]

    def is_time() -> bool:
        nonlocal printed
        now = time.monotonic()
        if now - printed < _LOG_INTERVAL:
            return False
        printed = now
        return True

    def advance(answers: Sequence[Answer]) -> None:
        done[0] += 1
        done[1] += len(answers)
        if is_time() or done[0] == clips:
            rate = done[1] / max(time.monotonic() - started, 1e-6)
            left = (questions - done[1]) / rate
            print(
                f"clips {done[0]}/{clips}, questions {done[1]}/{questions}, {rate:.1f} questions/s, {left:.0f} s left",
                file=sys.stderr,
                flush=True,
            )

    def frames(clip: str, ready: int, total: int) -> None:
        if is_time():
            print(f"clips {done[0]}/{clips}; {clip}: frames {ready}/{total}", file=sys.stderr, flush=True)

    return ClipProgress(advance, frames)


@contextmanager
def frame_progress(name: str) -> Iterator[Callable[[int, int], None]]:
    """Show on standard error how far a video is read: a bar on a terminal, a line now and then elsewhere.

    Args:
        name: Of the video.

    Yields:
        A function to call with the frames that are done and the frames in all.
    """
    started = printed = time.monotonic()
    if sys.stderr.isatty():
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        from mevqa.terminal import make_console

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("frames {task.completed}/{task.total}"),
        )
        with Progress(*columns, TimeRemainingColumn(), console=make_console(stderr=True), transient=True) as bar:
            task = bar.add_task(name, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
        return

    def print_line(done: int, total: int) -> None:
        nonlocal printed
        now = time.monotonic()
        if now - printed >= _LOG_INTERVAL:
            printed = now
            rate = done / max(now - started, 1e-6)
            left = (total - done) / rate
            print(f"{name}: frames {done}/{total}, {rate:.0f} frames/s, {left:.0f} s left", file=sys.stderr, flush=True)

    yield print_line


@contextmanager
def step_progress() -> Iterator[Callable[[str, str], None]]:
    """Say on standard error what is under way: in one changing line on a terminal, elsewhere a line now and then.

    Yields:
        A function to call with the step and the place in it.
    """
    if sys.stderr.isatty():
        from rich.text import Text

        from mevqa.terminal import make_console

        with make_console(stderr=True).status("") as status:
            yield lambda step, place: status.update(Text(f"{step} {place}"))
        return
    last, printed = "", 0.0

    def print_line(step: str, place: str) -> None:
        nonlocal last, printed
        if step != last or time.monotonic() - printed >= _LOG_INTERVAL:
            print(f"{step} {place}".rstrip(), file=sys.stderr, flush=True)
            last, printed = step, time.monotonic()

    yield print_line


@contextmanager
def _bar(clips: int, questions: int) -> Iterator[ClipProgress]:
    """Draw the bar on a terminal, and a second one below it while a long video is read."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from mevqa.terminal import make_console

    started = time.monotonic()
    with Progress(
        TextColumn("{task.description}", markup=False),
        MofNCompleteColumn(),
        BarColumn(),
        TextColumn("{task.fields[told]}", markup=False),
        TimeRemainingColumn(),
        console=make_console(stderr=True),
    ) as progress:
        task = progress.add_task("clips", total=clips, told="")
        reading = progress.add_task("frames", total=None, told="", visible=False)
        count = 0

        def advance(answers: Sequence[Answer]) -> None:
            nonlocal count
            count += len(answers)
            rate = count / max(time.monotonic() - started, 1e-6)
            progress.update(task, advance=1, told=f"questions {count}/{questions}, {rate:.1f} questions/s")
            progress.update(reading, visible=False)

        def frames(clip: str, ready: int, total: int) -> None:
            progress.update(reading, completed=ready, total=total, told=clip, visible=True)

        yield ClipProgress(advance, frames)
