"""A small run with everything that a report shows: frames, options, errors, and texts that want to be markup."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from mevqa.inference.runs import file_digest, start_run
from mevqa.types import Answer

HOSTILE = "<img src=x onerror=document.title='pwned'>"
SCRIPT = "<script>document.title='pwned'</script>"
CLASSES = ("negative", "positive", "surprise")


def write_frames(folder: Path, seed: int) -> None:
    """Write a clip of six frames: a grid of dots that moves."""
    folder.mkdir(parents=True)
    noise = np.random.default_rng(seed).integers(60, 200, (96, 96, 3), dtype=np.uint8)
    for number in range(6):
        Image.fromarray(np.roll(noise, number % 4, axis=0)).save(folder / f"{number:03d}.png")


def rows(clip: str, subject: str, coarse: str) -> list[dict[str, str]]:
    questions = [
        ("What is the coarse expression class?", coarse),
        ("What are the action units?", "brow lowerer, lip corner puller"),
        ("Is the action unit brow lowerer shown on the face?", "yes"),
        (f"What do you see? {SCRIPT}", f"nothing {SCRIPT}"),
    ]
    common = {"dataset": "casme2", "image_id": clip, "subject": subject, "filename": clip}
    return [
        {"id": f"casme2_{clip}_{place}", **common, "question": question, "answer": answer}
        for place, (question, answer) in enumerate(questions, 1)
    ]


def answers_to(content: list[dict[str, str]], wrong_every: int) -> list[Answer]:
    answers = []
    for place, row in enumerate(content):
        number = place % 4
        wrong = (place // 4) % wrong_every == 0
        if number == 0:
            text = CLASSES[(CLASSES.index(row["answer"]) + wrong) % 3]
            options = {name: 0.8 if name == text else 0.1 for name in CLASSES}
            answers.append(Answer(row["id"], text, options=options, confidence=0.8, warnings=(f"seen {HOSTILE}",)))
        elif number == 1:
            answers.append(Answer(row["id"], "brow lowerer" if wrong else row["answer"]))
        elif number == 2 and wrong:
            answers.append(Answer(row["id"], "", error=f"out of memory {HOSTILE}"))
        elif number == 2:
            answers.append(Answer(row["id"], "yes", options={"yes": 0.7, "no": 0.3}, confidence=0.7))
        else:
            answers.append(Answer(row["id"], f"a face {SCRIPT}", raw=HOSTILE))
    return answers


def make_run(folder: Path, questions: Path, media: Path, annotations: Path, wrong_every: int) -> Path:
    content = [json.loads(line) for line in questions.read_text().splitlines()]
    clips = {row["image_id"] for row in content}
    fingerprint = {
        "questions": {questions.name: file_digest(questions)},
        "media": dict.fromkeys(clips, "digest"),
        "model": {"name": f"mock {SCRIPT}", "revision": None},
        "looking": {"views": ["onset"], "face": "none"},
    }
    source = {"files": [str(questions)], "media": str(media), "annotations": str(annotations), "pictures": {}}
    with start_run(folder, fingerprint, {"question_files": [str(questions)], "sources": [source]}) as log:
        log.append(answers_to(content, wrong_every))
    return folder


def two_runs(folder: Path) -> list[Path]:
    """Two runs about the same six clips of three subjects; the second is wrong more often."""
    names = [f"sub0{place % 3 + 1}_EP{place}" for place in range(5)] + [HOSTILE]
    content = []
    labels = ["clip,dataset,subject,onset,apex,offset"]
    for place, name in enumerate(names):
        write_frames(folder / "media" / name, place)
        subject = f"sub0{place % 3 + 1}"
        content += rows(name, subject, CLASSES[place % 3])
        labels.append(f"{name},casme2,{subject},0,2,5")
    questions, annotations = folder / "questions.jsonl", folder / "labels.csv"
    questions.write_text("".join(json.dumps(row) + "\n" for row in content))
    annotations.write_text("\n".join(labels) + "\n")
    return [
        make_run(folder / name, questions, folder / "media", annotations, wrong)
        for name, wrong in (("steady", 3), ("hasty", 2))
    ]
