"""Turns of a conversation as other toolkits write them."""

from __future__ import annotations

from typing import Any


def value_turns(system: str | None, question: str, answer: str | None) -> list[dict[str, str]]:
    """Return turns of ``from`` and ``value`` (LLaVA, ShareGPT).

    Args:
        system: The system text; none where it is empty.
        question: What the user says.
        answer: What the model says; None for no turn of it.
    """
    turns = [{"from": "human", "value": question}]
    turns += [{"from": "gpt", "value": answer}] if answer is not None else []
    return [{"from": "system", "value": system}, *turns] if system else turns


def role_turns(system: str | None, question: Any, answer: str | None) -> list[dict[str, Any]]:
    """Return turns of ``role`` and ``content`` (OpenAI, ms-swift); arguments as for ``value_turns``."""
    turns = [{"role": "user", "content": question}]
    turns += [{"role": "assistant", "content": answer}] if answer is not None else []
    return [{"role": "system", "content": system}, *turns] if system else turns
