"""The public functions: evaluate, ask, score, report, submit and the others, by what they are about.

They are reached as ``mevqa.evaluate``, ``mevqa.Run`` and so on; the command line calls them too. ``__all__`` names
them, and each is imported when it is first used. The packages below have none: their modules may move.
"""

from __future__ import annotations

from typing import Any

import mevqa

__all__ = sorted(name for name, module in mevqa._PUBLIC.items() if module.startswith(f"{__name__}."))


def __getattr__(name: str) -> Any:
    """Import a public name on its first use."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(mevqa, name)
