import json
import re

import pytest

from mevqa.datasets import taxonomy
from mevqa.facs import UNIT_NAMES
from mevqa.questions.answers import fault, normalise
from mevqa.questions.prompt_schema import AnswerForm
from mevqa.questions.question_types import parse_question, question_type
from mevqa.questions.reading.sentences import read_parts
from mevqa.questions.reading.text.plain_text import plain_text
from mevqa.questions.writing.grammar import admits
from mevqa.questions.writing.sentences import sentence, unit_list
from mevqa.types import Parts, Question, Reply

COMBINED = (
    "The action units present are: brow lowerer, lid tightener. Therefore, the fine-grained expression class is "
    "disgust, and the coarse expression class is negative."
)


def question(kind, plural=False, dataset="casme2"):
    return Question("q", "c", "?", kind, plural=plural, dataset=dataset, action_unit="dimpler", ordinal=1)


def test_sentences_have_the_official_wording():
    units = ("lid tightener", "brow lowerer")
    assert sentence("combined", units, "disgust", "negative", plural=True) == COMBINED
    assert sentence("combined", ("dimpler",), "happiness", "positive", plural=False) == (
        "The action unit present is: dimpler. Therefore, the fine-grained expression class is happiness, and the "
        "coarse expression class is positive."
    )


def test_lists_are_in_the_order_of_the_unit_numbers():
    assert unit_list(("chin raiser", "brow lowerer", "lip corner puller")) == (
        "brow lowerer, lip corner puller, chin raiser"
    )


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("coarse", "Negative.", "negative"),
        ("coarse", "It is not positive but negative", "negative"),
        ("coarse", "The face looks happy", "positive"),
        ("coarse", "a confused look", None),
        ("coarse", "The brow is low, so **Surprise**", "surprise"),
        ("coarse", "positive? no smile. Answer: negative", "negative"),
        ("coarse", "<think>positive</think>negative", "negative"),
        ("fine", "Happy", "happiness"),
        ("fine", "The person is disgusted.", "disgust"),
        ("fine", "contempt", None),
        ("au_presence", "Yes, slightly", "yes"),
        ("au_presence", "It is not visible.", "no"),
        ("au_presence", "It is not clearly shown", "no"),
        ("au_presence", "The unit is shown on the face", "yes"),
        ("au_presence", "No. The unit is shown on no side.", "no"),
        ("au_side", "On the LEFT side of the face", "left"),
        ("au_side", "both", None),
        ("au_side", "on neither side", None),
        ("nth_type", "Micro", "micro-expression"),
        ("nth_type", "It is not a micro-expression.", "macro-expression"),
        ("nth_type", "a macro expression", "macro-expression"),
        ("count_all", "12", "12"),
        ("count_all", "There are five expression events in 30 s.", "5"),
        ("count_micro", "No micro-expressions appear.", "0"),
        ("count_all", "Maybe 3 or 4", None),
        ("count_all", "many", None),
        ("au_inventory", "AU12 and AU4", "brow lowerer, lip corner puller"),
        ("localise", "frames 12-30 (micro-expression)", "frames 12-30 (micro-expression)"),
        (
            "localise",
            "Micro-expressions: 12 to 30, 50–61; one macro-expression: frame 80 - 140.",
            "frames 12-30 (micro-expression), frames 50-61 (micro-expression), frames 80-140 (macro-expression)",
        ),
        ("localise", "From frame 12 to frame 30.", "frames 12-30"),
        ("localise", "None.", "none"),
        ("localise", "There are no expression events.", "none"),
        ("localise", "from 1.2 to 1.5 s, or 2-3 seconds", None),
        ("localise", "somewhere", None),
        ("longest", "It spans frames 80-140, longer than 12-30", "frames 80-140"),
        ("longest", "none", None),
        (
            "describe_nth",
            "A macro-expression (frames 80-140, apex frame 95) with AU4 and AU7: disgust.",
            "The 1st expression event is a macro-expression from frame 80 to frame 140 with its apex at frame 95. "
            "The action units present are: brow lowerer, lid tightener. Therefore, the fine-grained expression class "
            "is disgust, and the coarse expression class is negative.",
        ),
        (
            "describe_nth",
            "Onset: 3, offset: 20. Happy.",
            "The 1st expression event is from frame 3 to frame 20. The fine-grained expression class is happiness, "
            "and the coarse expression class is positive.",
        ),
        ("describe_nth", "I cannot tell.", None),
        ("event_presence", "No, there is none", "no"),
        ("order", "the macro-expression", "macro-expression"),
        ("count_between", "Between second 2 and 8 there are three events", "3"),
        ("summary", " Two events:\n both micro. ", "Two events: both micro."),
        ("summary", "I cannot tell.", None),
        ("open", " The eyes are open. ", "The eyes are open."),
    ],
)
def test_free_text_becomes_official(kind, text, expected):
    assert normalise(question(kind), Reply(text)) == expected


