"""Files that come with the package: tables, and the folders ``prompts``, ``finetune`` and ``eval``."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent

#: Vocabularies, spellings, layouts and presets as YAML.
TABLES = _PACKAGE / "tables"


def resource_folder(name: str) -> Path:
    """Return the folder ``name`` of shipped files, from the installed wheel or from a checkout.

    Args:
        name: ``prompts``, ``finetune`` or ``eval``.

    Raises:
        FileNotFoundError: Neither the wheel nor the checkout has it (a broken installation).
    """
    for folder in (_PACKAGE / "resource_files" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"the folder {name!r} is missing from this installation of mevqa")
