"""Answer and score a synthetic set from Python: python examples/score_in_python.py clip.mp4 (any clip of the set)."""

import sys
from pathlib import Path

import mevqa
from mevqa.inference.evaluation import plan
from mevqa.scoring.answers.score import score_run


def main(video: str) -> None:
    folder = Path(video).parents[1]
    work = plan([folder / "me_vqa_synthetic_train.jsonl"], folder, annotations=folder / "annotations.csv")
    model = mevqa.load_model("nano")
    prompts = mevqa.PromptLibrary.load(variant=model.preferences.variant)
    view_config = mevqa.ViewConfig.preferred(model.preferences)
    answers = {}
    for clip_id, questions in work.questions.items():
        result = mevqa.answer_clip(work.clips[clip_id], questions, model, prompts, view_config)
        answers.update((answer.question_id, answer) for answer in result.answers)
    scores = score_run(work.all_questions, answers)
    for name in ("coarse.accuracy", "au.f1", "presence.accuracy"):
        print(f"{name:<20}{scores.metrics[name]:.3f}")


if __name__ == "__main__":
    main(sys.argv[1])
