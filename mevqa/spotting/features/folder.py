"""Where motion records are stored: the folder that the user names, or that of the user's caches."""

from __future__ import annotations

import os
from pathlib import Path

#: Environment variable that names the folder of a cache.
CACHE_VARIABLE = "MEVQA_FEATURES"


def named_cache(folder: Path | None) -> Path | None:
    """Return the folder of the cache that the user named: by an option, or by the environment; None without."""
    named = os.environ.get(CACHE_VARIABLE)
    return folder or (Path(named) if named else None)


def user_cache() -> Path:
    """Return where ``mevqa features`` stores records when no folder is named (XDG Base Directory Specification)."""
    caches = os.environ.get("XDG_CACHE_HOME")
    return (Path(caches) if caches else Path.home() / ".cache") / "mevqa" / "features"
