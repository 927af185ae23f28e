"""What identifies weights on disk: a hash of the content of every file that decides an answer."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from mevqa.errors import InputError
from mevqa.files.inputs import open_file, read_file
from mevqa.files.whole import make_folder, write_whole

#: Files of a model or adapter folder that decide an answer.
_SUFFIXES = frozenset({".json", ".safetensors", ".jinja", ".model", ".txt", ".py"})
#: Length of a digest in hexadecimal digits; 64 bits tell models apart.
_DIGITS = 16
#: The configuration by which a folder is known as an adapter's.
_ADAPTER = "adapter_config.json"
#: Files of an adapter's folder that say how its weights were made, and not what they answer.
_RECORDS = frozenset({"training.json", "merge.json"})
#: Keys of an adapter's configuration that say where its base was, with what it was written and that it is at rest.
_CIRCUMSTANCES = frozenset({"base_model_name_or_path", "revision", "peft_version", "inference_mode"})


def content_digest(folder: Path) -> str:
    """Return ``sha256:`` and the beginning of the hash over names, sizes and hashes of a folder's files.

    Hashes of large files are remembered in the user's cache folder by path, size and time of change, so that the
    weights are read once and not in every run. Of an adapter neither the record of its training counts, nor the order
    in which PEFT wrote the names of its layers: the same weights have the same digest.

    Args:
        folder: A model's or adapter's folder.
    """
    total = hashlib.sha256()
    remembered = _read_cache()
    known_count = len(remembered)
    is_adapter = (folder / _ADAPTER).is_file()
    for path in sorted(folder.iterdir()):
        if is_adapter and path.name in _RECORDS:
            continue
        if is_adapter and path.name == _ADAPTER and (settings := _adapter_settings(path)) is not None:
            total.update(settings)
        elif path.is_file() and path.suffix in _SUFFIXES:
            stat = path.stat()
            key = f"{path.resolve()}:{stat.st_size}:{stat.st_mtime_ns}"
            if key not in remembered:
                remembered[key] = _file_hash(path)
            total.update(os.fsencode(path.name) + f"\0{stat.st_size}\0{remembered[key]}\n".encode())
    if len(remembered) > known_count:
        _write_cache(remembered)
    return f"sha256:{total.hexdigest()[:_DIGITS]}"


def _adapter_settings(path: Path) -> bytes | None:
    """Return what an adapter's configuration says about its layers, in one spelling; None where it is not readable."""
    try:
        config = json.loads(read_file(path))
        config = {key: _sorted_names(value) for key, value in config.items() if key not in _CIRCUMSTANCES}
    except (OSError, ValueError, AttributeError, RecursionError):
        return None
    return json.dumps(config, sort_keys=True).encode()


def _sorted_names(value: Any) -> Any:
    """Return a set of names, which JSON can only hold as a list in some order, sorted; other values as they are."""
    return sorted(value) if isinstance(value, list) and all(isinstance(name, str) for name in value) else value


def _file_hash(path: Path) -> str:
    with open_file(path) as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 22):
            digest.update(block)
    return digest.hexdigest()


def _cache_file() -> Path | None:
    """Return where hashes are remembered; None for a user without a home, as containers run by number have."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return None if base.startswith("~") else Path(base) / "mevqa" / "digests.json"


def _read_cache() -> dict[str, str]:
    """Return the remembered hashes; a cache that cannot be read is an empty one."""
    file = _cache_file()
    try:
        content = json.loads(read_file(file)) if file is not None else {}
    except (OSError, ValueError):
        return {}
    return {str(k): str(v) for k, v in content.items()} if isinstance(content, dict) else {}


def _write_cache(hashes: dict[str, str]) -> None:
    """Remember the hashes where the user's cache can be written; hashing again is the only loss where it cannot."""
    file = _cache_file()
    if file is not None:
        with suppress(InputError):
            make_folder(file.parent)
            write_whole(file, json.dumps(hashes, indent=0))
