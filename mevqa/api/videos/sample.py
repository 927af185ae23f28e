"""What a model sees of one clip, as pictures to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mevqa.api.paths import AnyPath
from mevqa.api.videos.moments import given_event
from mevqa.data.media import ready_pictures
from mevqa.errors import InputError, MediaError, Problem, errors_name_parameters
from mevqa.files.lock import hold_folder
from mevqa.files.whole import make_folder, write_picture
from mevqa.inference.view_config import ViewOptions
from mevqa.reporting.charts.motion import plot_curve
from mevqa.types import Clip
from mevqa.video.face.aligned_face import FaceAligner, FaceMode
from mevqa.video.motion.localise import Localised, localise
from mevqa.video.reading.video import Video
from mevqa.video.views.contact_sheet import contact_sheet
from mevqa.video.views.render import ClipViews, render_clip


@dataclass(frozen=True, slots=True)
class ClipSample:
    """What a model sees of a clip, and the pictures that were written of it.

    Attributes:
        seen: Views, moments and key frames.
        motion: What the motion alone says of the key frames; None where it was not measured.
        views: Names of the files of the views, in order.
        sheets: Names of the other files: all views on one sheet, and the curve of the motion.
    """

    seen: ClipViews
    motion: Localised | None
    views: list[str]
    sheets: list[str]


@errors_name_parameters
def sample(
    video: AnyPath,
    out: AnyPath,
    *,
    fps: float | None = None,
    onset: int | None = None,
    apex: int | None = None,
    offset: int | None = None,
    views: str | Sequence[str] = ("frames", "difference", "motion", "magnified"),
    sampler: str = "oao",
    frames: int = 3,
    stride: int = 1,
    face: FaceMode = "auto",
    precomputed: Mapping[str, AnyPath] | Sequence[str] = (),
) -> ClipSample:
    """Write what a model would see of a clip: the views, a contact sheet and the curve of the motion.

    Args:
        video: A video file or a folder of frames.
        out: Folder of the pictures.
        fps: Frames per second; None: as the video says.
        onset: First frame of the expression, counted from 0; None: it is found.
        apex: Frame of its largest extent; None: it is found.
        offset: Its last frame; None: it is found.
        views: Names of the views, in order; in one text with commas between them, or as a list.
        sampler: Which moments.
        frames: Frames of the sampler's window, or in all for ``uniform``.
        stride: Distance of neighbouring frames of a window.
        face: How the face is found.
        precomputed: Ready-made pictures by view name.

    Raises:
        InputError: A view or the sampler is unknown, a ready-made picture is missing, the moments are not in order or
            not in the video, the folder cannot be written.
        MediaError: The video cannot be read.
    """
    path, folder = Path(video), Path(out)
    if not path.exists():
        raise MediaError(path, "there is no such file or folder")
    if folder.exists() and not folder.is_dir():
        raise InputError([Problem(folder, "is not a folder; choose another for the pictures")])
    names = ViewOptions(views).names()
    if not names:
        raise InputError([Problem("--views", "names no view")])
    ready = ready_pictures(precomputed, each="FILE")
    with given_event(path, fps, onset, apex, offset) as (known, footage):
        clip = Clip(path.stem, media=path, fps=fps, annotation=known, pictures=ready)
        seen = render_clip(clip, views=names, sampler=sampler, face=face, frames=frames, stride=stride, footage=footage)
        motion = _measure(clip, seen, face, footage)
    sheets = {"contact_sheet.png": contact_sheet(seen.views)} if seen.views else {}
    if motion is not None and motion.curve is not None and seen.times_ms is not None:
        roles = {"onset": seen.onset, "apex": seen.apex, "offset": seen.offset}
        marks = {role: float(seen.times_ms[frame]) for role, frame in roles.items() if frame is not None}
        sheets["curve.png"] = plot_curve(motion.curve, marks, clip.id)
    files = [
        "_".join([f"{number:02d}", view.name, *(["-".join(map(str, view.frames))] if view.frames else [])]) + ".png"
        for number, view in enumerate(seen.views, 1)
    ]
    make_folder(folder)
    with hold_folder(folder):
        for name, view in zip(files, seen.views, strict=True):
            write_picture(folder / name, view.image)
        for name, picture in sheets.items():
            write_picture(folder / name, picture)
    return ClipSample(seen, motion, files, list(sheets))


def _measure(clip: Clip, seen: ClipViews, face: FaceMode, footage: Video | None) -> Localised | None:
    """Return the motion of the clip, also when its key frames were given: then as a check of them.

    A clip of key frames has no course of motion to measure.
    """
    key_frames_only = seen.source != "given"
    if footage is None or seen.localisation is not None or seen.onset is None or key_frames_only:
        return seen.localisation
    aligner = FaceAligner.fit(footage[0], face)
    return localise(footage, aligner) if aligner.found else None
