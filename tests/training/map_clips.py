"""A tiny data set of motion maps with an official question file: subjects, clips, pictures, answers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from mevqa.training.nano.drawn_maps import draw_maps
from mevqa.training.nano.examples import draw_expressions


def write_maps(
    folder: Path, *, subjects: int = 3, each: int = 2, dataset: str = "casme2", seed: int = 0, prefix: str = ""
) -> Path:
    """Write ``each`` clips of each subject, the prefix before their names; return the question file.

    The folder ``maps`` of the pictures is beside it.
    """
    maps = folder / "maps"
    maps.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    expressions = draw_expressions(subjects * each, rng)
    pictures = draw_maps([expression.units for expression in expressions], rng)
    rows = []
    other = "repression" if dataset == "casme2" else "sadness"
    for number, (expression, rgb) in enumerate(zip(expressions, pictures, strict=True)):
        subject = f"sub{number // each + 1:02}"
        clip = f"{prefix}{subject}_EP{number % each + 1:02}"
        Image.fromarray(rgb).save(maps / f"{clip}.png")
        fine = expression.fine if expression.fine in ("happiness", "surprise", "disgust") else other
        units = [unit.name for unit in expression.units]
        questions = [
            ("What is the coarse expression class?", expression.coarse),
            ("What is the fine-grained expression class?", fine),
            ("What are the action units?" if len(units) > 1 else "What is the action unit?", ", ".join(units)),
            (f"Is the action unit {units[0]} shown on the face?", "yes"),
        ]
        rows += [
            {
                "id": f"{dataset}_{clip}_{i}",
                "dataset": dataset,
                "image_id": clip,
                "subject": subject,
                "filename": clip,
                "question": question,
                "answer": answer,
            }
            for i, (question, answer) in enumerate(questions, start=1)
        ]
    file = folder / f"me_vqa_{dataset}_train.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file
