from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from mevqa.data.official import read_questions
from mevqa.facs import ActionUnit, unit_number
from mevqa.questions.answers import fault
from mevqa.synthetic.clip_plan import plan_clips
from mevqa.synthetic.official_rows import (
    extension_questions,
    long_questions,
    second_version_questions,
    test_questions,
    test_rows,
    train_questions,
    train_rows,
)

test_questions.__test__ = test_rows.__test__ = False  # type: ignore[attr-defined]


def short(clips=40):
    return plan_clips(clips, 7, subjects=5, fps=(100.0,), classes="balanced")


def long():
    return plan_clips(5, 7, subjects=5, fps=(30.0,), classes="balanced", long_seconds=20.0)


def written(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return read_questions(path)


@pytest.mark.parametrize(
    ("questions", "plans", "expected"),
    [
        (train_questions, short(), {"combined": 40, "au_presence": 80}),
        (test_questions, short(), {"combined": 40, "au_presence": 40}),
        (second_version_questions, short(), {"analysis": 40, "au_presence": 40}),
        (long_questions, long(), {"count_all": 5, "au_inventory": 5}),
        (
            extension_questions,
            long(),
            {
                "localise": 15,
                "describe_nth": 10,
                "event_presence": 10,
                **dict.fromkeys(("order", "longest"), 5),
                **dict.fromkeys(("count_between", "summary"), 5),
            },
        ),
    ],
)
def test_every_question_is_an_official_one_and_every_answer_in_its_vocabulary(tmp_path, questions, plans, expected):
    rows = [row for plan in plans for row in test_rows(plan, list(questions(plan, 7)), answered=True)]
    file = written(tmp_path / "me_vqa_synthetic_test_reference.jsonl", rows)
    counts = Counter(question.type for question in file.questions)
    assert "open" not in counts
    assert {kind: counts[kind] for kind in expected} == expected
    assert [fault(question, question.reference) for question in file.questions] == [None] * len(rows)
    assert {question.dataset for question in file.questions} == {"synthetic"}


def test_answers_say_what_was_planned(tmp_path):
    for plan in short():
        it = plan.performances[0].annotation
        answers = dict(train_questions(plan, 7))
        assert answers["What is the coarse expression class?"] == it.coarse
        assert answers["What is the fine-grained expression class?"] == it.fine
        names = [ActionUnit(number).name for number in sorted({unit.number for unit in it.action_units})]
        text = "What are the action units?" if len(names) > 1 else "What is the action unit?"
        assert answers[text] == ", ".join(names)
        for question, answer in answers.items():
            if "shown on the face" in question:
                name = question.removeprefix("Is the action unit ").removesuffix(" shown on the face?")
                assert (answer == "yes") == (name in names)
            if "left or right" in question:
                name = question.removeprefix("Is the action unit ").removesuffix(" located on the left or right face?")
                assert ActionUnit(unit_number(name), answer) in it.action_units
        sided = any(unit.side for unit in it.action_units)
        assert sided == any("left or right" in question for question in answers)


def test_presence_is_balanced_in_every_layout():
    for questions in (train_questions, test_questions, second_version_questions):
        answers = [answer for plan in short() for text, answer in questions(plan, 7) if "shown on" in text]
        assert answers.count("yes") == answers.count("no")


def test_counts_and_types_of_long_videos_agree():
    for plan in long():
        answers = dict(long_questions(plan, 7))
        kinds = [performance.annotation.kind for performance in plan.performances]
        totals = [
            int(answers[f"How many {kind}expression events appear in this video?"]) for kind in ("", "micro-", "macro-")
        ]
        assert totals == [len(kinds), kinds.count("micro"), kinds.count("macro")]
        for question, answer in answers.items():
            if "type of the" in question:
                ordinal = int(question.split("-th")[0].split()[-1])
                assert answer == f"{kinds[ordinal - 1]}-expression"


def test_the_inventory_of_a_long_video_is_the_union_of_its_events_and_the_questions_stand_in_the_official_order():
    for plan in long():
        pairs = list(long_questions(plan, 7))
        numbers = {unit.number for performance in plan.performances for unit in performance.annotation.action_units}
        assert pairs[3] == (
            "What distinct action units appear in this video?",
            ", ".join(ActionUnit(number).name for number in sorted(numbers)),
        )
        assert [text.split()[0] for text, _ in pairs] == ["How"] * 3 + ["What"] * (len(pairs) - 3)
        assert len(pairs) == 4 + min(2, len(plan.performances))


def test_what_no_official_file_asks_is_answered_from_what_was_planned():
    presence = Counter()
    for plan in plan_clips(12, 7, subjects=5, fps=(30.0,), classes="balanced", long_seconds=8.0):
        pairs = dict(extension_questions(plan, 7))
        events = [performance.annotation for performance in plan.performances]
        assert pairs["Localise every expression event in this video."] == ", ".join(
            f"frames {event.onset}-{event.offset} ({event.kind}-expression)" for event in events
        )
        longest = max(events, key=lambda event: event.offset - event.onset)
        assert pairs["Which expression event in this video is the longest?"] == (
            f"frames {longest.onset}-{longest.offset}"
        )
        (between,) = (text for text in pairs if "between second" in text)
        start, end = map(float, re.findall(r"second ([\d.]+)", between))
        assert 0 <= start < end <= plan.frames / plan.fps
        assert int(pairs[between]) == sum(
            start <= event.apex / plan.fps < end and (event.kind in between or "-expression" not in between)
            for event in events
        )
        presence.update(answer for text, answer in pairs.items() if text.startswith("Is there"))
    assert presence["yes"] and presence["no"]


def test_official_questions_and_those_beyond_them_can_be_answered_together():
    (plan,) = long()[:1]
    official = test_rows(plan, list(long_questions(plan, 7)), answered=True)
    beyond = test_rows(plan, list(extension_questions(plan, 7)), answered=True, name="ext_test")
    ids = [row["video_id"] for row in (*official, *beyond)]
    assert len(set(ids)) == len(ids) and all(name.startswith("synthetic_") for name in ids)


def test_training_rows_have_the_official_keys_in_order():
    plan = short(1)[0]
    row = next(train_rows(plan, list(train_questions(plan, 7))))
    assert list(row) == ["id", "dataset", "image_id", "subject", "filename", "question", "answer"]
    row = next(test_rows(plan, list(test_questions(plan, 7)), answered=False))
    assert list(row) == ["video_id", "video", "question", "answer"] and row["answer"] == ""
