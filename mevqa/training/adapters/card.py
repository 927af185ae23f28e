"""The card of a trained model: how it is asked, what it was trained on, its licence and its limits."""

from __future__ import annotations

import re
from collections import Counter

from huggingface_hub import ModelCardData

from mevqa.inference.evaluation import Plan
from mevqa.inference.fingerprint import package_versions
from mevqa.models.base import Preferences
from mevqa.safe_text import shared_name
from mevqa.training.recipes.recipe import UNTRAINED_NANO, Recipe
from mevqa.training.result import FineTuningResult, stage_lines

_PACKAGES = ("mevqa", "torch", "transformers", "peft")
#: An absolute path inside a sentence; addresses (https://) are none.
_PATH = re.compile(r"(?<![\w:/.\\])(?:~[\w.-]*|[A-Za-z]:)?[/\\][^\s'\"`,;)]+")
_CARD = """---
{data}
---

# {title}

{kind} of `{base}` for questions about facial micro-expressions, trained with `mevqa finetune`.

    mevqa eval QUESTIONS.jsonl --media DIR {ask} --out RUN

From Python:

```python
{snippet}
```

## Training

{training}

## How it is asked

Views: {views}. Sampler: {sampler}. Prompts: variant `{variant}`, kept in `prompts/`. Options are scored by their whole
log-likelihood. `recipe.yaml` and `training.json` hold everything that decided the training, `log.jsonl` its losses.

## Licence

{licence}

## Limits

Trained on the data named above and on nobody else. Micro-expressions are weak evidence of what a person feels: do not
use the answers to judge people.
"""


def without_paths(text: str) -> str:
    """Return a text with the last part of each absolute path that it holds: folders of a machine are its user's."""
    return _PATH.sub(lambda path: shared_name(path[0]), text)


def is_nano(model: str) -> bool:
    """Return whether a model is the embedded one, or was begun as it."""
    return model in ("nano", UNTRAINED_NANO)


def _weights_location(recipe: Recipe) -> str:
    """Return where the card's readers find the weights."""
    return recipe.push_to or "THIS_FOLDER"


def _snippet(recipe: Recipe, *, adapter: bool) -> str:
    """Return lines of Python that ask the model about a clip."""
    base = "nano" if recipe.model == UNTRAINED_NANO else shared_name(recipe.model)
    weights = _weights_location(recipe)
    model_arguments = f'"{base}", options=mevqa.ModelOptions(adapter="{weights}")' if adapter else f'"{weights}"'
    return "\n".join(
        [
            "import mevqa",
            "",
            'questions = ["What is the coarse expression class?", "What are the action units?"]',
            f'for answer in mevqa.ask("clip.mp4", questions, {model_arguments}).answers:',
            "    print(answer.text, answer.confidence)",
        ]
    )


def _licence(recipe: Recipe, work: Plan | None) -> str:
    """Return whose licences bind the weights."""
    base = "the embedded model of mevqa (Apache-2.0)" if is_nano(recipe.model) else f"`{shared_name(recipe.model)}`"
    if work is None:
        return f"Trained on synthetic clips alone: bound by the licence of {base}."
    names = ", ".join(sorted({clip.dataset for clip in work.clips.values()}))
    return (
        f"The weights derive from {base} and from the data named above ({names}): the licences of both bind them. Most "
        "licences of micro-expression data forbid commercial use and passing the data on; ask their owners before you "
        "publish weights."
    )


def model_card(
    recipe: Recipe, work: Plan | None, preferences: Preferences, finished: FineTuningResult, *, adapter: bool
) -> str:
    """Return the card as Markdown.

    Args:
        recipe: How it was trained.
        work: On which clips; None for synthetic ones.
        preferences: How it is asked.
        finished: Its result.
        adapter: Whether it is an adapter, and not a whole model.
    """
    base = shared_name(recipe.model)
    weights = _weights_location(recipe)
    licence = "apache-2.0" if work is None and is_nano(recipe.model) else "other"
    data = ModelCardData(
        license=licence,
        license_name=None if licence != "other" else "that-of-base-and-data",
        base_model=None if is_nano(recipe.model) else base,
        library_name="peft" if adapter else "transformers",
        pipeline_tag="image-text-to-text",
        tags=["micro-expressions", "visual-question-answering", "mevqa"],
    )
    return _CARD.format(
        data=data.to_yaml(),
        base=base,
        title=without_paths(recipe.title) or "A fine-tuned vision-language model",
        snippet=_snippet(recipe, adapter=adapter),
        licence=_licence(recipe, work),
        kind="A LoRA adapter" if adapter else "A fine-tuned version",
        ask=f"--model {base} --adapter {weights}" if adapter else f"--model {weights}",
        training="\n".join(f"- {line}" for line in _training_facts(recipe, work, finished)),
        views=", ".join(preferences.views),
        sampler=preferences.sampler,
        variant=preferences.variant,
    )


def _training_facts(recipe: Recipe, work: Plan | None, finished: FineTuningResult) -> list[str]:
    """Return one line a fact."""
    lines = []
    if work is not None:
        clips = Counter(clip.dataset for clip in work.clips.values())
        datasets = ", ".join(f"{name} {count}" for name, count in sorted(clips.items()))
        lines.append(f"clips: {datasets}; questions: {len(work.all_questions)}")
    if recipe.adapter is not None:
        lines.append(f"trained further from the adapter {shared_name(recipe.adapter)}")
    if recipe.synthetic is not None:
        lines.append(f"synthetic motion maps: {recipe.synthetic.share:.0%} of the clips of each step")
    trained = ", ".join(f"{part} {count:,}" for part, count in finished.parameters.items() if part != "all")
    lines.append(f"trained weights: {trained} of {finished.parameters['all']:,}")
    lines.append(f"steps: {finished.steps}, {recipe.clips * recipe.accumulation} clips each; seed {recipe.seed}")
    lines += stage_lines(finished.stages)
    if finished.loss is not None:
        lines.append(f"training loss at the end: {finished.loss:.4f} nats a token")
    if finished.validation is not None:
        lines.append(f"best loss on subjects that were not trained on: {finished.validation:.4f}")
    if finished.probe is not None:
        lines.append(
            f"loss with the right pictures {finished.probe.loss:.4f}, with another clip's {finished.probe.shuffled:.4f}"
        )
    versions = package_versions(_PACKAGES)
    lines.append("made with " + ", ".join(f"{name} {version}" for name, version in versions.items()))
    return lines
