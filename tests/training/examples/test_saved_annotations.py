"""Annotations that a coder saved are checked and trained on as any other annotation table."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

import mevqa
from mevqa.questions.prompts import PromptLibrary
from mevqa.training.examples.clips import training_clips


def test_saved_annotations_pass_the_check_and_become_examples(tmp_path: Path):
    labels, questions, media = tmp_path / "labels.csv", tmp_path / "questions.jsonl", tmp_path / "media"
    for number, fine in enumerate(("disgust", "happiness")):
        (media / f"own_{number}").mkdir(parents=True)
        for frame in range(1, 10):
            Image.new("RGB", (48, 48), (frame, 0, 0)).save(media / f"own_{number}" / f"img{frame}.png")
        event = mevqa.Event(1, 4, 7, mevqa.parse_units("L4+7"), fine)
        mevqa.save_annotation(labels, f"own_{number}", event, subject=f"s{number}", fps=100, frames=9, coder="Ada")
    mevqa.convert(labels, questions)
    report = mevqa.check(questions, media=media, annotations=labels)
    assert (report.problems, report.summary.clips, report.summary.annotated) == ((), 2, 2)
    recipe = mevqa.read_recipe("nano", [f"questions={questions}", f"media={media}", f"annotations={labels}"])
    examples = training_clips(mevqa.read_clips(recipe), PromptLibrary.load())
    assert [
        (example.clip.subject, example.label("fine"), example.clip.annotation.interval) for example in examples
    ] == [
        ("s0", "disgust", (1, 7)),
        ("s1", "happiness", (1, 7)),
    ]
    assert {
        question.reference for example in examples for question in example.questions if question.type == "fine"
    } == {
        "disgust",
        "happiness",
    }
