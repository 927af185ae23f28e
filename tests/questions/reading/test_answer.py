"""The reader of answers: order of what counts, and the corpus of answer texts."""

import pytest

from mevqa.questions.reading import read_answer
from mevqa.records import Question
from mevqa.vqa.question_types import parse_question

COARSE = "What is the coarse expression class?"
UNITS = "What are the action units?"


def asked(text, dataset="casme2"):
    parsed = parse_question(text)
    return Question(
        "q",
        "c",
        text,
        parsed.type,
        parsed.action_unit,
        parsed.ordinal,
        parsed.plural,
        dataset=dataset,
        kind=parsed.kind,
    )


def test_an_answer_that_was_cut_off_is_unusable_whatever_it_says():
    reading = read_answer(asked(COARSE), "negative", truncated=True)
    assert (reading.value, reading.unusable, reading.text) == (None, "truncated", "")


@pytest.mark.parametrize(
    "text",
    ["<think>negative", "negative <thinking>or positive?", "[THINK]negative", "<|channel|>analysis<|message|>negative"],
)
def test_an_open_thought_is_unusable(text):
    assert read_answer(asked(COARSE), text).unusable == "open_thought"


@pytest.mark.parametrize(
    "text",
    [
        "<think>positive?</think>negative",
        "positive</think>\n\nnegative",
        "<seed:think>positive</seed:think>negative",
        "◁think▷positive◁/think▷negative",
        "[THINK]positive[/THINK]negative",
        "<|channel|>analysis<|message|>positive<|end|><|start|>assistant<|channel|>final<|message|>negative<|return|>",
        "analysisThe mouth is positive.assistantfinalnegative",
    ],
)
def test_thoughts_are_taken_off(text):
    reading = read_answer(asked(COARSE), text)
    assert (reading.text, reading.value) == ("negative", "negative")


@pytest.mark.parametrize("text", ["negative", "surprise"])
def test_an_official_answer_is_read_as_it_stands(text):
    assert read_answer(asked(COARSE), text).value == text
    assert read_answer(asked(UNITS), "brow lowerer, dimpler").value == (4, 14)
