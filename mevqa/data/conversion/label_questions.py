"""Questions for the coarse and the fine class of every coded clip of a label file, with the coded answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mevqa.data.annotations import read_annotations
from mevqa.datasets import taxonomy
from mevqa.errors import InputError
from mevqa.questions.wordings import official_wordings


@dataclass(frozen=True, slots=True)
class LabelQuestions:
    """Official rows about the clips of a label file.

    Attributes:
        rows: In the layout of the official training files.
        clips: Number of clips in the file.
        notes: What was left out, one sentence each.
    """

    rows: tuple[Mapping[str, str], ...]
    clips: int
    notes: tuple[str, ...]


def label_questions(path: Path, dataset: str | None = None) -> LabelQuestions | None:
    """Return questions about the coded clips of a label file; None when it is none.

    Args:
        path: Our own CSV, or the label file of a data set.
        dataset: The data set, when the file does not name it.
    """
    try:
        labels = read_annotations(path, dataset)
    except InputError:
        return None
    rows: list[Mapping[str, str]] = []
    without: list[str] = []
    for clip_id, clip in labels.items():
        name = dataset if dataset is not None and clip.dataset == "unknown" else clip.dataset
        event, classes = clip.annotation, taxonomy(name)
        fine = event.fine if event is not None and event.fine in classes.fine else None
        coarse = None if event is None else event.coarse or (classes.coarse_of(fine) if fine else None)
        level_classes = [
            (level, emotion_class)
            for level, emotion_class in (("coarse", coarse), ("fine", fine))
            if emotion_class is not None
        ]
        if not level_classes:
            without.append(clip_id)
        rows += [
            {
                "id": f"{name}_{clip_id}_{number}",
                "dataset": name,
                "image_id": clip_id,
                "subject": clip.subject or "",
                "filename": clip_id,
                "question": official_wordings(level)[0],
                "answer": emotion_class,
            }
            for number, (level, emotion_class) in enumerate(level_classes, start=1)
        ]
    if not rows:
        return None
    examples = ", ".join(without[:3]) + (", ..." if len(without) > 3 else "")
    notes = (
        (f"{len(without)} clips without one expression of a class that is asked for: {examples}",) if without else ()
    )
    return LabelQuestions(tuple(rows), len(labels), notes)
