import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mevqa.datasets import taxonomy
from mevqa.facs import UNIT_NAMES
from mevqa.questions.prompt_schema import AnswerForm
from mevqa.questions.question_types import question_type
from mevqa.questions.writing.frame_grammar import FrameList
from mevqa.questions.writing.grammar import AnyOf, Choices, Integer, NameList, Slot, Template, admits
from mevqa.types import Grammar, Question

NAMES = NameList(("brow lowerer", "blink", "lips part", "lip pucker"), 2, 3)
SENTENCE = Template(("The unit is: ", Slot("units", NAMES), ". So ", Slot("fine", Choices(("fear", "anger"))), "."))


def _sentence(kind, dataset, plural=False):
    asked = Question("q", "c", "?", kind, plural=plural, ordinal=3)
    form = AnswerForm(sentence="facs.units", at_most=6, largest_frame=9999)
    return question_type(kind).grammar(asked, form, taxonomy(dataset))


def _every(grammar, text=""):
    following = grammar.next(text)
    if not following:
        yield text
    for segment in following:
        yield from (_every(grammar, text + segment) if segment else [text])


def _walk(grammar, seed):
    draw = random.Random(seed)
    text, steps = "", 0
    while True:
        segments = grammar.next(text)
        steps += 1
        assert steps < 200, "the grammar does not end"
        if not segments:
            return text
        segment = draw.choice(segments)
        if not segment:
            return text
        text += segment


GRAMMARS = {
    "coarse": Choices(taxonomy("casme2").coarse),
    "one unit": NameList(UNIT_NAMES),
    "several units": NameList(UNIT_NAMES, 2, 6),
    "count": Integer(99),
    "combined": _sentence("combined", "samm"),
    "combined plural": _sentence("combined", "samm", plural=True),
    "analysis": _sentence("analysis", "casme3"),
    "description": _sentence("describe_nth", "casme3"),
    "events": FrameList(5, 4321, kinds=True),
    "one event": FrameList(1, 120, may_be_none=False),
}


@pytest.mark.parametrize("name", GRAMMARS)
@given(seed=st.integers(0, 10**6))
def test_every_path_ends_in_an_admissible_answer(name, seed):
    answer = _walk(GRAMMARS[name], seed)
    assert answer
    assert admits(GRAMMARS[name], answer)


@pytest.mark.parametrize("name", GRAMMARS)
def test_grammars_serve_the_protocol_and_offer_each_segment_once(name):
    grammar: Grammar = GRAMMARS[name]
    segments = grammar.next("")
    assert "" not in segments
    assert len(set(segments)) == len(segments)


def test_enumeration_of_a_small_grammar_is_what_it_admits():
    answers = list(_every(SENTENCE))
    assert len(answers) == len(set(answers)) == (4 * 3 + 4 * 3 * 2) * 2
    assert all(admits(SENTENCE, answer) for answer in answers)
    assert "The unit is: blink, lips part. So fear." in answers


def test_choices():
    assert Choices(("yes", "no")).next("") == ("yes", "no")
    assert Choices(("yes", "no")).next("yes") == ()
    assert Choices(("lip", "lip part")).next("lip") == ("", " part")
    assert not admits(Choices(("yes", "no")), "Yes")


def test_name_list_starts_each_further_name_with_its_separator():
    assert NAMES.next("")[:2] == ("brow lowerer", "blink")
    assert NAMES.next("blink") == (", brow lowerer", ", lips part", ", lip pucker")
    assert NAMES.next("blink, lips part") == ("", ", brow lowerer", ", lip pucker")
    assert NAMES.next("blink, lips part, lip pucker") == ()
    assert NameList(("a", "b")).next("a") == ()


@pytest.mark.parametrize(
    "text", ["", "blink", "blink, blink", "blink, wink", "blink,lips part", "blink, lips part, ", "Blink, lips part"]
)
def test_name_list_refuses(text):
    assert not admits(NAMES, text)


