"""Motion records of videos, stored once, and the series of them that networks read.

``measure`` gives the ``MotionRecord`` of an open video, ``FeatureCache`` stores records by the content of the media.
Series are made by ``regional_channels``, ``snippets``, ``relative_windows`` and ``speech_activity``.
"""

from typing import TYPE_CHECKING

from mevqa.public_names import import_on_use

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

_PUBLIC = {
    "FeatureCache": "cache",
    "FeatureSeries": "types",
    "MotionRecord": "types",
    "channel_names": "views",
    "measure": "measure",
    "regional_channels": "views",
    "relative_windows": "pieces",
    "snippets": "pieces",
    "speech_activity": "speech",
}

__getattr__ = import_on_use(__name__, _PUBLIC)
