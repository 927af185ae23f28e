"""What a model must offer to be asked, how it wants to be asked, and how it is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, Protocol, runtime_checkable

from pydantic import Field

from mevqa.errors import ModelError
from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.types import Clip, OptionScore, Reply, Request, Shot, View

#: File with a model's preferences in its folder.
PREFERENCES_FILE = "mevqa.json"


class Preferences(StrictModel):
    """How a model wants to be asked when the user does not say; ``mevqa.json`` in its folder holds the same.

    Attributes:
        views: Names of the views, in order.
        sampler: Name of the sampling strategy.
        frames: Frames of the sampler's window.
        variant: Variant of the prompt library (``default``, ``brief``, ...).
        option_score: How its closed questions are scored (``mevqa.models.transformers.generation.options``): ``sum``
            for a model that was trained on these very answers, ``mean`` for one that was not.
        sees_rest: Whether it can be asked if a clip shows an expression at all; a model that was trained on nothing
            but expressions cannot tell.
    """

    views: tuple[str, ...] = ("onset", "apex", "offset", "motion", "magnified")
    sampler: str = "oao"
    frames: Annotated[int, Field(ge=1)] = 3
    variant: str = "default"
    option_score: OptionScore = "mean"
    sees_rest: bool = True


def read_preferences(folder: Path) -> Preferences:
    """Return how the model in ``folder`` wants to be asked: its ``mevqa.json``, or the defaults.

    Raises:
        InputError: The file does not hold what it should.
    """
    path = folder / PREFERENCES_FILE
    # JSON is YAML, and is read as strictly.
    return read_yaml(path, Preferences) if path.is_file() else Preferences()


class BudgetSpentError(ModelError):
    """A served model is asked no more, because its answers would cost more than the user allows."""


class Price(StrictModel):
    """What a million tokens of a served model cost, in the user's currency.

    Attributes:
        input: Tokens of prompts, pictures included.
        output: Tokens that the model writes.
        cached: Tokens of prompts that the server had in its cache; None: as ``input``.
    """

    input: Annotated[float, Field(ge=0)]
    output: Annotated[float, Field(ge=0)]
    cached: Annotated[float, Field(ge=0)] | None = None


class PriceTable(StrictModel):
    """A user's file of prices.

    Attributes:
        prices: By the name of the model (without ``openai:``).
    """

    prices: dict[str, Price]


@dataclass(frozen=True)
class ServedOptions:
    """How served models (``openai:NAME``) are reached and what they may cost.

    What differs between models is a mapping from their names (without ``openai:``); the name "" stands for all others.

    Attributes:
        base_url: Where the server is, up to ``/v1``; without any, ``OPENAI_BASE_URL`` of the environment.
        api_key_env: Name of the environment variable with the key; without any, ``OPENAI_API_KEY``.
        price: What tokens cost; without any, they are counted only.
        max_cost: No question is sent whose answer could bring the cost of a run above this.
        concurrency: Most questions of a clip that are under way at once.
        timeout: Longest wait for one reply, seconds.
        retries: How often a question is sent again after a failure of the server or the network.
    """

    base_url: Mapping[str, str] = field(default_factory=dict)
    api_key_env: Mapping[str, str] = field(default_factory=dict)
    price: Mapping[str, Price] = field(default_factory=dict)
    max_cost: float | None = None
    concurrency: int = 8
    timeout: float = 120.0
    retries: int = 5


@dataclass(frozen=True)
class ModelOptions:
    """How a model is loaded and asked.

    Attributes:
        dtype: ``auto`` (bfloat16 on a GPU that has it, else float16 there; float32 on CPU), ``float32``,
            ``bfloat16`` or ``float16``.
        device: ``auto`` (GPUs if any, all of them when there are several), ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
        quantization: ``none``, ``4bit`` (NF4 with double quantisation) or ``8bit``, both by bitsandbytes.
        adapter: Folder or hub name of a PEFT adapter.
        attention: Attention implementation (``sdpa``, ``eager``, ``flash_attention_2``); None: the library's choice.
        trust_remote_code: Whether Python code that comes with the model may run. Off unless asked for.
        revision: Branch, tag or commit on the hub.
        batch_size: Largest number of questions taken through the model at once.
        prefix_cache: Whether a clip's pictures and common text go through the model once for all its questions.
        video: Whether moments are handed over by the processor's own video path instead of as pictures.
        option_score: How closed questions are scored: ``mean``, ``sum`` or ``calibrated``
            (``mevqa.models.transformers.generation.options``); ``auto`` is what the model prefers.
        prior: Data set or question file with answers whose class frequencies the model brings and that are taken out of
            its option scores (``mevqa.models.class_prior``); None: scores as they are.
        thinking: Most tokens of a thought before each answer; 0: one that the chat template opens is closed at once.
        max_new_tokens: Most tokens of a written answer; None: what the prompts say.
        samples: How many answers are drawn to each question and voted on; 1: the likeliest is taken, without chance.
        temperature: Of drawn answers, above 0.
        seed: Seeds torch, the mock's unscripted answers and drawn answers.
        served: How a served model is reached and what it may cost.
    """

    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    device: str = "auto"
    quantization: Literal["none", "4bit", "8bit"] = "none"
    adapter: str | None = None
    attention: str | None = None
    trust_remote_code: bool = False
    revision: str | None = None
    batch_size: int = 8
    prefix_cache: bool = True
    video: bool = False
    option_score: Literal["auto"] | OptionScore = "auto"
    prior: str | None = None
    thinking: int = 0
    max_new_tokens: int | None = None
    samples: int = 1
    temperature: float = 0.7
    seed: int = 0
    served: ServedOptions = field(default_factory=ServedOptions)


@runtime_checkable
class Model(Protocol):
    """A vision-language model.

    One that can be shown answered clips before (``takes_shots``) has ``ask(system, views, requests, *, shots=())``.

    Attributes:
        name: As the user wrote it (``nano``, a hub name, a folder).
        revision: What identifies the weights: a commit, a content hash, ``scripted``.
        preferences: How it wants to be asked.
    """

    name: str
    revision: str
    preferences: Preferences

    def ask(self, system: str, views: Sequence[View], requests: Sequence[Request]) -> list[Reply]:
        """Answer all questions about one clip; its prefix (system text and views) is taken through the model once.

        Args:
            system: The common system text.
            views: The clip's pictures with captions, in order.
            requests: The questions; none depends on another.

        Returns:
            One reply a request, in order. A request that fails gets a reply with ``error``; the others still answer.
        """
        ...


@runtime_checkable
class TakesShots(Protocol):
    """A model that can be shown answered clips before the clip that it is asked about.

    Attributes:
        takes_shots: Whether it can.
    """

    takes_shots: bool

    def ask(
        self, system: str, views: Sequence[View], requests: Sequence[Request], *, shots: Sequence[Shot] = ()
    ) -> list[Reply]:
        """Answer all questions about one clip, as ``Model.ask``.

        Args:
            system: The common system text.
            views: The clip's pictures with captions, in order.
            requests: The questions.
            shots: Answered clips, which stand before the clip as earlier turns.
        """
        ...


def takes_shots(model: Model) -> bool:
    """Return whether a model can be shown answered clips."""
    return isinstance(model, TakesShots) and model.takes_shots


@runtime_checkable
class DependsOnClip(Protocol):
    """A model that is asked about one clip otherwise than about another, as one corrected by other people's classes."""

    def for_clip(self, clip: Clip) -> Model:
        """Return the model that is asked about a clip."""
        ...


def model_for_clip(model: Model, clip: Clip) -> Model:
    """Return the model that is asked about a clip: for nearly all models the model itself."""
    return model.for_clip(clip) if isinstance(model, DependsOnClip) else model


def can_draw(model: Model) -> bool:
    """Return whether a model draws answers at random where a request says so (``Request.draw``)."""
    return bool(getattr(model, "draws", False))
