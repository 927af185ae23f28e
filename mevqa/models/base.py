"""What a model must offer to be asked, how it wants to be asked, and how it is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Protocol, runtime_checkable

from pydantic import Field

from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.types import OptionScore, Reply, Request, View

#: File with a model's preferences in its folder.
PREFERENCES_FILE = "mevqa.json"


class Preferences(StrictModel):
    """How a model wants to be asked when the user does not say; ``mevqa.json`` in its folder holds the same.

    Attributes:
        views: Names of the views, in order.
        sampler: Name of the sampling strategy.
        frames: Frames of the sampler's window.
        variant: Variant of the prompt library (``default``, ``brief``, ...).
        option_score: How its closed questions are scored (``mevqa.models.transformers.options``): ``sum`` for a model
            that was trained on these very answers, ``mean`` for one that was not.
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
            (``mevqa.models.transformers.options``); ``auto`` is what the model prefers.
        thinking: Most tokens of a thought before each answer; 0: one that the chat template opens is closed at once.
        max_new_tokens: Most tokens of a written answer; None: what the prompts say.
        seed: Seeds torch and the mock's unscripted answers; answering itself is without chance.
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
    thinking: int = 0
    max_new_tokens: int | None = None
    seed: int = 0


@runtime_checkable
class Model(Protocol):
    """A vision-language model.

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
