"""Rendering a model's chat template within bounds: it is a program that comes with the model."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from mevqa.errors import ModelError
from mevqa.models.transformers.conversation import Message

#: Processor time that one rendering may take, seconds: it takes milliseconds.
_MOST_SECONDS = 5.0

#: Characters of a rendered conversation, at most: more than any model's context.
_MOST_CHARACTERS = 10_000_000

#: Memory that one rendering may add, bytes: it takes megabytes.
_MOST_BYTES = 1 << 29


def render(processor: Any, conversation: Sequence[Message], **switches: bool) -> str:
    """Return the text of a conversation.

    Args:
        processor: Whose template is rendered.
        conversation: The messages.
        switches: Arguments of ``apply_chat_template``.

    Raises:
        ModelError: The template does not end, or its text is too large.
    """
    with _time_limit(), _memory_limit():
        text = str(processor.apply_chat_template(conversation, tokenize=False, **switches))
    if len(text) > _MOST_CHARACTERS:
        raise ModelError(f"the model's chat template writes {len(text)} characters for one conversation")
    return text


@contextmanager
def _memory_limit() -> Iterator[None]:
    """Refuse what takes far more memory than the process has, such as ``'a' * 10**9``; on Linux."""
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (ImportError, OSError):
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = pages * resource.getpagesize() + _MOST_BYTES
    if soft != resource.RLIM_INFINITY:
        most = min(most, soft)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    try:
        yield
    except MemoryError:
        raise ModelError("the model's chat template takes more memory than any conversation needs") from None
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@contextmanager
def _time_limit() -> Iterator[None]:
    """End what takes too much processor time; in the main thread of POSIX systems, as no other can be interrupted."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGVTALRM, _end)
    signal.setitimer(signal.ITIMER_VIRTUAL, _MOST_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _end(number: int, frame: FrameType | None) -> None:
    raise ModelError(f"the model's chat template does not end within {_MOST_SECONDS:g} s of processor time")
