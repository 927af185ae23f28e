"""A clip and a question as messages of the chat completions API.

The pictures stand before the question and are written alike, to the byte, for all questions of a clip, so that a server
that remembers beginnings of prompts looks at them once.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from PIL import Image

from mevqa.control_tokens import escape_control_tokens, known_control_tokens
from mevqa.models.transformers.prompts.conversation import Message, messages
from mevqa.types import Shot, View


class ClipMessages:
    """The messages of one clip.

    Args:
        system: The common system text.
        views: The clip's pictures.
        system_role: Whether the server takes a system message; otherwise the text opens the user's turn.
        shots: Answered clips that stand before it.
    """

    def __init__(
        self, system: str, views: Sequence[View], *, system_role: bool = True, shots: Sequence[Shot] = ()
    ) -> None:
        self._system = _plain(system)
        self._views = _plain_views(views)
        self._shots = [
            Shot(shot.clip_id, tuple(_plain_views(shot.views)), tuple((_plain(q), _plain(a)) for q, a in shot.turns))
            for shot in shots
        ]
        self._pictures = [
            picture_part(view.image) for shot in (*shots, None) for view in (shot.views if shot else views)
        ]
        self._system_role = system_role

    def about(self, text: str) -> list[Message]:
        """Return the messages that ask a question, its instruction included."""
        conversation = messages(
            self._system, self._views, _plain(text), system_role=self._system_role, shots=self._shots
        )
        pictures = iter(self._pictures)
        return [_message(message, pictures) for message in conversation]

    @property
    def characters(self) -> int:
        """How many characters of text stand before each question."""
        return len(self._system) + sum(len(view.caption) + 1 for view in self._views)


def picture_part(image: Image.Image) -> dict[str, Any]:
    """Return a picture as a part of a message: a PNG, which loses nothing, within the request itself."""
    file = io.BytesIO()
    image.convert("RGB").save(file, "PNG")
    url = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")
    return {"type": "image_url", "image_url": {"url": url}}


def _message(message: Message, pictures: Any) -> Message:
    """Return a message of a chat template as one of the API, with its pictures."""
    if message["role"] == "system":  # A plain text, which all servers take.
        return {"role": "system", "content": "".join(part["text"] for part in message["content"])}
    parts = [next(pictures) if part["type"] == "image" else part for part in message["content"]]
    return {"role": message["role"], "content": parts}


def _plain_views(views: Sequence[View]) -> list[View]:
    return [replace(view, caption=_plain(view.caption)) for view in views]


def _plain(text: str) -> str:
    """Return a text without what models read as control."""
    return escape_control_tokens(text, known_control_tokens())
