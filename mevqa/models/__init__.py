"""Vision-language models behind one small protocol, by name."""

from mevqa.models.base import Model, ModelOptions, Preferences, Price, ServedOptions
from mevqa.models.registry import load_model, model_names, register_model

__all__ = [
    "Model",
    "ModelOptions",
    "Preferences",
    "Price",
    "ServedOptions",
    "load_model",
    "model_names",
    "register_model",
]
