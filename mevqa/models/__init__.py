"""Vision-language models behind one small protocol."""

from mevqa.models.base import Model, Preferences
from mevqa.models.load import ModelOptions, load_model

__all__ = ["Model", "ModelOptions", "Preferences", "load_model"]
