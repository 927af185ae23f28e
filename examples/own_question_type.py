"""A question type of one's own is a definition and a line: python examples/own_question_type.py clip.mp4."""

import json
import sys
import tempfile
from pathlib import Path

import mevqa

mevqa.register_question_type(
    mevqa.ClosedQuestion(
        "half_of_face",
        lambda text: text.has(r"\bhalf of the face\b"),
        choices={"upper": ("brows", "eyes"), "lower": ("mouth", "chin")},
        prompt={
            "answer": {"options": ["upper", "lower"]},
            "variants": {"default": {"text": "{question}\nAnswer with exactly one of: {options}."}},
        },
    )
)
ROW = {"id": "1", "image_id": "clip", "dataset": "casme2", "question": "Which half of the face moves?"}


def main(video: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder, "clips", f"clip{Path(video).suffix}")
        clip.parent.mkdir()
        clip.write_bytes(Path(video).read_bytes())
        questions = Path(folder, "questions.jsonl")
        questions.write_text(json.dumps({**ROW, "answer": "upper"}) + "\n", encoding="utf-8")
        run = mevqa.evaluate(questions, "mock", media=clip.parent, out=Path(folder, "run"))
        print(run.to_pandas()[["type", "question", "answer"]].to_string())
        print("accuracy", run.score().metrics["half_of_face.accuracy"])


if __name__ == "__main__":
    main(sys.argv[1])
