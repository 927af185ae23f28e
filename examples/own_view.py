"""A view of one's own is a function and a line: python examples/own_view.py clip.mp4."""

import sys

import numpy as np
from PIL import Image

import mevqa


@mevqa.register_view("side-by-side")
def side_by_side(source) -> list[mevqa.View]:
    """The aligned face at onset and apex, beside each other."""
    onset, apex = source.at("onset"), source.at("apex")
    both = np.hstack([source.face(onset), source.face(apex)])
    caption = "The aligned face before the expression (left) and when it is strongest (right)."
    return [mevqa.View("side-by-side", Image.fromarray(both), caption, (onset, apex))]


def main(video: str) -> None:
    clip_views = mevqa.render_clip(mevqa.Clip("mine", media=video), views=["side-by-side", "motion"])
    for view in clip_views.views:
        print(view.name, view.frames, view.image.size, view.caption[:40])


if __name__ == "__main__":
    main(sys.argv[1])
