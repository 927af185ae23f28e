import pytest
import torch
from tiny import SYSTEM, built, requests, views, wrapped
from tiny_families import BUILDERS, UNITS
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from mevqa.errors import ModelError
from mevqa.models.transformers.generation.constrained import END, GrammarWalk
from mevqa.models.transformers.generation.spelling import Speller
from mevqa.models.transformers.prompts.prompting import Prompter, common_length


def prompter(name, **changes):
    _, processor = built(name)
    return Prompter(processor, **{"picture_tokens": frozenset({3}), "stop_tokens": frozenset({0}), **changes})


def test_common_length():
    assert common_length([[1, 2, 3], [1, 2], [1, 2, 4]]) == 2
    assert common_length([[1]]) == 1
    assert common_length([[1], []]) == 0


@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_ids_are_those_of_the_whole_processor(name):
    """Also for questions whose ids come from what was learned with other pictures."""
    wrapper = wrapped(name)
    texts = [request.text for request in requests()] + ["\nA question that begins with a line break", "x"]
    wrapper.prompter.prompts(SYSTEM, views(0), texts)
    prompts = wrapper.prompter.prompts(SYSTEM, views(1, count=3), texts).prompts
    for text, prompt in zip(texts, prompts, strict=True):
        fresh = wrapped(name).prompter.prompts(SYSTEM, views(1, count=3), [text])
        assert prompt.ids == fresh.prompts[0].ids == fresh.inputs["input_ids"][0].tolist()


def test_system_text_is_folded_where_the_template_has_no_such_role():
    _, processor = built("llava")
    original = processor.chat_template
    try:
        processor.chat_template = (
            "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no') }}{% endif %}" + original
        )
        prompt = prompter("llava").prompts(SYSTEM, views(), ["What?"]).prompts[0]
        assert SYSTEM in processor.tokenizer.decode(prompt.ids)
    finally:
        processor.chat_template = original


def test_a_template_that_drops_the_question_is_refused():
    _, processor = built("llava")
    original = processor.chat_template
    try:
        processor.chat_template = "hello"
        with pytest.raises(ModelError, match="drops the question"):
            prompter("llava")
    finally:
        processor.chat_template = original


def test_the_end_of_a_turn_is_learned_from_the_template():
    words = built("gemma3")[1].tokenizer
    assert words.convert_tokens_to_ids("<end_of_turn>") in prompter("gemma3").stop_tokens
    assert prompter("smolvlm").lead == " " and prompter("qwen2_5_vl").lead == ""


def test_a_question_before_the_pictures_is_an_error_not_a_wrong_prefix():
    wrapper = wrapped("qwen2_5_vl")
    _, processor = built("qwen2_5_vl")
    original = processor.chat_template
    try:
        processor.chat_template = original.replace("m['content'] %}", "m['content'] | reverse %}", 1)
        replies = wrapped("qwen2_5_vl").ask(SYSTEM, views(), requests())
        assert all("before the pictures" in reply.error for reply in replies)
    finally:
        processor.chat_template = original
    assert wrapper.ask(SYSTEM, views(), requests())[0].error is None


def test_an_answer_that_merges_with_the_prompt_takes_it_back():
    """The tokeniser merges the colon that ends the prompt with the space and the word that follow."""
    core = Tokenizer(
        models.BPE(vocab={c: i for i, c in enumerate([*"abc: ", ": ", ": a"])}, merges=[(":", " "), (": ", "a")])
    )
    bare = object.__new__(Prompter)
    bare.tokenizer, bare._texts, bare.lead = PreTrainedTokenizerFast(tokenizer_object=core), {}, " "
    back, [merged, separate] = bare.answers("b:", ["a", "c"])
    assert back == 1
    assert bare.tokenizer.convert_ids_to_tokens(merged) == [": a"]
    assert bare.tokenizer.convert_ids_to_tokens(separate) == [": ", "c"]
    assert bare.answers("b:", ["c"], back=1) == (1, [separate])


class Sentencepiece:
    """A tokeniser of the kind of Llama 2: a mark for spaces, one put before the beginning of every text."""

    def __init__(self):
        core = Tokenizer(models.BPE(unk_token="<unk>"))
        core.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
        core.decoder = decoders.Metaspace()
        trainer = trainers.BpeTrainer(vocab_size=200, special_tokens=["<unk>"], show_progress=False)
        core.train_from_iterator([", ".join(UNITS), *UNITS, "Answer: brow"] * 5, trainer)
        # As there: no piece holds two words, but nothing cuts the text before pieces are merged.
        core.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
        self.tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, unk_token="<unk>")
        self.lead, self._texts = " ", {}

    tokenise, answers = Prompter.tokenise, Prompter.answers


def test_lists_are_spelled_right_by_sentencepiece_too():
    from tiny import UnitGrammar

    from mevqa.questions.writing.grammar import NameList

    tokenizer = Sentencepiece()
    for grammar in (UnitGrammar(), NameList(UNITS, at_most=3)):
        speller = Speller(tokenizer)
        for first in UNITS:
            for second in UNITS:
                if first != second:
                    answer_ids = tokenizer.tokenise([f"Answer: {first}, {second}"])[0]
                    walk = GrammarWalk(grammar, speller, "Answer:")
                    start = len(tokenizer.tokenise(["Answer:"])[0]) - walk.back
                    for token in answer_ids[start:]:
                        walk.take(token, walk.choices()[token])
                    assert walk.choices()[END][0].text == f"{first}, {second}"


def test_pixels_are_processed_once_a_clip():
    wrapper = wrapped("qwen2_5_vl")
    wrapper.ask(SYSTEM, views(0), requests())
    calls = []
    _, processor = built("qwen2_5_vl")
    original = type(processor.image_processor).__call__
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(processor.image_processor), "__call__", lambda *a, **k: calls.append(1) or original(*a, **k))
        with torch.inference_mode():
            wrapper.ask(SYSTEM, views(1), requests())
    assert calls == [1]
