"""Questions and answers to score, written in a line."""

import json
from pathlib import Path

import pytest

from mevqa.questions.question_types import parse_question
from mevqa.scoring.answers.pairing import Pair
from mevqa.types import Question

TEXTS = {
    "coarse": "What is the coarse expression class?",
    "fine": "What is the fine-grained expression class?",
    "units": "What are the action units?",
    "presence": "Is the action unit brow lowerer shown on the face?",
    "side": "Is the action unit dimpler located on the left or right face?",
    "combined": "What is the action unit present, and based on it, what is the fine-grained expression and the coarse "
    "expression class?",
    "count": "How many expression events appear in this video?",
    "micro": "How many micro-expression events appear in this video?",
    "inventory": "What distinct action units appear in this video?",
    "nth": "What is the expression type of the 5-th expression event in this video?",
    "localise": "Localise every expression event in this video.",
    "localise_micro": "Localise every micro-expression event in this video.",
    "describe": "Describe the 2-th expression event in this video.",
    "is_there": "Is there a macro-expression event in this video?",
    "order": "Which comes first in this video, a micro-expression event or a macro-expression event?",
    "longest": "Which expression event in this video is the longest?",
    "between": "How many micro-expression events appear between second 2 and second 8 of this video?",
    "summary": "Summarise the expression events of this video and explain your reasoning.",
}


@pytest.fixture(scope="session")
def make_pair():
    """Return a function that makes a question with its reference and answer."""

    def pair(
        kind, reference, answer, *, clip="c1", subject=None, options=None, missing=False, number=0, dataset="samm"
    ):
        text = TEXTS[kind]
        parsed = parse_question(text)
        question = Question(
            id=f"{clip}_{kind}_{number}",
            clip_id=clip,
            text=text,
            type=parsed.type,
            plural=parsed.plural,
            dataset=dataset,
            subject=subject,
            reference=reference,
            line=1,
            ordinal=parsed.ordinal,
            kind=parsed.kind,
            between_s=parsed.between_s,
        )
        return Pair(question, Path("reference.jsonl"), text=answer, options=options, missing=missing)

    return pair


@pytest.fixture
def write_rows(tmp_path):
    """Return a function that writes rows of a question file."""

    def write(name, rows, layout="test", dataset="samm", **changes):
        lines = []
        for number, (clip, kind, answer) in enumerate(rows, 1):
            text = TEXTS.get(kind, kind)
            if layout == "test":
                row = {"video_id": f"{dataset}_test_{clip}_{number}", "video": clip, "question": text, "answer": answer}
            else:
                row = {
                    "id": f"{dataset}_{clip}_{number}",
                    "dataset": dataset,
                    "image_id": clip,
                    "subject": clip.split("-")[0],
                    "filename": clip,
                    "question": text,
                    "answer": answer,
                }
            lines.append(json.dumps({**row, **changes}) + "\n")
        path = tmp_path / name
        path.write_text("".join(lines))
        return path

    return write
