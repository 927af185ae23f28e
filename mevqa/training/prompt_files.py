"""Prompt files that go with what was trained on them."""

from __future__ import annotations

import shutil
from pathlib import Path

from mevqa.resources import resource_folder


def copy_prompts(user_folder: Path | None, into: Path) -> None:
    """Copy the shipped prompts, and a user's own in their place.

    Args:
        user_folder: Folder of the user's prompt files; None: the shipped ones alone.
        into: A new folder.
    """
    shutil.copytree(resource_folder("prompts"), into, ignore=shutil.ignore_patterns("*.md"))
    for path in sorted(user_folder.glob("*.yaml")) if user_folder is not None else []:
        shutil.copy(path, into / path.name)
