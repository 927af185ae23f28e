"""Names of the formats of other toolkits that are written."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

#: Formats of question files and predictions. ``array``: a JSON array of the official rows.
Target: TypeAlias = Literal["official", "array", "llava", "sharegpt", "openai", "swift", "csv"]
TARGETS: tuple[Target, ...] = get_args(Target)

#: Formats of conversations with pictures, for training elsewhere.
ConversationFormat: TypeAlias = Literal["sharegpt", "llava", "messages", "hf"]
CONVERSATION_FORMATS: tuple[ConversationFormat, ...] = get_args(ConversationFormat)
