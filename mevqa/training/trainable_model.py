"""The model of a recipe, with what it takes to ask it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import PartialState

from mevqa.errors import InputError, ModelError, Problem
from mevqa.files.json_file import read_json_object
from mevqa.inference.view_config import ViewConfig
from mevqa.models.base import ModelOptions, Preferences
from mevqa.models.registry import load_model, own_preferences, own_prompts
from mevqa.models.transformers.adapters.load import adapter_config, adapter_folder, base_trained_on
from mevqa.models.transformers.model import TransformersModel
from mevqa.questions.prompts import PromptLibrary
from mevqa.suggestions import did_you_mean
from mevqa.training.recipes.recipe import UNTRAINED_NANO, Lora, Recipe
from mevqa.video.views.registry import view_names
from mevqa.video.views.sampler import sampler_names

#: Settings that decide an adapter's layers: key of a recipe's ``lora``, key of ``adapter_config.json``.
_SHAPE = {"rank": "r", "alpha": "lora_alpha", "dora": "use_dora", "rslora": "use_rslora"}


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
    known_names = {"views": view_names(), "sampler": sampler_names()}
    recipe_names = [("views", name) for name in recipe.views] + [("sampler", recipe.sampler or sampler_names()[0])]
    problems = []
    for key, name in recipe_names:
        if name not in known_names[key]:
            message = f"unknown {key.rstrip('s')} {name!r}; {did_you_mean(name, known_names[key])}"
            problems.append(Problem(key, message))
    if problems:
        raise InputError(problems)
    _check_start(recipe)
    join_processes(recipe)
    model_preferences = base_preferences(recipe)
    # Read before the model, so that what is wrong with them shows at once.
    prompts = PromptLibrary.load(prompts_folder(recipe), recipe.variant or model_preferences.variant)
    torch.manual_seed(recipe.seed)
    wrapped = _load(recipe)
    preferences = Preferences(
        views=recipe.views or model_preferences.views,
        sampler=recipe.sampler or model_preferences.sampler,
        variant=recipe.variant or model_preferences.variant,
        # A model that was trained on these very answers knows how probable each is.
        option_score="sum",
        sees_rest=model_preferences.sees_rest,
    )
    view_config = ViewConfig.preferred(preferences, None, None, recipe.face, recipe.frames, recipe.stride)
    return TrainableModel(wrapped, prompts, view_config, preferences, wrapped.model.dtype)


def trained_model(recipe: Recipe, folder: Path) -> tuple[str, ModelOptions]:
    """Return the name and the options under which the model that a recipe trained is loaded to be asked.

    Args:
        recipe: The recipe.
        folder: The adapter, or the whole model.
    """
    is_whole_model = not (folder / "adapter_config.json").is_file()
    options = ModelOptions(
        dtype=recipe.precision,
        device=recipe.device,
        quantization=recipe.quantization,
        adapter=None if is_whole_model else str(folder),
        attention=recipe.attention,
        trust_remote_code=recipe.trust_remote_code,
        revision=recipe.revision,
        batch_size=16,
        seed=recipe.seed,
    )
    return str(folder) if is_whole_model else recipe.model, options


def base_preferences(recipe: Recipe) -> Preferences:
    """Return how a recipe's model wants to be asked before it is trained, without loading it.

    Raises:
        ModelError: There is no such model or adapter.
        InputError: Its preferences file does not hold what it should.
    """
    return own_preferences("nano" if recipe.model == UNTRAINED_NANO else recipe.model, recipe.adapter)


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
    _check_base(recipe, loaded.revision)
    return loaded


def _check_base(recipe: Recipe, revision: str) -> None:
    """Refuse an adapter that was trained on other weights than those of the recipe's model."""
    then = base_trained_on(adapter_folder(recipe.adapter)) if recipe.adapter is not None else None
    # A commit and a hash of files cannot be compared.
    if then is not None and then != revision and then.startswith("sha256:") == revision.startswith("sha256:"):
        message = f"{recipe.adapter} was trained on a base model of revision {then}, and {recipe.model} is {revision}"
        raise InputError([Problem("adapter", f"{message}: name the base that it was trained on as model=")])


def _own_device(wanted: str) -> str:
    """Return the device of this process: each of several GPU processes has a whole model on its own GPU."""
    state = PartialState()
    return f"cuda:{state.local_process_index}" if wanted == "auto" and state.device.type == "cuda" else wanted


def _check_start(recipe: Recipe) -> None:
    """Refuse a recipe whose model is an adapter, or whose lora block is not that of the adapter to train further."""
    folder = Path(recipe.model).expanduser()
    if (folder / "adapter_config.json").is_file() and not (folder / "config.json").is_file():
        base = _base_of(folder) or "BASE"
        message = (
            f"{recipe.model} is an adapter; to train it further name its base too: model={base} adapter={recipe.model}"
        )
        raise InputError([Problem("model", message)])
    if recipe.adapter is None:
        return
    config = adapter_config(adapter_folder(recipe.adapter))
    if config.get("peft_type") != "LORA":
        raise ModelError(
            f"the adapter {recipe.adapter} is of the type {config.get('peft_type')}; LoRA is trained further"
        )
    assert recipe.lora is not None
    problems = [
        Problem(
            f"lora.{key}", f"is {mine}, and the adapter {recipe.adapter} has {its}: set lora.{key}={str(its).lower()}"
        )
        for key, name in _SHAPE.items()
        if (mine := getattr(recipe.lora, key)) != (its := config.get(name, Lora.model_fields[key].default))
    ]
    if problems:
        raise InputError(problems)


def prompts_folder(recipe: Recipe) -> Path | None:
    """Return the folder of the prompts to train with: the recipe's, else that of the adapter to train further."""
    if recipe.prompts is not None or recipe.adapter is None:
        return recipe.prompts
    return own_prompts(recipe.model, recipe.adapter)


def _base_of(folder: Path) -> str | None:
    """Return the base that an adapter names."""
    try:
        name = read_json_object(folder / "adapter_config.json").get("base_model_name_or_path")
    except InputError:
        return None
    return name if isinstance(name, str) else None
