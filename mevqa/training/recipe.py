"""A recipe: everything that decides a training, read from YAML and from ``key=value`` on the command line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from mevqa.errors import InputError, Problem
from mevqa.files.strict_yaml import StrictModel, YamlFile, parse_yaml, parse_yaml_value, validate
from mevqa.resources import resource_folder

#: The name under which ``model`` means nano's architecture with random weights.
UNTRAINED_NANO = "untrained-nano"


def _listed(value: Any) -> Any:
    """Let ``a,b`` on the command line, and a single name in YAML, stand for a list."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return tuple(value) if isinstance(value, list) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Share = Annotated[float, Field(ge=0, le=1)]
Rate = Annotated[float, Field(ge=0)]
Whole = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]


class Lora(StrictModel):
    """Low-rank adapters (Hu et al., "LoRA", ICLR 2022).

    Attributes:
        rank: Rank of the update.
        alpha: The update is scaled by alpha / rank, or by alpha / sqrt(rank) with ``rslora``.
        dropout: Dropout before the adapter.
        targets: ``language`` (every linear layer of the language model), ``everything`` (the vision tower's too), or
            patterns: regular expressions that are searched in the modules' names.
        dora: Decompose weights into magnitude and direction (Liu et al., "DoRA", ICML 2024).
        rslora: Scale by alpha / sqrt(rank) (Kalajdzievski, "A Rank Stabilization Scaling Factor", 2023).
    """

    rank: Annotated[int, Field(ge=1, le=4096)] = 16
    alpha: Annotated[float, Field(gt=0)] = 32
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    targets: Names = ("language",)
    dora: bool = False
    rslora: bool = False


class Rates(StrictModel):
    """Peak learning rate of each part; 0 keeps it frozen.

    Attributes:
        adapter: The LoRA weights, wherever they are.
        language: The language model's own weights.
        projector: What maps the vision tower's features to the language model.
        vision: The vision tower's own weights.
    """

    adapter: Rate = 0.0
    language: Rate = 0.0
    projector: Rate = 0.0
    vision: Rate = 0.0


class Validation(StrictModel):
    """Early stopping on subjects that are not trained on.

    Attributes:
        share: Share of the clips, by whole subjects; 0: none, and the last weights are kept.
        every: Steps between two looks at them.
        patience: Looks without improvement before training stops; the best weights are kept. 0: never stops early.
    """

    share: Share = 0.0
    every: Positive = 50
    patience: Whole = 3


class Augmentation(StrictModel):
    """How clips are varied; every draw is decided by the seed, the clip and the version.

    Attributes:
        versions: Versions of each clip. Frozen vision features are computed once for each; 0: a new one every time.
        mirror: Share of versions that are mirrored; left and right change places in questions and answers.
        jitter: Most frames by which onset, apex and offset are moved.
        brightness: Spread of the brightness, the same for all photographs of a clip.
        contrast: Spread of the contrast, likewise.
        shift: Most that pictures are moved, as a share of their side.
        scale: Most that pictures are scaled, as a share of their size.
    """

    versions: Whole = 0
    mirror: Share = 0.0
    jitter: Whole = 0
    brightness: Share = 0.0
    contrast: Share = 0.0
    shift: Share = 0.0
    scale: Share = 0.0


class Balance(StrictModel):
    """What is shown equally often.

    Attributes:
        classes: Draw clips so that each ``coarse`` or ``fine`` class comes equally often; ``none``: as they are.
        types: Weight the loss so that each question type counts equally; with all questions of a clip in its row.
        questions: Most questions of a clip in one row, types drawn alike; 0: all of them.
    """

    classes: Literal["coarse", "fine", "none"] = "none"
    types: bool = False
    questions: Whole = 0


class Synthetic(StrictModel):
    """Synthetic motion maps beside the clips, or instead of them; for models that look at motion maps.

    Attributes:
        share: Share of the clips in each step.
        rendered: Faces that are rendered once and measured; 0: maps are drawn from geometry alone.
        rendered_share: Share of the synthetic maps that come from rendered faces.
        seeing_steps: Steps at the beginning in which only the vision tower learns, to tell units and classes.
        seeing_weight: Weight of that task afterwards; 0: it is dropped.
    """

    share: Annotated[float, Field(gt=0, le=1)] = 0.5
    rendered: Whole = 0
    rendered_share: Share = 0.35
    seeing_steps: Whole = 0
    seeing_weight: Rate = 0.0


class Folds(StrictModel):
    """How ``mevqa loso`` divides the subjects.

    Attributes:
        by: ``subject`` (leave one out), ``group`` (``k`` groups of subjects) or ``dataset`` (leave one out).
        k: Number of groups.
        of: Data sets whose subjects are held out; those of others are always trained on. Empty: all.
    """

    by: Literal["subject", "group", "dataset"] = "subject"
    k: Annotated[int, Field(ge=2)] = 5
    of: Names = ()


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
    log_to: Annotated[tuple[Literal["tensorboard", "wandb", "mlflow"], ...], BeforeValidator(_listed)] = ()
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


def read_recipe(name: str, overrides: tuple[str, ...] | list[str] = (), *, trust_remote_code: bool = False) -> Recipe:
    """Read a recipe.

    Args:
        name: A YAML file, or the name of a shipped recipe (``nano-casme2``, ``finetune/nano-casme2.yaml``).
        overrides: ``key=value`` each, nested keys with dots (``lora.rank=8``), lists with commas.
        trust_remote_code: Whether Python code that comes with the model may run, which no file alone can decide.

    Raises:
        InputError: Everything that is wrong with the file, or else with the overrides; or it wants to run code that
            comes with the model, and may not.
    """
    recipe = _read_recipe(name, overrides)
    if recipe.trust_remote_code and not trust_remote_code:
        message = "wants to run Python code that comes with the model: read that code first, then add"
        raise InputError([Problem(find_recipe(name), f"trust_remote_code: {message} --trust-remote-code")])
    return recipe.model_copy(update={"trust_remote_code": trust_remote_code})


def _read_recipe(name: str, overrides: tuple[str, ...] | list[str]) -> Recipe:
    """Read a recipe, whatever it asks for."""
    files = _with_bases(find_recipe(name))
    content: Any = {}
    for file in reversed(files):
        content = _extended(content, file.content)
    if not overrides or not isinstance(content, dict):
        return validate(content, Recipe, files)
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
    return validate(content, Recipe, [YamlFile(Path(f"{files[0].path} with {' '.join(overrides)}"), None, content)])


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
    file = resource_folder("finetune") / f"{path.name.removesuffix('.yaml')}.yaml"
    return file if path.parent in (Path("."), Path("finetune")) and os.path.isfile(file) else None


def _shipped_names() -> str:
    """Return the names of the shipped recipes."""
    return ", ".join(sorted(file.stem for file in resource_folder("finetune").glob("*.yaml")))


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
