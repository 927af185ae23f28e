"""A page of 500 clips is small enough to be mailed."""

import json

import numpy as np
import pytest
from PIL import Image, ImageFilter

from mevqa.inference.runs import start_run
from mevqa.reporting import clips
from mevqa.reporting.clips import clip_section
from mevqa.reporting.page import make_page
from mevqa.reporting.pictures import ClipPictures, Picture
from mevqa.reporting.reading import Scoring, read_runs
from mevqa.reporting.thumbnails import thumbnail
from mevqa.types import Answer

CLIPS = 500
FINE = ("happiness", "disgust", "surprise", "repression", "sadness", "fear", "anger", "others")


@pytest.mark.slow
def test_500_clips_with_pictures_stay_below_10_megabytes(tmp_path, monkeypatch):
    forms = {}

    def thumbnail_once(image, most_bytes):
        """The same picture stands everywhere: it is compressed once for each size that it may have."""
        key = id(image), most_bytes
        if key not in forms:
            forms[key] = thumbnail(image, most_bytes)
        return forms[key]

    monkeypatch.setattr(clips, "thumbnail", thumbnail_once)
    rng = np.random.default_rng(0)
    rows, answers = [], []
    for clip in range(CLIPS):
        for place, (text, answer) in enumerate(
            [
                ("What is the coarse expression class?", "negative"),
                ("What is the fine-grained expression class?", "disgust"),
                ("What are the action units?", "brow lowerer, lid tightener"),
                ("Is the action unit brow lowerer shown on the face?", "yes"),
                ("Is the action unit dimpler located on the left or right face?", "left"),
                ("Please analyse the micro-expression shown in this video in detail.", "A long sentence. " * 12),
            ]
        ):
            row = {"id": f"casme2_{clip}_{place}", "dataset": "casme2", "image_id": f"sub{clip % 25:02d}_{clip}"}
            rows.append({**row, "subject": f"{clip % 25}", "filename": "x", "question": text, "answer": answer})
            options = dict(zip(FINE, rng.dirichlet(np.ones(8)), strict=True)) if place == 1 else None
            answers.append(Answer(f"casme2_{clip}_{place}", answer, options=options, confidence=0.5))
    (tmp_path / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    facts = {"question_files": [str(tmp_path / "questions.jsonl")]}
    with start_run(tmp_path / "run", {"media": {row["image_id"]: "" for row in rows}}, facts) as log:
        log.append(answers)
    # As detailed as a sharp photograph: smooth shades with texture.
    noise = Image.fromarray(rng.integers(0, 256, (256, 256, 3), dtype=np.uint8))
    face = Image.blend(noise.filter(ImageFilter.GaussianBlur(12)), noise.filter(ImageFilter.GaussianBlur(2)), 0.5)
    roles = ("onset", "apex", "offset", "motion", "magnified")
    seen = ClipPictures(
        (tuple(Picture(f"{role} · frame 31", f"The aligned face at the {role}.", face, role) for role in roles),)
    )
    runs = read_runs([tmp_path / "run"], Scoring(draws=0))
    section = clip_section(runs, lambda clip, questions: seen)
    assert section.shown == 5 * CLIPS
    html = make_page(runs, section, "500 clips", paired=None).html
    assert len(html.encode()) < 10_000_000
