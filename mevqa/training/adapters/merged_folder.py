"""The folder of a merged model, with all that the model needs to be asked."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mevqa.errors import InputError, Problem
from mevqa.safe_text import shared_name
from mevqa.training.adapters.adapter_source import AdapterSource

_CARD = "README.md"
_PREFERENCES = "mevqa.json"


def check_target(target: Path, taken: Mapping[str, Path | None]) -> None:
    """Refuse to write into a folder that holds something.

    Args:
        target: The folder to make.
        taken: Folders that are read from, by whose they are.

    Raises:
        InputError: It is a file, one of them, or not empty.
    """
    for whose, folder in taken.items():
        if folder is not None and target.resolve() == folder.resolve():
            raise InputError([Problem(target, f"is {whose} own folder; name a new one for --out")])
    if target.exists() and not target.is_dir():
        raise InputError([Problem(target, "is a file; name a new folder for --out")])
    if target.is_dir() and any(target.iterdir()):
        raise InputError([Problem(target, "is not empty; name a new folder for --out")])


def write_model(into: Path, model: Any, processor: Any, source: AdapterSource) -> None:
    """Write a merged model with its processor, and what the adapter's folder says about asking it.

    Args:
        into: An empty folder.
        model: The merged model.
        processor: Its processor.
        source: The adapter, whose preferences, prompts and card come along, and its base, whose preferences stand in
            for missing ones.
    """
    model.save_pretrained(into)
    processor.save_pretrained(into)
    for weights in into.glob("*.safetensors"):
        weights.chmod((into / "config.json").stat().st_mode)  # They are written for their owner alone.
    for folder in (source.folder, source.base_folder):
        if folder is not None and (folder / _PREFERENCES).is_file():
            shutil.copyfile(folder / _PREFERENCES, into / _PREFERENCES)
            break
    if (source.folder / "prompts").is_dir():
        shutil.copytree(source.folder / "prompts", into / "prompts")
    if (source.folder / _CARD).is_file():
        card = (source.folder / _CARD).read_text(encoding="utf-8")
        (into / _CARD).write_text(_merged_card(card, shared_name(source.base)), encoding="utf-8")


def _merged_card(card: str, base: str) -> str:
    """Return an adapter's model card for the merged model: its text, the library that loads it, and what was done."""
    card = re.sub(r"\A(---\n(?:.*\n)*?)library_name: peft\n", r"\1library_name: transformers\n", card)
    return (
        f"{card.rstrip()}\n\n## Merged\n\nThis folder holds the adapter merged into its base model `{base}`: a whole "
        "model that needs neither. `merge.json` says which two were merged and how far the answers are apart.\n"
    )
