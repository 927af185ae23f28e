"""Find the reply in a text that holds several turns of a conversation."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

from mevqa.questions.reading.words import WORDS, any_of


@functools.cache
def _turn() -> re.Pattern[str]:
    asks, answers = any_of(WORDS.turns.asks), any_of(WORDS.turns.answers)
    lead = r"(?:^|\n)[ \t]*(?:[#>*\-]+\s*|\*\*|<\|im_start\|>\s*|<\|start_header_id\|>\s*|\[)?"
    return re.compile(
        rf"{lead}(?:(?P<asks>{asks})|(?P<answers>{answers}))\]?\s*(?:\*\*)?\s*[:：]\s*(?:\*\*)?", re.IGNORECASE
    )


def own_turn(kind: str, text: str, type_of: Callable[[str], str | None]) -> str:
    """Return the last turn that answers the question that was asked.

    A model that runs on after its answer writes further questions and answers them; what it writes before the first of
    them, or after the same question again ("Are you sure?"), is its reply.

    Args:
        kind: Name of the question's type.
        text: What was written, without thoughts.
        type_of: Returns the name of the type of another question; None where it cannot be told.
    """
    marks = list(_turn().finditer(text))
    if not any(mark["asks"] for mark in marks):
        return text
    before = text[: marks[0].start()].strip()
    reply = before
    others = False
    for index, mark in enumerate(marks):
        end = marks[index + 1].start() if index + 1 < len(marks) else len(text)
        turn_text = text[mark.end() : end].strip()
        if mark["asks"]:
            asked_type = type_of(turn_text.split("\n")[0])
            others = asked_type not in (None, kind)
            if reply and asked_type == kind:
                # The same question about something else: a few-shot prompt that goes on.
                break
        elif not others and turn_text:
            reply = text[mark.start() : end].strip() if _keeps_cue(mark) else turn_text
    return reply or text


def _keeps_cue(mark: re.Match[str]) -> bool:
    """Whether the mark of the turn is itself a word for the answer."""
    return (mark["answers"] or "").lower() in ("answer", "output", "response")
