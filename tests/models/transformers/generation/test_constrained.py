"""Grammars against tokenisers that merge across segment borders."""

import itertools
import random
from dataclasses import dataclass

import pytest
import torch
from tiny import SYSTEM, UnitGrammar, built, plain_inputs, views, wrapped
from tiny_families import UNITS
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

from mevqa.errors import ModelError
from mevqa.models.mock import admits
from mevqa.models.transformers.generation.constrained import END, GrammarTask, GrammarWalk
from mevqa.models.transformers.generation.spelling import Speller
from mevqa.models.transformers.prompts.prompting import Prompt, common_length
from mevqa.questions.writing.grammar import Choices
from mevqa.types import Request


class Listed:
    """Exactly the given texts, handed out in the given pieces."""

    def __init__(self, *answers):
        self.answers = answers  # tuples of segments

    def next(self, text):
        continuations = []
        for segments in self.answers:
            for i in range(len(segments) + 1):
                if "".join(segments[:i]) == text:
                    continuations.append(segments[i] if i < len(segments) else "")
        return tuple(dict.fromkeys(continuations))


class Merging:
    """A tokeniser without any cutting of words: letters merge wherever the table says, across segments too."""

    def __init__(self, merges, stop_tokens=frozenset({0})):
        letters = sorted({c for pair in merges for c in "".join(pair)} | set("abcdefghijklmnopqrstuvwxyz, "))
        words = ["<end>", *letters, *("".join(pair) for pair in merges)]
        core = Tokenizer(models.BPE(vocab={w: i for i, w in enumerate(dict.fromkeys(words))}, merges=merges))
        self.words = PreTrainedTokenizerFast(tokenizer_object=core)
        self.stop_tokens = stop_tokens
        self.lead = ""

    def tokenise(self, texts):
        return self.words(list(texts), add_special_tokens=False)["input_ids"] if texts else []

    def answers(self, context, texts, *, back=0):
        return 0, self.tokenise(texts)


class Oracle:
    """A tree whose model is certain of one text: in its one right spelling."""

    def __init__(self, ids, stop=0):
        self.path, self.nodes, self.stop = [*ids, stop], [], stop

    def add(self, parent, token, *, keep=True):
        depth = 0 if parent < 0 else self.nodes[parent][0] + 1
        self.nodes.append((depth, token))
        return len(self.nodes) - 1

    def logprobs(self, node, tokens):
        right = self.path[self.nodes[node][0]]  # the one prompt token stands at depth 0
        return [0.0 if token == right else -20.0 for token in tokens]

    def written(self, node):
        return [token for _, token in self.nodes]


def write(grammar, prompter, text, speller=None):
    """Text generated within the grammar by a model that wants ``text``, spelled as the tokeniser spells it."""
    [ids] = prompter.tokenise([text])
    tree, task = Oracle(ids), GrammarTask(speller or Speller(prompter), Prompt([1], ""), grammar, 50, [0])
    task.begin(tree, 0)
    for _ in range(50):
        if task.advance(tree):
            return task.reply()
    raise AssertionError("does not end")


def test_every_answer_can_be_written_in_its_own_spelling():
    prompter = Merging([("c", "a"), (",", " "), ("b", ","), ("a", "b")])
    grammar = Listed(("ab",), ("ab", ", ", "ca"), ("ab", ", ", "b"), ("b", ", ", "ab"), ("ca",))
    for segments in grammar.answers:
        reply = write(grammar, prompter, "".join(segments))
        assert reply.text == "".join(segments)
        assert reply.confidence == pytest.approx(1.0, abs=1e-6)


def test_a_segment_that_changes_the_word_before_it_is_offered_in_time():
    """'ab' is the token ab, 'abc' is a + bc: both must be among the first choices, each in its own spelling."""
    prompter = Merging([("b", "c"), ("a", "b")])
    walk = GrammarWalk(Listed(("ab",), ("ab", "c")), Speller(prompter), "")
    assert set(walk.choices()) == {*prompter.tokenise(["ab"])[0], prompter.tokenise(["abc"])[0][0]}
    assert write(Listed(("ab",), ("ab", "c")), prompter, "abc").text == "abc"
    assert write(Listed(("ab",), ("ab", "c")), prompter, "ab").text == "ab"


def random_tokeniser(rng):
    """Random merges of a few letters, and random pieces of text."""
    letters = "ab, "
    merges, words = [], list(letters)
    for _ in range(rng.randrange(1, 7)):
        pair = (rng.choice(words), rng.choice(words))
        if "".join(pair) not in words:
            merges.append(pair)
            words.append("".join(pair))
    return Merging(merges), ["".join(rng.choice(letters) for _ in range(rng.randrange(1, 4))) for _ in range(3)]


def test_random_grammars_and_random_merges():
    """Any merges and any grammar, as long as text changes tokens no further back than one segment."""
    rng = random.Random(3)
    tried = 0
    for _ in range(200):
        prompter, pieces = random_tokeniser(rng)
        answers = sorted({tuple(rng.choice(pieces) for _ in range(rng.randrange(1, 4))) for _ in range(6)})
        if any(reaches_far(prompter, segments) for segments in answers):
            continue
        tried += 1
        for text in map("".join, answers):
            walk = GrammarWalk(Listed(*answers), Speller(prompter), "", careful=True)
            for token in prompter.tokenise([text])[0]:
                walk.take(token, walk.choices()[token])
            assert walk.choices()[END][0].text == text
    assert tried > 30


