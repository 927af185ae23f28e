"""Turns of a conversation, read as pairs of question and answer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mevqa.data.documents.keys import first_of, keys_of, record_keys

#: What stands for a picture or a video in a turn's text.
_PLACEHOLDER = r"<(?:image|video|img|audio)>"
_EDGES = re.compile(rf"^(?:\s*{_PLACEHOLDER})+|(?:{_PLACEHOLDER}\s*)+$")
_ANYWHERE = re.compile(rf"{_PLACEHOLDER}\n?")
#: Qwen-VL and old ms-swift name pictures inside the text.
_INLINE = re.compile(r"(?:Picture \d+:\s*)?<(?:img|video)>([^<>]+)</(?:img|video)>\n?")
_MEDIA_PARTS = ("image_url", "video_url", "input_image", "image", "video")


@dataclass(slots=True)
class Conversation:
    """The questions and answers of one record.

    Attributes:
        pairs: Question and answer; the answer is empty where none is given.
        media: Paths of pictures and videos that stand inside the turns.
        system: The system prompt.
        used: Keys of the record that were read.
    """

    pairs: list[tuple[str, str]] = field(default_factory=list)
    media: list[str] = field(default_factory=list)
    system: str | None = None
    used: set[str] = field(default_factory=set)


def read_turns(values: Mapping[str, Any], listed: int, *, predictions: bool = False) -> Conversation:
    """Return the questions and answers of a record.

    Args:
        values: The record.
        listed: How many pictures and videos the record lists; so many placeholders are taken out of the texts.
        predictions: The answers in the turns are a model's; the right one may stand beside them.

    Raises:
        ValueError: The record has no question, or turns that are none; one clear line.
    """
    conversation = Conversation()
    turns = keys_of(values, "turns")
    if turns:
        conversation.used.update(turns[:1])
        _read_list(values[turns[0]], turns[0], conversation)
        if not predictions:
            _refuse_others(values, turns[0], conversation)
    else:
        _read_pair(values, conversation)
    system = first_of(values, "system")
    if isinstance(system, str):
        conversation.system = conversation.system or system
        conversation.used.update(keys_of(values, "system"))
    left = listed
    for index, (question, answer) in enumerate(conversation.pairs):
        question, left = _take_out(question, left)
        conversation.pairs[index] = (question, answer)
    if not conversation.pairs:
        raise ValueError("has no question: no turn of a user")
    return conversation


def _refuse_others(values: Mapping[str, Any], key: str, conversation: Conversation) -> None:
    """Refuse a record whose answer stands under another key too, and differently: one is right, the other a model's."""
    for name in keys_of(values, "answer"):
        other = values[name]
        if (
            isinstance(other, str)
            and conversation.pairs
            and other.strip() not in ("", conversation.pairs[-1][1].strip())
        ):
            raise ValueError(f"has several answers, in {key!r} and under {name!r}; take out all but one")


def _read_pair(values: Mapping[str, Any], conversation: Conversation) -> None:
    """Read a question and its answer that stand under keys of their own."""
    questions = keys_of(values, "question")
    if not questions:
        raise ValueError("has no question")
    key = questions[0]
    question = _text(values[key], key, conversation)
    conversation.used.add(key)
    if key.lower() == "instruction" and isinstance(values.get("input"), str):
        question = "\n".join(part for part in (question, values["input"]) if part)
        conversation.used.add("input")
    answers = [name for name in keys_of(values, "answer") if name not in questions]
    texts = {name: _text(values[name], name, conversation) for name in answers}
    if len({text for text in texts.values() if text}) > 1:
        raise ValueError(f"has several answers, under {' and '.join(map(repr, texts))}; take out all but one")
    conversation.used.update(texts)
    history = keys_of(values, "history")
    earlier = values[history[0]] if history else []
    if not isinstance(earlier, list):
        raise ValueError(f"{history[0]!r} must be a list of pairs of question and answer")
    for entry in earlier:
        if not isinstance(entry, list) or len(entry) != 2:
            raise ValueError(f"{history[0]!r} must hold pairs of question and answer")
        conversation.pairs.append(
            (_text(entry[0], history[0], conversation), _text(entry[1], history[0], conversation))
        )
    conversation.used.update(history)
    conversation.pairs.append((question, next((text for text in texts.values() if text), "")))


