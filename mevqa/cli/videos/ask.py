"""Ask about one video: answers with confidence, the frames used and the option probabilities.

Examples:
  mevqa ask clip.mp4 "What are the action units?" "What is the coarse expression class?"
  mevqa ask talk.mp4 "How many micro-expression events appear in this video?"
  mevqa ask frames/ "Is AU12 shown on the face?" --fps 200 --onset 10 --apex 31 --offset 60 --json -
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mevqa.cli.common_options import add_fps
from mevqa.cli.json_output import add_json, put_json
from mevqa.cli.model_options import add_model_options
from mevqa.cli.options import (
    add_key_frame_options,
    add_long_options,
    add_look_options,
    ask_arguments,
)
from mevqa.cli.shot_options import add_shot_options, shot_options
from mevqa.cli.values import dataset_name

HELP = "ask about one video"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa ask``."""
    parser.add_argument("video", type=Path, metavar="VIDEO", help="video file or folder of frames")
    parser.add_argument("questions", nargs="+", metavar="QUESTION", help="in the official wording, or freely")
    add_json(parser, "answers, moments and option probabilities", was_flag=True)
    parser.add_argument(
        "--dataset",
        type=dataset_name,
        default="unknown",
        metavar="NAME",
        help="data set whose classes are the options: casme2, samm, casme3, ..., or the YAML file of your own",
    )
    add_fps(parser)
    add_key_frame_options(parser)
    parser.add_argument(
        "--note", metavar="TEXT", help="a sentence about the video for the prompt: measured signals, ..."
    )
    add_model_options(parser)
    add_look_options(parser)
    add_shot_options(parser)
    parser.add_argument("--subject", metavar="NAME", help="who is seen, for --shots: as the data set names subjects")
    add_long_options(parser)


def run(args: argparse.Namespace) -> int:
    """Answer and print; 2 when the video cannot be read, 1 when a question got no answer."""
    from mevqa.api.videos.ask import ask
    from mevqa.cli.printing.answers import as_json, print_answers
    from mevqa.cli.progress import frame_progress

    with frame_progress(args.video.name) as progress:
        result = ask(
            args.video,
            args.questions,
            args.model,
            dataset=args.dataset,
            fps=args.fps,
            onset=args.onset,
            apex=args.apex,
            offset=args.offset,
            note=args.note,
            **ask_arguments(args),
            progress=progress,
            subject=args.subject,
            shots=shot_options(args),
        )
    content = as_json(args.video, args.questions, result)
    if not put_json(args.json, json.dumps(content, indent=1, ensure_ascii=False)):
        print_answers(args.questions, result)
    return 1 if any(answer.error for answer in result.answers) else 0
