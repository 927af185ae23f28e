"""The model of a recipe, with what it takes to ask it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

import torch
from accelerate import PartialState

from mevqa.errors import InputError, Problem
from mevqa.inference.view_config import ViewConfig
from mevqa.models.base import ModelOptions, Preferences
from mevqa.models.registry import load_model, own_preferences
from mevqa.models.transformers.model import TransformersModel
from mevqa.questions.prompts import PromptLibrary
from mevqa.training.continued import check_start, prompts_folder
from mevqa.training.recipe import UNTRAINED_NANO, Recipe
from mevqa.video.views.registry import view_names
from mevqa.video.views.sampler import sampler_names


@dataclass(frozen=True)
class TrainableModel:
    """A model with what it takes to be asked, before and during training.

    Attributes:
        wrapped: The model behind the package's protocol.
        prompts: The prompt library.
        view_config: What is seen of clips.
        preferences: How the trained model wants to be asked.
        dtype: Precision in which the weights came.
    """

    wrapped: TransformersModel
    prompts: PromptLibrary
    view_config: ViewConfig
    preferences: Preferences
    dtype: torch.dtype


def load_trainable_model(recipe: Recipe) -> TrainableModel:
    """Load a recipe's model and decide how it is asked.

    Raises:
        ModelError: It cannot be loaded, or cannot be trained.
        InputError: Views, sampler or prompts are wrong.
    """
    known = {"views": view_names(), "sampler": sampler_names()}
    named = [("views", name) for name in recipe.views] + [("sampler", recipe.sampler or sampler_names()[0])]
    problems = []
    for key, name in named:
        if name not in known[key]:
            close = difflib.get_close_matches(name, known[key], n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known[key])}"
            problems.append(Problem(key, f"unknown {key.rstrip('s')} {name!r}; {hint}"))
    if problems:
        raise InputError(problems)
    check_start(recipe)
    join_processes(recipe)
    own = own_preferences(recipe.model, recipe.adapter) if recipe.model != UNTRAINED_NANO else None
    variant = recipe.variant or (own.variant if own is not None else None)
    # Read before the model, so that what is wrong with them shows at once.
    prompts = PromptLibrary.load(prompts_folder(recipe), variant) if variant is not None else None
    torch.manual_seed(recipe.seed)
    wrapped = _load(recipe)
    own = own or wrapped.preferences
    preferences = Preferences(
        views=recipe.views or own.views,
        sampler=recipe.sampler or own.sampler,
        variant=recipe.variant or own.variant,
        # A model that was trained on these very answers knows how probable each is.
        option_score="sum",
        sees_rest=own.sees_rest,
    )
    prompts = prompts or PromptLibrary.load(prompts_folder(recipe), preferences.variant)
    view_config = ViewConfig.preferred(preferences, None, None, recipe.face, recipe.frames, recipe.stride)
    return TrainableModel(wrapped, prompts, view_config, preferences, wrapped.model.dtype)


def join_processes(recipe: Recipe) -> PartialState:
    """Return the state of the processes that train together; the first call decides whether they talk as CPUs."""
    return PartialState(cpu=recipe.device == "cpu" or not torch.cuda.is_available())


def _load(recipe: Recipe) -> TransformersModel:
    """Load the model to be trained, with its weights frozen or not as they come."""
    if recipe.model == UNTRAINED_NANO:
        from mevqa.training.nano.architecture import untrained

        return untrained(recipe.seed)
    options = ModelOptions(
        # Frozen weights may be in the precision of the arithmetic; trained ones are brought to float32 afterwards.
        dtype=recipe.precision,
        device=_own_device(recipe.device),
        quantization=recipe.quantization,
        attention=recipe.attention,
        trust_remote_code=recipe.trust_remote_code,
        revision=recipe.revision,
        seed=recipe.seed,
    )
    loaded = load_model(recipe.model, options)
    if not isinstance(loaded, TransformersModel):
        raise InputError([Problem("model", f"{recipe.model} has no weights to train")])
    return loaded


def _own_device(wanted: str) -> str:
    """Return the device of this process: each of several GPU processes has a whole model on its own GPU."""
    state = PartialState()
    return f"cuda:{state.local_process_index}" if wanted == "auto" and state.device.type == "cuda" else wanted
