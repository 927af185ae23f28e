"""TransformersModel: errors while asking, the processors' own video path, and memory that runs out."""

from dataclasses import replace

import pytest
import torch
from tiny import SYSTEM, built, requests, same_replies, views, wrapped

from mevqa.errors import ModelError
from mevqa.models.base import Preferences
from mevqa.models.transformers.generation.tree import CopiedTree, PackedTree, attention_windows, mask_taking_attention
from mevqa.models.transformers.prompts.conversation import messages, split_views
from mevqa.types import Request, Shot

VIDEO = ["qwen2_5_vl", "qwen3_vl", "llava_onevision", "internvl", "qwen3_5"]


def test_nothing_asked_is_nothing_answered():
    assert wrapped("llava").ask(SYSTEM, views(), []) == []


def test_no_pictures_and_no_system_text():
    assert all(reply.error is None for reply in wrapped("qwen2_5_vl").ask("", [], requests()))
    assert all(reply.error is None for reply in wrapped("llava").ask("", views(), requests()))


def test_texts_need_not_go_through_the_processor_twice(monkeypatch):
    model = wrapped("gemma3")
    model.ask(SYSTEM, views(0), requests())
    _, processor = built("gemma3")
    calls = []
    original = type(processor).__call__
    monkeypatch.setattr(type(processor), "__call__", lambda *a, **k: calls.append(1) or original(*a, **k))
    again = model.ask(SYSTEM, views(1), requests())
    assert len(calls) == 1
    assert again == wrapped("gemma3").ask(SYSTEM, views(1), requests())


def test_memory_that_runs_out_halves_the_batch(monkeypatch):
    model, expected = wrapped("llava"), wrapped("llava").ask(SYSTEM, views(), requests())
    forward = PackedTree.run

    def run(self):
        if sum(keep_first == 0 for keep_first in self._depths[self._done :]) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        forward(self)

    monkeypatch.setattr(PackedTree, "run", run)
    replies = model.ask(SYSTEM, views(), requests())
    assert [reply.text for reply in replies] == [reply.text for reply in expected]
    assert model._batch_size < 6


def test_memory_that_does_not_suffice_for_one_is_an_error_with_a_way_out(monkeypatch):
    def run(self):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(PackedTree, "run", run)
    replies = wrapped("llava").ask(SYSTEM, views(), requests())
    assert all("fewer views" in reply.error and not reply.text for reply in replies)


def test_a_failing_pass_fails_only_what_it_must(monkeypatch):
    forward = PackedTree.run
    poison = built("qwen2_5_vl")[1].tokenizer("surprise", add_special_tokens=False)["input_ids"]

    def run(self):
        if set(poison) <= set(self._tokens):
            raise RuntimeError("bad token")
        forward(self)

    monkeypatch.setattr(PackedTree, "run", run)
    replies = wrapped("qwen2_5_vl").ask(SYSTEM, views(), requests())
    assert replies[0].error == "RuntimeError: bad token"
    assert [reply.error for reply in replies[1:]] == [None] * 5


@pytest.mark.parametrize("name", VIDEO)
def test_video_path(name):
    """Moments go in as one video, the motion picture as a picture; reuse changes nothing there either."""
    pictures = views(count=3)
    pictures[2] = replace(pictures[2], frames=(0, 1))
    replies = wrapped(name, video=True).ask(SYSTEM, pictures, requests())
    uncached = wrapped(name, video=True, prefix_cache=False).ask(SYSTEM, pictures, requests())
    assert [reply.error for reply in replies] == [None] * 6
    assert [reply.text for reply in replies] == [reply.text for reply in uncached]
    assert list(replies[0].options.values()) == pytest.approx(list(uncached[0].options.values()), abs=1e-4)
    assert replies[0].options != wrapped(name).ask(SYSTEM, pictures, requests())[0].options


def test_video_alone_where_the_processor_takes_no_mixture():
    replies = wrapped("smolvlm", video=True).ask(SYSTEM, views(), requests())
    uncached = wrapped("smolvlm", video=True, prefix_cache=False).ask(SYSTEM, views(), requests())
    assert [reply.error for reply in replies] == [None] * 6
    assert [reply.text for reply in replies] == [reply.text for reply in uncached]
    motion = replace(views()[0], frames=(0, 1))
    mixed = wrapped("smolvlm", video=True).ask(SYSTEM, [*views(), motion], requests())
    assert all("either a video or pictures" in reply.error for reply in mixed)


