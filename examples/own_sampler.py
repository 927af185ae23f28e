"""A sampler of one's own is a function and a line: python examples/own_sampler.py clip.mp4."""

import sys

import mevqa


@mevqa.register_sampler("halfway")
def halfway(span: mevqa.Span) -> list[mevqa.Moment]:
    """Onset, the frame halfway up, and the apex."""
    return [
        mevqa.Moment(span.onset, "onset"),
        mevqa.Moment((span.onset + span.apex) // 2, "halfway"),
        mevqa.Moment(span.apex, "apex"),
    ]


def main(video: str) -> None:
    clip = mevqa.Clip("mine", media=video)
    clip_views = mevqa.render_clip(clip, views=["frames"], sampler="halfway")
    for moment, view in zip(clip_views.moments, clip_views.views, strict=True):
        print(moment.frame, moment.role, view.image.size)


if __name__ == "__main__":
    main(sys.argv[1])
