"""Ask about one video: answers with confidence, the frames used and the option probabilities.

Examples:
  mevqa ask clip.mp4 "What are the action units?" "What is the coarse expression class?"
  mevqa ask frames/ "Is AU12 shown on the face?" --fps 200 --onset 10 --apex 31 --offset 60 --json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mevqa.cli.options import add_look_options, add_model_options, asking

if TYPE_CHECKING:
    from mevqa.records import Answer
    from mevqa.video.look import Look

HELP = "ask about one video"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa ask``."""
    parser.add_argument("video", type=Path, metavar="VIDEO", help="video file or folder of frames")
    parser.add_argument("questions", nargs="+", metavar="QUESTION")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--dataset", default="unknown", help="whose classes are the options: casme2, samm, casme3, ...")
    parser.add_argument("--fps", type=float, help="frames per second (default: what the video says)")
    for name in ("onset", "apex", "offset"):
        parser.add_argument(f"--{name}", type=int, metavar="FRAME", help=f"0-based {name} frame (default: found)")
    add_model_options(parser)
    add_look_options(parser)


def run(args: argparse.Namespace) -> int:
    """Answer and print; 2 when the video cannot be read, 1 when a question got no answer."""
    from mevqa.errors import MediaError
    from mevqa.records import Annotation
    from mevqa.vqa.ask import ask

    if not args.video.exists():
        raise MediaError(args.video, "there is no such file or folder")
    given = (args.onset, args.apex, args.offset)
    model, prompts, looking = asking(args)
    result = ask(
        args.video,
        args.questions,
        model=model,
        prompts=prompts,
        looking=looking,
        dataset=args.dataset,
        fps=args.fps,
        annotation=Annotation(*given) if any(value is not None for value in given) else None,
        consistency=args.consistency == "on",
    )
    assert result.look is not None
    if args.json:
        print(
            json.dumps(_as_json(args.video, args.questions, result.answers, result.look), indent=1, ensure_ascii=False)
        )
    else:
        _print(args.questions, result.answers, result.look)
    return 1 if any(answer.error for answer in result.answers) else 0


def _as_json(video: Path, questions: list[str], answers: list[Answer], look: Look) -> dict[str, Any]:
    """Return the answers and their evidence as plain data."""
    return {
        "video": str(video),
        "onset": look.onset,
        "apex": look.apex,
        "offset": look.offset,
        "localised": look.localised,
        "moments": [{"frame": moment.frame, "role": moment.role} for moment in look.moments],
        "views": [{"name": v.name, "caption": v.caption, "frames": list(v.frames)} for v in look.views],
        "warnings": list(look.warnings),
        "answers": [
            {
                "question": question,
                "answer": answer.text or None,
                "confidence": answer.confidence,
                "options": dict(answer.options) if answer.options is not None else None,
                "error": answer.error,
            }
            for question, answer in zip(questions, answers, strict=True)
        ],
    }


def _print(questions: list[str], answers: list[Answer], look: Look) -> None:
    """Print the answers for a reader."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    found = "found" if look.localised else "given"
    console.print(f"onset {look.onset}, apex {look.apex}, offset {look.offset} ({found})", style="dim")
    used = sorted({frame for view in look.views for frame in view.frames})
    console.print(f"frames used: {', '.join(map(str, used))}", style="dim")
    for warning in look.warnings:
        console.print(f"warning: {warning}", style="yellow", markup=False)
    for question, answer in zip(questions, answers, strict=True):
        console.print()
        console.print(question, style="bold", markup=False)
        if answer.error is not None:
            console.print(f"  no answer: {answer.error}", style="red", markup=False)
            continue
        sure = "" if answer.confidence is None else f"  ({answer.confidence:.0%})"
        console.print(f"  {answer.text}{sure}", markup=False)
        for option, share in sorted((answer.options or {}).items(), key=lambda item: -item[1]):
            console.print(Text(f"    {option:<16}{share:6.1%} ", style="dim") + Text("█" * round(share * 30)))
