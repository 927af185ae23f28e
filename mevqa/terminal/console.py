"""Consoles of rich that draw bars and colours, and show the control characters of other people's texts."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.segment import Segment

from mevqa.safe_text import visible, without_secrets


class _SafeConsole(Console):
    """A console whose own control characters are obeyed, and no others."""

    def _render_buffer(self, buffer: Iterable[Segment]) -> str:
        return super()._render_buffer(
            segment if segment.control else segment._replace(text=_safe(segment.text)) for segment in buffer
        )

    def on_broken_pipe(self) -> None:
        """Leave it to the command, as for text without a console; rich would exit with 1."""
        raise BrokenPipeError


def _safe(text: str) -> str:
    return visible(without_secrets(text))


def make_console(*, stderr: bool = False, **options: Any) -> Console:
    """Return a console on a standard stream; square brackets in texts are no markup.

    Args:
        stderr: Whether it is standard error.
        options: As for ``Console``.
    """
    stream = sys.stderr if stderr else sys.stdout
    return _SafeConsole(file=getattr(stream, "drawn", None) or stream, markup=False, **options)
