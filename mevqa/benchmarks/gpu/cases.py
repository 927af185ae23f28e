"""Cases that are measured on a GPU, and the results of measuring them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from mevqa.errors import InputError, Problem
from mevqa.resources import resource_folder
from mevqa.suggestions import did_you_mean

#: ``training``: steps of a shipped recipe; ``answering``: questions with and without reuse of a clip's prefix;
#: ``adapter``: an adapter beside the model that it was merged into.
CaseKind: TypeAlias = Literal["training", "answering", "adapter"]
#: How a case ended.
Outcome: TypeAlias = Literal["measured", "out of memory", "missing", "failed", "not run"]

#: Models that answer: one for each size of card.
_ANSWERING = ("HuggingFaceTB/SmolVLM2-500M-Video-Instruct", "Qwen/Qwen2.5-VL-3B-Instruct", "Qwen/Qwen3-VL-8B-Instruct")
#: The model of which every way of loading is measured.
_EVERY_WAY = "Qwen/Qwen2.5-VL-3B-Instruct"


@dataclass(frozen=True, slots=True)
class GpuCase:
    """One measurement, made in a process of its own.

    Attributes:
        kind: What is measured.
        name: The recipe, or the model.
        precision: Of the weights and the arithmetic, where no recipe decides it.
        quantization: ``none`` or ``4bit``, likewise.
        attention: Attention implementation, likewise; None: what the model prefers.
        device: ``cuda``, or ``cpu`` to try the measurement itself.
        small: Two narrow layers in place of a model's own.
    """

    kind: CaseKind
    name: str
    precision: str = "auto"
    quantization: str = "none"
    attention: str | None = None
    device: str = "cuda"
    small: bool = False

    @property
    def label(self) -> str:
        """What is measured, in a few words."""
        ways = [self.precision if self.precision != "auto" else "", self.quantization.replace("none", "")]
        how = " ".join(part for part in (*ways, self.attention or "") if part)
        return f"{self.kind} {self.name}" + (f" ({how})" if how else "")

    @property
    def card_gib(self) -> int | None:
        """Memory of the card that a recipe names, GiB; None where it names none."""
        size = re.search(r"-(\d+)gb$", self.name)
        return int(size[1]) if self.kind == "training" and size else None


@dataclass(frozen=True, slots=True)
class CaseResult:
    """Result of one measurement.

    Attributes:
        case: What was measured.
        outcome: How it ended.
        reason: Why there are no figures; empty where there are.
        seconds: That it took, with starting its process and building the model.
        figures: By name; the unit is the end of the name (``_gib``, ``_s``, ``_per_s``).
    """

    case: GpuCase
    outcome: Outcome
    reason: str = ""
    seconds: float = 0.0
    figures: dict[str, float] = field(default_factory=dict)


def recipe_names() -> list[str]:
    """Return the names of the shipped recipes of models from the hub."""
    names = sorted(path.stem for path in resource_folder("finetune").glob("*.yaml"))
    return [name for name in names if not name.startswith("nano")]


def shipped_cases(recipes: Sequence[str] = (), *, device: str = "cuda", small: bool = False) -> list[GpuCase]:
    """Return the cases of a whole measurement: every recipe, and every way of answering.

    Args:
        recipes: Only these recipes, and no answering; empty: everything.
        device: Where.
        small: Two narrow layers in place of each model's own.

    Raises:
        InputError: There is no such recipe, every one that there is not.
    """
    folder, names = resource_folder("finetune"), recipe_names()
    unknown = [name for name in recipes if not ((folder / f"{name}.yaml").is_file() or Path(name).is_file())]
    if unknown:
        raise InputError(
            Problem("--recipe", f"there is no recipe {name!r}; {did_you_mean(name, names)}") for name in unknown
        )
    training = [GpuCase("training", name, device=device, small=small) for name in recipes or names]
    if recipes:
        return training
    bfloat16 = [GpuCase("answering", name, "bfloat16", device=device, small=small) for name in _ANSWERING]
    ways = [
        GpuCase("answering", _EVERY_WAY, "float32", device=device, small=small),
        GpuCase("answering", _EVERY_WAY, "bfloat16", "4bit", device=device, small=small),
        GpuCase("answering", _EVERY_WAY, "bfloat16", attention="flash_attention_2", device=device, small=small),
        GpuCase("answering", _EVERY_WAY, "bfloat16", attention="eager", device=device, small=small),
        GpuCase("adapter", _EVERY_WAY, "bfloat16", device=device, small=small),
    ]
    return [*training, *bfloat16, *ways]
