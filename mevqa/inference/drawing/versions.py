"""Releases of installed packages."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from contextlib import suppress


def installed_versions(names: Sequence[str]) -> dict[str, str]:
    """Return the installed release of each package, leaving out those that are absent."""
    versions = {}
    for name in names:
        with suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return versions
