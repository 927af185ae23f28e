"""From a score a frame to expressions: decoders of published systems, by name, and thresholds without a leak."""

from mevqa.spotting.decoding.curve_file import read_curves
from mevqa.spotting.decoding.merging import point_to_interval
from mevqa.spotting.decoding.nested import (
    Fold,
    LabelledCurve,
    NothingToChooseFrom,
    choose_threshold,
    decode_nested,
    half_length,
)
from mevqa.spotting.decoding.peaks import absolute_peaks, relative_peaks
from mevqa.spotting.decoding.registry import decoders, find_decoder, register_decoder
from mevqa.spotting.decoding.scalable import scalable_absolute, scalable_intervals
from mevqa.spotting.decoding.suppression import soft_suppress, suppress
from mevqa.spotting.decoding.triplets import start_apex_end
from mevqa.spotting.decoding.types import Decoder, Detection, ScoreCurve

__all__ = [
    "Decoder",
    "Detection",
    "Fold",
    "LabelledCurve",
    "NothingToChooseFrom",
    "ScoreCurve",
    "absolute_peaks",
    "choose_threshold",
    "decode_nested",
    "decoders",
    "find_decoder",
    "half_length",
    "point_to_interval",
    "read_curves",
    "register_decoder",
    "relative_peaks",
    "scalable_absolute",
    "scalable_intervals",
    "soft_suppress",
    "start_apex_end",
    "suppress",
]
