"""The one way in which a clip and a question become chat messages; training renders the same messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mevqa.types import View

#: A chat message as chat templates take it.
Message = dict[str, Any]


def messages(
    system: str,
    views: Sequence[View],
    text: str,
    *,
    answer: str | None = None,
    system_role: bool = True,
    video: bool = False,
) -> list[Message]:
    """Return the conversation: system text, then captions and pictures in order, then the question.

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
    """
    user: list[Message] = []
    conversation: list[Message] = []
    if system and system_role:
        conversation.append({"role": "system", "content": [_text(system)]})
    elif system:
        user.append(_text(f"{system}\n"))
    moments, pictures = split_views(views, video=video)
    if moments:
        user += [_text("".join(f"{view.caption}\n" for view in moments)), {"type": "video"}]
    for view in pictures:
        user += [_text(f"{view.caption}\n"), {"type": "image"}]
    user.append(_text(text))
    conversation.append({"role": "user", "content": user})
    if answer is not None:
        conversation.append({"role": "assistant", "content": [_text(answer)]})
    return conversation


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
