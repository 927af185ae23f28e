"""Names of models and adapters on the Hugging Face hub, told from folders before anything is asked for."""

from __future__ import annotations

import re
from pathlib import Path

#: A hub name: owner/model.
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")


def is_hub_name(name: str) -> bool:
    """Return whether a name is to be looked up on the hub.

    A name whose first part is a folder here is a misspelt path: the hub is not told the names of the user's folders.

    Args:
        name: What the user gave as a model or adapter.
    """
    return _HUB_NAME.fullmatch(name) is not None and not Path(name).parent.is_dir()
