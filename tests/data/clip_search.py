"""Questions about clips, empty video files, and the media that `find_clips` pairs them with."""

from __future__ import annotations

from pathlib import Path

import pytest

from mevqa.data.media import find_clips
from mevqa.errors import InputError
from mevqa.questions.question_types import parse_question
from mevqa.types import Question

LONG = "How many expression events appear in this video?"


def ask(
    clip: str, dataset: str = "unknown", text: str = "What is the coarse expression class?", **more: object
) -> Question:
    return Question(f"{clip}-{len(text)}", clip, text, parse_question(text).type, dataset=dataset, **more)  # type: ignore[arg-type]


def video(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def media_path(root: Path, clip: str, dataset: str = "unknown") -> Path | None:
    return find_clips([ask(clip, dataset)], root)[clip].media


def messages(*args: object, **more: object) -> list[str]:
    with pytest.raises(InputError) as caught:
        find_clips(*args, **more)  # type: ignore[arg-type]
    return [str(problem) for problem in caught.value.problems]
