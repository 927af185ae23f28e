import json
import re

import pytest

from mevqa.datasets import taxonomy
from mevqa.facs import UNIT_NAMES
from mevqa.questions.question_types import parse_question
from mevqa.questions.reading import Parts
from mevqa.questions.writing.answer_format import fault, normalise, read_parts, sentence, unit_list
from mevqa.questions.writing.answer_grammars import sentence_grammar
from mevqa.questions.writing.grammar import admits
from mevqa.types import Question, QuestionType, Reply

COMBINED = (
    "The action units present are: brow lowerer, lid tightener. Therefore, the fine-grained expression class is "
    "disgust, and the coarse expression class is negative."
)


def question(kind, plural=False, dataset="casme2"):
    return Question("q", "c", "?", kind, plural=plural, dataset=dataset, action_unit="dimpler", ordinal=1)


def test_sentences_have_the_official_wording():
    units = ("lid tightener", "brow lowerer")
    assert sentence(QuestionType.COMBINED, units, "disgust", "negative", plural=True) == COMBINED
    assert sentence(QuestionType.COMBINED, ("dimpler",), "happiness", "positive", plural=False) == (
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
        (QuestionType.COARSE, "Negative.", "negative"),
        (QuestionType.COARSE, "It is not positive but negative", "negative"),
        (QuestionType.COARSE, "The face looks happy", "positive"),
        (QuestionType.COARSE, "a confused look", None),
        (QuestionType.COARSE, "The brow is low, so **Surprise**", "surprise"),
        (QuestionType.COARSE, "positive? no smile. Answer: negative", "negative"),
        (QuestionType.COARSE, "<think>positive</think>negative", "negative"),
        (QuestionType.FINE, "Happy", "happiness"),
        (QuestionType.FINE, "The person is disgusted.", "disgust"),
        (QuestionType.FINE, "contempt", None),
        (QuestionType.AU_PRESENCE, "Yes, slightly", "yes"),
        (QuestionType.AU_PRESENCE, "It is not visible.", "no"),
        (QuestionType.AU_PRESENCE, "It is not clearly shown", "no"),
        (QuestionType.AU_PRESENCE, "The unit is shown on the face", "yes"),
        (QuestionType.AU_PRESENCE, "No. The unit is shown on no side.", "no"),
        (QuestionType.AU_SIDE, "On the LEFT side of the face", "left"),
        (QuestionType.AU_SIDE, "both", None),
        (QuestionType.AU_SIDE, "on neither side", None),
        (QuestionType.NTH_TYPE, "Micro", "micro-expression"),
        (QuestionType.NTH_TYPE, "It is not a micro-expression.", "macro-expression"),
        (QuestionType.NTH_TYPE, "a macro expression", "macro-expression"),
        (QuestionType.COUNT_ALL, "12", "12"),
        (QuestionType.COUNT_ALL, "There are five expression events in 30 s.", "5"),
        (QuestionType.COUNT_MICRO, "No micro-expressions appear.", "0"),
        (QuestionType.COUNT_ALL, "Maybe 3 or 4", None),
        (QuestionType.COUNT_ALL, "many", None),
        (QuestionType.AU_INVENTORY, "AU12 and AU4", "brow lowerer, lip corner puller"),
        (QuestionType.LOCALISE, "frames 12-30 (micro-expression)", "frames 12-30 (micro-expression)"),
        (
            QuestionType.LOCALISE,
            "Micro-expressions: 12 to 30, 50–61; one macro-expression: frame 80 - 140.",
            "frames 12-30 (micro-expression), frames 50-61 (micro-expression), frames 80-140 (macro-expression)",
        ),
        (QuestionType.LOCALISE, "From frame 12 to frame 30.", "frames 12-30"),
        (QuestionType.LOCALISE, "None.", "none"),
        (QuestionType.LOCALISE, "There are no expression events.", "none"),
        (QuestionType.LOCALISE, "from 1.2 to 1.5 s, or 2-3 seconds", None),
        (QuestionType.LOCALISE, "somewhere", None),
        (QuestionType.LONGEST, "It spans frames 80-140, longer than 12-30", "frames 80-140"),
        (QuestionType.LONGEST, "none", None),
        (
            QuestionType.DESCRIBE_NTH,
            "A macro-expression (frames 80-140, apex frame 95) with AU4 and AU7: disgust.",
            "The 1-th expression event is a macro-expression from frame 80 to frame 140 with its apex at frame 95. "
            "The action units present are: brow lowerer, lid tightener. Therefore, the fine-grained expression class "
            "is disgust, and the coarse expression class is negative.",
        ),
        (
            QuestionType.DESCRIBE_NTH,
            "Onset: 3, offset: 20. Happy.",
            "The 1-th expression event is from frame 3 to frame 20. The fine-grained expression class is happiness, "
            "and the coarse expression class is positive.",
        ),
        (QuestionType.DESCRIBE_NTH, "I cannot tell.", None),
        (QuestionType.EVENT_PRESENCE, "No, there is none", "no"),
        (QuestionType.ORDER, "the macro-expression", "macro-expression"),
        (QuestionType.COUNT_BETWEEN, "Between second 2 and 8 there are three events", "3"),
        (QuestionType.SUMMARY, " Two events:\n both micro. ", "Two events: both micro."),
        (QuestionType.SUMMARY, "I cannot tell.", None),
        (QuestionType.OPEN, " The eyes are open. ", "The eyes are open."),
    ],
)
def test_free_text_becomes_official(kind, text, expected):
    assert normalise(question(kind), Reply(text)) == expected


