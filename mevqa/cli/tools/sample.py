"""Write what a model would see of one clip as pictures: the views, a contact sheet and the curve of the motion.

Examples:
  mevqa sample clip.mp4 --out look/
  mevqa sample frames/ --out look/ --fps 200 --views onset,apex,motion,magnified
  mevqa sample clip.mp4 --out look/ --onset 10 --apex 31 --offset 60 --precomputed motion=map.png
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mevqa.cli.values import above_zero, frame_number, positive

if TYPE_CHECKING:
    from PIL.Image import Image

    from mevqa.types import Clip
    from mevqa.video.face.aligned_face import FaceMode
    from mevqa.video.motion.localise import Localised
    from mevqa.video.views.render import ClipViews

HELP = "write what a model sees of a clip as pictures"

_VIEWS = "frames,difference,motion,magnified"

#: Regions of the face named in the table.
_STRONGEST = 3


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa sample``."""
    parser.add_argument("clip", type=Path, metavar="CLIP", help="video file or folder of frames")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the pictures")
    parser.add_argument("--views", default=_VIEWS, metavar="A,B,...", help=f"views in order (default: {_VIEWS})")
    parser.add_argument("--sampler", default="oao", metavar="NAME", help="which moments (default: oao)")
    parser.add_argument("--frames", type=positive, default=3, metavar="N", help="frames of a window, or of uniform")
    parser.add_argument("--stride", type=positive, default=1, metavar="N", help="distance of a window's frames")
    parser.add_argument("--face", choices=("auto", "haar", "mediapipe", "none"), default="auto", help="face alignment")
    parser.add_argument("--fps", type=above_zero, help="frames per second (default: what the video says)")
    for name in ("onset", "apex", "offset"):
        parser.add_argument(
            f"--{name}", type=frame_number, metavar="FRAME", help=f"0-based {name} frame (default: found)"
        )
    parser.add_argument(
        "--precomputed",
        action="append",
        default=[],
        metavar="VIEW=FILE",
        help="ready-made picture of a view, e.g. motion=map.png; repeatable",
    )


def run(args: argparse.Namespace) -> int:
    """Look at the clip, write the pictures and print where the expression is."""
    from mevqa.errors import InputError, MediaError, Problem
    from mevqa.files.lock import hold_folder
    from mevqa.files.whole import make_folder, write_picture
    from mevqa.video.views.contact_sheet import contact_sheet
    from mevqa.video.views.render import render_clip

    if not args.clip.exists():
        raise MediaError(args.clip, "there is no such file or folder")
    if args.out.exists() and not args.out.is_dir():
        raise InputError([Problem(args.out, "is not a folder; choose another for the pictures")])
    names = [name.strip() for name in args.views.split(",") if name.strip()]
    if not names:
        raise InputError([Problem("--views", "names no view")])
    clip = _clip(args)
    seen = render_clip(clip, views=names, sampler=args.sampler, face=args.face, frames=args.frames, stride=args.stride)
    measured = _measure(clip, seen, args.face)
    plot = _plot(clip, seen, measured)
    make_folder(args.out)
    with hold_folder(args.out):
        written = _write_views(seen, args.out)
        write_picture(args.out / "contact_sheet.png", contact_sheet(seen.views))
        if plot is not None:
            write_picture(args.out / "curve.png", plot)
    _print(seen, measured, written)
    print(f"wrote {len(written)} views and contact_sheet.png{' and curve.png' if plot else ''} to {args.out}")
    return 0


def _clip(args: argparse.Namespace) -> Clip:
    """Return the clip with what the user says about it.

    Raises:
        InputError: A ready-made picture is not VIEW=FILE or is missing.
    """
    from mevqa.data.media import ready_pictures
    from mevqa.events import Event
    from mevqa.types import Clip

    given = (args.onset, args.apex, args.offset)
    annotation = Event(*given) if any(frame is not None for frame in given) else None
    ready = ready_pictures(args.precomputed, each="FILE")
    return Clip(args.clip.stem, media=args.clip, fps=args.fps, annotation=annotation, pictures=ready)


def _measure(clip: Clip, seen: ClipViews, face: FaceMode) -> Localised | None:
    """Return the motion of the clip, also when onset, apex and offset were given: then as a check of them.

    A clip of key frames has no course of motion to measure.
    """
    key_frames_only = seen.source != "given"
    if seen.localisation is not None or seen.onset is None or clip.media is None or key_frames_only:
        return seen.localisation
    from mevqa.video.face.aligned_face import FaceAligner
    from mevqa.video.motion.localise import localise
    from mevqa.video.reading.reader import open_video

    with open_video(clip.media, fps=clip.fps) as video:
        aligner = FaceAligner.fit(video[0], face)
        return localise(video, aligner) if aligner.found else None


def _write_views(seen: ClipViews, out: Path) -> list[str]:
    """Write each view and return the file names."""
    from mevqa.files.whole import write_picture

    names = []
    for number, view in enumerate(seen.views, start=1):
        frames = "-".join(str(frame) for frame in view.frames)
        names.append(f"{number:02d}_{view.name}{'_' + frames if frames else ''}.png")
        write_picture(out / names[-1], view.image)
    return names


def _plot(clip: Clip, seen: ClipViews, measured: Localised | None) -> Image | None:
    """Return the curve with the key frames that were used; None when nothing was measured."""
    from mevqa.reporting.charts.motion import plot_curve

    if measured is None or measured.curve is None or seen.times_ms is None:
        return None
    frames = {"onset": seen.onset, "apex": seen.apex, "offset": seen.offset}
    marks = {role: float(seen.times_ms[frame]) for role, frame in frames.items() if frame is not None}
    return plot_curve(measured.curve, marks, clip.id)


def _print(seen: ClipViews, measured: Localised | None, written: list[str]) -> None:
    """Print key frames, moments, what moved most and the views; warnings go to standard error."""
    times = seen.times_ms
    print(f"{'':12}{'frame':>7}{'ms':>9}")
    for role in ("onset", "apex", "offset"):
        frame = getattr(seen, role)
        if frame is not None:
            source = "found" if seen.localised else seen.source
            print(f"{role:12}{frame:7d}{f'{times[frame]:.0f}' if times is not None else '':>9}  {source}")
    if seen.localised and measured is not None:
        print(f"{'confidence':12}{measured.confidence:7.2f}  that the apex is within 20 ms")
    elif measured is not None:
        print(f"the motion alone would put them at {measured.onset}, {measured.apex} and {measured.offset}")
    if measured is not None and measured.confidence > 0:
        strongest = sorted(measured.regions.items(), key=lambda item: -(item[1][0] ** 2 + item[1][1] ** 2))
        print("strongest motion at the apex, % of the eye distance (right, down in the picture):")
        for name, (right, down) in strongest[:_STRONGEST]:
            print(f"  {name:20}{100 * right:+6.2f}{100 * down:+7.2f}")
    print("moments: " + ", ".join(f"{moment.role} {moment.frame}" for moment in seen.moments))
    for name, view in zip(written, seen.views, strict=True):
        print(f"  {name:28}{view.caption}")
    for warning in seen.warnings:
        print(f"warning: {warning}", file=sys.stderr)
