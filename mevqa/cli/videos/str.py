"""Spot, then recognise (ME-STR): find the micro-expressions of long videos and name the emotion of each.

Writes the official table (subject, video, onset, offset, emotion) after every video; the same command continues an
interrupted job. Score it with: mevqa score OUT REFERENCE --preset megc2025-str --set classes=3

Examples:
  mevqa str videos/ --out str.csv
  mevqa str SAMM_longvideos --dataset samm --out str.csv --model Qwen/Qwen2.5-VL-3B-Instruct --adapter tuned
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mevqa.cli.common_options import add_fps
from mevqa.cli.model_options import add_model_options
from mevqa.cli.options import (
    add_link_option,
    add_look_options,
    add_spotter_options,
    ask_arguments,
)
from mevqa.cli.values import dataset_name

HELP = "spot, then recognise: the official table of ME-STR"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa str``."""
    parser.add_argument(
        "path", type=Path, metavar="VIDEO_OR_DIR", help="video, folder of frames, or folder of several of either"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="write the table, CSV; continued if it exists"
    )
    parser.add_argument(
        "--dataset",
        type=dataset_name,
        default="unknown",
        metavar="NAME",
        help="data set whose classes and rule for the kinds: samm, casme3, ..., or the YAML file of your own",
    )
    add_fps(parser)
    parser.add_argument(
        "--kinds",
        default="micro",
        metavar="A,B",
        help="kinds to write (default: micro, what is scored)",
    )
    parser.add_argument("--emotion", choices=("coarse", "fine"), default="coarse", help="classes (default: coarse)")
    parser.add_argument(
        "--names",
        metavar="REGEX",
        help="what of a video's name is (?P<subject>...) and, if not all of it, (?P<video>...); default: as in the "
        "data set, else the subject is all before the last underscore",
    )
    parser.add_argument(
        "--numbers",
        choices=("names", "index"),
        default="names",
        help="how frames of folders are numbered: by the numbers in their names (default) or from 0; frames of a video "
        "count from 0",
    )
    add_model_options(parser)
    add_look_options(parser)
    add_spotter_options(parser.add_argument_group("spotting"))
    add_link_option(parser)
    parser.set_defaults(lvqa="hybrid")


def run(args: argparse.Namespace) -> int:
    """Spot and recognise in every video, and write what could be before saying what could not."""
    from mevqa.api.spotting.spot_and_recognise import spot_and_recognise
    from mevqa.cli.printing.answers import print_events
    from mevqa.cli.progress import frame_progress

    spot_and_recognise(
        args.path,
        args.out,
        args.model,
        dataset=args.dataset,
        fps=args.fps,
        kinds=args.kinds,
        emotion=args.emotion,
        names=args.names,
        numbers=args.numbers,
        **ask_arguments(args),
        progress=frame_progress,
        on_video=lambda result: print_events(result, args.kinds),
        on_note=print,
    )
    return 0
