"""A recipe: everything that decides a training, read from YAML and from ``key=value`` on the command line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, model_validator

from mevqa.errors import InputError, Problem
from mevqa.files.strict_yaml import StrictModel, YamlFile, parse_yaml, parse_yaml_value, validate
from mevqa.resources import resource_folder
from mevqa.training.recipe_blocks import (
    Augmentation,
    Balance,
    Folds,
    Lora,
    Names,
    Positive,
    Rate,
    Rates,
    Share,
    Synthetic,
    Validation,
    Whole,
    listed,
)
from mevqa.training.recogniser_recipe import RecogniserRecipe

#: Folders of recipes that are not of language models.
_KINDS = ("recognition",)
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
        if self.balance.types and self.balance.questions:
            raise ValueError("balance.questions draws the types alike already: leave balance.types away")
        if self.synthetic is not None and self.synthetic.share == 1 and not self.steps:
            raise ValueError("synthetic maps have no epochs: give steps")
        for name, where in (("media", self.media), ("annotations", self.annotations), *self.precomputed.items()):
            if len(where) > 1 and len(where) != len(self.questions):
                raise ValueError(f"{name} names {len(where)} places for {len(self.questions)} question files")
        return self


#: A recipe of any kind: of a language model, or of a recogniser.
AnyRecipe: TypeAlias = Recipe | RecogniserRecipe


def read_any_recipe(
    name: str, overrides: tuple[str, ...] | list[str] = (), *, trust_remote_code: bool = False
) -> AnyRecipe:
    """Read a recipe of a language model, or of a recogniser, which the key ``recogniser`` tells.

    Args:
        name: As for ``read_recipe``.
        overrides: Likewise.
        trust_remote_code: Likewise.

    Raises:
        InputError: As for ``read_recipe``.
    """
    recipe = _read_recipe(name, overrides)
    return recipe if isinstance(recipe, RecogniserRecipe) else _with_trust(recipe, name, trust_remote_code)


def read_recipe(name: str, overrides: tuple[str, ...] | list[str] = (), *, trust_remote_code: bool = False) -> Recipe:
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
    if isinstance(recipe, RecogniserRecipe):
        raise InputError([Problem(find_recipe(name), "is the recipe of a recogniser, not of a language model")])
    return _with_trust(recipe, name, trust_remote_code)


def _with_trust(recipe: Recipe, name: str, trust_remote_code: bool) -> Recipe:
    """Return a recipe that may run code that comes with the model, or not; refuse one that wants to and may not."""
    if recipe.trust_remote_code and not trust_remote_code:
        message = "wants to run Python code that comes with the model: read that code first, then add"
        raise InputError([Problem(find_recipe(name), f"trust_remote_code: {message} --trust-remote-code")])
    return recipe.model_copy(update={"trust_remote_code": trust_remote_code})


def _read_recipe(name: str, overrides: tuple[str, ...] | list[str]) -> AnyRecipe:
    """Read a recipe, whatever it asks for."""
    files = _with_bases(find_recipe(name))
    content: Any = {}
    for file in reversed(files):
        content = _extended(content, file.content)
    if not overrides or not isinstance(content, dict):
        return _validate(content, files)
    problems = []
    for item in overrides:
        key, equals, value = item.partition("=")
        if not (key and equals):
            problems.append(Problem(item, "is not key=value, e.g. steps=200 or lora.rank=8"))
            continue
        try:
            _set(content, key.split("."), parse_yaml_value(value) if value else "")
        except ValueError as error:
            problems.append(Problem(item, f"cannot be set: {' '.join(str(error).split())}"))
    if problems:
        raise InputError(problems)
    return _validate(content, [YamlFile(Path(f"{files[0].path} with {' '.join(overrides)}"), None, content)])


def _validate(content: Any, files: list[YamlFile]) -> AnyRecipe:
    """Hold a recipe's content to the schema of its kind."""
    if isinstance(content, dict) and "recogniser" in content:
        return validate(content, RecogniserRecipe, files)
    return validate(content, Recipe, files)


def _with_bases(path: Path) -> list[YamlFile]:
    """Return a recipe's file, the one that it extends, the one which that extends, and so on."""
    files = [parse_yaml(path)]
    while isinstance(files[-1].content, dict) and (name := files[-1].content.pop("extends", None)) is not None:
        extending, line = files[-1].path, files[-1].line_of("extends")
        if not isinstance(name, str):
            raise InputError([Problem(extending, "extends: must be the name of one recipe", line)])
        beside = [extending.parent / file for file in (name, f"{name}.yaml")]
        base = next((file for file in beside if os.path.isfile(file)), None) or _shipped(name)
        if base is None:
            message = f"extends: there is no recipe {name!r} in its folder; shipped ones: {_shipped_names()}"
            raise InputError([Problem(extending, message, line)])
        if any(base.samefile(file.path) for file in files):
            circle = " extends ".join(str(file) for file in (*(file.path for file in files), base))
            raise InputError([Problem(extending, f"extends: goes in a circle: {circle}", line)])
        files.append(parse_yaml(base))
        if not isinstance(files[-1].content, dict):
            raise InputError([Problem(base, f"is no recipe that {extending} can extend: it must hold keys", 1)])
    return files


def _extended(base: Any, own: Any) -> Any:
    """Return a base's value with that of what extends it: blocks key by key, anything else in the base's place."""
    if not isinstance(base, dict) or not isinstance(own, dict):
        return own
    return base | {key: _extended(base.get(key), value) for key, value in own.items()}


def find_recipe(name: str) -> Path:
    """Return the file of a recipe.

    Raises:
        InputError: There is none of that name.
    """
    path = Path(name)
    if os.path.isfile(path):  # which takes a name that is too long for one that is not there
        return path
    shipped = _shipped(name)
    if shipped is None:
        raise InputError([Problem(path, f"there is no such recipe; shipped ones: {_shipped_names()}")])
    return shipped


def _shipped(name: str) -> Path | None:
    """Return the shipped recipe of that name, with or without its folder and ``.yaml``; None where there is none."""
    path = Path(name)
    # The names of models have dots: what follows the last one is no suffix.
    folders = {Path("."): "", Path("finetune"): ""}
    folders |= {parent / kind: kind for kind in _KINDS for parent in list(folders)}
    if path.parent not in folders:
        return None
    file = resource_folder("finetune") / folders[path.parent] / f"{path.name.removesuffix('.yaml')}.yaml"
    return file if os.path.isfile(file) else None


def _shipped_names() -> str:
    """Return the names of the shipped recipes."""
    folder = resource_folder("finetune")
    own = [file.stem for file in sorted(folder.glob("*.yaml"))]
    return ", ".join(
        own + [f"{kind}/{file.stem}" for kind in _KINDS for file in sorted((folder / kind).glob("*.yaml"))]
    )


def _set(content: dict[str, Any], keys: list[str], value: Any) -> None:
    """Set a nested key, making the mappings on the way."""
    for key in keys[:-1]:
        inner = content.get(key)
        if inner is None:
            inner = content[key] = {}
        if not isinstance(inner, dict):
            raise ValueError(f"{key} is a value, not a block")
        content = inner
    content[keys[-1]] = value
