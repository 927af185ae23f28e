"""A slider between two pictures of one size."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from mevqa.app.rendering import data_uri

if TYPE_CHECKING:
    from mevqa.app.clips.open_clip import OpenClip

_HERE = Path(__file__).parent
_TEMPLATE = """<figure class="mevqa-comparison" hidden><div class="stage">
<img alt=""><img class="second" alt=""><i aria-hidden="true"></i>
<input type="range" min="0" max="100" value="50" aria-label="share of the onset beside the magnified apex">
</div><figcaption><span class="under"></span><span class="over"></span></figcaption></figure>"""


def make_comparison(elem_id: str) -> Any:
    """Make the component inside an open ``gr.Blocks``; its value is that of ``comparison_value``."""
    return gr.HTML(
        None,
        html_template=_TEMPLATE,
        css_template=(_HERE / "comparison.css").read_text(encoding="utf-8"),
        js_on_load=(_HERE / "comparison.js").read_text(encoding="utf-8"),
        apply_default_css=False,
        elem_id=elem_id,
    )


def comparison_value(opened: OpenClip | None) -> dict[str, str] | None:
    """Return the onset and the magnified apex of a clip; None where there are none to see."""
    views = (
        {view.name: view for view in opened.clip_views.views}
        if opened is not None and opened.clip_views is not None
        else {}
    )
    if not {"onset", "magnified"} <= views.keys():
        return None
    return {
        "underPicture": data_uri(views["onset"].image),
        "under": "onset",
        "overPicture": data_uri(views["magnified"].image),
        "over": "apex, motion magnified",
    }
