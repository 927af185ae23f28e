"""Finding micro- and macro-expressions in any video, without training.

``spot_video`` reads a file or a folder of frames, ``spot`` takes a stream of frames from Python.
"""

from mevqa.spotting.events import Event, UnitCandidate
from mevqa.spotting.spotter import SpotOptions, spot
from mevqa.spotting.video import Spotting, spot_video

__all__ = ["Event", "SpotOptions", "Spotting", "UnitCandidate", "spot", "spot_video"]
