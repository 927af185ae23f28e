"""How well nano answers: ``python -m mevqa.training.nano.evaluate``.

Three examinations, each through the code that every model is asked with:

* synthetic clips of persons and a seed that training never saw, through the whole pipeline with given onset, apex and
  offset (``--clips``);
* the same clips with the pictures shuffled between them, where only chance may be left;
* motion maps made by others (``--maps DIR --questions FILE``), such as the published ones of real data sets.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from mevqa.datasets import taxonomy
from mevqa.facs import find_units
from mevqa.inference.consistency.clip import decide
from mevqa.inference.evaluation import Plan, plan
from mevqa.models.base import Model
from mevqa.models.registry import load_model
from mevqa.questions.answers import normalise
from mevqa.questions.prompts import PromptLibrary
from mevqa.scoring.metrics.classification import NO_ANSWER, score_classes
from mevqa.scoring.metrics.unit_sets import set_f1
from mevqa.types import Question, View
from mevqa.video.views.render import render_clip

#: Seed of the synthetic clips of the examination; training uses other persons (``rendered_maps.PERSONS_SEED``).
EXAM_SEED = 4711


def see(model: Model, work: Plan) -> list[list[View]]:
    """Return the views of each clip that the model looks at."""
    preferences = model.preferences
    return [
        render_clip(clip, views=preferences.views, sampler=preferences.sampler).views for clip in work.clips.values()
    ]


def examine(model: Model, work: Plan, views: Sequence[Sequence[View]], *, consistency: bool = True) -> dict[str, float]:
    """Answer all questions of a plan and score them.

    Args:
        model: Who is asked.
        work: Clips and questions with reference answers.
        views: What is shown with each clip, in the order of the plan.
        consistency: Decide the answers of a clip together.

    Returns:
        Scores by name.
    """
    prompts = PromptLibrary.load(variant=model.preferences.variant)
    pairs: list[tuple[Question, str]] = []
    for clip, clip_views in zip(work.clips.values(), views, strict=True):
        questions = work.questions[clip.id]
        requests = [prompts.request(question) for question in questions]
        replies = model.ask(prompts.system(clip.dataset), clip_views, requests)
        texts = (
            decide(questions, replies, taxonomy(clip.dataset))
            if consistency
            else [normalise(question, reply) for question, reply in zip(questions, replies, strict=True)]
        )
        pairs += [(question, text or NO_ANSWER) for question, text in zip(questions, texts, strict=True)]
    return score(pairs)


def score(pairs: Sequence[tuple[Question, str]]) -> dict[str, float]:
    """Score answered questions by type: UF1 of the classes, F1 of the unit lists, accuracy of presence and side."""
    scores: dict[str, float] = {"questions": float(len(pairs))}
    for kind in ("coarse", "fine", "au_presence", "au_side"):
        typed_pairs = [(question, text) for question, text in pairs if question.type == kind and question.reference]
        if typed_pairs:
            references = [str(question.reference) for question, _ in typed_pairs]
            result = score_classes(references, [text for _, text in typed_pairs])
            scores[f"{kind} accuracy"] = result.accuracy
            if kind in ("coarse", "fine"):
                scores[f"{kind} UF1"], scores[f"{kind} UAR"] = result.uf1, result.uar
    for kind in ("au_list", "combined", "analysis"):
        typed_pairs = [(question, text) for question, text in pairs if question.type == kind and question.reference]
        if typed_pairs:
            true = [set(find_units(str(question.reference))) for question, _ in typed_pairs]
            scores[f"{kind} set F1"] = set_f1(true, [set(find_units(text)) for _, text in typed_pairs])
    return scores


def deranged(views: Sequence[list[View]]) -> list[list[View]]:
    """Hand each of at least two clips another one's pictures."""
    order = np.random.default_rng(0).permutation(len(views))
    shuffled: list[list[View]] = [[] for _ in views]
    for position, clip in enumerate(order):
        shuffled[clip] = list(views[order[(position + 1) % len(order)]])
    return shuffled


def _report(title: str, model: Model, work: Plan) -> None:
    """Print the scores with consistent answers, with independent ones, and with shuffled pictures."""
    views = see(model, work)
    _print(title, examine(model, work, views))
    _print("the same, every answer on its own", examine(model, work, views, consistency=False))
    if len(views) > 1:
        _print("the same, pictures shuffled between clips", examine(model, work, deranged(views), consistency=False))


def _print(title: str, scores: Mapping[str, float]) -> None:
    print(title)
    for name, value in scores.items():
        print(f"  {name:24} {value:8.0f}" if name == "questions" else f"  {name:24} {value:8.3f}")


def main() -> None:
    """Run the examinations that are asked for and print their scores."""
    parser = argparse.ArgumentParser(prog="python -m mevqa.training.nano.evaluate", description=__doc__)
    parser.add_argument("--model", default="nano", help="name or folder of the model")
    parser.add_argument("--clips", type=int, default=120, help="number of synthetic clips; 0 leaves them out")
    parser.add_argument("--seed", type=int, default=EXAM_SEED)
    parser.add_argument("--fps", type=float, nargs="*", default=[], help="frame rates of the clips")
    parser.add_argument("--work", type=Path, help="folder for the clips, kept for the next time")
    parser.add_argument("--maps", type=Path, help="folder of ready-made motion maps, named CLIP.png")
    parser.add_argument("--questions", type=Path, help="question file with answers about them")
    options = parser.parse_args()
    model = load_model(options.model)
    if options.clips:
        from mevqa.synthetic.writer import synthesise

        with tempfile.TemporaryDirectory() as scratch:
            folder = options.work or Path(scratch) / "clips"
            synthetic_set = synthesise(folder, options.clips, options.seed, fps=tuple(options.fps))
            work = plan([synthetic_set.train], synthetic_set.media, annotations=synthetic_set.annotations)
            _report(f"synthetic clips, seed {options.seed}", model, work)
    if options.maps and options.questions:
        work = plan([options.questions], None, pictures={"motion": options.maps})
        _report(f"maps of {options.maps.name}", model, work)


if __name__ == "__main__":
    main()
