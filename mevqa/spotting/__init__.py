"""Finding micro- and macro-expressions in any video, by one of several systems; the default needs no training.

``spot_video`` reads a file or a folder of frames, ``spot`` takes a stream of frames from Python. Both take
``SpotOptions``, with a ``Calibrator`` that was fitted to annotated videos where there is one (``read_calibrator``).
A system of one's own is a ``Spotter`` below ``register_spotter`` (``examples/own_spotter.py``).
"""

from typing import TYPE_CHECKING

from mevqa.public_names import import_on_use

if TYPE_CHECKING:
    from mevqa.spotting.base import SpotOptions, Spotter, Spotting
    from mevqa.spotting.events import SpottedEvent, UnitCandidate
    from mevqa.spotting.motion.calibration import Calibrator, read_calibrator
    from mevqa.spotting.motion.stream import spot
    from mevqa.spotting.registry import register_spotter, spotter_names
    from mevqa.spotting.video import spot_video

__all__ = [
    "Calibrator",
    "SpotOptions",
    "SpottedEvent",
    "Spotter",
    "Spotting",
    "UnitCandidate",
    "read_calibrator",
    "register_spotter",
    "spot",
    "spot_video",
    "spotter_names",
]

#: Modules in which the names are found; imported when they are used, so that names of spotters cost a help nothing.
_PUBLIC = {
    "Calibrator": "motion.calibration",
    "SpotOptions": "base",
    "SpottedEvent": "events",
    "Spotter": "base",
    "Spotting": "base",
    "UnitCandidate": "events",
    "read_calibrator": "motion.calibration",
    "register_spotter": "registry",
    "spot": "motion.stream",
    "spot_video": "video",
    "spotter_names": "registry",
}

__getattr__ = import_on_use(__name__, _PUBLIC)
