"""Our grammars in the notations of servers."""

from __future__ import annotations

import random
import re

import pytest

from mevqa.models.served.grammars import answer_of, ebnf, pattern, schema_of_grammar, schema_of_options
from mevqa.questions.prompts import PromptLibrary
from mevqa.questions.question_types import question_types
from mevqa.questions.writing.grammar import Choices, Integer, NameList, Slot, Template
from mevqa.types import Question

PROMPTS = PromptLibrary.load()


def walked(grammar, seed):
    """An admissible answer, every step by chance; None for one that does not end soon."""
    chance, text = random.Random(seed), ""
    for _ in range(400):
        segments = grammar.next(text)
        chosen = chance.choice(segments) if segments else ""
        if not chosen:
            return text
        text += chosen
    return None


def grammars():
    questions = [
        Question("1", "c", "?", kind.name, plural=plural, action_unit="brow lowerer", ordinal=2)
        for kind in question_types()
        for plural in (False, True)
    ]
    by_type = {(question.type, question.plural): PROMPTS.request(question).grammar for question in questions}
    return {key: grammar for key, grammar in by_type.items() if grammar is not None}


@pytest.mark.parametrize("key", grammars(), ids=str)
def test_each_answer_of_each_question_type_is_in_its_pattern(key):
    grammar = grammars()[key]
    answers = [text for seed in range(40) if (text := walked(grammar, seed)) is not None]
    assert len(set(answers)) > 3
    form = re.compile(pattern(grammar))
    assert all(form.fullmatch(text) for text in answers)
    assert not form.fullmatch(answers[0] + "!") and not form.fullmatch("")
    assert ebnf(grammar).startswith("root ::= ")
    assert schema_of_grammar(grammar)["properties"]["answer"]["pattern"] == f"^{pattern(grammar)}$"


def test_the_notation_is_that_of_the_servers():
    sentence = Template(("The unit is ", Slot("unit", Choices(('say "a"', "b\\c"))), "."))
    assert ebnf(sentence) == 'root ::= ("The unit is " ("say \\"a\\"" | "b\\\\c") ".")\n'
    pair = '("a" | "b")'
    more = f'(", " {pair})'
    assert ebnf(NameList(("a", "b"), 1, 3)) == f"root ::= ({pair} (({more} ({more})?))?)\n"
    assert pattern(Integer(120)) == "(0|[1-9]([0-9]([0-9])?)?)"
    assert pattern(Choices(("a.b", "c-d e"))) == r"(a\.b|c-d e)"


def test_an_own_grammar_is_not_translated():
    class Own:
        def next(self, text):
            return ("a",)

    assert ebnf(Own()) is None and pattern(Own()) is None and schema_of_grammar(Own()) is None


def test_an_answer_is_taken_out_of_its_object():
    assert schema_of_options(("yes", "no"))["properties"]["answer"]["enum"] == ["yes", "no"]
    assert answer_of('{"answer": "yes"}') == "yes"
    for other in ("yes", '{"answer": 1}', '{"answer": "yes", "why": "x"}', "{", "[" * 100_000):
        assert answer_of(other) == other
