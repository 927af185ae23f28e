"""Measure the motion of faces in videos once, for every spotter, every training and for other people's code.

A video's record is found by its content, whatever the video is called: it is measured once. Commands that spot look it
up where the folder is named, by --features DIR or in the environment by MEVQA_FEATURES, and are done in seconds; events
are the same. Run the same command again to go on where it was interrupted.

Examples:
  mevqa features videos/ --features features --workers 8
  mevqa spot videos/ --features features
  mevqa features videos/ --annotations labels.csv --features features
  RAY_ADDRESS=ray://head:10001 mevqa features s3://bucket/videos --features features --engine ray --workers 64
  mevqa features talk.mp4 --out series --format csv --channels me-tst-plus
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mevqa.cli.common_options import add_fps
from mevqa.cli.options import add_engine, add_link_option
from mevqa.cli.parser import rename_options
from mevqa.cli.values import dataset_name, media

HELP = "measure the motion of faces once, for all spotters and trainings"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa features``."""
    parser.add_argument(
        "media",
        type=media,
        nargs="+",
        metavar="VIDEO_OR_DIR",
        help="videos, folders of frames, or folders of several of either, or URLs of videos or folders of videos "
        "(s3://, gs://, hf://: through fsspec); with --annotations the folder of their media",
    )
    parser.add_argument(
        "--features",
        type=Path,
        metavar="DIR",
        help="folder of the records, 38 MB an hour of video (default: MEVQA_FEATURES of the environment, or a folder "
        "of the user's cache)",
    )
    parser.add_argument(
        "--annotations",
        type=Path,
        metavar="FILE",
        help="coded events, a label file of long videos: those that it names are measured",
    )
    parser.add_argument(
        "--dataset",
        type=dataset_name,
        metavar="NAME",
        help="data set whose label file it is, when its header does not tell",
    )
    add_fps(parser, "what each video says")
    add_engine(parser)
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="write a file a video, which other programs read, into this folder"
    )
    rename_options(parser, {"--export": "--out"})
    parser.add_argument("--format", choices=("npz", "csv"), default="npz", help="format of these files (default: npz)")
    parser.add_argument(
        "--channels",
        default="record",
        metavar="NAME",
        help="what they hold: record (all regions as measured; the default), or channels at 30 a second without head "
        "and blinks: me-tst (10), me-tst-plus (36), nodes (24), lips (8)",
    )
    add_link_option(parser)


def run(args: argparse.Namespace) -> int:
    """Measure, and say what is there."""
    from mevqa.api.spotting.features import measure_features
    from mevqa.cli.progress import count_progress, frame_progress
    from mevqa.spotting.features.filling import MeasuredVideo

    sizes = []

    def print_video(video: MeasuredVideo) -> None:
        sizes.append(video.file.stat().st_size)
        how = "measured" if video.new else "measured before"
        print(f"{video.path}: {video.seconds:.1f} s, the face in {100 * video.share:.0f} % of it, {how}", flush=True)
        for warning in video.warnings:
            print(f"warning: {video.path}: {warning}", file=sys.stderr)

    options = {name: getattr(args, name) for name in ("features", "annotations", "dataset", "fps", "workers", "engine")}
    exported = {"export": args.out, "format": args.format, "channels": args.channels}
    if args.workers == 1 and args.engine == "local":
        measured = measure_features(args.media, **options, **exported, frames=frame_progress, on_video=print_video)
    else:
        with count_progress("features", "videos") as progress:
            measured = measure_features(args.media, **options, **exported, progress=progress, on_video=print_video)
    folder = measured[0].file.parent
    new = sum(video.new for video in measured)
    print(f"{folder}: {len(measured)} videos, {new} measured now, {sum(sizes) / 1e6:.1f} MB")
    print(f"look them up with: --features {folder}")
    return 0
