"""Bring a text into plain lower-case English words that the patterns are written for."""

from __future__ import annotations

import functools
import re
import unicodedata

from mevqa.questions.reading.words import WORDS, any_of

_LATEX = re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|textrm|mbox|emph|operatorname)\s*\{([^{}]*)\}")
#: Formats of LaTeX in one another; each costs a pass over the text.
_MOST_NESTED = 20
_CJK = r"\u3400-\u9fff"
_EMPHASIS = re.compile(r"\*+(?!\s*\()|(?<!\w)_+|_+(?!\w)|[`\"“”„«»]|^\s*>+|^\s*#+", re.MULTILINE)
_STARRED = re.compile(r"^[ \t]*\*[ \t]+", re.MULTILINE)
#: Variation selectors of emoji, and marks of no width.
_INVISIBLE = re.compile("[\ufe00-\ufe0f\u200b-\u200f\u2060\ufeff]")
_CONTRACTIONS = (
    (re.compile(r"[’‘´]"), "'"),
    (re.compile(r"\b(?:can't|can not|cant)\b"), "cannot"),
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"\b(is|are|was|were|do|does|did|has|have|had|could|would|should|must|need|might)n't\b"), r"\1 not"),
    (re.compile(r"\b(is|are|was|were|do|does|did)nt\b"), r"\1 not"),
)


def plain_text(text: str) -> str:
    """Return a text in lower case with one kind of space, quote and stop, without emphasis, Chinese words in English.

    Lines are kept: they divide lists.
    """
    if text.isascii():
        plain = text
    else:
        plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
        if re.search(f"[{_CJK}]", plain):
            plain = _english(plain)
    plain = _STARRED.sub("- ", plain)
    for _ in range(_MOST_NESTED):
        plain, count = _LATEX.subn(r"\1", plain)
        if not count:
            break
    plain = _EMPHASIS.sub(" ", plain.replace("\\_", "_").replace("\\%", "%")).lower()
    for spelling, usual in _CONTRACTIONS:
        plain = spelling.sub(usual, plain)
    for idiom, usual in _idioms():
        plain = idiom.sub(usual, plain)
    return "\n".join(line for line in (" ".join(part.split()) for part in plain.splitlines()) if line)


def _english(text: str) -> str:
    """Put the Chinese words of the table into English ones."""
    text = text.replace("。", ". ").replace("、", ", ").replace("《", " ").replace("》", " ")
    text = text.replace("「", " ").replace("」", " ").replace("【", " ").replace("】", ": ")
    text = re.sub(rf"(^|[:\n.,]\s*)(?:{any_of(WORDS.chinese_yes)})(?=\s*(?:[,.!;:\n]|$))", r"\1 yes ", text)
    text = re.sub(rf"(^|[:\n.,]\s*)(?:{any_of(WORDS.chinese_no)})(?=\s*(?:[,.!;:\n]|$))", r"\1 no ", text)
    text = _chinese().sub(lambda match: WORDS.chinese[match[0]], text)
    text = re.sub(
        rf"([{''.join(WORDS.chinese_numerals)}]{{1,3}})(?=\s*(?:{any_of(WORDS.chinese_measures)}))", _number, text
    )
    text = re.sub(rf"(?<=\d)\s*(?:{any_of(WORDS.chinese_measures)})", " ", text)
    if re.fullmatch(rf"\s*[{''.join(WORDS.chinese_numerals)}]{{1,3}}\s*\.?\s*", text):
        text = _numeral(text.strip(" .\n"))
    # A Latin word beside a Chinese one begins a word.
    text = re.sub(rf"(?<=[{_CJK}])(?=[A-Za-z0-9])|(?<=[A-Za-z0-9])(?=[{_CJK}])", " ", text)
    return text


def _number(match: re.Match[str]) -> str:
    return f" {_numeral(match[1])} "


def _numeral(text: str) -> str:
    """Return a Chinese numeral below a hundred in digits."""
    digits = WORDS.chinese_numerals
    if "十" in text:
        tens, _, last_digit = text.partition("十")
        return str((digits[tens] if tens else 1) * 10 + (digits[last_digit] if last_digit else 0))
    return "".join(str(digits[digit]) for digit in text)


@functools.cache
def _chinese() -> re.Pattern[str]:
    return re.compile(any_of(tuple(WORDS.chinese)))


@functools.cache
def _idioms() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(idiom), usual) for idiom, usual in WORDS.patterns.idioms.items())
