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
from typing import TYPE_CHECKING

from mevqa.cli.options import add_link_option
from mevqa.cli.values import above_zero, dataset_name

if TYPE_CHECKING:
    from mevqa.spotting.events import SpottedEvent
    from mevqa.spotting.fitting import HeldOut
    from mevqa.spotting.motion.calibration import Calibrator
    from mevqa.spotting.motion.spotter import SpotOptions
    from mevqa.spotting.video import Spotting

HELP = "find micro- and macro-expressions in any video"

_KINDS = "micro,macro"

#: Regions of the face named in the table.
_STRONGEST = 2


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
        help="draw events with score and units, the motion, and what was not looked at: .png or .svg; a folder for "
        "several videos",
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
    from contextlib import ExitStack

    from mevqa.files.lock import hold_file
    from mevqa.spotting.video import find_videos

    options = _options(args)
    paths = find_videos(args.path)
    with ExitStack() as locks:
        for out in filter(None, (args.csv, args.json, args.plot)):
            locks.enter_context(hold_file(out))
        return _spot_all(args, options, paths)


def _spot_all(args: argparse.Namespace, options: SpotOptions, paths: list[Path]) -> int:
    """Spot in every video while nobody else writes what was asked for."""
    from dataclasses import replace

    from mevqa.cli.progress import frame_progress
    from mevqa.errors import InputError, MediaError, Problem
    from mevqa.files.system_errors import media_problem
    from mevqa.report.charts.spotted import write_plot
    from mevqa.signals import finished_first
    from mevqa.spotting.files import write_csv, write_json
    from mevqa.spotting.video import spot_video, video_names

    plots = _plots(args.plot, paths)
    names = video_names(paths)
    found: list[Spotting] = []
    problems: list[Problem] = []
    for path in paths:
        # Written after every video, so that an interruption loses one at most; termination waits for that.
        with finished_first():
            try:
                with frame_progress(path.name) as progress:
                    video = spot_video(path, fps=args.fps, options=options, progress=progress)
                video = replace(video, video=names[path])
            except (MediaError, OSError) as error:
                problems.append(media_problem(error, path))
                continue
            found.append(video)
            _print(video)
            if path in plots:
                write_plot(plots[path], video)
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
        InputError: A kind or the threshold makes no sense, or the calibrator cannot be read.
    """
    from mevqa.errors import InputError, Problem
    from mevqa.spotting.motion.calibration import read_calibrator
    from mevqa.spotting.motion.spotter import SpotOptions

    calibrator = read_calibrator(args.calibrator) if args.calibrator else None
    kinds = tuple(name.strip() for name in args.kinds.split(",") if name.strip())
    try:
        return SpotOptions(kinds, args.rule, args.threshold, calibrator)
    except ValueError as error:
        option = "--threshold" if "threshold" in str(error) else "--kinds"
        raise InputError([Problem(option, str(error))]) from error


def _plots(where: Path | None, paths: list[Path]) -> dict[Path, Path]:
    """Return the file of each video's timeline.

    Raises:
        InputError: The folder cannot be made, or one picture is named for several videos.
    """
    from PIL import Image

    from mevqa.errors import InputError, Problem
    from mevqa.files.whole import make_folder
    from mevqa.spotting.video import video_names

    if where is None:
        return {}
    if where.suffix.lower() in (".svg", *Image.registered_extensions()) and not where.is_dir():
        if len(paths) > 1:
            several = f"{where} is one picture, there are {len(paths)} videos: name a folder"
            raise InputError([Problem("--plot", several)])
        return {paths[0]: where}
    make_folder(where)
    return {path: where / f"{name}.png" for path, name in video_names(paths).items()}


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


def _evidence(event: SpottedEvent) -> str:
    """Return units and the regions that move most, in percent of the eye distance."""
    units = "+".join(str(candidate.unit) for candidate in event.units) or "no unit"
    size = {name: (x * x + y * y) ** 0.5 for name, (x, y) in event.regions.items()}
    strongest = sorted(size, key=lambda name: -size[name])[:_STRONGEST]
    regions = ", ".join(f"{name} {100 * size[name]:.1f} %" for name in strongest)
    return f"AU {units}; {regions}"


def _fit(args: argparse.Namespace) -> int:
    """Fit a calibrator and print how it does on people that it has not seen.

    Raises:
        InputError: Annotations, media or the output are at fault, or there is nothing to fit to.
    """
    import hashlib

    from mevqa.cli.progress import frame_progress
    from mevqa.errors import InputError, Problem
    from mevqa.files.lock import hold_file
    from mevqa.spotting.annotated import find_annotated, spot_annotated
    from mevqa.spotting.fitting import NothingToFit, fit_calibrator, leave_one_subject_out
    from mevqa.spotting.motion.calibration import write_calibrator

    annotated = find_annotated(args.fit, args.media, args.dataset)
    for note in annotated.notes:
        print(f"warning: {note}", file=sys.stderr)
    options = _options(args)
    with hold_file(args.out):
        examples = spot_annotated(annotated.videos, Path(f"{args.out}.parts"), options, frame_progress)
    digest = hashlib.sha256(args.fit.read_bytes()).hexdigest()
    try:
        held_out = leave_one_subject_out(examples)
        calibrator = fit_calibrator(examples, args.fit.name, digest, args.dataset)
    except NothingToFit as error:
        raise InputError([Problem(args.fit, str(error))]) from error
    write_calibrator(args.out, calibrator)
    _print_fit(held_out, calibrator, args.out)
    return 0


def _print_fit(held_out: HeldOut, calibrator: Calibrator, out: Path) -> None:
    """Print both spotters on held-out people, the losses and what was stored."""
    on = calibrator.fitted_on
    print(
        f"{on.videos} videos of {on.subjects} subjects, {on.events} expressions; {on.candidates} candidates, "
        f"{on.marked} of them marked by a coder"
    )
    print("each subject judged by a calibrator and a threshold of the others, all pooled; hits at IoU 0.5\n")
    print(f"{'':20}{'kind':9}{'references':>11}{'detections':>11}{'hits':>6}{'precision':>11}{'recall':>8}{'F1':>7}")
    for name, counts in (("without calibrator", held_out.plain), ("calibrated", held_out.calibrated)):
        for kind, one in counts.items():
            print(
                f"{name:20}{kind:9}{one.references:11d}{one.detections:11d}{one.hits:6d}{one.precision:11.3f}"
                f"{one.recall:8.3f}{one.f1:7.3f}"
            )
    print(
        f"\nprobabilities of held-out candidates: log loss {held_out.log_loss:.3f}, Brier {held_out.brier:.3f}; "
        f"of the share that is marked: {held_out.base_log_loss:.3f}, {held_out.base_brier:.3f}"
    )
    least, most = min(held_out.thresholds.values()), max(held_out.thresholds.values())
    print(f"thresholds of the folds {least:.2f} to {most:.2f}; of all subjects {calibrator.threshold:.2f}")
    print(f"{out}: fitted on all {on.subjects} subjects; use it with mevqa spot VIDEO --calibrator {out}")
