"""Everything about one clip as a zip: answers, pictures, moments and the annotation."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

from mevqa.app.clips.asking import ModelAnswers
from mevqa.app.clips.open_clip import OpenClip
from mevqa.files.tables.csv_cells import csv_text
from mevqa.inference.logs.answer_log import line_of

_COLUMNS = ("clip", "model", "question", "answer", "confidence", "error", "onset", "apex", "offset", "warnings")


def export_zip(opened: OpenClip, model_answers: Sequence[ModelAnswers], annotations: bytes | None) -> bytes:
    """Return a zip with ``clip.json``, the answers as JSON Lines and as CSV, the pictures and the annotation table.

    Args:
        opened: The clip.
        model_answers: Answers of the models; empty where none was asked.
        annotations: The table of what was saved in this session, where something was.
    """
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("clip.json", json.dumps(_clip(opened), indent=1, ensure_ascii=False) + "\n")
        if model_answers:
            packed.writestr("answers.jsonl", "".join(_lines(opened, model_answers)))
            packed.writestr("answers.csv", csv_text([_COLUMNS, *_rows(opened, model_answers)]))
        for view in opened.clip_views.views if opened.clip_views is not None else ():
            picture = io.BytesIO()
            view.image.save(picture, "PNG")
            packed.writestr(f"pictures/{view.name}.png", picture.getvalue())
        if annotations is not None:
            packed.writestr("annotations.csv", annotations)
    return content.getvalue()


def export_name(opened: OpenClip) -> str:
    """Return the file name of the zip: that of the clip, in characters that every system takes."""
    return f"mevqa-{re.sub(r'[^A-Za-z0-9._-]+', '_', opened.clip.id)[:80].strip('._') or 'clip'}.zip"


def _clip(opened: OpenClip) -> dict[str, Any]:
    onset, apex, offset = opened.moments
    moments = None if opened.long else {"onset": onset, "apex": apex, "offset": offset, "source": opened.source}
    events = [
        {name: getattr(event, name) for name in ("onset", "apex", "offset", "kind", "score")} for event in opened.events
    ]
    views = opened.clip_views.views if opened.clip_views is not None else ()
    return {
        "clip": opened.clip.id,
        "file": opened.name,
        "dataset": opened.clip.dataset,
        "subject": opened.clip.subject,
        "frames": opened.frames,
        "fps": opened.fps,
        "moments": moments,
        "events": events if opened.long else None,
        "pictures": {f"pictures/{view.name}.png": view.caption for view in views},
        "warnings": list(opened.clip_views.warnings) if opened.clip_views is not None else [],
    }


def _lines(opened: OpenClip, model_answers: Sequence[ModelAnswers]) -> Iterator[str]:
    for answers in model_answers:
        for question, answer in zip(answers.questions, answers.answers, strict=True):
            if answer is None:
                continue
            row = {"clip": opened.clip.id, "model": answers.model, "question": question, **json.loads(line_of(answer))}
            yield json.dumps(row, ensure_ascii=False) + "\n"


def _rows(opened: OpenClip, model_answers: Sequence[ModelAnswers]) -> Iterator[tuple[Any, ...]]:
    moments = ("", "", "") if opened.long else tuple("" if moment is None else moment for moment in opened.moments)
    for answers in model_answers:
        for question, answer in zip(answers.questions, answers.answers, strict=True):
            if answer is None:
                continue
            sure = "" if answer.confidence is None else f"{answer.confidence:.4f}"
            row = (opened.clip.id, answers.model, question, answer.text, sure, answer.error or "")
            yield (*row, *moments, " | ".join(answer.warnings))
