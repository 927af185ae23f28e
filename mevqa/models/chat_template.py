"""Rendering a model's chat template within bounds: it is a program that comes with the model."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from mevqa.errors import ModelError
from mevqa.models.conversation import Message

#: Processor time that one rendering may take, seconds: it takes milliseconds.
_MOST_SECONDS = 5.0

#: Characters of a rendered conversation, at most: more than any model's context.
_MOST_CHARACTERS = 10_000_000


def render(processor: Any, conversation: Sequence[Message], **switches: bool) -> str:
    """Return the text of a conversation.

    Args:
        processor: Whose template is rendered.
        conversation: The messages.
        switches: Arguments of ``apply_chat_template``.

    Raises:
        ModelError: The template does not end, or its text has no end.
    """
    with _time_limit():
        text = str(processor.apply_chat_template(conversation, tokenize=False, **switches))
    if len(text) > _MOST_CHARACTERS:
        raise ModelError(f"the model's chat template writes {len(text)} characters for one conversation")
    return text


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