def test_name_list_parses_in_the_order_written():
    assert NAMES.parse("lips part, blink") == ("lips part", "blink")


def test_intervals_go_digit_by_digit_and_never_end_before_they_begin():
    grammar = FrameList(2, 12, kinds=True)
    assert grammar.next("") == ("none", "frames")
    assert grammar.next("none") == ()
    assert grammar.next("frames") == tuple(f" {digit}" for digit in range(10))
    assert grammar.next("frames 1") == ("0", "1", "2", "-")
    assert grammar.next("frames 11-") == ("1",)
    assert grammar.next("frames 11-1") == ("1", "2")
    assert grammar.next("frames 11-12") == (" (micro-expression)", " (macro-expression)")
    assert grammar.next("frames 11-12 (micro-expression)") == ("", ", frames")
    assert grammar.next("frames 0-1 (micro-expression), frames 2-3 (macro-expression)") == ()
    small = FrameList(1, 12, may_be_none=False)
    answers = list(_every(small))
    assert len(answers) == len(set(answers)) == sum(range(14))
    assert all(span.onset <= span.offset <= 12 for text in answers for span in small.parse(text))


@pytest.mark.parametrize(
    "text",
    ["", "frames", "frames 1", "frames 3-2", "frames 1-013", "frames 1-13", "frames 1-2, frames 3-4", "frames ٣-4"]
    + ["frames 1-2 (micro-expression)", "none", "frame 1-2", "frames 1 - 2"],
)
def test_one_interval_refuses(text):
    assert not admits(FrameList(1, 12, may_be_none=False), text)


@pytest.mark.parametrize("text", ["", "-1", "007", "100", "3.0", "٣", "three"])
def test_integer_refuses(text):
    assert not admits(Integer(99), text)


def test_integer_goes_digit_by_digit():
    assert Integer(99).next("") == tuple("0123456789")
    assert Integer(99).next("1") == ("", *"0123456789")
    assert Integer(99).next("0") == ()
    assert Integer(99).next("12") == ()
    assert Integer(35).next("3") == ("", *"012345")
    assert sorted(int(text) for text in _every(Integer(35))) == list(range(36))


def test_template_writes_the_space_before_a_slot_with_the_slot():
    assert SENTENCE.next("") == ("The unit is:",)
    assert SENTENCE.next("The unit is:")[0] == " brow lowerer"
    assert SENTENCE.next("The unit is: blink, lips part") == (". So", ", brow lowerer", ", lip pucker")
    assert SENTENCE.next("The unit is: blink, lips part. So fear") == (".",)
    assert SENTENCE.next("The unit is: blink, lips part. So fear.") == ()


def test_template_parses_into_its_slots():
    assert SENTENCE.parse("The unit is: blink, lips part. So fear.") == {
        "units": ("blink", "lips part"),
        "fine": "fear",
    }
    with pytest.raises(ValueError, match="wording"):
        SENTENCE.parse("The units are: blink, lips part. So fear.")


def test_any_of_keeps_the_alternatives_that_are_still_possible():
    either = AnyOf((Template(("one: ", Slot("n", Choices(("a",))))), Template(("two: ", Slot("n", Choices(("a",)))))))
    assert either.next("") == ("one:", "two:")
    assert either.next("two:") == (" a",)
    assert either.parse("two: a") == {"n": "a"}
    ending = AnyOf((Choices(("a",)), Choices(("a b",))))
    assert ending.next("a") == ("", " b")


@pytest.mark.parametrize(
    "build",
    [
        lambda: Choices(()),
        lambda: Choices(("a", "a")),
        lambda: NameList(("a", "b"), 3, 3),
        lambda: NameList(("a", "b"), 2, 1),
        lambda: NameList(("a, b",)),
        lambda: Integer(-1),
        lambda: FrameList(0),
    ],
)
def test_impossible_grammars_are_refused(build):
    with pytest.raises(ValueError):
        build()
