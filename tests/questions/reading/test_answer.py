"""The reader of answers: order of what counts, and the corpus of answer texts."""

import pytest
from corpus import outcome, reading, texts

from mevqa.questions.question_types import parse_question
from mevqa.questions.reading import read_answer
from mevqa.records import Question

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


@pytest.mark.parametrize(
    "text", ["negative positive " * 400, "yes no " * 400, "not " * 2000, '{"a": [' * 1500, "(" * 999]
)
@pytest.mark.parametrize("question", [COARSE, UNITS, "Is the action unit dimpler shown on the face?"])
def test_a_text_that_goes_round_in_circles_is_unusable(question, text):
    assert read_answer(asked(question), text).unusable in ("ambiguous", "unreadable")


def test_the_corpus_is_read_as_a_person_reads_it():
    found = [(*one, reading(*one[:3])) for one in texts()]
    assert len(found) >= 200
    wrong = [(text, read, right) for _, text, _, right, read in found if outcome(read, right) == "wrong"]
    assert wrong == []
    unusable = [text for _, text, _, right, read in found if outcome(read, right) == "unusable"]
    assert len(unusable) <= 0.05 * sum(right is not None for *_, right, _ in found), unusable


def test_the_corpus_holds_no_text_twice():
    seen = [(question.text, text, truncated) for question, text, truncated, _ in texts()]
    assert len(seen) == len(set(seen))


def test_letters_are_those_of_the_question_else_of_the_prompt():
    assert read_answer(asked(COARSE), "(B)").value == "negative"
    listed = "What is the coarse expression class? (A) surprise (B) positive (C) negative"
    assert read_answer(asked(listed), "B").value == "positive"
    assert read_answer(asked(listed), "Answer: C").value == "negative"
    fine = "What is the fine-grained expression class?"
    assert read_answer(asked(fine, "casme2"), "A").value == "disgust"
    assert read_answer(asked(fine, "samm"), "A").value == "anger"


@pytest.mark.parametrize("loop", [",", "-", "(", "[", " \n", "\\boxed{"])
@pytest.mark.parametrize("question", ["What are the action units?", "How many expressions are there in total?"])
def test_a_loop_is_read_like_a_few_turns_of_it(question, loop):
    # Without that bound some of these take minutes and hours.
    few, many = (read_answer(asked(question), loop * count + "x") for count in (60, 20_000))
    assert (many.value, many.unusable) == (few.value, few.unusable)
