"""The colours of charts by meaning, and the light values that files of charts have.

The hues differ in lightness too, so that they can be told apart by readers with any colour vision and in grey print.
"""

from __future__ import annotations

#: Light values, each of one colour; ``web/page.css`` gives the page's light and dark ones under the same names.
LIGHT = {
    "paper": "#ffffff",
    "ink": "#1f2430",
    "muted": "#596274",
    "grid": "#e4e7ec",
    "blue": "#2462cf",
    "orange": "#d9730d",
    "green": "#187a4e",
    "purple": "#7a5bd0",
    "red": "#c93a3a",
}

#: Colours of runs, kinds of counts and the like, in order.
SERIES = ("blue", "orange", "green", "purple")