def test_a_model_without_video_says_so():
    with pytest.raises(ModelError, match="takes no video"):
        wrapped("llava", video=True)


def test_views_are_split_by_the_frames_they_were_made_from():
    onset, apex, motion = views(count=3)
    motion = replace(motion, frames=(0, 1))
    assert split_views([onset, apex, motion], video=True) == ([onset, apex], [motion])
    assert split_views([onset, motion], video=True) == ([], [onset, motion])
    assert split_views([onset, apex], video=False) == ([], [onset, apex])


def test_the_conversation_before_the_question_does_not_depend_on_it():
    first, second = (messages(SYSTEM, views(), text) for text in ("a?", "b?"))
    assert first[0] == second[0] and first[1]["content"][:-1] == second[1]["content"][:-1]
    folded = messages(SYSTEM, views(), "a?", system_role=False)
    assert [m["role"] for m in folded] == ["user"] and SYSTEM in folded[0]["content"][0]["text"]


def test_packed_and_copied_trees_agree():
    for name in ("qwen2_5_vl", "gemma3"):
        model, _ = built(name)
        packed = wrapped(name).ask(SYSTEM, views(), requests())
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("mevqa.models.transformers.generation.prefix.can_pack", lambda model: False)
            copied = wrapped(name).ask(SYSTEM, views(), requests())
        assert [reply.text for reply in packed] == [reply.text for reply in copied]
        assert list(packed[0].options.values()) == pytest.approx(list(copied[0].options.values()), abs=1e-4)
    assert CopiedTree is not PackedTree


def test_attention_without_masks_is_replaced_for_the_tree_only():
    model, _ = built("llava")
    text = model.config.get_text_config(decoder=True)
    before = text._attn_implementation
    text._attn_implementation_internal = "flash_attention_2"
    try:
        with mask_taking_attention(model):
            assert text._attn_implementation == "sdpa"
        assert text._attn_implementation == "flash_attention_2"
    finally:
        text._attn_implementation_internal = before


def test_attention_windows_come_from_the_config():
    assert attention_windows(built("gemma3")[0].config) == {"full_attention": None, "sliding_attention": 24}
    assert attention_windows(built("qwen2_5_vl")[0].config) == {}


def test_preferences_default_to_the_protocol():
    assert wrapped("llava").preferences == Preferences()


def test_an_answer_that_is_only_an_end_of_turn_is_an_error(monkeypatch):
    model = wrapped("llava")
    model.prompter.stop_tokens = frozenset(range(10_000))
    [reply] = model.ask(SYSTEM, views(), [Request("The face")])
    assert "without an answer" in reply.error


SHOTS = [Shot("other", tuple(views(5, 1)), (("What is the motion?", "up"), ("Which side?", "left")))]


@pytest.mark.parametrize("name", ["qwen2_5_vl", "llava"])
def test_shots_are_earlier_turns_of_the_common_prefix(name):
    together = wrapped(name).ask(SYSTEM, views(), requests(), shots=SHOTS)
    assert all(reply.error is None for reply in together)
    same_replies(together, wrapped(name, prefix_cache=False).ask(SYSTEM, views(), requests(), shots=SHOTS))
    assert together != wrapped(name).ask(SYSTEM, views(), requests())


def test_a_prompt_longer_than_the_context_is_refused_with_the_mend(monkeypatch):
    model = wrapped("llava")
    monkeypatch.setattr(model, "_context", 20)
    (reply, *_) = model.ask(SYSTEM, views(), requests(), shots=SHOTS)
    assert "and the model's context 20: fewer --shots or --views" in (reply.error or "")


def test_shots_are_turns_before_the_clip_with_their_pictures_once():
    conversation = messages("system", views(), "question", shots=SHOTS)
    assert [turn["role"] for turn in conversation] == ["system", "user", "assistant", "user", "assistant", "user"]
    pictures = [sum(part["type"] == "image" for part in turn["content"]) for turn in conversation]
    assert pictures == [0, 1, 0, 0, 0, 2]
    opened = messages("system", views(), "question", shots=SHOTS, system_role=False)
    assert opened[0]["content"][0]["text"] == "system\n" and len(opened) == 5
