"""What the tracker measures of a video, stored once, and series of it that networks read.

``measure`` gives the ``MotionRecord`` of an open video, ``FeatureCache`` stores records by the content of the media.
Series are made by ``regional_channels``, ``snippets``, ``relative_windows`` and ``speech_activity``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mevqa.spotting.features.cache import FeatureCache
    from mevqa.spotting.features.measure import measure
    from mevqa.spotting.features.pieces import relative_windows, snippets
    from mevqa.spotting.features.speech import speech_activity
    from mevqa.spotting.features.types import FeatureSeries, MotionRecord
    from mevqa.spotting.features.views import channel_names, regional_channels

__all__ = [
    "FeatureCache",
    "FeatureSeries",
    "MotionRecord",
    "channel_names",
    "measure",
    "regional_channels",
    "relative_windows",
    "snippets",
    "speech_activity",
]

_MODULES = {
    "cache": ("FeatureCache",),
    "measure": ("measure",),
    "pieces": ("relative_windows", "snippets"),
    "speech": ("speech_activity",),
    "types": ("FeatureSeries", "MotionRecord"),
    "views": ("channel_names", "regional_channels"),
}


def __getattr__(name: str) -> Any:
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