def _read_list(turns: Any, key: str, conversation: Conversation) -> None:
    """Read a list of turns."""
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        raise ValueError(f"{key!r} must be a list of turns")
    user_texts: list[str] = []
    answered = False
    for turn in turns:
        for role, text in _role_texts(turn, key, conversation):
            if role == "system":
                conversation.system = text
            elif role == "user" and answered:
                user_texts, answered = [text], False
            elif role == "user":
                user_texts.append(text)
            elif not user_texts or answered:
                raise ValueError(f"{key!r} has an answer without a question")
            else:
                conversation.pairs.append(("\n".join(user_texts), text))
                answered = True
    if user_texts and not answered:
        conversation.pairs.append(("\n".join(user_texts), ""))


def _role_texts(turn: Mapping[str, Any], key: str, conversation: Conversation) -> Sequence[tuple[str, str]]:
    """Return the roles and the texts of a turn; old ms-swift puts question and answer into one."""
    table = record_keys()
    by_name = {name: role for role, names in table.roles.items() for name in names}
    speaker = next((turn[name] for name in table.speaker if name in turn), None)
    if speaker is None:
        both = [(by_name[name], _text(turn[name], name, conversation)) for name in turn if name in by_name]
        if not both:
            raise ValueError(f"{key!r} has a turn without a role ({' or '.join(table.speaker[:2])})")
        return sorted(both, key=lambda pair: ("system", "user", "assistant").index(pair[0]))
    role = by_name.get(speaker.lower()) if isinstance(speaker, str) else None
    if role is None:
        raise ValueError(f"{key!r} has a turn of {speaker!r}, which is neither user nor assistant")
    words = next((name for name in table.words if name in turn), None)
    if words is None:
        raise ValueError(f"{key!r} has a turn without text ({' or '.join(table.words[:2])})")
    return [(role, _text(turn[words], words, conversation))]


def _text(value: Any, key: str, conversation: Conversation) -> str:
    """Return the text of a turn; pictures and videos in it go to the media."""
    if value is None:
        return ""
    if isinstance(value, list):
        texts = []
        for part in value:
            if isinstance(part, str):
                texts.append(part)
            elif isinstance(part, dict) and isinstance(part.get("text"), str):
                texts.append(part["text"])
            elif isinstance(part, dict):
                conversation.media.extend(_media_of(part))
            else:
                raise ValueError(f"{key!r} has a part that is neither text nor picture")
        return "\n".join(texts)
    if not isinstance(value, str):
        raise ValueError(f"{key!r} must be a text in double quotes, not {type(value).__name__}")
    conversation.media.extend(match.strip() for match in _INLINE.findall(value))
    return _INLINE.sub("", value)


def _media_of(part: Mapping[str, Any]) -> list[str]:
    """Return the paths in a part of a turn (``{"type": "image_url", "image_url": {"url": ...}}`` and its kin)."""
    for name in _MEDIA_PARTS:
        value = part.get(name)
        if isinstance(value, dict):
            value = value.get("url") or value.get("path")
        if isinstance(value, str):
            return [value]
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return list(value)
    if part.get("type") in _MEDIA_PARTS:
        return []
    raise ValueError(f"has a part of the type {part.get('type')!r}, which is neither text nor picture")


def _take_out(text: str, left: int) -> tuple[str, int]:
    """Take placeholders out of a question: those at its edges, and further ones while media are left."""
    count = len(_ANYWHERE.findall(text))
    text = _EDGES.sub("", text)
    inside = len(_ANYWHERE.findall(text))
    taken = count - inside
    if 0 < inside <= left - taken:
        text, taken = _ANYWHERE.sub("", text), count
    return text.strip(), left - taken
