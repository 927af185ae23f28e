"""A recipe: everything that decides a training, read from YAML and from ``key=value`` on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field, model_validator

from mevqa.errors import InputError, Problem
from mevqa.files.strict_yaml import StrictModel, validate
from mevqa.training.recipes.blocks import (
    Augmentation,
    Balance,
    Folds,
    Grpo,
    Lora,
    Names,
    Positive,
    Rate,
    Rates,
    Rejection,
    Share,
    Synthetic,
    Validation,
    Whole,
    listed,
)
from mevqa.training.recipes.files import find_recipe, read_content
from mevqa.training.recipes.recogniser import RecogniserRecipe
from mevqa.training.recipes.spotter import SpotterRecipe, spotter_schema

#: Stages of a training in their order: rewards and drawn answers follow supervised tuning.
STAGES = (("sft",), ("sft", "rft"), ("sft", "grpo"), ("sft", "rft", "grpo"))

#: The name under which ``model`` means nano's architecture with random weights.
UNTRAINED_NANO = "untrained-nano"


class Recipe(StrictModel):
    """Everything that decides a training; ``finetune/README.md`` explains each key with its trade-offs."""

    title: str = ""
    extends: str | None = Field(default=None, exclude=True)  # of a file only: what is read has the base's keys
    # model
    model: str
    revision: str | None = None
    adapter: str | None = None
    trust_remote_code: bool = False
    device: str = "auto"
    precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    quantization: Literal["none", "4bit", "8bit"] = "none"
    attention: str | None = None
    # method
    lora: Lora | None = None
    rates: Rates
    # data
    questions: Names = ()
    media: Names = ()
    annotations: Names = ()
    precomputed: dict[str, Names] = {}
    numbers: Literal["names", "recording", "interval"] = "names"
    views: Names = ()
    sampler: str | None = None
    frames: Positive = 3
    stride: Positive = 1
    face: Literal["auto", "haar", "mediapipe", "none"] = "auto"
    prompts: Path | None = None
    variant: str | None = None
    validation: Validation = Validation()
    augmentation: Augmentation = Augmentation()
    balance: Balance = Balance()
    synthetic: Synthetic | None = None
    folds: Folds = Folds()
    # training
    stages: Annotated[tuple[Literal["sft", "rft", "grpo"], ...], BeforeValidator(listed)] = ("sft",)
    rft: Rejection = Rejection()
    grpo: Grpo = Grpo()
    steps: Whole = 0
    epochs: Annotated[float, Field(ge=0)] = 0
    clips: Annotated[int, Field(ge=1, le=100_000)] = 1
    accumulation: Positive = 1
    packed: bool = True
    optimizer: str = "adamw_torch"
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.05
    last_rate: Share = 0.0
    decay: Rate = 0.01
    beta2: Annotated[float, Field(gt=0, lt=1)] = 0.999
    max_norm: Rate = 1.0
    smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    average: Annotated[float, Field(ge=0, lt=1)] = 0.0
    checkpointing: bool = False
    feature_cache: Annotated[float, Field(ge=0)] = 2.0
    workers: Annotated[int, Field(ge=0, le=256)] = 0
    seed: Annotated[int, Field(ge=0, lt=1 << 32)] = 0
    # output
    output: Path | None = None
    save_every: Positive = 100
    log_every: Positive = 10
    log_to: Annotated[tuple[Literal["tensorboard", "wandb", "mlflow"], ...], BeforeValidator(listed)] = ()
    probe: bool = True
    push_to: str | None = None

    @model_validator(mode="after")
    def _check(self) -> Recipe:
        """Refuse what contradicts itself."""
        if self.extends is not None:
            raise ValueError("extends stands in a recipe's file: name the other recipe in this one's place")
        if (self.steps > 0) == (self.epochs > 0):
            raise ValueError("give either steps or epochs")
        if not any((self.rates.adapter, self.rates.language, self.rates.projector, self.rates.vision)):
            raise ValueError("every rate is 0: nothing would be trained")
        if (self.lora is None) != (self.rates.adapter == 0):
            raise ValueError("lora and rates.adapter go together: set both, or neither")
        if self.adapter is not None and self.lora is None:
            raise ValueError("adapter is trained on as LoRA: give the lora block that it was made with")
        if self.lora is not None and self.rates.language > 0:
            raise ValueError("rates.language trains the weights that lora adapts: set it to 0, or leave lora away")
        if self.quantization != "none" and (self.lora is None or self.rates.vision > 0 or self.rates.projector > 0):
            raise ValueError("quantised weights cannot be trained: use lora; rates.vision and rates.projector are 0")
        if self.validation.choose == "score" and not self.validation.share:
            raise ValueError("validation.choose=score compares checkpoints on other subjects: set validation.share")
        if self.stages not in STAGES:
            raise ValueError(f"stages are one of {', or '.join(map(','.join, STAGES))}")
        if "grpo" in self.stages and not (self.validation.share or self.grpo.force):
            raise ValueError("grpo measures on other subjects whether it is worth while: set validation.share")
        if self.stages != ("sft",) and (self.model == UNTRAINED_NANO or (self.synthetic and self.synthetic.share == 1)):
            raise ValueError("later stages learn from answered questions: leave stages away where all is synthetic")
        if self.balance.types and self.balance.questions:
            raise ValueError("balance.questions draws the types alike already: leave balance.types away")
        if self.synthetic is not None and self.synthetic.share == 1 and not self.steps:
            raise ValueError("synthetic maps have no epochs: give steps")
        for name, where in (("media", self.media), ("annotations", self.annotations), *self.precomputed.items()):
            if len(where) > 1 and len(where) != len(self.questions):
                raise ValueError(f"{name} names {len(where)} places for {len(self.questions)} question files")
        return self


#: A recipe of any kind: of a language model, of a recogniser, or of a spotter.
AnyRecipe: TypeAlias = Recipe | RecogniserRecipe | SpotterRecipe


def read_any_recipe(name: str, overrides: Sequence[str] = (), *, trust_remote_code: bool = False) -> AnyRecipe:
    """Read a recipe of any kind: of a recogniser or spotter where it has the key of that name, else of a model.

    Args:
        name: As for ``read_recipe``.
        overrides: Likewise.
        trust_remote_code: Likewise.

    Raises:
        InputError: As for ``read_recipe``.
    """
    recipe = _read_recipe(name, overrides)
    return _with_trust(recipe, name, trust_remote_code) if isinstance(recipe, Recipe) else recipe


def read_recipe(name: str, overrides: Sequence[str] = (), *, trust_remote_code: bool = False) -> Recipe:
    """Read a recipe of a language model.

    Args:
        name: A YAML file, or the name of a shipped recipe (``nano-casme2``, ``finetune/nano-casme2.yaml``).
        overrides: ``key=value`` each, nested keys with dots (``lora.rank=8``), lists with commas.
        trust_remote_code: Whether Python code that comes with the model may run, which no file alone can decide.

    Raises:
        InputError: Everything that is wrong with the file, or else with the overrides; or it wants to run code that
            comes with the model, and may not.
    """
    recipe = _read_recipe(name, overrides)
    if not isinstance(recipe, Recipe):
        kind = "recogniser" if isinstance(recipe, RecogniserRecipe) else "spotter"
        raise InputError([Problem(find_recipe(name), f"is the recipe of a {kind}, not of a language model")])
    return _with_trust(recipe, name, trust_remote_code)


def _with_trust(recipe: Recipe, name: str, trust_remote_code: bool) -> Recipe:
    """Return a recipe that may run code that comes with the model, or not; refuse one that wants to and may not."""
    if recipe.trust_remote_code and not trust_remote_code:
        message = "wants to run Python code that comes with the model: read that code first, then add"
        raise InputError([Problem(find_recipe(name), f"trust_remote_code: {message} --trust-remote-code")])
    return recipe.model_copy(update={"trust_remote_code": trust_remote_code})


def _read_recipe(name: str, overrides: Sequence[str]) -> AnyRecipe:
    """Read a recipe, whatever it asks for."""
    content, files = read_content(name, overrides)
    if isinstance(content, dict) and "recogniser" in content:
        return validate(content, RecogniserRecipe, files)
    if isinstance(content, dict) and "spotter" in content:
        return validate(content, spotter_schema(content["spotter"], files), files)
    return validate(content, Recipe, files)
