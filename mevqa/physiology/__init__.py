"""Physiological signals beside the videos: EEG, ECG, PPG, respiration, electrodermal activity, skin temperature."""

from mevqa.physiology.features.extract import EventFeatures, extract_features
from mevqa.physiology.reading.recording import ReadOptions, read_signals
from mevqa.physiology.sentence import describe, read_template
from mevqa.physiology.synthetic.generator import synthetic_signals
from mevqa.physiology.synthetic.responses import Response
from mevqa.physiology.types import Channel, Marker, Signals

__all__ = [
    "Channel",
    "EventFeatures",
    "Marker",
    "ReadOptions",
    "Response",
    "Signals",
    "describe",
    "extract_features",
    "read_signals",
    "read_template",
    "synthetic_signals",
]
