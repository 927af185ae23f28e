"""Write what a model would see of one clip as pictures: the views, a contact sheet and the curve of the motion.

Examples:
  mevqa sample clip.mp4 --out look/
  mevqa sample frames/ --out look/ --fps 200 --views onset,apex,motion,magnified
  mevqa sample clip.mp4 --out look/ --onset 10 --apex 31 --offset 60 --precomputed motion=map.png
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mevqa.cli.common_options import add_fps
from mevqa.cli.options import add_key_frame_options, add_view_options

if TYPE_CHECKING:
    from mevqa.api.videos.sample import ClipSample

HELP = "write what a model sees of a clip as pictures"

#: Regions of the face named in the table.
_STRONGEST = 3


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa sample``."""
    parser.add_argument("clip", type=Path, metavar="CLIP", help="video file or folder of frames")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="write the pictures into this folder")
    add_view_options(parser, views="frames,difference,motion,magnified", sampler="oao", frames=3)
    add_fps(parser)
    add_key_frame_options(parser)
    parser.add_argument(
        "--precomputed",
        action="append",
        default=[],
        metavar="VIEW=FILE",
        help="ready-made picture of a view, e.g. motion=map.png; repeatable",
    )


def run(args: argparse.Namespace) -> int:
    """Look at the clip, write the pictures and print where the expression is."""
    from mevqa.api.videos.sample import sample

    clip_sample = sample(
        args.clip,
        args.out,
        fps=args.fps,
        onset=args.onset,
        apex=args.apex,
        offset=args.offset,
        views=args.views,
        sampler=args.sampler,
        frames=args.frames,
        stride=args.stride,
        face=args.face,
        precomputed=args.precomputed,
    )
    _print(clip_sample)
    print(f"wrote {' and '.join([f'{len(clip_sample.views)} views', *clip_sample.sheets])} to {args.out}")
    return 0


def _print(sample: ClipSample) -> None:
    """Print key frames, moments, what moved most and the views; warnings go to standard error."""
    clip_views, motion = sample.seen, sample.motion
    times = clip_views.times_ms
    print(f"{'':12}{'frame':>7}{'ms':>9}")
    for role in ("onset", "apex", "offset"):
        frame = getattr(clip_views, role)
        if frame is not None:
            source = "found" if clip_views.localised else clip_views.source
            print(f"{role:12}{frame:7d}{f'{times[frame]:.0f}' if times is not None else '':>9}  {source}")
    if clip_views.localised and motion is not None:
        print(f"{'confidence':12}{motion.confidence:7.2f}  that the apex is within 20 ms")
    elif motion is not None:
        print(f"the motion alone would put them at {motion.onset}, {motion.apex} and {motion.offset}")
    if motion is not None and motion.confidence > 0:
        strongest = sorted(motion.regions.items(), key=lambda item: -(item[1][0] ** 2 + item[1][1] ** 2))
        print("strongest motion at the apex, % of the eye distance (right, down in the picture):")
        for name, (right, down) in strongest[:_STRONGEST]:
            print(f"  {name:20}{100 * right:+6.2f}{100 * down:+7.2f}")
    print("moments: " + ", ".join(f"{moment.role} {moment.frame}" for moment in clip_views.moments))
    for name, view in zip(sample.views, clip_views.views, strict=True):
        print(f"  {name:28}{view.caption}")
    for note in clip_views.notes:
        print(f"in words: {note}")
    for warning in clip_views.warnings:
        print(f"warning: {warning}", file=sys.stderr)
