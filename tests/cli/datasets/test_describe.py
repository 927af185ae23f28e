"""The command that writes descriptions: from label files and measured motion, or from answers alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import mevqa
from mevqa.cli import main
from mevqa.training.examples.clips import read_clips, training_clips
from mevqa.training.recipes.recipe import Recipe

ASKED = (
    ("What is the coarse expression class?", "negative"),
    ("What is the fine-grained expression class?", "disgust"),
    ("What are the action units?", "brow lowerer, lid tightener"),
    ("Is the action unit brow lowerer located on the left or right face?", "left"),
)


def write_questions(path: Path, questions=ASKED, clips: int = 2) -> Path:
    rows = [
        {"id": f"c{clip}_{i}", "dataset": "casme2", "image_id": f"c{clip}", "subject": f"s{clip}", "question": q}
        | {"filename": f"c{clip}", "answer": a}
        for clip in range(clips)
        for i, (q, a) in enumerate(questions)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def rows_of(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_answers_alone_are_described_and_the_texts_are_counted(tmp_path, capsys):
    file = write_questions(tmp_path / "q.jsonl")
    out = tmp_path / "told.jsonl"
    assert main(["describe", str(file), "--out", str(out), "--seed", "3"]) == 0
    printed = capsys.readouterr().out
    assert "units       4      1.000   1.000" in printed and "10 rows, 2 of them descriptions" in printed
    analyses = [row for row in rows_of(out) if row["id"].endswith("_analysis")]
    assert analyses[0]["answer"] != analyses[1]["answer"] and all("brow lowerer" in row["answer"] for row in analyses)
    assert {row["subject"] for row in rows_of(out)} == {"s0", "s1"}
    again = tmp_path / "again.jsonl"
    assert main(["describe", str(file), "--out", str(again), "--seed", "3", "--alone"]) == 0
    assert rows_of(again) == analyses
    assert main(["describe", str(file), "--out", str(again), "--seed", "4"]) == 2
    assert "exists; name a new file as --out" in capsys.readouterr().err and rows_of(again) == analyses


def test_an_analysis_gives_way_to_a_description_and_to_nothing_else(tmp_path):
    file = write_questions(tmp_path / "q.jsonl", ASKED[:1], clips=1)
    analysis = [("Please analyse the micro-expression shown in this video in detail.", "The brows are lowered.")]
    coded = write_questions(tmp_path / "coded.jsonl", analysis).read_text().replace("_0", "_9")
    file.write_text(file.read_text() + coded)
    result = mevqa.describe(file, tmp_path / "told.jsonl")
    assert [row["id"] for row in rows_of(result.file)] == ["c0_0", "c0_analysis", "c1_9"]


def test_fine_tuning_learns_the_words_as_they_stand(tmp_path):
    maps = tmp_path / "maps"
    maps.mkdir()
    from PIL import Image

    for clip in range(2):
        Image.new("RGB", (28, 28), (clip * 90, 60, 20)).save(maps / f"c{clip}.png")
    out = tmp_path / "told.jsonl"
    result = mevqa.describe(write_questions(tmp_path / "q.jsonl"), out)
    recipe = Recipe.model_validate(
        {"model": "nano", "steps": 1, "rates": {"language": 1e-3}}
        | {"questions": [str(out)], "precomputed": {"flow": [str(maps)]}}
    )
    clips = training_clips(read_clips(recipe), mevqa.PromptLibrary.load(variant="brief"))
    learned = {question.reference for clip in clips for question in clip.questions if question.type == "analysis"}
    assert learned == {description.text for description in result.described} and len(learned) == 2


def test_motion_and_times_of_clips_are_measured(tmp_path, capsys):
    data = mevqa.synthesise(tmp_path / "set", 2, 5, size=(128, 128), fps=(50.0,), crf=30)
    places = ["--media", str(data.folder / "clips"), "--annotations", str(data.folder / "annotations.csv")]
    file = data.folder / "me_vqa_synthetic_train.jsonl"
    assert main(["describe", str(file), "--out", str(tmp_path / "told.jsonl"), *places]) == 0
    texts = [row["answer"] for row in rows_of(tmp_path / "told.jsonl") if row["id"].endswith("_analysis")]
    assert len(texts) == 2 and all(" ms" in text for text in texts) and any("(" in text for text in texts)
    for clip in sorted((data.folder / "clips").glob("*.mp4")):
        clip.write_bytes(b"no video")
    assert main(["describe", str(file), "--out", str(tmp_path / "none.jsonl"), *places]) == 2
    assert capsys.readouterr().err.count("cannot be read as a video") == 2 and not (tmp_path / "none.jsonl").exists()


@pytest.mark.parametrize("questions", [(("What is the coarse expression class?", ""),), ASKED[3:4] and ()])
def test_clips_of_which_nothing_is_known_are_one_line(questions, tmp_path, capsys):
    file = write_questions(tmp_path / "q.jsonl", questions)
    assert main(["describe", str(file), "--out", str(tmp_path / "told.jsonl")]) == 2
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1 and str(file) in printed and not (tmp_path / "told.jsonl").exists()


def test_a_label_file_needs_its_clips(tmp_path, capsys):
    file = write_questions(tmp_path / "q.jsonl")
    assert main(["describe", str(file), "--out", str(tmp_path / "t"), "--annotations", str(file)]) == 2
    assert "goes with the clips: name their folder as --media" in capsys.readouterr().err
