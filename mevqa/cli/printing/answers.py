"""Output of ``mevqa ask``: answers with their options, and the evidence for them."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from mevqa.inference.engine import ClipAnswers
from mevqa.inference.long_videos.analysis import LongVideoResult, event_line
from mevqa.terminal.console import make_console
from mevqa.types import NO_MOTION
from mevqa.video.views.render import ClipViews


def as_json(video: Path, questions: list[str], result: ClipAnswers) -> dict[str, Any]:
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
            "thought": answer.thought,
            "samples": list(answer.samples),
            "shots": list(answer.shots),
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
        "notes": list(clip_views.notes),
        "warnings": list(clip_views.warnings),
    }


def _long_video_json(long_video: LongVideoResult) -> dict[str, Any]:
    return {
        "fps": long_video.spotting.fps,
        "frames": long_video.spotting.frames,
        "events": [
            {
                "onset": event.onset,
                "apex": event.apex,
                "offset": event.offset,
                "kind": event.kind,
                "probability": round(event.probability, 4),
                "kept": event.kept,
                "action_units": list(event.unit_names),
                "fine": event.fine,
                "coarse": event.coarse,
            }
            for event in long_video.events
        ],
    }


def print_answers(questions: list[str], result: ClipAnswers) -> None:
    """Print the answers for a reader."""
    console = make_console(highlight=False, soft_wrap=True)
    if result.clip_views is not None:
        _print_views(console, result.clip_views)
    if result.long_video is not None:
        _print_long_video(console, result.long_video)
    if result.thinking:
        console.print(f"thinking {result.thinking}", style="dim", markup=False)
    block = "█" if console.encoding.startswith("utf") else "#"
    for question, answer in zip(questions, result.answers, strict=True):
        console.print()
        console.print(question, style="bold", markup=False)
        if answer.thought:
            console.print(f"  thought: {' '.join(answer.thought.split())}", style="dim", markup=False)
        if answer.error is not None:
            console.print(f"  no answer: {answer.error}", style="red", markup=False)
            continue
        sure = "" if answer.confidence is None else f"  ({answer.confidence:.0%})"
        console.print(f"  {answer.text}{sure}", markup=False)
        if answer.samples:
            counts = ", ".join(f"{text} ({count})" for text, count in Counter(answer.samples).most_common())
            console.print(f"    drawn: {counts}", style="dim", markup=False)
        for option, share in sorted((answer.options or {}).items(), key=lambda item: -item[1]):
            console.print(Text(f"    {option:<17}{share:6.1%} ", style="dim") + Text(block * round(share * 30)))
        for warning in answer.warnings:
            if warning.startswith("prior answer"):
                console.print(f"    {warning}", style="yellow", markup=False)
            if warning.startswith(NO_MOTION):
                console.print("    no motion was seen: this is how sure the data set's prior is", style="yellow")


def _print_views(console: Console, clip_views: ClipViews) -> None:
    """Print where the expression of a clip is."""
    source = "found" if clip_views.localised else clip_views.source
    console.print(
        f"onset {clip_views.onset}, apex {clip_views.apex}, offset {clip_views.offset} ({source})", style="dim"
    )
    used = sorted({frame for view in clip_views.views for frame in view.frames})
    console.print(f"frames used: {', '.join(map(str, used))}", style="dim")
    for warning in clip_views.warnings:
        console.print(f"warning: {warning}", style="yellow", markup=False)


def _print_long_video(console: Console, long_video: LongVideoResult) -> None:
    """Print the events of a long video."""
    seconds = long_video.spotting.seconds
    console.print(f"{seconds:.1f} s, {len(long_video.kept)} events (found)", style="dim")
    for number, event in enumerate(long_video.kept, 1):
        console.print(event_line(number, event), style="dim", markup=False)
    for warning in long_video.warnings:
        console.print(f"warning: {warning}", style="yellow", markup=False)


def print_events(long_video: LongVideoResult, kinds: str) -> None:
    """Print the events of some kinds in a long video; warnings go to standard error."""
    events = [event for event in long_video.kept if event.kind in kinds]
    print(f"{long_video.spotting.video}: {long_video.spotting.seconds:.1f} s, {len(events)} events")
    for number, event in enumerate(events, 1):
        print(f"  {event_line(number, event)}")
    for warning in long_video.warnings:
        print(f"warning: {long_video.spotting.video}: {warning}", file=sys.stderr)
