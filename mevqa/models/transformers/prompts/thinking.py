"""Thoughts in chat templates: whether a prompt opens one where the answer begins, and how one is closed.

Templates of reasoning models end the prompt inside a thought (``<think>``), or have a switch for that. What stands
behind an open thought is a thought and no answer, so that options and grammars are asked behind a closed one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from mevqa.models.transformers.prompts.conversation import messages

#: Names of the template variables that turn thinking on and off (Qwen3, GLM, SmolLM3; DeepSeek V3.1, Granite).
_SWITCHES = ("enable_thinking", "thinking", "enable_reasoning")
#: What the name of a thought's tag holds, whatever stands around it (``<think>``, ``<seed:think>``, ``[THINK]``).
_NAME = r"[\w:. -]*(?:think|thought|reason|reflect|\bcot\b)[\w:. -]*"
#: Brackets around the names of tags, the longer ones first.
_BRACKETS = (("<|", "|>"), ("<", ">"), ("[", "]"), ("\u25c1", "\u25b7"))
_OPEN = re.compile("|".join(f"{re.escape(a)}{_NAME}{re.escape(b)}" for a, b in _BRACKETS), re.IGNORECASE)
#: Stand for a thought and for an answer in a template that is probed.
_THOUGHT, _ANSWER = "Xthought", "Xanswer"


@dataclass(frozen=True, slots=True)
class Thought:
    """How a chat template writes a thought.

    Attributes:
        opening: Tag and white space that open it.
        end: The tag that ends it.
        closing: What closes it and leads to the answer: white space, the tag, white space.
    """

    opening: str
    end: str
    closing: str


def thinking_switches(template: Any) -> tuple[str, ...]:
    """Return the names of the variables by which a chat template turns thinking on and off.

    Args:
        template: The template's text, or several by name.
    """
    texts = template.values() if isinstance(template, dict) else [template]
    expressions = " ".join(part for text in texts for part in re.findall(r"\{[{%].*?[%}]\}", str(text), re.DOTALL))
    plain = re.sub(r"'[^']*'|\"[^\"]*\"", "", expressions)
    return tuple(name for name in _SWITCHES if re.search(rf"(?<![\w.]){name}\b(?!\s*=[^=])", plain))


def find_thought(
    render: Callable[..., str], switches: Iterable[str], knows_tag: Callable[[str], bool]
) -> Thought | None:
    """Return how a template writes thoughts; None for one that knows none.

    Args:
        render: Renders a conversation; ``prompt`` says whether up to where an answer begins, other names are switches.
        switches: Names of the template's switches.
        knows_tag: Whether the template or the tokeniser knows a tag.
    """
    conversation = messages("", [], "question")
    for on in (True, False):
        text = render(conversation, prompt=True, **dict.fromkeys(switches, on))
        thought = _open_at_end(text, knows_tag) or _closed_at_end(text, knows_tag)
        if thought is not None:
            return Thought(thought.opening, thought.end, _learned_closing(render, thought, switches) or thought.closing)
    return None


def is_open(text: str, thought: Thought) -> bool:
    """Return whether a rendered prompt ends inside a thought."""
    return text.rstrip().endswith(thought.opening.rstrip())


def _open_at_end(text: str, knows_tag: Callable[[str], bool]) -> Thought | None:
    """Return the thought that is open at the end of a prompt."""
    for match in _OPEN.finditer(text):
        if not text[match.end() :].strip():
            end = _end_tag(match[0], knows_tag)
            return Thought(text[match.start() :], end, f"\n{end}\n\n")
    return None


def _closed_at_end(text: str, knows_tag: Callable[[str], bool]) -> Thought | None:
    """Return the thought that is opened and closed, with nothing in it, at the end of a prompt."""
    for match in _OPEN.finditer(text):
        end = _end_tag(match[0], knows_tag)
        inside, end_tag, after = text[match.end() :].partition(end)
        if end_tag and not inside.strip() and not after.strip():
            half = (len(inside) + 1) // 2
            return Thought(match[0] + inside[:half], end, inside[half:] + end + after)
    return None


def _end_tag(tag: str, knows_tag: Callable[[str], bool]) -> str:
    """Return the tag that ends what ``tag`` opens: ``</think>``, ``<|end_of_thought|>``, ``[/THINK]``."""
    left, right = next((a, b) for a, b in _BRACKETS if tag.startswith(a) and tag.endswith(b))
    name = tag[len(left) : len(tag) - len(right)]
    ended = re.sub(r"begin|start", "end", name, flags=re.IGNORECASE)
    tags = [f"{left}{ended}{right}"] if ended != name else []
    tags += [f"{left}/{name}{right}", f"{left[0]}/{left[1:]}{name}{right}"]
    return next((tag for tag in tags if knows_tag(tag)), tags[0])


def _learned_closing(render: Callable[..., str], thought: Thought, switches: Iterable[str]) -> str | None:
    """Return what the template itself writes between a thought and an answer; None where it drops thoughts."""
    answered = messages("", [], "question", answer=_ANSWER)
    answered[-1]["reasoning_content"] = _THOUGHT
    try:
        text = render(answered, prompt=False, **dict.fromkeys(switches, True))
    except Exception:  # templates refuse what they do not know by raising whatever jinja2 offers
        return None
    match = re.search(rf"{_THOUGHT}(\s*{re.escape(thought.end)}\s*){_ANSWER}", text)
    return match[1] if match else None
