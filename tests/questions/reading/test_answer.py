"""The reader of answers: order of what counts, and the corpus of answer texts."""

import pytest
from corpus import outcome, reading, texts

from mevqa.questions.answers import read_answer
from mevqa.questions.question_types import parse_question
from mevqa.questions.reading import cues, json_answers, labels
from mevqa.questions.reading.text.plain_text import plain_text
from mevqa.types import Question

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
    readings = [(*case, reading(*case[:3])) for case in texts()]
    assert len(readings) >= 200
    wrong = [(text, read, right) for _, text, _, right, read in readings if outcome(read, right) == "wrong"]
    assert wrong == []
    unusable = [text for _, text, _, right, read in readings if outcome(read, right) == "unusable"]
    assert len(unusable) <= 0.05 * sum(right is not None for *_, right, _ in readings), unusable


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


def test_brackets_that_are_never_closed_are_looked_for_in_one_pass(monkeypatch):
    class Counted:
        passes = 0

        def finditer(self, text):
            Counted.passes += 1
            return pattern.finditer(text)

    pattern = json_answers._BRACKET
    monkeypatch.setattr(json_answers, "_BRACKET", Counted())
    assert read_answer(asked(COARSE), "".join(f'{{"a{number}":' for number in range(500))).unusable == "unreadable"
    assert Counted.passes == 1


def test_formats_within_formats_are_taken_off_to_a_bound():
    assert plain_text(r"\text{" * 3 + "negative" + "}" * 3) == "negative"
    assert r"\text" in plain_text(r"\text{" * 500 + "negative" + "}" * 500)


def test_of_very_many_opening_tags_the_last_are_looked_at():
    many = "<answer>positive" * 1000
    assert cues.tagged_answer(f"{many}</answer>").count("positive") == cues._MOST_TAGS
    assert read_answer(asked(COARSE), f"{many}</answer><answer>negative</answer>").value == "negative"


def test_of_very_many_corrections_the_last_are_read():
    read = []
    text = "negative. " + "wait, no, a b. " * 1000
    assert labels.corrected(text, lambda part: read.append(part)) is None
    assert len(read) == labels._MOST_CORRECTIONS + 1 and read[-1] == text
