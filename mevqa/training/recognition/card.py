"""The card of a trained recogniser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mevqa.recognition.folder import RecogniserRecord
from mevqa.training.recipes.recogniser import RecogniserRecipe

if TYPE_CHECKING:
    from mevqa.training.result import RecogniserResult

_CARD = """---
library_name: mevqa
tags: [micro-expressions, mevqa]
---

# {title}

The recogniser `{name}`, trained with `mevqa finetune`. It looks at the views {views} of a clip and tells {classes}.

    mevqa eval QUESTIONS.jsonl --media DIR --annotations FILE --model {name}:THIS_FOLDER --out RUN

## Training

- clips: {clips}, moments of rest: {rest}, subjects: {subjects}; seed {seed}
{counts}
- right on these very clips, which says little of others: {accuracy}

`recogniser.json` holds settings, classes and who was seen; `model.safetensors` the weights and the statistics of the
inputs; `recipe.yaml` and `training.json` everything that decided the training.

## Limits

Trained on the data named above and on nobody else. Micro-expressions are weak evidence of what a person feels: do not
use the answers to judge people. Weights that were trained on licensed data are bound by its licence.
"""


def recogniser_card(recipe: RecogniserRecipe, record: RecogniserRecord, result: RecogniserResult) -> str:
    """Return the card as Markdown."""
    fitted = record.fitted_on
    counts = [
        f"- {level}: {', '.join(f'{name} {count}' for name, count in names.items())}"
        for level, names in fitted.counts.items()
    ]
    return _CARD.format(
        title=recipe.title or f"The recogniser {recipe.recogniser}",
        name=recipe.recogniser,
        views=", ".join(recipe.make().look.views),
        classes=" and ".join(f"{len(names)} {level} classes" for level, names in record.classes.items()),
        clips=fitted.clips,
        rest=fitted.rest,
        subjects=len(fitted.subjects),
        seed=record.seed,
        counts="\n".join(counts),
        accuracy=", ".join(f"{level} {value:.3f}" for level, value in result.accuracy.items()),
    )
