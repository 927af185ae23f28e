"""Components of the page that stand for themselves, and what a handler shows in them in the end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mevqa.app.pages.parts import Parts

#: Every component is its own name.
PARTS = Parts(**{name: name for name in Parts.__dataclass_fields__})


def last(updates: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The last update of each component."""
    latest: dict[str, Any] = {}
    for update in updates:
        latest |= update
    return latest