@dataclass(frozen=True)
class AnyOrder:
    """The pieces in any order, up to three of them: whatever follows one may follow it everywhere."""

    pieces: tuple[str, ...]

    def next(self, text):
        spelled = {""}
        for count in range(4):
            if text in spelled:
                return self.pieces if count == 0 else (*self.pieces, "") if count < 3 else ()
            spelled = {beginning + piece for beginning in spelled for piece in self.pieces}
        raise AssertionError(f"{text!r} was never offered")


def test_random_merges_with_steady_segments():
    rng = random.Random(4)
    tried = 0
    for _ in range(60):
        prompter, pieces = random_tokeniser(rng)
        answers = [segments for n in (1, 2, 3) for segments in itertools.product(sorted(set(pieces)), repeat=n)]
        if len(set(map("".join, answers))) < len(answers) or any(reaches_far(prompter, s) for s in answers):
            continue
        tried += 1
        speller = Speller(prompter)
        for text in map("".join, rng.sample(answers, 8 if len(answers) > 8 else len(answers))):
            assert write(AnyOrder(tuple(sorted(set(pieces)))), prompter, text, speller).text == text
    assert tried > 10


def reaches_far(prompter, segments):
    """Whether a segment changes tokens of a beginning that the segment before it had left as they were."""
    spelled = prompter.tokenise(["".join(segments[: i + 1]) for i in range(len(segments))])
    shared = [[common_length([first, second]) for second in spelled] for first in spelled]
    return any(shared[i][j] < shared[i][i + 1] for i in range(len(spelled)) for j in range(i + 2, len(spelled)))


def test_what_is_steady_is_found_out_from_all_that_may_follow():
    prompter = Merging([("b", "c"), ("a", "b")])
    speller = Speller(prompter)
    grammar = Listed(("ab",), ("ab", "c"))
    _, [start] = speller.begin("", ["ab"])
    assert not speller.is_steady(grammar, speller.steadiness(grammar), "", 0, start)
    assert speller.is_steady(Listed(("ab",), ("ab", ", ")), {}, "", 0, start)


def test_walk_offers_the_end_where_the_grammar_ends():
    prompter = Merging([("a", "b")])
    walk = GrammarWalk(Listed(("ab",), ("ab", ", ", "c")), Speller(prompter), "")
    [token] = walk.choices()
    walk.take(token, walk.choices()[token])
    assert set(walk.choices()) == {END, prompter.tokenise([","])[0][0]}


def test_an_empty_grammar_is_an_error_of_its_request():
    requests = [Request("units", grammar=Listed()), Request("units", grammar=UnitGrammar())]
    bad, good = wrapped("llava").ask(SYSTEM, views(), requests)
    assert "admits no answer" in bad.error
    assert admits(UnitGrammar(), good.text)


def test_a_grammar_that_fails_fails_its_request_only():
    class Broken(UnitGrammar):
        def next(self, text):
            if text:
                raise RuntimeError("broken")
            return super().next(text)

    requests = [
        Request("units", grammar=UnitGrammar()),
        Request("units", grammar=Broken()),
        Request("x", options=("y",)),
    ]
    good, bad, closed = wrapped("llava").ask(SYSTEM, views(), requests)
    assert admits(UnitGrammar(), good.text) and closed.text == "y" and closed.confidence == 1.0
    assert bad.error == "RuntimeError: broken"


def test_a_grammar_without_end_is_given_up():
    class Endless:
        def next(self, text):
            return (" brow", " lip")

    [reply] = wrapped("llava").ask(SYSTEM, views(), [Request("units", grammar=Endless(), max_new_tokens=3)])
    assert "no answer end" in reply.error


def test_long_answers_end_when_the_bound_is_reached():
    class Long:
        def next(self, text):
            return (" brow", " lip") if text.count(" ") < 1 else ("", " brow", " lip")

    [reply] = wrapped("llava").ask(SYSTEM, views(), [Request("units", grammar=Long(), max_new_tokens=5)])
    assert reply.error is None and len(reply.text.split()) <= 6


def test_confidence_is_the_renormalised_probability_of_the_choices():
    """Three names whose first tokens differ: the one choice is among those tokens, the rest is forced."""
    names = ("brow lowerer", "cheek raiser", "lip stretcher")
    model, processor = built("qwen2_5_vl")
    [reply] = wrapped("qwen2_5_vl").ask(SYSTEM, views(), [Request("action units", grammar=Choices(names))])
    firsts = [processor.tokenizer(name, add_special_tokens=False)["input_ids"][0] for name in names]
    assert len(set(firsts)) == 3
    inputs, _ = plain_inputs("qwen2_5_vl", "action units")
    with torch.inference_mode():
        logits = model(**inputs).logits[0, -1, firsts]
    shares = dict(zip(names, logits.softmax(-1).tolist(), strict=True))
    assert reply.text == max(shares, key=shares.get)
    assert reply.confidence == pytest.approx(shares[reply.text], abs=1e-5)


def test_units_of_the_whole_vocabulary():
    grammar = UnitGrammar()
    prompter = wrapped("gemma3").prompter
    for first in UNITS:
        for second in UNITS:
            if first != second:
                text = f"{first}, {second}"
                _, [ids] = prompter.answers("<start_of_turn>model\n", [text])
                walk = GrammarWalk(grammar, Speller(prompter), "<start_of_turn>model\n")
                for token in ids:
                    walk.take(token, walk.choices()[token])
                assert walk.choices()[END][0].text == text


def test_nothing_left_is_an_error_and_not_a_loop():
    walk = GrammarWalk(Listed(("ab",)), Speller(Merging([("a", "b")])), "", careful=True)
    walk.take(999, walk.choices()[next(iter(walk.choices()))])
    with pytest.raises(ModelError, match="no admissible answer"):
        walk.choices()
