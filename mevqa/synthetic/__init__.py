"""Synthetic clips: micro-expressions with exact ground truth, made from two public-domain portraits."""

from mevqa.synthetic.clip_plan import ClipPlan
from mevqa.synthetic.writer import SyntheticSet, SynthSettings, make_plans, synthesise

__all__ = ["ClipPlan", "SynthSettings", "SyntheticSet", "make_plans", "synthesise"]
