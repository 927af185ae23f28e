"""Records of other toolkits for conversations with pictures.

``sharegpt`` is what LLaMA-Factory documents (``data/README.md``: ``conversations`` of ``from`` and ``value``,
``images``, an entry in ``dataset_info.json``); ``llava`` that of LLaVA (a picture or a list of them in ``image``);
``messages`` that of ms-swift with OpenAI's roles, which LLaMA-Factory reads too; ``hf`` is a data set of ``datasets``
with the pictures inside, whose structured messages trl's ``SFTTrainer`` takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mevqa.data.conversion.turns_written import role_turns, value_turns
from mevqa.formats import CONVERSATION_FORMATS, ConversationFormat
from mevqa.models.transformers.prompts.conversation import Message
from mevqa.training.export.conversations import AskedQuestion, ClipConversations

#: Stands for a picture in texts.
PICTURE = "<image>"


def format_named(name: str) -> ConversationFormat:
    """Return a format by its name.

    Raises:
        ValueError: There is no such format.
    """
    for known_format in CONVERSATION_FORMATS:
        if known_format == name:
            return known_format
    raise ValueError(f"no format {name!r}; there are {', '.join(CONVERSATION_FORMATS)}")


def facts(clip: ClipConversations, asked: AskedQuestion) -> dict[str, str]:
    """Return the fields of a record about its question, which the toolkits leave alone."""
    return {
        "id": asked.id,
        "image_id": clip.clip.id,
        "dataset": clip.clip.dataset,
        "subject": clip.clip.subject or "",
        "type": asked.type,
    }


def user_text(conversation: Sequence[Message]) -> str:
    """Return the user's text of a conversation, with placeholders in the places of its pictures."""
    return next(_flat(message["content"]) for message in conversation if message["role"] == "user")


def text_record(
    form: ConversationFormat, question_facts: dict[str, str], conversation: Sequence[Message], pictures: Sequence[str]
) -> dict[str, Any]:
    """Return the record of a conversation whose pictures are files.

    Args:
        form: ``sharegpt``, ``llava`` or ``messages``.
        question_facts: What ``facts`` returned.
        conversation: Structured messages.
        pictures: Names of the files, in order.
    """
    text_by_role = {message["role"]: _flat(message["content"]) for message in conversation}
    system, user, answer = text_by_role.get("system", ""), text_by_role["user"], text_by_role.get("assistant")
    if form == "llava":
        image: Any = pictures[0] if len(pictures) == 1 else list(pictures)
        return {**question_facts, "image": image, "conversations": value_turns(system, user, answer)}
    if form == "sharegpt":
        # LLaMA-Factory leaves out what does not end with an answer: an open question has an empty one.
        return {**question_facts, "conversations": value_turns(system, user, answer or ""), "images": list(pictures)}
    return {**question_facts, "messages": role_turns(system, user, answer), "images": list(pictures)}


def structured_record(
    question_facts: dict[str, str], conversation: Sequence[Message], pictures: Sequence[bytes]
) -> dict[str, Any]:
    """Return the record of a conversation with its pictures inside.

    Args:
        question_facts: What ``facts`` returned.
        conversation: Structured messages.
        pictures: PNG files, in order.
    """
    turns = [
        {
            "role": message["role"],
            "content": [{"type": part["type"], "text": part.get("text")} for part in message["content"]],
        }
        for message in conversation
    ]
    return {**question_facts, "messages": turns, "images": [{"bytes": picture, "path": None} for picture in pictures]}


def dataset_entry(form: ConversationFormat, file: str) -> dict[str, Any]:
    """Return the entry of a file in ``dataset_info.json`` of LLaMA-Factory.

    Args:
        form: ``sharegpt`` or ``messages``.
        file: Its name below the folder of ``dataset_info.json``.
    """
    if form == "sharegpt":
        tags = {"role_tag": "from", "content_tag": "value", "user_tag": "human", "assistant_tag": "gpt"}
        turns = "conversations"
    else:
        tags = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}
        turns = "messages"
    return {
        "file_name": file,
        "formatting": "sharegpt",
        "columns": {"messages": turns, "images": "images"},
        "tags": {**tags, "system_tag": "system"},
    }


def _flat(parts: Sequence[Message]) -> str:
    return "".join(part["text"] if part["type"] == "text" else PICTURE for part in parts)
