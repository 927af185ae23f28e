"""Find the micro- and macro-expressions of any video, without labels and without training.

Examples:
  mevqa spot talk.mp4
  mevqa spot frames/ --fps 200 --kinds micro --csv events.csv
  mevqa spot videos/ --json events.json --plot timelines/
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mevqa.spotting.events import Event
    from mevqa.spotting.spotter import SpotOptions
    from mevqa.spotting.video import Spotting

HELP = "find micro- and macro-expressions in any video"

#: Regions of the face named in the table.
_STRONGEST = 2


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa spot``."""
    parser.add_argument(
        "path", type=Path, metavar="VIDEO_OR_DIR", help="video, folder of frames, or folder of several of either"
    )
    parser.add_argument("--fps", type=float, help="frames per second (default: what the video says)")
    parser.add_argument("--kinds", default="micro,macro", metavar="A,B", help="kinds to return (default: micro,macro)")
    parser.add_argument(
        "--rule",
        choices=("half-second", "quarter-second-apex"),
        default="half-second",
        help="a micro-expression lasts at most 500 ms (default), or takes at most 250 ms from onset to apex",
    )
    parser.add_argument(
        "--threshold", type=float, metavar="X", help="least strength in units of the video's own noise (default: 4)"
    )
    parser.add_argument("--csv", type=Path, metavar="OUT", help="write events as CSV, as mevqa score reads them")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write events, evidence by region and curves as JSON")
    parser.add_argument(
        "--plot", type=Path, metavar="OUT", help="draw a timeline, .png or .svg; a folder for several videos"
    )


def run(args: argparse.Namespace) -> int:
    """Spot in every video, print the events and write what was asked for."""
    from mevqa.cli.progress import frame_progress
    from mevqa.errors import InputError, MediaError, Problem
    from mevqa.spotting.files import write_csv, write_json, write_plot
    from mevqa.spotting.video import find_videos, spot_video

    options = _options(args)
    paths = find_videos(args.path)
    plots = _plots(args.plot, paths)
    found: list[Spotting] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            with frame_progress(path.name) as progress:
                video = spot_video(path, fps=args.fps, options=options, progress=progress)
        except MediaError as error:
            problems.append(Problem(path, error.reason))
            continue
        found.append(video)
        _print(video)
        if path in plots:
            write_plot(plots[path], video)
        # Written after every video, so that an interruption loses one at most.
        if args.csv:
            write_csv(args.csv, found)
        if args.json:
            write_json(args.json, found)
    if problems:
        raise InputError(problems)
    return 0


def _options(args: argparse.Namespace) -> SpotOptions:
    """Return what is looked for.

    Raises:
        InputError: A kind, the frame rate or the threshold makes no sense.
    """
    from mevqa.errors import InputError, Problem
    from mevqa.spotting.detect import THRESHOLD
    from mevqa.spotting.spotter import SpotOptions

    kinds = tuple(name.strip() for name in args.kinds.split(",") if name.strip())
    try:
        return SpotOptions(kinds, args.rule, THRESHOLD if args.threshold is None else args.threshold)
    except ValueError as error:
        option = "--threshold" if "threshold" in str(error) else "--kinds"
        raise InputError([Problem(option, str(error))]) from error


def _plots(where: Path | None, paths: list[Path]) -> dict[Path, Path]:
    """Return the file of each video's timeline.

    Raises:
        InputError: The folder cannot be made.
    """
    from mevqa.errors import InputError, Problem

    if where is None:
        return {}
    if len(paths) == 1 and where.suffix:
        return {paths[0]: where}
    try:
        where.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError([Problem(where, f"cannot be made a folder: {error.strerror or error}")]) from error
    return {path: where / f"{path.stem}.png" for path in paths}


def _print(video: Spotting) -> None:
    """Print the events of one video; warnings go to standard error."""
    kinds = [event.kind for event in video.events]
    print(
        f"{video.video}: {video.seconds:.1f} s at {video.fps:g} fps, "
        f"micro-expressions {kinds.count('micro')}, macro-expressions {kinds.count('macro')}"
    )
    if video.events:
        print(
            f"  {'kind':6}{'onset':>7}{'apex':>7}{'offset':>7}{'from':>9}{'length':>9}{'score':>7}  units and regions"
        )
    for event in video.events:
        print(
            f"  {event.kind:6}{event.onset:7d}{event.apex:7d}{event.offset:7d}{event.onset_ms / 1000:7.2f} s"
            f"{event.duration_ms:6.0f} ms{event.score:7.2f}  {_evidence(event)}"
        )
    for warning in video.warnings:
        print(f"warning: {video.video}: {warning}", file=sys.stderr)


def _evidence(event: Event) -> str:
    """Return units and the regions that move most, in percent of the eye distance."""
    units = "+".join(str(candidate.unit) for candidate in event.units) or "no unit"
    size = {name: (x * x + y * y) ** 0.5 for name, (x, y) in event.regions.items()}
    strongest = sorted(size, key=lambda name: -size[name])[:_STRONGEST]
    regions = ", ".join(f"{name} {100 * size[name]:.1f} %" for name in strongest)
    return f"AU {units}; {regions}"
