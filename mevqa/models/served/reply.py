"""What a chat endpoint replied to one request, read from the objects of the ``openai`` package."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mevqa.models.served.usage import Usage

#: Reasons for the end of a reply by which the model ended it itself, as different servers name them.
_ENDED = frozenset({"stop", "eos", "eos_token", "end_turn", "stop_sequence"})


class BrokenReplyError(ValueError):
    """A reply that has not the form of the API."""


@dataclass(frozen=True, slots=True)
class WrittenToken:
    """One token of a reply with the likeliest tokens at its place.

    Attributes:
        text: The token.
        alternatives: Texts and natural log-probabilities, the written token among them.
    """

    text: str
    alternatives: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class ChatReply:
    """A reply.

    Attributes:
        text: What the model wrote, without white space around it.
        truncated: Whether the bound on new tokens stopped it.
        refusal: Why it is no answer (the model refused, a filter cut it off); None where it may be one.
        tokens: Its tokens, where the server tells them.
        used: What it used.
        model: What the server calls the model that answered.
        thought: What it thought before, where the server tells that apart.
    """

    text: str
    truncated: bool
    refusal: str | None
    tokens: tuple[WrittenToken, ...]
    used: Usage
    model: str
    thought: str = ""


def read_reply(completion: Any, redacted: Callable[[str], str]) -> ChatReply:
    """Read a completion of the API.

    Args:
        completion: A ``ChatCompletion``; servers leave out much of what its type promises.
        redacted: Takes keys out of a text.

    Raises:
        BrokenReplyError: It holds no choice; a server may say why in place of it.
    """
    choices = getattr(completion, "choices", None)
    if not choices:
        # Some hosts answer 200 and an error.
        error = getattr(completion, "error", None)
        raise BrokenReplyError(f"it holds no choice{f' ({error})' if error else ''}")
    choice = choices[0]
    message = choice.message
    return ChatReply(
        redacted(message.content or "").strip(),
        choice.finish_reason == "length",
        _refusal(choice.finish_reason, getattr(message, "refusal", None), redacted),
        _tokens(getattr(choice, "logprobs", None)),
        _used(getattr(completion, "usage", None)),
        str(getattr(completion, "model", None) or ""),
        # vLLM, SGLang and llama.cpp call it so, newer ones and OpenRouter the second.
        redacted(str(getattr(message, "reasoning_content", None) or getattr(message, "reasoning", None) or "")).strip(),
    )


def _refusal(reason: str | None, refused: str | None, redacted: Callable[[str], str]) -> str | None:
    """Return why a reply is no answer; one that is only too long is read, and called truncated."""
    if refused:
        return f"the model refused: {redacted(' '.join(refused.split()))[:200]}"
    if reason == "content_filter":
        return "the server's filter cut the answer off"
    if reason in _ENDED or reason == "length":
        return None
    return f"the answer ended for the reason {reason!r}, which is none that a whole answer ends for"


def _tokens(logprobs: Any) -> tuple[WrittenToken, ...]:
    """Return the written tokens with their alternatives, none where the server tells none."""
    tokens = []
    for position in getattr(logprobs, "content", None) or ():
        listed: Sequence[Any] = getattr(position, "top_logprobs", None) or ()
        alternatives = {str(other.token): float(other.logprob) for other in listed}
        alternatives.setdefault(str(position.token), float(position.logprob))
        tokens.append(WrittenToken(str(position.token), tuple(alternatives.items())))
    return tuple(tokens)


def _used(usage: Any) -> Usage:
    """Return requests and tokens of a reply; a server that counts none leaves them 0."""
    details = getattr(usage, "prompt_tokens_details", None)
    return Usage(
        1,
        0,
        int(getattr(usage, "prompt_tokens", None) or 0),
        int(getattr(details, "cached_tokens", None) or 0),
        int(getattr(usage, "completion_tokens", None) or 0),
    )
