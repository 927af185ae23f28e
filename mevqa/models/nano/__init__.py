"""The embedded model: a small LLaVA trained on synthetic motion, shipped with the package."""

from __future__ import annotations

from pathlib import Path

#: Folder of the shipped weights, in the layout of ``save_pretrained``.
WEIGHTS = Path(__file__).parent / "weights"
