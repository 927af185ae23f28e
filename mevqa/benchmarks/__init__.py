"""Speed, memory and accuracy of this installation.

Public is what ``__all__`` names; each name is imported when it is first used: what a GPU is measured with needs no
reader of videos.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mevqa.benchmarks.localiser_trial import TOLERANCE_FRAMES, TOLERANCE_MS, error_table, measure_apex

__all__ = ["TOLERANCE_FRAMES", "TOLERANCE_MS", "error_table", "measure_apex"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module(f"{__name__}.localiser_trial"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
