"""Take the thoughts of a model off its answer."""

from __future__ import annotations

import functools
import html
import re

from mevqa.questions.reading.words import WORDS, any_of

#: Channels of the harmony format (gpt-oss), with their marks and as they remain when special tokens are dropped.
_CHANNEL = re.compile(r"<\|channel\|>\s*(\w+)[^<]*<\|message\|>")
_BARE_ANALYSIS = re.compile(r"\s*(?:analysis|commentary)(?=[A-Z\"'])")
_BARE_FINAL = re.compile(r"assistant\s*final(?=\W|[A-Z]|\w)")
_CHAT_MARKS = re.compile(r"<\|[\w ./-]+\|>|</?s>|<(?:start|end)_of_turn>(?:model|user)?|\[/?INST\]|<eos>|<bos>|<pad>")
_END_OF_TURN = re.compile(r"<\|(?:im_end|eot_id|endoftext|end|eom_id|end_of_text)\|>|</s>|<end_of_turn>|<eos>")
#: A conversation that begins with what was asked.
_ECHO = re.compile(
    r"\s*(?:<\|im_start\|>|<\|start_header_id\|>|<start_of_turn>)\s*(?:user|system)|\s*(?:<s>\s*)?\[INST\]"
)
#: Text that cannot hold a mark is not searched.
_HINTS = ("<", "[", "◁", "&lt;", "analysis", "commentary")


def without_thoughts(text: str) -> str | None:
    """Return what was written outside of thoughts, without the marks of a chat template.

    What stands before a closing mark without an opening one is a thought too: its opening mark stood in the prompt.

    Args:
        text: What a model wrote.

    Returns:
        The rest; None when a thought is not ended.
    """
    if not any(hint in text for hint in _HINTS):
        return text.strip()
    if "&lt;" in text:
        text = html.unescape(text)
    channelled = _final_channel(text)
    if channelled is None:
        return None
    pieces: list[str] = []
    at = 0
    inside = False
    for match in _marks().finditer(channelled):
        closes = match.lastgroup is not None and match.lastgroup.startswith("close")
        if closes:
            if not inside:
                pieces.clear()
            inside = False
        else:
            if not inside:
                pieces.append(channelled[at : match.start()])
            inside = True
        at = match.end()
    if inside:
        return None
    pieces.append(channelled[at:])
    # What follows the end of the turn was written as if by others.
    answer_text = "\n".join(part for part in pieces if part.strip())
    end = _END_OF_TURN.search(answer_text)
    if end is not None and answer_text[: end.start()].strip() and not _ECHO.match(answer_text):
        answer_text = answer_text[: end.start()]
    return _CHAT_MARKS.sub("\n", answer_text).strip()


@functools.cache
def _marks() -> re.Pattern[str]:
    """Return the pattern of opening and closing marks."""
    tags = any_of(WORDS.thoughts.tags)
    opening = any_of(tuple(pair[0] for pair in WORDS.thoughts.pairs))
    closing = any_of(tuple(pair[1] for pair in WORDS.thoughts.pairs))
    details = r"<details[^>]{0,200}?\breasoning\b[^>]{0,200}>"
    return re.compile(
        rf"(?P<open_tag><\s*(?:{tags})(?:\s[^<>]*)?>)|(?P<close_tag><\s*/\s*(?:{tags})\s*>)"
        rf"|(?P<open_square>\[(?:{tags})\])|(?P<close_square>\[\s*/\s*(?:{tags})\])"
        rf"|(?P<open_pair>{opening}|{details})|(?P<close_pair>{closing}|</details>)",
        re.IGNORECASE,
    )


def _final_channel(text: str) -> str | None:
    """Return the final channel of a text in the harmony format, the text itself when it is none.

    Returns:
        None when another channel was opened and no final one.
    """
    channels = list(_CHANNEL.finditer(text))
    if channels:
        final = [match for match in channels if match[1].lower() == "final"]
        if not final:
            return None
        return re.split(r"<\|(?:end|return|start|call)\|>", text[final[-1].end() :])[0]
    if _BARE_ANALYSIS.match(text):
        parts = _BARE_FINAL.split(text)
        return parts[-1] if len(parts) > 1 else None
    return text
