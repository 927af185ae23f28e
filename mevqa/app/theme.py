"""Colours and letters of the page: those of the reader's system, so that no font is asked for elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

#: The page's own style.
CSS_FILE = Path(__file__).parent / "web" / "app.css"


def theme() -> Any:
    """Return the theme: Gradio's base with letters of the system."""
    import gradio as gr

    plain = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Arial", "sans-serif")
    fixed = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")
    return gr.themes.Base(primary_hue="blue", neutral_hue="slate", font=plain, font_mono=fixed)
