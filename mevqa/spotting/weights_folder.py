"""Folders of trained spotters: which system one is of, without loading it."""

from __future__ import annotations

from pathlib import Path

from mevqa.errors import InputError, Problem
from mevqa.files.json_file import read_json_object

#: Files of such a folder: the tensors, and everything else that decides what is spotted.
WEIGHTS_FILE, SETTINGS_FILE = "model.safetensors", "spotter.json"


def trained_videos(folder: Path) -> frozenset[str]:
    """Return the names of the videos that a folder's weights were trained on; none where it does not tell."""
    file = folder / SETTINGS_FILE
    trained_on = read_json_object(file).get("trained_on") if file.is_file() else None
    videos = trained_on.get("videos") if isinstance(trained_on, dict) else None
    return frozenset(map(str, videos)) if isinstance(videos, list) else frozenset()


def system_of(folder: Path) -> str:
    """Return the name of the system that a folder's weights are of.

    Raises:
        InputError: It is no folder of a trained spotter.
    """
    file = folder / SETTINGS_FILE
    if not file.is_file():
        reason = f"holds no trained spotter (no {SETTINGS_FILE})" if folder.is_dir() else "there is no such folder"
        raise InputError([Problem(folder, f"{reason}; mevqa finetune with a recipe of a spotter makes one")])
    name = read_json_object(file).get("system")
    if not isinstance(name, str):
        raise InputError([Problem(file, "does not name its system")])
    return name
