"""An adapter for others: its model card (training, use, limits), and its way to the hub."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from mevqa.errors import ModelError
from mevqa.inference.evaluation import Plan
from mevqa.inference.fingerprint import package_versions
from mevqa.safe_text import portable, shared_name
from mevqa.training.recipe import Recipe

if TYPE_CHECKING:
    from mevqa.training.result import FineTuningResult
    from mevqa.training.trainable_model import TrainableModel

#: Folders that stay here.
_KEPT = ("checkpoints/*", "rendered/*", "tensorboard/*")
_CONFIG = "adapter_config.json"
_CARD = """---
base_model: {base}
library_name: {library}
pipeline_tag: image-text-to-text
tags: [micro-expressions, visual-question-answering, mevqa]
---

# {title}

{kind} of `{base}` for questions about facial micro-expressions, trained with `mevqa finetune`.

    mevqa eval QUESTIONS.jsonl --media DIR {ask} --out RUN

## Training

{training}

## How it is asked

Views: {views}. Sampler: {sampler}. Prompts: variant `{variant}`, kept in `prompts/`. Options are scored by their whole
log-likelihood. `recipe.yaml` and `training.json` hold everything that decided the training.

## Limits

Trained on the data named above and on nobody else. Micro-expressions are weak evidence of what a person feels: do not
use the answers to judge people. Weights that were trained on licensed data are bound by its licence.
"""


def model_card(
    recipe: Recipe, work: Plan | None, trainable: TrainableModel, finished: FineTuningResult, *, adapter: bool
) -> str:
    """Return the card as Markdown.

    Args:
        recipe: How it was trained.
        work: On which clips; None for synthetic ones.
        trainable: Which model, and how it is asked.
        finished: What came of it.
        adapter: Whether it is an adapter, and not a whole model.
    """
    return _CARD.format(
        base=shared_name(recipe.model),
        library="peft" if adapter else "transformers",
        title=recipe.title or "A fine-tuned vision-language model",
        kind="A LoRA adapter" if adapter else "A fine-tuned version",
        ask=f"--model {shared_name(recipe.model)} --adapter THIS_FOLDER" if adapter else "--model THIS_FOLDER",
        training="\n".join(f"- {line}" for line in _facts(recipe, work, finished)),
        views=", ".join(trainable.preferences.views),
        sampler=trainable.preferences.sampler,
        variant=trainable.preferences.variant,
    )


def _facts(recipe: Recipe, work: Plan | None, finished: FineTuningResult) -> list[str]:
    """Return one line a fact."""
    lines = []
    if work is not None:
        clips = Counter(clip.dataset for clip in work.clips.values())
        told = ", ".join(f"{name} {count}" for name, count in sorted(clips.items()))
        lines.append(f"clips: {told}; questions: {len(work.all_questions)}")
    if recipe.adapter is not None:
        lines.append(f"trained further from the adapter {shared_name(recipe.adapter)}")
    if recipe.synthetic is not None:
        lines.append(f"synthetic motion maps: {recipe.synthetic.share:.0%} of the clips of each step")
    trained = ", ".join(f"{part} {count:,}" for part, count in finished.parameters.items() if part != "all")
    lines.append(f"trained weights: {trained} of {finished.parameters['all']:,}")
    lines.append(f"steps: {finished.steps}, {recipe.clips * recipe.accumulation} clips each; seed {recipe.seed}")
    if finished.loss is not None:
        lines.append(f"training loss at the end: {finished.loss:.4f} nats a token")
    if finished.validation is not None:
        lines.append(f"best loss on subjects that were not trained on: {finished.validation:.4f}")
    if finished.probe is not None:
        lines.append(
            f"loss with the right pictures {finished.probe.loss:.4f}, with another clip's {finished.probe.shuffled:.4f}"
        )
    versions = package_versions(("mevqa", "torch", "transformers", "peft"))
    lines.append("made with " + ", ".join(f"{name} {version}" for name, version in versions.items()))
    return lines


def push(folder: Path, name: str) -> str:
    """Upload what a training left behind.

    Args:
        folder: The training's folder.
        name: ``owner/model``; created, private, when it does not exist.

    Returns:
        Where it is.

    Raises:
        ModelError: The hub cannot be reached, or refuses.
    """
    from huggingface_hub import HfApi

    api = HfApi()
    try:
        api.create_repo(name, private=True, exist_ok=True)
        commit = api.upload_folder(repo_id=name, folder_path=folder, ignore_patterns=[*_KEPT, _CONFIG])
        if (folder / _CONFIG).is_file():
            # The path of a base model on this machine is nobody else's concern.
            config = portable(json.loads((folder / _CONFIG).read_text(encoding="utf-8")))
            content = json.dumps(config, indent=2, sort_keys=True).encode()
            commit = api.upload_file(path_or_fileobj=content, path_in_repo=_CONFIG, repo_id=name)
    except Exception as error:  # whatever the network stack or the hub raises
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{folder} is complete, but could not be pushed to {name}: {reason}") from error
    return str(commit.repo_url)
