import pytest

from mevqa.records import Question
from mevqa.report.verdicts import answered_class, reference_class, verdict
from mevqa.scoring.items import make_items
from mevqa.scoring.pairing import Pair
from mevqa.scoring.presets import answer_preset
from mevqa.vqa.question_types import parse_question

COMBINED = (
    "What is the action unit present, and based on it, what is the fine-grained expression and the coarse expression "
    "class?"
)
SENTENCE = (
    "The action unit present is: brow lowerer. Therefore, the fine-grained expression class is disgust, and the coarse "
    "expression class is negative."
)


def item(question, reference, text):
    from pathlib import Path

    parsed = parse_question(question)
    asked = Question(
        "q", "c", question, parsed.type, parsed.action_unit, parsed.ordinal, parsed.plural, reference=reference
    )
    return make_items([Pair(asked, Path("f"), text=text)], answer_preset("megc2026-vqa"))[0]


@pytest.mark.parametrize(
    "question, reference, text, expected",
    [
        ("What is the coarse expression class?", "negative", "Negative.", "right"),
        ("What is the coarse expression class?", "negative", "positive", "wrong"),
        ("What is the coarse expression class?", "negative", "no idea", "none"),
        ("What are the action units?", "brow lowerer, dimpler", "AU14, AU4", "right"),
        ("What are the action units?", "brow lowerer, dimpler", "dimpler", "partly"),
        ("What are the action units?", "brow lowerer, dimpler", "jaw drop", "wrong"),
        ("How many expression events appear in this video?", "4", "four", "right"),
        ("How many expression events appear in this video?", "4", "5", "wrong"),
        (COMBINED, SENTENCE, SENTENCE, "right"),
        (COMBINED, SENTENCE, SENTENCE.replace("brow lowerer", "jaw drop"), "partly"),
        (COMBINED, SENTENCE, "The action unit present is: jaw drop.", "wrong"),
        ("What do you see?", "a face", "A face ", "right"),
        ("What do you see?", "a face", "a hand", "wrong"),
    ],
)
def test_verdicts(question, reference, text, expected):
    assert verdict(item(question, reference, text), answered=True) == expected


def test_without_reference_nothing_is_right_or_wrong():
    assert verdict(None, answered=True) == "open"
    assert verdict(None, answered=False) == "none"


def test_classes_of_closed_questions_only():
    closed = item("What is the coarse expression class?", "negative", "Positive.")
    assert (reference_class(closed), answered_class(closed)) == ("negative", "positive")
    listed = item("What are the action units?", "dimpler", "dimpler")
    assert (reference_class(listed), answered_class(listed)) == ("", "")
