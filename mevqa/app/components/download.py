"""A file that the browser saves as soon as the server has made it; nothing of it is kept on the server."""

from __future__ import annotations

import base64
import mimetypes
import secrets
from pathlib import Path
from typing import Any

import gradio as gr


def make_download(elem_id: str) -> Any:
    """Make the component, which shows nothing; its value is that of ``download_value``."""
    return gr.HTML(
        None,
        html_template="",
        js_on_load=Path(__file__).with_name("download.js").read_text(encoding="utf-8"),
        apply_default_css=False,
        elem_id=elem_id,
    )


def download_value(name: str, content: bytes) -> dict[str, str]:
    """Return the value with which a file is saved.

    Args:
        name: File name.
        content: Bytes of the file.
    """
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    # The same file may be wanted twice: without the stamp the second value would be no change.
    stamp = secrets.token_hex(4)
    return {"name": name, "type": kind, "content": base64.b64encode(content).decode(), "stamp": stamp}
