"""Find the micro- and macro-expressions of any video, without labels and without training.

Examples:
  mevqa spot talk.mp4
  mevqa spot frames/ --fps 200 --kinds micro --csv events.csv
  mevqa spot videos/ --json events.json --plot timelines/

With annotated long videos of several people the spotter can be calibrated: what a coder like theirs would mark is
learned from a few numbers of each candidate, and judged on each person by a calibrator that has not seen that person.
  mevqa spot --fit annotations.csv --media videos/ --out calibrator.json
  mevqa spot talk.mp4 --calibrator calibrator.json
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mevqa.cli.options import add_link_option
from mevqa.cli.values import above_zero, dataset_name

HELP = "find micro- and macro-expressions in any video"

_KINDS = "micro,macro"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa spot``."""
    parser.add_argument(
        "path",
        type=Path,
        nargs="?",
        metavar="VIDEO_OR_DIR",
        help="video, folder of frames, or folder of several of either",
    )
    parser.add_argument("--fps", type=above_zero, help="frames per second (default: what the video says)")
    parser.add_argument("--kinds", default=_KINDS, metavar="A,B", help=f"kinds to return (default: {_KINDS})")
    parser.add_argument(
        "--rule",
        choices=("half-second", "quarter-second-apex"),
        default="half-second",
        help="a micro-expression lasts at most 500 ms (default), or takes at most 250 ms from onset to apex",
    )
    parser.add_argument(
        "--threshold",
        type=above_zero,
        metavar="X",
        help="least strength in units of the video's own noise (default: 4, or what the calibrator begins with)",
    )
    parser.add_argument(
        "--calibrator",
        type=Path,
        metavar="FILE",
        help="score events by a calibrator from --fit and drop those below its probability (default: strength decides, "
        "and scores are probabilities by a calibrator fitted on synthetic videos)",
    )
    parser.add_argument("--csv", type=Path, metavar="OUT", help="write events as CSV, as mevqa score reads them")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write events, evidence by region and curves as JSON")
    parser.add_argument(
        "--plot",
        type=Path,
        metavar="OUT",
        help="draw events with score and units, the motion, and what was not looked at: .png, .svg or .pdf; a folder "
        "for several videos",
    )
    add_link_option(parser)
    fit = parser.add_argument_group("calibration")
    fit.add_argument(
        "--fit",
        type=Path,
        metavar="ANNOTATIONS",
        help="fit a calibrator: CSV of several events a video, or a data set's label file of long videos; prints what "
        "it does on subjects that are held out, beside the spotter without it",
    )
    fit.add_argument("--media", type=Path, metavar="DIR", help="folder of the annotated videos")
    fit.add_argument(
        "--dataset", type=dataset_name, metavar="NAME", help="whose label file it is, when its header does not tell"
    )
    fit.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="the calibrator, JSON; candidates are kept in FILE.parts, so that an interrupted run goes on",
    )


def run(args: argparse.Namespace) -> int:
    """Spot in every video and write what was asked for, or fit a calibrator."""
    _check(args)
    return _fit(args) if args.fit else _spot(args)


def _check(args: argparse.Namespace) -> None:
    """Refuse options that do not belong together.

    Raises:
        InputError: All of them.
    """
    from mevqa.errors import InputError, Problem

    needs = ("--media", "--out") if args.fit else ()
    spotting = ("path", "--fps", "--kinds", "--threshold", "--calibrator", "--csv", "--json", "--plot")
    foreign = spotting if args.fit else ("--media", "--dataset", "--out")

    def given(option: str) -> bool:
        value = getattr(args, option.removeprefix("--"))
        return value != (_KINDS if option == "--kinds" else None)

    problems = [Problem(option, "is needed with --fit") for option in needs if not given(option)]
    problems += [
        Problem(
            option if option != "path" else str(args.path), f"is of no use {'with' if args.fit else 'without'} --fit"
        )
        for option in foreign
        if given(option)
    ]
    if not args.fit and args.path is None:
        problems.append(Problem("mevqa spot", "name a video or a folder, or --fit with annotations"))
    if problems:
        raise InputError(problems)


def _spot(args: argparse.Namespace) -> int:
    """Spot in every video, print the events and write what was asked for."""
    from mevqa.api.spot import spot_folder, spot_options
    from mevqa.cli.printing.spotted import print_spotted
    from mevqa.cli.progress import frame_progress

    spot_folder(
        args.path,
        fps=args.fps,
        options=spot_options(args.kinds, args.rule, args.threshold, args.calibrator),
        csv=args.csv,
        json=args.json,
        plot=args.plot,
        progress=frame_progress,
        on_video=print_spotted,
    )
    return 0


def _fit(args: argparse.Namespace) -> int:
    """Fit a calibrator and print how it does on people that it has not seen."""
    from mevqa.api.spot import fit_spotter
    from mevqa.cli.printing.spotted import print_fit
    from mevqa.cli.progress import frame_progress

    fitted = fit_spotter(
        args.fit,
        args.media,
        args.out,
        dataset=args.dataset,
        rule=args.rule,
        progress=frame_progress,
        on_note=lambda note: print(f"warning: {note}", file=sys.stderr),
    )
    print_fit(fitted, args.out)
    return 0