def test_lists_hold_as_many_names_as_the_question_asks_for():
    reply = Reply("1. Lip-Corner Puller (AU12)\n2. Cheek Raiser; also a lip suck")
    assert normalise(question("au_list", plural=True), reply) == "cheek raiser, lip corner puller"
    assert normalise(question("au_list"), reply) == "lip corner puller"
    assert normalise(question("au_list"), Reply("blepharospasm")) is None


def test_free_sentences_become_official():
    reply = Reply("A NEGATIVE expression: disgust, since AU4 and AU7 are active.")
    assert normalise(question("combined", plural=True), reply) == COMBINED
    analysis = normalise(question("analysis"), reply)
    assert analysis.startswith("The micro-expression shows the action units brow lowerer, lid tightener. ")
    assert normalise(question("combined"), Reply("disgust")) is None


def test_the_nth_event_of_a_kind_is_of_that_kind():
    nth_question = Question("q", "c", "?", "describe_nth", ordinal=2, kind="micro")
    text = normalise(nth_question, Reply("Frames 3 to 9."))
    assert text == "The 2nd micro-expression event is a micro-expression from frame 3 to frame 9."
    assert fault(nth_question, text) is None
    # As runs of before have it.
    assert fault(nth_question, text.replace("2nd", "2-th")) is None and fault(nth_question, text.replace("2nd", "3-th"))


def test_labels_may_follow_the_classes():
    text = "Disgust (fine-grained), negative (coarse), with the fine lines of a nose wrinkler"
    assert read_parts(plain_text(text)) == Parts(("nose wrinkler",), "disgust", "negative")


def test_classes_of_a_sentence_are_told_apart_by_their_labels():
    text = "Fine-grained class: surprise. Coarse class: positive. Units: inner brow raiser."
    assert "is surprise, and the coarse expression class is positive" in normalise(question("combined"), Reply(text))


def test_errors_and_options():
    coarse = question("coarse")
    assert normalise(coarse, Reply("", error="out of memory")) is None
    assert normalise(coarse, Reply("?", options={"negative": 0.7, "positive": 0.3})) == "negative"


@pytest.mark.parametrize("kind", ["combined", "analysis"])
@pytest.mark.parametrize("count", [1, 2, 4])
def test_the_grammar_admits_what_the_surface_writes(kind, count):
    request = question(kind, plural=count > 1)
    form = AnswerForm(sentence="facs.units", at_most=6)
    grammar = question_type(kind).grammar(request, form, taxonomy("casme2"))
    written = sentence(kind, UNIT_NAMES[:count], "repression", "negative", plural=count > 1)
    assert admits(grammar, written)
    assert normalise(request, Reply(written)) == written
    assert fault(request, written) is None


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("coarse", "confused"),
        ("coarse", "Negative"),
        ("fine", "happy"),
        ("au_list", "blepharospasm"),
        ("au_list", "brow lowerer,lid tightener"),
        ("au_list", "brow lowerer, brow lowerer"),
        ("au_presence", "Yes"),
        ("au_side", "both"),
        ("nth_type", "micro"),
        ("count_all", "three"),
        ("count_all", "-1"),
        ("combined", COMBINED.replace("disgust", "confused")),
        ("combined", COMBINED.replace("lid tightener", "blepharospasm")),
        ("combined", "brow lowerer, disgust, negative"),
        ("analysis", "Not enough images"),
        ("localise", "frames 12-30"),
        ("localise", "12-30 (micro-expression)"),
        ("localise", "frames 30-12 (micro-expression)"),
        ("localise", "no event"),
        ("longest", "none"),
        ("longest", "frames 1-9, frames 20-30"),
        ("describe_nth", "A micro-expression of anger."),
        ("describe_nth", "The 2nd expression event is a micro-expression."),
        ("event_presence", "Yes"),
        ("order", "micro"),
        ("count_between", "two"),
        ("summary", "I cannot tell."),
        ("open", "  "),
    ],
)
def test_answers_outside_the_vocabulary_are_faults(kind, text):
    assert fault(question(kind), text)


@pytest.mark.data
@pytest.mark.parametrize(
    "name", ["me_vqa_casme2_train.jsonl", "me_vqa_smic_coarse.jsonl", "me_vqa_casme3_test_pred.jsonl"]
)
def test_official_answers_are_in_the_vocabulary_and_stay_as_they_are(name, shared_data):
    reordered = 0
    for line in (shared_data / "megc" / name).read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        parsed = parse_question(row["question"])
        asked = Question("q", "c", row["question"], parsed.type, action_unit=parsed.action_unit, plural=parsed.plural)
        assert fault(asked, row["answer"]) is None, line
        text = normalise(asked, Reply(row["answer"]))
        assert sorted(re.findall(r"[a-z-]+", text.lower())) == sorted(re.findall(r"[a-z-]+", row["answer"].lower())), (
            line
        )
        reordered += text != row["answer"]
    # A coder's list that is not in the order of the unit numbers, once as a list and once in a sentence.
    assert reordered <= 4
