"""The whole job from Python: python examples/score_in_python.py clip.mp4 (any clip of a synthetic set)."""

import sys
import tempfile
from pathlib import Path

import mevqa


def main(video: str) -> None:
    data, out = Path(video).parents[1], Path(tempfile.mkdtemp())
    files = [data / "me_vqa_synthetic_train.jsonl", data / "me_vqa_synthetic_test_to_answer.jsonl"]
    run = mevqa.evaluate(files, media=data, annotations=data / "annotations.csv", out=out / "run")
    scores = run.score(by=["subject"], draws=100)
    for name in ("coarse.accuracy", "au.f1", "presence.accuracy"):
        print(f"{name:<20}{scores.metrics[name]:.3f}")
    print(run.to_pandas()[["type", "answer", "reference", "confidence"]].head())
    print(run.submit(out / "submission").archive)
    print(run.report(out / "report", draws=0, pictures=False).page)


if __name__ == "__main__":
    main(sys.argv[1])
