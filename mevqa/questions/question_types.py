"""Recognise what a question asks for from its text."""

from __future__ import annotations

import functools
import re

from mevqa.control_tokens import remove_control_tokens
from mevqa.facs import find_units, unit_name
from mevqa.questions.long_question_types import names_one_event, parse_long_video
from mevqa.questions.parsed_question import ParsedQuestion
from mevqa.types import Clip, Question, QuestionType

__all__ = ["ParsedQuestion", "parse_question", "question_about"]

_UNIT = r"(?:action units?|aus?\b|facs units?)"
_PRESENT = (
    r"(?:shown?|present|visible|activated?|active|seen?|appears?|appearing|occurs?|occurring|there|displayed|observed"
    r"|detected|involved)"
)


@functools.lru_cache(maxsize=1 << 14)
def parse_question(text: str) -> ParsedQuestion:
    """Recognise the type and the slots of a question.

    Args:
        text: The question in the official wording of MEGC 2025 or 2026, in that of our questions about long videos, or
            in a close paraphrase. Case, spaces, hyphens, punctuation and singular or plural do not matter.

    Returns:
        The type and slots; ``OPEN`` for what is none of these questions.
    """
    text = remove_control_tokens(text)  # question files made for LLaVA begin with <image>
    words = _simplify(text)
    plural = re.search(r"\b(?:action units|facs units|aus)\b", words) is not None
    names_units = re.search(rf"\b{_UNIT}", words) is not None
    if not names_units and _asks_whether_shown(words):
        return ParsedQuestion(QuestionType.EXPRESSION_SHOWN)
    long_video = parse_long_video(text, words, names_units)
    if long_video is not None:
        return long_video
    units = find_units(text)
    if units or re.search(r"^(?:is|are|does|do|can)\b.*\baction unit\b", words):
        return _parse_about_unit(words, units)
    fine = re.search(r"\bfine(?: ?grained)?\b", words) is not None
    coarse = re.search(r"\bcoarse\b", words) is not None
    if names_units and (fine or coarse):
        return ParsedQuestion(QuestionType.COMBINED, plural=plural)
    if names_units and not re.search(r"\b(?:how many|why|where|when|intensity|emotion)\b", words):
        return ParsedQuestion(QuestionType.AU_LIST, plural=plural)
    if names_units:
        return ParsedQuestion(QuestionType.OPEN)
    if re.search(r"\b(?:analy[sz]e|analysis|analy[sz]ing)\b", words) or _asks_description(words):
        return ParsedQuestion(QuestionType.ANALYSIS)
    return ParsedQuestion(_class_question(words, fine, coarse))


def question_about(clip: Clip, number: int, text: str) -> Question:
    """Return the user's own words as a question about ``clip``, with its type recognised."""
    parsed = parse_question(text)
    return Question(
        id=str(number),
        clip_id=clip.id,
        text=text,
        type=parsed.type,
        action_unit=parsed.action_unit,
        ordinal=parsed.ordinal,
        plural=parsed.plural,
        dataset=clip.dataset,
        kind=parsed.kind,
        between_s=parsed.between_s,
    )


def _simplify(text: str) -> str:
    """Lower the case, turn hyphens and punctuation into single spaces, and unify spellings."""
    words = re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()
    words = re.sub(r"\bmicroexpress", "micro express", words)
    words = re.sub(r"\bmacroexpress", "macro express", words)
    words = re.sub(r"\bfinegrained\b", "fine grained", words)
    return re.sub(r"\bactionunit", "action unit", words)


def _asks_whether_shown(words: str) -> bool:
    """Whether it is asked if a short clip shows an expression at all; of a video, events are asked for."""
    if not re.search(r"\b(?:clip|face)\b", words) or re.search(r"\b(?:events?|video|or)\b", words):
        return False
    asked = rf"(?:is|are|does|do|can)\b.*\bexpressions?\b.*\b{_PRESENT}\b|(?:is|are) there\b.*\bexpressions?\b"
    return re.match(asked, words) is not None


def _parse_about_unit(words: str, units: tuple[int, ...]) -> ParsedQuestion:
    """Tell presence from side questions about one unit."""
    if len(units) > 1:
        return ParsedQuestion(QuestionType.OPEN)
    name = unit_name(units[0]) if units else None
    side = re.search(r"\bleft or (?:the |on the )?right\b|\bright or (?:the |on the )?left\b|\bwhich side\b", words)
    if side:
        return ParsedQuestion(QuestionType.AU_SIDE, action_unit=name)
    if re.match(r"(?:is|are|does|do|can)\b", words) and re.search(rf"\b{_PRESENT}\b", words):
        return ParsedQuestion(QuestionType.AU_PRESENCE, action_unit=name)
    return ParsedQuestion(QuestionType.OPEN)


def _asks_description(words: str) -> bool:
    """Whether the whole expression is to be described (one event of many is another question)."""
    return bool(re.match(r"(?:please )?describe\b.*\bexpression\b", words)) and not names_one_event(words)


def _class_question(words: str, fine: bool, coarse: bool) -> QuestionType:
    """Tell the class questions apart; ``OPEN`` for what is neither, or both."""
    about = re.search(r"\b(?:expression|emotion|class|category|label)\b", words) is not None
    if fine != coarse and about:
        return QuestionType.FINE if fine else QuestionType.COARSE
    if fine or coarse or not about:
        return QuestionType.OPEN
    if all(re.search(rf"\b{name}\b", words) for name in ("positive", "negative", "surprise")):
        return QuestionType.COARSE
    if re.match(r"(?:what|which) (?:\w+ ){0,3}?emotion\b", words) and not re.search(r"\b(?:why|when|where)\b", words):
        return QuestionType.FINE
    return QuestionType.OPEN
