"""Pictures that a model sees of a clip: key frames, sampled moments, motion maps."""

from mevqa.video.views.registry import register_view, view_names
from mevqa.video.views.sampler import Span, register_sampler, sampler_names

__all__ = ["Span", "register_sampler", "register_view", "sampler_names", "view_names"]
