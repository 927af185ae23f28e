"""Known responses of the synthetic signals."""

from __future__ import annotations

import functools
from pathlib import Path

from mevqa.files.strict_yaml import StrictModel, read_yaml


class Response(StrictModel):
    """How the signals respond to one event.

    Attributes:
        heart_rate: Change of the heart rate for 10 s, beats a minute.
        pulse: Logarithm of the pulse's amplitude over that before, for as long.
        respiration: Change of the respiration rate for 14 s, breaths a minute.
        scr: Amplitude of the skin conductance response that begins 1.8 s after the onset, uS.
        temperature: Slope of the skin temperature for 12 s, degC/s.
        alpha: Change of the power of 8 to 13 Hz for 2.5 s, dB.
    """

    heart_rate: float = 0.0
    pulse: float = 0.0
    respiration: float = 0.0
    scr: float = 0.0
    temperature: float = 0.0
    alpha: float = 0.0


class _Responses(StrictModel):
    responses: dict[str, Response]


@functools.cache
def class_responses() -> dict[str, Response]:
    """Return the response to an event of each class."""
    return read_yaml(Path(__file__).with_name("responses.yaml"), _Responses).responses
