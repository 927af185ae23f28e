"""Where the experimenter's desk is: the folders ``prompts``, ``finetune`` and ``eval``."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def desk_folder(name: str) -> Path:
    """Return the folder ``name`` of the desk, from the installed wheel or from a checkout.

    Args:
        name: ``prompts``, ``finetune`` or ``eval``.

    Raises:
        FileNotFoundError: Neither the wheel nor the checkout has it (a broken installation).
    """
    for folder in (_PACKAGE / "desk_files" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"the folder {name!r} is missing from this installation of mevqa")
