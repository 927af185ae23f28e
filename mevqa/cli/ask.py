"""Ask about one video: answers with confidence, the frames used and the option probabilities.

Examples:
  mevqa ask clip.mp4 "What are the action units?" "What is the coarse expression class?"
  mevqa ask talk.mp4 "How many micro-expression events appear in this video?"
  mevqa ask frames/ "Is AU12 shown on the face?" --fps 200 --onset 10 --apex 31 --offset 60 --json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mevqa.cli.options import add_long_options, add_look_options, add_model_options, asking
from mevqa.cli.values import above_zero, dataset_name, frame_number

if TYPE_CHECKING:
    from rich.console import Console

    from mevqa.inference.engine import ClipAnswers
    from mevqa.inference.long_video import LongVideoResult
    from mevqa.video.views.render import ClipViews

HELP = "ask about one video"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa ask``."""
    parser.add_argument("video", type=Path, metavar="VIDEO", help="video file or folder of frames")
    parser.add_argument("questions", nargs="+", metavar="QUESTION")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--dataset",
        type=dataset_name,
        default="unknown",
        help="whose classes are the options: casme2, samm, casme3, ...",
    )
    parser.add_argument("--fps", type=above_zero, help="frames per second (default: what the video says)")
    for name in ("onset", "apex", "offset"):
        parser.add_argument(
            f"--{name}", type=frame_number, metavar="FRAME", help=f"0-based {name} frame (default: found)"
        )
    add_model_options(parser)
    add_look_options(parser)
    add_long_options(parser)


def run(args: argparse.Namespace) -> int:
    """Answer and print; 2 when the video cannot be read, 1 when a question got no answer."""
    from mevqa.cli.progress import frame_progress
    from mevqa.errors import MediaError
    from mevqa.events import Event
    from mevqa.inference.ask import ask

    if not args.video.exists():
        raise MediaError(args.video, "there is no such file or folder")
    given = (args.onset, args.apex, args.offset)
    model, prompts, view_config = asking(args)
    with frame_progress(args.video.name) as progress:
        result = ask(
            args.video,
            args.questions,
            model=model,
            prompts=prompts,
            view_config=view_config,
            dataset=args.dataset,
            fps=args.fps,
            annotation=Event(*given) if any(value is not None for value in given) else None,
            consistency=args.consistency == "on",
            progress=progress,
        )
    if args.json:
        print(json.dumps(_as_json(args.video, args.questions, result), indent=1, ensure_ascii=False))
    else:
        _print(args.questions, result, getattr(model, "thinking", ""))
    return 1 if any(answer.error for answer in result.answers) else 0


def _as_json(video: Path, questions: list[str], result: ClipAnswers) -> dict[str, Any]:
    """Return the answers and their evidence as plain data."""
    content: dict[str, Any] = {"video": str(video)}
    if result.clip_views is not None:
        content |= _views_json(result.clip_views)
    if result.long_video is not None:
        content |= _long_video_json(result.long_video)
    content["answers"] = [
        {
            "question": question,
            "answer": answer.text or None,
            "confidence": answer.confidence,
            "options": dict(answer.options) if answer.options is not None else None,
            "error": answer.error,
            "warnings": list(answer.warnings),
            "evidence": list(answer.evidence),
        }
        for question, answer in zip(questions, result.answers, strict=True)
    ]
    return content


def _views_json(clip_views: ClipViews) -> dict[str, Any]:
    return {
        "onset": clip_views.onset,
        "apex": clip_views.apex,
        "offset": clip_views.offset,
        "localised": clip_views.localised,
        "source": "found" if clip_views.localised else clip_views.source,
        "stillness": clip_views.stillness,
        "moments": [{"frame": moment.frame, "role": moment.role} for moment in clip_views.moments],
        "views": [{"name": v.name, "caption": v.caption, "frames": list(v.frames)} for v in clip_views.views],
        "warnings": list(clip_views.warnings),
    }


def _long_video_json(long_video: LongVideoResult) -> dict[str, Any]:
    return {
        "fps": long_video.found.fps,
        "frames": long_video.found.frames,
        "events": [
            {
                "onset": one.event.onset,
                "apex": one.event.apex,
                "offset": one.event.offset,
                "kind": one.event.kind,
                "probability": round(one.event_probability, 4),
                "kept": one.kept,
                "action_units": list(one.units),
                "fine": one.fine,
                "coarse": one.coarse,
            }
            for one in long_video.events
        ],
    }


def _print(questions: list[str], result: ClipAnswers, thinking: str) -> None:
    """Print the answers for a reader.

    Args:
        questions: What was asked.
        result: The answers.
        thinking: Whether and how the model thinks first; empty for one that cannot.
    """
    from rich.text import Text

    from mevqa.terminal import make_console
    from mevqa.types import NO_MOTION

    console = make_console(highlight=False, soft_wrap=True)
    if result.clip_views is not None:
        _print_views(console, result.clip_views)
    if result.long_video is not None:
        _print_long_video(console, result.long_video)
    if thinking:
        console.print(f"thinking {thinking}", style="dim", markup=False)
    block = "█" if console.encoding.startswith("utf") else "#"
    for question, answer in zip(questions, result.answers, strict=True):
        console.print()
        console.print(question, style="bold", markup=False)
        if answer.error is not None:
            console.print(f"  no answer: {answer.error}", style="red", markup=False)
            continue
        sure = "" if answer.confidence is None else f"  ({answer.confidence:.0%})"
        console.print(f"  {answer.text}{sure}", markup=False)
        for option, share in sorted((answer.options or {}).items(), key=lambda item: -item[1]):
            console.print(Text(f"    {option:<17}{share:6.1%} ", style="dim") + Text(block * round(share * 30)))
        for warning in answer.warnings:
            if warning.startswith("prior answer"):
                console.print(f"    {warning}", style="yellow", markup=False)
            if warning.startswith(NO_MOTION):
                console.print("    no motion was seen: this is how sure the data set's prior is", style="yellow")


def _print_views(console: Console, clip_views: ClipViews) -> None:
    """Print where the expression of a clip is."""
    found = "found" if clip_views.localised else clip_views.source
    console.print(
        f"onset {clip_views.onset}, apex {clip_views.apex}, offset {clip_views.offset} ({found})", style="dim"
    )
    used = sorted({frame for view in clip_views.views for frame in view.frames})
    console.print(f"frames used: {', '.join(map(str, used))}", style="dim")
    for warning in clip_views.warnings:
        console.print(f"warning: {warning}", style="yellow", markup=False)


def _print_long_video(console: Console, long_video: LongVideoResult) -> None:
    """Print the events of a long video."""
    from mevqa.inference.long_video import event_line

    seconds = long_video.found.seconds
    console.print(f"{seconds:.1f} s, {len(long_video.kept)} events (found)", style="dim")
    for number, one in enumerate(long_video.kept, 1):
        console.print(event_line(number, one), style="dim", markup=False)
    for warning in long_video.warnings:
        console.print(f"warning: {warning}", style="yellow", markup=False)
