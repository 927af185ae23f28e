"""SAMM Long Videos (Yap et al., FG 2020): ``SAMM_LongVideos_V3_Release.xlsx``.

The header stands below nine rows of text. A row is an event (``006_1_2``) of a video (``006_1``); frames are the
numbers of the video's images from 1 (``SAMM_longvideos/006_1/006_1_0001.jpg``). The file has no emotions: those of the
micro-expressions stand in the label file of SAMM (``join_emotions``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from mevqa.data.adapters.layout import FILENAME, SUBJECT, Cells, LabelLayout
from mevqa.data.label_types import ClipLabels, Numbering
from mevqa.events import Event
from mevqa.names import AmbiguousName, NameIndex


def _video(cells: Cells) -> str:
    """Return ``006_1`` for the event ``006_1_2``."""
    parts = re.match(r"\d+_\d+(?=_|$)", cells["filename"])
    return parts[0] if parts else cells["filename"]


def join_emotions(long: Mapping[str, ClipLabels], clips: Mapping[str, ClipLabels]) -> dict[str, ClipLabels]:
    """Return the labels of SAMM's long videos with the emotions of its micro-expressions.

    An event is the clip of the same name and kind. Its action units are taken too where the file of the long videos
    leaves them open.

    Args:
        long: Labels of ``SAMM_LongVideos_V3_Release.xlsx`` by video (``read_long_annotations``).
        clips: Labels of ``SAMM_Micro_FACS_Codes_v2.xlsx`` by clip (``read_annotations``).
    """
    joined = {}
    known = NameIndex(clips)
    for video_id, video in long.items():
        names = video.names or ("",) * len(video.events)
        found = (_find(known, name) for name in names)
        events = tuple(_joined(event, name, clips) for event, name in zip(video.events, found, strict=True))
        joined[video_id] = replace(video, events=events)
    return joined


def _find(clips: NameIndex, name: str) -> str:
    """Return the clip of a name in whatever spelling, an empty name where there is none or it may be several."""
    try:
        return clips.find(name) or ""
    except AmbiguousName:
        return ""


def _joined(event: Event, name: str, clips: Mapping[str, ClipLabels]) -> Event:
    alike = [other for other in (clips[name].events if name in clips else ()) if other.kind == event.kind]
    if len(alike) > 1:
        alike = [other for other in alike if other.onset == event.onset]
    if not alike:
        return event
    return replace(
        event,
        fine=event.fine or alike[0].fine,
        coarse=event.coarse or alike[0].coarse,
        action_units=event.action_units or alike[0].action_units,
    )


SAMM_LONG = LabelLayout(
    dataset="samm",
    title="SAMM Long Videos",
    fps=200.0,
    columns={
        "subject": SUBJECT,
        "filename": FILENAME,
        "inducement": ("inducementcode",),
        "onset": ("onset", "onsetframe"),
        "apex": ("apex", "apexframe"),
        "offset": ("offset", "offsetframe"),
        "kind": ("type",),
        "action_units": ("actionunits",),
    },
    required=("subject", "filename", "inducement", "onset", "apex", "offset", "kind"),
    fixups="samm_long",
    video=_video,
    recording=_video,
    subject=lambda cells: cells["subject"].lstrip("0") or cells["subject"],
    numbering=lambda cells: Numbering(first=1, video=True),
)
