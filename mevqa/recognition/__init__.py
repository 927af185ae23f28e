"""Published recognisers: networks and features that name the class of an expression from its onset, apex and offset."""

from mevqa.recognition.base import Example, Fitting, Look, Recogniser, Settings
from mevqa.recognition.network_settings import NetworkSettings
from mevqa.recognition.networks import NetworkRecogniser
from mevqa.recognition.registry import find_recogniser, recogniser_names, register_recogniser

__all__ = [
    "Example",
    "Fitting",
    "Look",
    "NetworkRecogniser",
    "NetworkSettings",
    "Recogniser",
    "Settings",
    "find_recogniser",
    "recogniser_names",
    "register_recogniser",
]
