"""Data set and subject of a clip where some of its rows leave them open."""

from __future__ import annotations

import json

from clip_search import ask, video

from mevqa.data.answered_clips import answered_clips
from mevqa.data.clip_facts import named_dataset, named_subject
from mevqa.data.media import find_clips


def test_the_first_row_that_names_data_set_and_subject_counts(tmp_path):
    questions = [ask("a", subject=""), ask("a", "casme2", subject=" "), ask("a", subject="s01")]
    assert (named_dataset(questions), named_subject(questions)) == ("casme2", "s01")
    assert (named_dataset(questions[:1]), named_subject(questions[:2])) == ("unknown", None)
    video(tmp_path / "a.mp4")
    clip = find_clips(questions, tmp_path)["a"]
    assert (clip.dataset, clip.subject) == ("casme2", "s01")


def test_a_person_is_the_same_whichever_row_names_the_data_set(tmp_path):
    rows = [
        {"id": f"{number}", "dataset": dataset, "image_id": "a", "subject": subject,
         "question": "What is the coarse expression class?", "answer": "negative"}
        for number, (dataset, subject) in enumerate((("unknown", "s01"), ("casme2", "")))
    ]  # fmt: skip
    people = []
    for number, order in enumerate((rows, rows[::-1])):
        path = tmp_path / f"{number}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in order))
        people.append(answered_clips(path)[0].person)
    assert people[0] == people[1] == ("casme2", "1")
