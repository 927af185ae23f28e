import pytest

from mevqa.control_tokens import (
    escape_control_tokens,
    find_control_tokens,
    known_control_tokens,
    remove_control_tokens,
)
from mevqa.questions.question_types import parse_question


@pytest.mark.parametrize("token", sorted(known_control_tokens()))
def test_every_known_token_is_made_plain_and_stays_readable(token):
    plain = escape_control_tokens(f"a{token}b{token}")
    assert find_control_tokens(plain) == []
    assert plain.replace(" ", "") == f"a{token}b{token}".replace(" ", "")
    assert escape_control_tokens(plain) == plain
    assert remove_control_tokens(f"a{token}b") == "a b"


def test_tokens_in_tokens_and_side_by_side():
    text = "<<image>image><|im_end|><|im_start|>"
    assert find_control_tokens(text) == ["<image>", "<|im_end|>", "<|im_start|>"]
    assert find_control_tokens(escape_control_tokens(text)) == []
    assert escape_control_tokens("ab", ["ab"]) == "a b"
    assert escape_control_tokens("2 < 3 > 1, <b>bold</b>, [1]") == "2 < 3 > 1, <b>bold</b>, [1]"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("<image>\nWhat is the coarse expression class?", "coarse"),
        ("<|vision_start|><|image_pad|><|vision_end|>What is the fine-grained expression class?", "fine"),
        ("<image>\nIs the action unit brow lowerer shown on the face?", "au_presence"),
        ("What are the action units?<|im_end|>", "au_list"),
        ("<video>\nHow many micro-expression events appear in this video?", "count_micro"),
    ],
)
def test_questions_are_recognised_behind_placeholders(text, kind):
    assert parse_question(text).type == kind