def test_lists_hold_as_many_names_as_the_question_asks_for():
    reply = Reply("1. Lip-Corner Puller (AU12)\n2. Cheek Raiser; also a lip suck")
    assert normalise(question(QuestionType.AU_LIST, plural=True), reply) == "cheek raiser, lip corner puller"
    assert normalise(question(QuestionType.AU_LIST), reply) == "lip corner puller"
    assert normalise(question(QuestionType.AU_LIST), Reply("blepharospasm")) is None


def test_free_sentences_become_official():
    reply = Reply("A NEGATIVE expression: disgust, since AU4 and AU7 are active.")
    assert normalise(question(QuestionType.COMBINED, plural=True), reply) == COMBINED
    analysis = normalise(question(QuestionType.ANALYSIS), reply)
    assert analysis.startswith("The micro-expression shows the action units brow lowerer, lid tightener. ")
    assert normalise(question(QuestionType.COMBINED), Reply("disgust")) is None


def test_the_nth_event_of_a_kind_is_of_that_kind():
    asked = Question("q", "c", "?", QuestionType.DESCRIBE_NTH, ordinal=2, kind="micro")
    text = normalise(asked, Reply("Frames 3 to 9."))
    assert text == "The 2-th micro-expression event is a micro-expression from frame 3 to frame 9."
    assert fault(asked, text) is None


def test_labels_may_follow_the_classes():
    text = "Disgust (fine-grained), negative (coarse), with the fine lines of a nose wrinkler"
    assert read_parts(text, taxonomy("casme2")) == Parts(("nose wrinkler",), "disgust", "negative")


def test_classes_of_a_sentence_are_told_apart_by_their_labels():
    text = "Fine-grained class: surprise. Coarse class: positive. Units: inner brow raiser."
    assert "is surprise, and the coarse expression class is positive" in normalise(
        question(QuestionType.COMBINED), Reply(text)
    )


def test_errors_and_options():
    coarse = question(QuestionType.COARSE)
    assert normalise(coarse, Reply("", error="out of memory")) is None
    assert normalise(coarse, Reply("?", options={"negative": 0.7, "positive": 0.3})) == "negative"


@pytest.mark.parametrize("kind", [QuestionType.COMBINED, QuestionType.ANALYSIS])
@pytest.mark.parametrize("count", [1, 2, 4])
def test_the_grammar_admits_what_the_surface_writes(kind, count):
    asked = question(kind, plural=count > 1)
    grammar = sentence_grammar(asked, UNIT_NAMES, taxonomy("casme2"), 6)
    written = sentence(kind, UNIT_NAMES[:count], "repression", "negative", plural=count > 1)
    assert admits(grammar, written)
    assert normalise(asked, Reply(written)) == written
    assert fault(asked, written) is None


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (QuestionType.COARSE, "confused"),
        (QuestionType.COARSE, "Negative"),
        (QuestionType.FINE, "happy"),
        (QuestionType.AU_LIST, "blepharospasm"),
        (QuestionType.AU_LIST, "brow lowerer,lid tightener"),
        (QuestionType.AU_LIST, "brow lowerer, brow lowerer"),
        (QuestionType.AU_PRESENCE, "Yes"),
        (QuestionType.AU_SIDE, "both"),
        (QuestionType.NTH_TYPE, "micro"),
        (QuestionType.COUNT_ALL, "three"),
        (QuestionType.COUNT_ALL, "-1"),
        (QuestionType.COMBINED, COMBINED.replace("disgust", "confused")),
        (QuestionType.COMBINED, COMBINED.replace("lid tightener", "blepharospasm")),
        (QuestionType.COMBINED, "brow lowerer, disgust, negative"),
        (QuestionType.ANALYSIS, "Not enough images"),
        (QuestionType.LOCALISE, "frames 12-30"),
        (QuestionType.LOCALISE, "12-30 (micro-expression)"),
        (QuestionType.LOCALISE, "frames 30-12 (micro-expression)"),
        (QuestionType.LOCALISE, "no event"),
        (QuestionType.LONGEST, "none"),
        (QuestionType.LONGEST, "frames 1-9, frames 20-30"),
        (QuestionType.DESCRIBE_NTH, "A micro-expression of anger."),
        (QuestionType.DESCRIBE_NTH, "The 2-th expression event is a micro-expression."),
        (QuestionType.EVENT_PRESENCE, "Yes"),
        (QuestionType.ORDER, "micro"),
        (QuestionType.COUNT_BETWEEN, "two"),
        (QuestionType.SUMMARY, "I cannot tell."),
        (QuestionType.OPEN, "  "),
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
