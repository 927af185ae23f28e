"""Training on a prepared benchmark: its pictures were drawn before, and must be those that the recipe asks for."""

from __future__ import annotations

from collections.abc import Sequence

from mevqa.errors import InputError, Problem
from mevqa.inference.evaluation import Plan
from mevqa.inference.fingerprint import view_config_record
from mevqa.inference.view_config import ViewConfig
from mevqa.training.examples.clips import TrainingClip
from mevqa.training.recipes.recipe import Recipe

#: Keys of a recipe that decide pictures.
_DECIDING = ("views", "sampler", "frames", "stride", "face")


def check_prepared(recipe: Recipe, work: Plan, clips: Sequence[TrainingClip], view_config: ViewConfig) -> None:
    """Refuse a prepared benchmark that does not hold what a recipe trains on.

    Args:
        recipe: The recipe.
        work: The plan; nothing is checked where it is not of a prepared benchmark.
        clips: What is trained on.
        view_config: What the recipe's model is shown.

    Raises:
        InputError: Its pictures are others; the recipe moves key frames, or balances classes that only a label file
            tells.
    """
    if work.prepared is None:
        return
    folder, prepared_config = work.prepared.path, work.prepared.record.decides["looking"]
    wanted_config = view_config_record(view_config)
    problems = [
        Problem(
            name,
            f"is {_text(wanted_config[name])}, and {folder} was prepared with {_text(prepared_config.get(name))}: set "
            f"{name}={_text(prepared_config.get(name))}, or prepare another folder",
        )
        for name in _DECIDING
        if wanted_config[name] != prepared_config.get(name)
    ]
    if recipe.augmentation.jitter:
        message = f"moves key frames, whose pictures {folder} does not hold; set it to 0, or name files and media"
        problems.append(Problem("augmentation.jitter", message))
    level = recipe.balance.classes
    unlabelled_ids = [clip.clip.id for clip in clips if level != "none" and clip.label(level) is None]
    if unlabelled_ids and work.prepared.record.decides.get("annotations") is not None:
        examples = f"{len(unlabelled_ids)} clips ({unlabelled_ids[0]}, ...)"
        message = f"{examples} have it in the label file alone, which {folder} does not hold"
        problems.append(Problem("balance.classes", f"{message}; name files, media and annotations"))
    if problems:
        raise InputError(problems)


def _text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
