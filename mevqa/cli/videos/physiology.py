"""Physiological signals beside the videos: EEG, ECG, PPG, respiration, electrodermal activity, skin temperature.

Recordings are files or folders of a folder, named after their video or their subject: Curry, EDF, BDF, FIF, BrainVision
or EEGLAB (through MNE), MATLAB files of a BIOPAC recorder, and tables with the columns time, marker, ecg (mV), ...
Needs pip install 'mevqa[physiology]'.

Examples:
  mevqa physiology synth physio --subjects 8
  mevqa physiology features physio/signals --events physio/events.csv --out features.csv
  mevqa physiology fuse --events physio/events.csv --measured features.csv --labels physio/annotations.csv \
      --out fused.csv
  mevqa physiology describe features.csv --out notes.csv
  mevqa eval QUESTIONS --media DIR --notes notes.csv --model FOLDER_OR_HUB_NAME --out RUN
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from mevqa.cli.common_options import add_fps, add_out_place, add_seed, out_place
from mevqa.cli.parser import rename_options
from mevqa.cli.values import above_zero, positive
from mevqa.errors import MevqaError, shortened

HELP = "measure physiological signals around events"

#: Characters of a note that are printed.
_SHOWN = 600


def configure(parser: argparse.ArgumentParser) -> None:
    """Add one parser for each part of ``mevqa physiology``."""
    parts = parser.add_subparsers(dest="part", metavar="WHAT", required=True)
    _add_features(parts)
    _add_fuse(parts)
    _add_describe(parts)
    _add_synth(parts)
    for part_parser in parts.choices.values():
        part_parser.set_defaults(parser=part_parser)


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
    parser.add_argument("--events", type=Path, required=True, metavar="FILE", help="events of mevqa spot or of coders")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="write the table, CSV")
    add_fps(parser, "what the events say")
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
    from mevqa.api.videos.physiology import signal_features
    from mevqa.cli.progress import count_progress
    from mevqa.physiology.features.definition import GROUPS

    with count_progress(args.signals.name, "recordings") as progress:
        result = signal_features(
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
    _print_notes(result.notes)
    print(f"{args.out}: {len(result.events)} events")
    for group in GROUPS:
        number = sum(group in event.features.measured for event in result.events)
        counts: dict[str, int] = {}
        for event in result.events:
            if group not in event.features.measured:
                reason = event.features.flags.get(group, "not measurable")
                counts[reason] = counts.get(reason, 0) + 1
        reasons = "; ".join(f"{count} {reason}" for reason, count in sorted(counts.items(), key=lambda item: -item[1]))
        print(f"  {group:8} measured at {number:5d}" + (f"   ({reasons})" if reasons else ""))
    return 0


def _add_fuse(parts: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = parts.add_parser(
        "fuse",
        help="decide events by video and signals together",
        description="Put the scores or class probabilities of any spotter or recogniser together with the signals. "
        "With labels every subject is decided by what the other subjects teach (leave-one-subject-out), and video, "
        "signals and both are compared; with a saved fusion new people are decided.",
    )
    parser.add_argument(
        "--events",
        type=Path,
        required=True,
        metavar="FILE",
        help="events of any system, with score, or columns p_CLASS, or JSON",
    )
    parser.add_argument(
        "--measured", type=Path, required=True, metavar="FILE", help="table of mevqa physiology features"
    )
    rename_options(parser, {"--features": "--measured"})
    parser.add_argument("--labels", type=Path, metavar="FILE", help="what coders marked")
    parser.add_argument("--fusion", type=Path, metavar="FILE", help="a fusion of --save, in place of --labels")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="write the events as decided, CSV")
    parser.add_argument(
        "--way",
        choices=("late", "features", "signals"),
        help="late: log-probabilities add up (default); features: one classifier of everything; signals: they alone",
    )
    parser.add_argument(
        "--task",
        choices=("recognise", "spot"),
        help="of which class an event is, or whether it is one (default: as the events tell)",
    )
    add_fps(parser, "what the tables say")
    parser.add_argument("--save", type=Path, metavar="FILE", help="write the fusion of all subjects, JSON")
    parser.set_defaults(work=_fuse)


def _fuse(args: argparse.Namespace) -> int:
    """Decide the events, and print how well each way does."""
    from mevqa.api.videos.physiology import apply_fusion, fuse_signals
    from mevqa.cli.printing.fusion import print_fused
    from mevqa.cli.progress import count_progress

    if (args.labels is None) == (args.fusion is None):
        raise MevqaError("give --labels to learn and to judge, or --fusion to decide new people; one of them")
    if args.fusion is not None:
        if given_options := [name for name in ("way", "task", "save") if getattr(args, name) is not None]:
            raise MevqaError(f"--{given_options[0]}: the fusion says it; leave it out")
        table = apply_fusion(args.fusion, args.events, args.measured, out=args.out, fps=args.fps)
        _print_notes(table.notes)
        print(f"{args.out}: {len(table.events)} events ({table.task})")
        return 0
    with count_progress("fusion", "subjects") as progress:
        fused = fuse_signals(
            args.events,
            args.measured,
            args.labels,
            out=args.out,
            way=args.way or "late",
            task=args.task,
            fps=args.fps,
            save=args.save,
            progress=progress,
        )
    _print_notes(fused.notes)
    print_fused(fused, args.out, args.way or "late")
    return 0


def _add_describe(parts: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = parts.add_parser(
        "describe",
        help="the signals of each video as a sentence for a prompt",
        description="Write what was measured around the events of each video as a sentence (heart rate rose by 6 beats "
        "a minute to 82; ...), which mevqa eval --notes gives to a vision-language model beside the pictures.",
    )
    parser.add_argument("features", type=Path, metavar="FEATURES", help="of mevqa physiology features")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="write the table of clip and note, CSV")
    parser.add_argument("--template", type=Path, metavar="YAML", help="other words, in the form of the shipped ones")
    parser.set_defaults(work=_describe)


def _describe(args: argparse.Namespace) -> int:
    """Write the notes and print the first one."""
    from mevqa.api.videos.physiology import describe_signals

    notes = describe_signals(args.features, out=args.out, template=args.template)
    clip, note = next(iter(notes.items()))
    print(f"{args.out}: notes of {len(notes)} videos; {clip}:\n  {shortened(note, _SHOWN)}")
    return 0


def _add_synth(parts: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = parts.add_parser(
        "synth",
        help="made-up recordings that respond to events in a known way",
        description="Write made-up recordings (1000 Hz, MATLAB files of 17 columns and EEG as FIF), the coded events "
        "to which they respond, and what a made-up spotter finds in them: files to try the other parts on.",
    )
    add_out_place(parser, "the set into this folder, new or empty", "DIR")
    parser.add_argument("--subjects", type=positive, default=8, metavar="N", help="number of persons (default: 8)")
    parser.add_argument(
        "--events-each", type=positive, default=12, metavar="N", help="coded events of each person (default: 12)"
    )
    rename_options(parser, {"--events": "--events-each"})
    add_seed(parser, "everything")
    parser.set_defaults(work=_synth)


def _synth(args: argparse.Namespace) -> int:
    """Write the set and say where it is."""
    from mevqa.cli.progress import count_progress
    from mevqa.physiology.synthetic.writer import write_physiology

    out = out_place(args)
    with count_progress(out.name, "people") as progress:
        signal_set = write_physiology(out, args.subjects, args.events_each, seed=args.seed, progress=progress)
    print(f"{out}: subjects {signal_set.subjects}, coded events {signal_set.coded}")
    for path in (signal_set.signals, signal_set.annotations, signal_set.events):
        print(f"  {path}")
    return 0


def _print_notes(notes: Iterable[str]) -> None:
    for note in notes:
        print(f"warning: {note}", file=sys.stderr)
