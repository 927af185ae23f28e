"""The colours of charts by meaning, and the light values that files of charts have.

The hues differ in lightness too, so that they can be told apart by readers with any colour vision and in grey print.
"""

from __future__ import annotations

#: Light values; ``web/page.css`` gives the page's light and dark ones under the same names.
LIGHT = {
    "paper": "#ffffff",
    "ink": "#1f2430",
    "muted": "#596274",
    "grid": "#e4e7ec",
    "blue": "#2462cf",
    "on-blue": "#ffffff",
    "orange": "#d9730d",
    "green": "#187a4e",
    "purple": "#7a5bd0",
    "red": "#c93a3a",
}

#: Colours of runs, kinds of counts and the like, in order.
SERIES = ("blue", "orange", "green", "purple")


def mixed(name: str, opacity: float) -> tuple[int, int, int]:
    """Return a light colour laid over the paper.

    Args:
        name: Name of the colour.
        opacity: 0 (paper) to 1.
    """
    above, below = (
        [int(value[place : place + 2], 16) for place in (1, 3, 5)] for value in (LIGHT[name], LIGHT["paper"])
    )
    red, green, blue = (round(opacity * a + (1 - opacity) * b) for a, b in zip(above, below, strict=True))
    return red, green, blue
