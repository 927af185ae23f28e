"""Finding micro- and macro-expressions in any video, without training.

``spot_video`` reads a file or a folder of frames, ``spot`` takes a stream of frames from Python. Both take
``SpotOptions``, with a ``Calibrator`` that was fitted to annotated videos where there is one (``read_calibrator``).
"""

from mevqa.spotting.events import SpottedEvent, UnitCandidate
from mevqa.spotting.motion.calibration import Calibrator, read_calibrator
from mevqa.spotting.motion.spotter import SpotOptions, spot
from mevqa.spotting.video import Spotting, spot_video

__all__ = [
    "Calibrator",
    "SpotOptions",
    "SpottedEvent",
    "Spotting",
    "UnitCandidate",
    "read_calibrator",
    "spot",
    "spot_video",
]
