"""Spot, then recognise (ME-STR): find the micro-expressions of long videos and name the emotion of each.

Writes the official table (subject, video, onset, offset, emotion) after every video; the same command continues an
interrupted job. Score it with: mevqa score OUT REFERENCE --preset megc2025-str --set classes=3

Examples:
  mevqa str videos/ --out str.csv
  mevqa str SAMM_longvideos --dataset samm --out str.csv --model Qwen/Qwen2.5-VL-3B-Instruct --adapter tuned
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mevqa.cli.options import (
    add_link_option,
    add_look_options,
    add_model_options,
    add_spotter_options,
    ask_arguments,
)
from mevqa.cli.values import above_zero, dataset_name

if TYPE_CHECKING:
    from mevqa.events import Kind
    from mevqa.inference.long_video import LongVideoResult
    from mevqa.inference.spot_and_recognise import Naming

HELP = "spot, then recognise: the official table of ME-STR"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa str``."""
    parser.add_argument(
        "path", type=Path, metavar="VIDEO_OR_DIR", help="video, folder of frames, or folder of several of either"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="CSV", help="the table; continued if it exists")
    parser.add_argument(
        "--dataset",
        type=dataset_name,
        default="unknown",
        help="whose classes and rule for the kinds: samm, casme3, ...",
    )
    parser.add_argument("--fps", type=above_zero, help="frames per second (default: what the video says)")
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
        help="frames of a folder by the numbers in their names (default) or from 0; frames of a video count from 0",
    )
    add_model_options(parser)
    add_look_options(parser)
    add_spotter_options(parser.add_argument_group("spotting"))
    add_link_option(parser)
    parser.set_defaults(lvqa="hybrid")


def run(args: argparse.Namespace) -> int:
    """Spot and recognise in every video, and write what could be before saying what could not.

    Raises:
        InputError: Videos that cannot be read or recognised, one line each, or that have one name.
    """
    from mevqa.errors import InputError, Problem
    from mevqa.files.lock import hold_file
    from mevqa.spotting.video import find_videos, video_names

    kinds = _kinds(args.kinds)
    naming = _naming(args, args.dataset)
    paths = find_videos(args.path)
    doubled = [path for path, name in video_names(paths).items() if path.is_file() and name != path.stem]
    if doubled:
        raise InputError([Problem(path, "has the name of another video in the table; rename one") for path in doubled])
    with hold_file(args.out):
        return _recognise(args, kinds, naming, paths)


def _recognise(args: argparse.Namespace, kinds: list[Kind], naming: Naming, paths: list[Path]) -> int:
    """Spot and recognise in every video while nobody else writes the table.

    Raises:
        InputError: Videos that cannot be read or recognised, one line each.
    """
    from mevqa.api.evaluate import ask_options
    from mevqa.cli.progress import frame_progress
    from mevqa.errors import InputError, MediaError, Problem
    from mevqa.files.system_errors import media_problem
    from mevqa.inference.answerer import load_answerer
    from mevqa.inference.fingerprint import package_versions, view_config_record
    from mevqa.inference.runs import file_digest
    from mevqa.inference.spot_and_recognise import StrTable, rows_of, spot_and_recognise
    from mevqa.signals import finished_first

    ready = load_answerer(ask_options(args.model, **ask_arguments(args)))
    model, prompts, view_config = ready.model, ready.prompts, ready.view_config
    fingerprint = {
        "kinds": kinds,
        "emotion": args.emotion,
        "names": naming.names,
        "numbers": args.numbers,
        "dataset": args.dataset,
        "fps": args.fps,
        "model": {"name": model.name, "revision": model.revision},
        "prompts": prompts.digest,
        "looking": view_config_record(view_config),
        "settings": dict(ready.settings),
        "packages": package_versions(),
    }
    table = StrTable(args.out, fingerprint)
    problems: list[Problem] = []
    written = 0
    for path in paths:
        name = path.stem if path.is_file() else path.name
        try:
            media = file_digest(path)
            if table.has(name, media):
                continue
            with finished_first(), frame_progress(path.name) as progress:
                long_video = spot_and_recognise(
                    path, model, prompts, view_config, dataset=args.dataset, fps=args.fps, progress=progress
                )
                rows = rows_of(path, long_video, naming, kinds)
                table.put(name, media, rows)
        except (MediaError, OSError) as error:
            problems.append(media_problem(error, path))
            continue
        except InputError as error:
            problems += error.problems
            continue
        written += len(rows)
        _print(long_video, kinds)
    print(f"{len(paths) - len(problems)} of {len(paths)} videos, {written} new rows -> {args.out}")
    if problems:
        raise InputError(problems)
    return 0


def _kinds(text: str) -> list[Kind]:
    """Return the kinds to write.

    Raises:
        InputError: One of them is none.
    """
    from mevqa.errors import InputError, Problem
    from mevqa.events import KINDS

    names = [name.strip() for name in text.split(",") if name.strip()]
    kinds = [kind for kind in KINDS if kind in names]
    if not kinds or len(kinds) != len(set(names)):
        raise InputError([Problem("--kinds", f"{text!r} is not micro, macro or micro,macro")])
    return kinds


def _naming(args: argparse.Namespace, dataset: str) -> Naming:
    """Return how rows name what they are about.

    Raises:
        InputError: The pattern is wrong.
    """
    from mevqa.datasets import video_name_pattern
    from mevqa.errors import InputError, Problem
    from mevqa.inference.spot_and_recognise import Naming

    try:
        return Naming(args.names or video_name_pattern(dataset), args.numbers, args.emotion)
    except ValueError as error:
        raise InputError([Problem("--names", str(error))]) from error


def _print(long_video: LongVideoResult, kinds: list[Kind]) -> None:
    """Print the events of one video that are written; warnings go to standard error."""
    from mevqa.inference.long_video import event_line

    shown = [one for one in long_video.kept if one.event.kind in kinds]
    print(f"{long_video.found.video}: {long_video.found.seconds:.1f} s, {len(shown)} events")
    for number, one in enumerate(shown, 1):
        print(f"  {event_line(number, one)}")
    for warning in long_video.warnings:
        print(f"warning: {long_video.found.video}: {warning}", file=sys.stderr)
