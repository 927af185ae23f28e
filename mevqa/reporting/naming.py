"""Names of models and runs on a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mevqa.safe_text import shared_name


def model_label(fingerprint: Mapping[str, Any]) -> str:
    """Return what a run's model is called: a hub name, the last part of a folder, and its adapter.

    Args:
        fingerprint: What decided the answers, from the manifest.
    """
    name = str((fingerprint.get("model") or {}).get("name") or "unknown model")
    adapter = (fingerprint.get("settings") or {}).get("adapter")
    return shared_name(name) + (f" + {shared_name(str(adapter))}" if adapter else "")


def short_names(paths: Sequence[Path]) -> list[str]:
    """Return the last parts of paths, as many as tell them apart."""
    whole = [path.resolve().parts[1:] or (str(path),) for path in paths]
    for length in range(1, max(map(len, whole), default=1) + 1):
        names = ["/".join(parts[-length:]) for parts in whole]
        if len(set(names)) == len(names):
            return names
    return [f"{path.resolve().name} ({place})" for place, path in enumerate(paths, 1)]
