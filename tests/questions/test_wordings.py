import json

import pytest

from mevqa.facs import UNIT_NAMES
from mevqa.questions.prompts import PromptLibrary
from mevqa.questions.question_types import parse_question, question_about, question_types
from mevqa.questions.wordings import official_text, official_wordings
from mevqa.types import Clip

NAMES = [kind.name for kind in question_types()]

CLIP = Clip("CAS-1", "casme3")
_BETWEEN = "How many macro-expression events appear between second 2 and second 7.5 of this video?"


@pytest.mark.parametrize("kind", [kind for kind in NAMES if kind != "open"])
@pytest.mark.parametrize("plural", [False, True])
def test_official_wordings_are_recognised_as_what_they_are(kind, plural):
    slots = {
        "action_unit": UNIT_NAMES[2] if kind in ("au_presence", "au_side") else None,
        "ordinal": 7 if kind in ("nth_type", "describe_nth") else None,
        "between_s": (2.0, 7.5) if kind == "count_between" else None,
    }
    texts = official_wordings(kind, plural=plural, **slots)
    assert texts
    for text in texts:
        parsed = parse_question(text)
        assert parsed.type == kind
        assert {name: getattr(parsed, name) for name in slots} == slots
        assert official_text(question_about(CLIP, 1, text)) == text


@pytest.mark.parametrize(
    "asked, official",
    [
        ("which action units are shown?", "What are the action units?"),
        ("Is AU12 visible on the face?", "Is the action unit lip corner puller shown on the face?"),
        ("how many MICRO-expressions are in the video", "How many micro-expression events appear in this video?"),
        ("Where are the micro-expressions?", "Localise every micro-expression event in this video."),
        ("Describe the third event", "Describe the 3-th expression event in this video."),
        ("Are there any events?", "Is there an expression event in this video?"),
        ("count the macro-expressions from 0:02 to 0:07.5", _BETWEEN),
        ("Why does she smile?", "Why does she smile?"),
    ],
)
def test_the_brief_prompt_puts_a_paraphrase_into_official_words(asked, official):
    question = question_about(CLIP, 1, asked)
    assert PromptLibrary.load(variant="brief").request(question).text == official
    assert asked in PromptLibrary.load().request(question).text


@pytest.mark.data
def test_every_real_question_is_in_official_words(shared_data):
    for path in sorted((shared_data / "megc").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            text = json.loads(line)["question"]
            assert official_text(question_about(CLIP, 1, text)) == text
