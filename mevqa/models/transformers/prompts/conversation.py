"""A clip and a question as chat messages, for asking and training alike, and their text by the model's chat template.

A chat template is a program that comes with the model: it is rendered within bounds.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from mevqa.errors import ModelError
from mevqa.types import Shot, View

#: A chat message as chat templates take it.
Message = dict[str, Any]
#: Processor time that one rendering may take, seconds: it takes milliseconds.
_MOST_SECONDS = 5.0
#: Characters of a rendered conversation, at most: more than any model's context.
_MOST_CHARACTERS = 10_000_000
#: Memory that one rendering may add, bytes: it takes megabytes.
_MOST_BYTES = 1 << 29


def messages(
    system: str,
    views: Sequence[View],
    text: str,
    *,
    answer: str | None = None,
    system_role: bool = True,
    video: bool = False,
    shots: Sequence[Shot] = (),
) -> list[Message]:
    """Return the conversation: system text, shots, then captions and pictures in order, then the question.

    Each caption is a text part of its own line before its picture, since some chat templates put all pictures first
    and all texts after; the captions still tell which is which by their order. Nothing before ``text`` depends on
    it, so that the rendered conversations of a clip share everything up to the question.

    Args:
        system: The common system text; empty for none.
        views: The clip's pictures.
        text: The question with its instruction.
        answer: The assistant's answer, for training and to learn how a template ends a turn.
        system_role: Whether the chat template knows the role ``system``; otherwise the text opens the user's turn.
        video: Whether the moments (views of one frame) are handed over as one video; the other views stay pictures.
        shots: Answered clips, each as earlier turns: its pictures with its first question, then its other questions.
    """
    user: list[Message] = []
    conversation: list[Message] = []
    if system and system_role:
        conversation.append({"role": "system", "content": [_text(system)]})
    elif system:
        user.append(_text(f"{system}\n"))
    for shot in shots:
        user += _pictures(shot.views)
        for shot_question, shot_answer in shot.turns:
            conversation.append({"role": "user", "content": [*user, _text(shot_question)]})
            conversation.append({"role": "assistant", "content": [_text(shot_answer)]})
            user = []
    moments, pictures = split_views(views, video=video)
    if moments:
        user += [_text("".join(f"{view.caption}\n" for view in moments)), {"type": "video"}]
    user += _pictures(pictures)
    user.append(_text(text))
    conversation.append({"role": "user", "content": user})
    if answer is not None:
        conversation.append({"role": "assistant", "content": [_text(answer)]})
    return conversation


def _pictures(views: Sequence[View]) -> list[Message]:
    """Return captions and pictures as parts of a message."""
    return [part for view in views for part in (_text(f"{view.caption}\n"), {"type": "image"})]


def split_views(views: Sequence[View], *, video: bool) -> tuple[list[View], list[View]]:
    """Return the views that go in as frames of a video and those that go in as pictures.

    Args:
        views: The clip's pictures.
        video: Whether a video is wanted; views made from exactly one frame are its frames. One moment is no video.
    """
    moments = [view for view in views if len(view.frames) == 1] if video else []
    if len(moments) < 2:
        return [], list(views)
    return moments, [view for view in views if len(view.frames) != 1]


def _text(text: str) -> Message:
    """Return a text part."""
    return {"type": "text", "text": text}


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
