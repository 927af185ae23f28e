"""Pictures of what a model sees of one clip, as ``mevqa sample`` writes them."""

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
    """Views of a clip as a model sees them, and the pictures that were written of it.

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
    with given_event(path, fps, onset, apex, offset) as (event, footage):
        clip = Clip(path.stem, media=path, fps=fps, annotation=event, pictures=ready)
        clip_views = render_clip(
            clip, views=names, sampler=sampler, face=face, frames=frames, stride=stride, footage=footage
        )
        motion = _measured_motion(clip_views, face, footage)
    sheets = {"contact_sheet.png": contact_sheet(clip_views.views)} if clip_views.views else {}
    if motion is not None and motion.curve is not None and clip_views.times_ms is not None:
        roles = {"onset": clip_views.onset, "apex": clip_views.apex, "offset": clip_views.offset}
        marks = {role: float(clip_views.times_ms[frame]) for role, frame in roles.items() if frame is not None}
        sheets["curve.png"] = plot_curve(motion.curve, marks, clip.id)
    files = [
        "_".join([f"{number:02d}", view.name, *(["-".join(map(str, view.frames))] if view.frames else [])]) + ".png"
        for number, view in enumerate(clip_views.views, 1)
    ]
    make_folder(folder)
    with hold_folder(folder):
        for name, view in zip(files, clip_views.views, strict=True):
            write_picture(folder / name, view.image)
        for name, picture in sheets.items():
            write_picture(folder / name, picture)
    return ClipSample(clip_views, motion, files, list(sheets))


def _measured_motion(clip_views: ClipViews, face: FaceMode, footage: Video | None) -> Localised | None:
    """Return the motion of the clip, also when its key frames were given: then as a check of them.

    A clip of key frames has no course of motion to measure.
    """
    key_frames_only = clip_views.source != "given"
    if footage is None or clip_views.localisation is not None or clip_views.onset is None or key_frames_only:
        return clip_views.localisation
    aligner = FaceAligner.fit(footage[0], face)
    return localise(footage, aligner) if aligner.has_face else None
