import pytest

from mevqa.questions.question_types import parse_question
from mevqa.reporting.answer_grading import answered_class, reference_class, verdict
from mevqa.scoring.answers.items import make_items
from mevqa.scoring.answers.pairing import Pair
from mevqa.scoring.answers.presets import answer_preset
from mevqa.types import Question

COMBINED = (
    "What is the action unit present, and based on it, what is the fine-grained expression and the coarse expression "
    "class?"
)
SENTENCE = (
    "The action unit present is: brow lowerer. Therefore, the fine-grained expression class is disgust, and the coarse "
    "expression class is negative."
)

LOCALISE = "Localise every expression event in this video."
LONGEST = "Which expression event in this video is the longest?"
DESCRIBE = "Describe the 1-th expression event in this video."
DESCRIBED = "The 1st expression event is a micro-expression from frame 0 to frame 9. " + SENTENCE
SUMMARISE = "Summarise the expression events of this video and explain your reasoning."
SUMMARY = "This video shows 2 expression events: 1 micro-expression and 1 macro-expression, with dimpler."


def item(question, reference, text):
    from pathlib import Path

    parsed = parse_question(question)
    asked = Question(
        "q",
        "c",
        question,
        parsed.type,
        parsed.action_unit,
        parsed.ordinal,
        parsed.plural,
        reference=reference,
        kind=parsed.kind,
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
        (LOCALISE, "frames 0-9 (micro-expression)", "Micro-expression: frames 1 to 9", "right"),
        (LOCALISE, "frames 0-9 (micro-expression)", "frames 1-9 (macro-expression)", "partly"),
        (LOCALISE, "frames 0-9 (micro-expression)", "frames 0-9 (micro-expression), frames 20-30", "partly"),
        (LOCALISE, "frames 0-9 (micro-expression)", "frames 7-20 (micro-expression)", "wrong"),
        (LOCALISE, "frames 0-9 (micro-expression)", "none", "wrong"),
        (LOCALISE, "none", "There are no expressions.", "right"),
        (LOCALISE, "none", "at the end", "none"),
        ("Where are the micro-expressions?", "frames 0-9", "frames 0-9", "right"),
        (LONGEST, "frames 0-9", "frames 0-5", "right"),
        (LONGEST, "frames 0-9", "frames 9-20", "partly"),
        (LONGEST, "frames 0-9", "frames 10-20", "wrong"),
        (DESCRIBE, DESCRIBED, "From frame 2 to frame 9, a micro-expression with AU4: disgust, negative.", "right"),
        (DESCRIBE, DESCRIBED, "From frame 2 to frame 9, a micro-expression with AU4: anger, negative.", "partly"),
        (DESCRIBE, DESCRIBED, "A macro-expression of happiness, frames 30-60, with AU12.", "wrong"),
        (DESCRIBE, DESCRIBED, "I cannot tell.", "none"),
        (SUMMARISE, SUMMARY, "2 expression events, 1 micro-expression and 1 macro-expression: dimpler.", "right"),
        (SUMMARISE, SUMMARY, "2 expression events: smiles.", "partly"),
        (SUMMARISE, SUMMARY, "9 expression events.", "wrong"),
        ("Which comes first, a micro-expression or a macro-expression?", "micro-expression", "macro", "wrong"),
        ("Is there an expression event in this video?", "yes", "yes.", "right"),
        ("How many events are there between second 1 and second 4?", "2", "two events", "right"),
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
