"""Physiological signals beside the videos: EEG, ECG, PPG, respiration, electrodermal activity, skin temperature.

Recordings are files or folders of a folder, named after their video or their subject: Curry, EDF, BDF, FIF, BrainVision
or EEGLAB (through MNE), MATLAB files of a BIOPAC recorder, and tables with the columns time, marker, ecg (mV), ...
Needs pip install 'mevqa[physiology]'.

Examples:
  mevqa physiology synth physio --subjects 8
  mevqa physiology features physio/signals --events physio/events.csv --out features.csv
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from mevqa.cli.values import above_zero, positive, seed

HELP = "measure physiological signals around events"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add one parser for each part of ``mevqa physiology``."""
    parts = parser.add_subparsers(dest="part", metavar="WHAT", required=True)
    _add_features(parts)
    _add_synth(parts)


def run(args: argparse.Namespace) -> int:
    """Do what was asked for."""
    return int(args.work(args))


def _add_features(parts: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = parts.add_parser(
        "features",
        help="features of the signals around each event, against the seconds before it",
        description="Measure the signals around each event: band powers of the EEG, heart rate, pulse, breathing, "
        "skin conductance responses, skin temperature, each against the seconds before the event. What was not "
        "recorded is an empty cell, with the reason in the last column.",
    )
    parser.add_argument("signals", type=Path, metavar="FOLDER", help="folder of recordings")
    parser.add_argument("--events", type=Path, required=True, metavar="FILE", help="of mevqa spot or of coders")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the table to write, CSV")
    parser.add_argument("--fps", type=above_zero, help="frames per second, where the events do not tell")
    parser.add_argument(
        "--media",
        type=Path,
        metavar="DIR",
        help="folder of frames named by time and marker (MMME), by which the clocks are brought together (default: the "
        "first frame of a video is the time 0 of its signals)",
    )
    parser.add_argument(
        "--begins", type=Path, metavar="FILE", help="table of when each video begins in its signals: video, begin (s)"
    )
    parser.add_argument(
        "--columns",
        metavar="A,B,...",
        help="what the columns of MATLAB files without labels are: ecg, ppg, rsp, eda, skt, eeg, digital, - (none)",
    )
    parser.add_argument("--rate", type=above_zero, metavar="HZ", help="samples a second of MATLAB files without isi")
    parser.add_argument("--plv", action="store_true", help="phase locking between the EEG's electrodes too (slow)")
    parser.set_defaults(work=_features)


def _features(args: argparse.Namespace) -> int:
    """Measure, write the table and print what was measured."""
    from mevqa.api.physiology import signal_features
    from mevqa.cli.progress import count_progress
    from mevqa.physiology.features.definition import GROUPS

    with count_progress(args.signals.name, "recordings") as progress:
        found = signal_features(
            args.signals,
            args.events,
            out=args.out,
            fps=args.fps,
            media=args.media,
            begins=args.begins,
            columns=args.columns.split(",") if args.columns else (),
            rate=args.rate,
            phase=args.plv,
            progress=progress,
        )
    _print_notes(found.notes)
    print(f"{args.out}: {len(found.events)} events")
    for group in GROUPS:
        have = sum(group in one.features.measured for one in found.events)
        why: dict[str, int] = {}
        for one in found.events:
            if group not in one.features.measured:
                reason = one.features.flags.get(group, "not measurable")
                why[reason] = why.get(reason, 0) + 1
        lacking = "; ".join(f"{count} {reason}" for reason, count in sorted(why.items(), key=lambda item: -item[1]))
        print(f"  {group:8} measured at {have:5d}" + (f"   ({lacking})" if lacking else ""))
    return 0


def _add_synth(parts: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = parts.add_parser(
        "synth",
        help="made-up recordings that respond to events in a known way",
        description="Write made-up recordings (1000 Hz, MATLAB files of 17 columns and EEG as FIF), the coded events "
        "to which they respond, and what a made-up spotter finds in them: files to try the other parts on.",
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to write (new or empty)")
    parser.add_argument("--subjects", type=positive, default=8, metavar="N", help="people (8)")
    parser.add_argument("--events", type=positive, default=12, metavar="N", help="coded events of each (12)")
    parser.add_argument("--seed", type=seed, default=0, help="decides everything (0)")
    parser.set_defaults(work=_synth)


def _synth(args: argparse.Namespace) -> int:
    """Write the set and say where it is."""
    from mevqa.cli.progress import count_progress
    from mevqa.physiology.synthetic.writer import write_physiology

    with count_progress(args.out.name, "people") as progress:
        made = write_physiology(args.out, args.subjects, args.events, seed=args.seed, progress=progress)
    print(f"{args.out}: subjects {made.subjects}, coded events {made.coded}")
    for path in (made.signals, made.annotations, made.events):
        print(f"  {path}")
    return 0


def _print_notes(notes: Iterable[str]) -> None:
    for note in notes:
        print(f"warning: {note}", file=sys.stderr)
