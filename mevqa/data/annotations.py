"""Read and write annotations by human coders: our own CSV, or a data set's official label file.

The CSV has a header; only ``clip`` is required, frames are 0-based, a clip with several events has several rows:

    clip,dataset,subject,fps,onset,apex,offset,action_units,fine,coarse,kind
    syn_0001,synthetic,s01,200,12,40,75,L4+7,disgust,negative,micro

A column ``coder`` may follow: who coded the event.

A long video is a clip with several events; one in which nothing happens has one row that names it and no more. The
official files of CAS(ME)^2, SAMM Long Videos and MMME are about long videos, those of CASME II and SAMM about short
clips, and those of CAS(ME)^3 and SMIC about both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from mevqa.data.events.write import event_rows
from mevqa.data.label_types import COLUMNS, ClipLabels, LabelFile
from mevqa.errors import InputError, Problem
from mevqa.events import Event
from mevqa.files.tables.csv_cells import csv_text
from mevqa.files.tables.sheets import read_sheets
from mevqa.files.whole import write_whole
from mevqa.names import AmbiguousName, NameIndex


def read_annotations(path: Path | str, dataset: str | None = None) -> LabelFile:
    """Read a label file.

    Args:
        path: A table of any make (csv, tsv, txt, xlsx, xls) with our own columns, or an official file of short clips
            (CASME, CASME II, SAMM, MMEW, 4DME), of long videos (CAS(ME)^2, SAMM Long Videos, MMME) or of both
            (CAS(ME)^3, SMIC).
        dataset: The data set, when the header does not name it.

    Returns:
        Labels by clip id, in the order of the file; ``LabelFile.videos`` holds its long videos.

    Raises:
        InputError: The file cannot be read, its layout is unknown, or rows of our own CSV are wrong; all together.
    """
    path = Path(path)
    from mevqa.data.labels.own_csv import read_own_table
    from mevqa.data.labels.read import read_label_file

    sheets = read_sheets(path)
    own_labels = read_own_table(path, sheets)
    return read_label_file(path, dataset, sheets) if own_labels is None else LabelFile(own_labels)


def read_long_annotations(
    path: Path | str, dataset: str | None = None, *, clips: Path | str | None = None
) -> dict[str, ClipLabels]:
    """Read the long videos of a label file, each with its events in the order of time.

    Args:
        path: Our own CSV, or an official file of CAS(ME)^2, CAS(ME)^3, SAMM Long Videos, SMIC or MMME.
        dataset: The data set, when the header does not name it.
        clips: Label file of SAMM's short clips, which has the emotions that the file of its long videos lacks.

    Returns:
        Labels by the long video's id; place their frames in the media with ``frame_numbers.place_events``.

    Raises:
        InputError: One of the files cannot be read, or it has short clips only.
    """
    file = read_annotations(path, dataset)
    if file.official and not file.videos:
        raise InputError([Problem(Path(path), "tells of short clips only; name the label file of the long videos")])
    if clips is None:
        return file.videos
    return _join_emotions(file.videos, read_annotations(clips))


def _join_emotions(long: Mapping[str, ClipLabels], clips: Mapping[str, ClipLabels]) -> dict[str, ClipLabels]:
    """Return the labels of long videos with the emotions that events of short clips of the same name and kind have.

    Action units are taken too where the file of the long videos leaves them open.
    """
    index = NameIndex(clips)
    return {
        video_id: replace(
            video,
            events=tuple(
                _with_emotion(event, _events_of(name, index, clips))
                for event, name in zip(video.events, video.names or ("",) * len(video.events), strict=True)
            ),
        )
        for video_id, video in long.items()
    }


def _events_of(name: str, index: NameIndex, clips: Mapping[str, ClipLabels]) -> tuple[Event, ...]:
    """Return the events of a clip named in whatever spelling; none where there is no such clip, or may be several."""
    with suppress(AmbiguousName):
        clip_id = index.find(name)
        return clips[clip_id].events if clip_id else ()
    return ()


def _with_emotion(event: Event, others: Sequence[Event]) -> Event:
    alike = [other for other in others if other.kind == event.kind]
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


def write_annotations(path: Path | str, labels: Mapping[str, ClipLabels]) -> None:
    """Write our own CSV, one row an event, or one that names a clip without any.

    Raises:
        ValueError: Labels whose frames are file numbers of a data set; place them in their media first.
    """
    columns = COLUMNS if any(clip.coders for clip in labels.values()) else COLUMNS[:-1]
    rows: list[Sequence[str]] = [columns]
    for clip in labels.values():
        if clip.numbering is not None:
            raise ValueError(f"{clip.clip}: its frames are numbers of the label file, not of the media")
        facts = {"clip": clip.clip, "dataset": clip.dataset, "subject": clip.subject, "fps": clip.fps}
        coders = clip.coders or ("",) * len(clip.events)
        rows += event_rows(columns, facts, map(_columns, clip.events, coders))
    write_whole(Path(path), csv_text(rows))


def _columns(event: Event, coder: str) -> dict[str, Any]:
    names = ("onset", "apex", "offset", "fine", "coarse", "kind")
    units = "+".join(map(str, event.action_units))
    return {"action_units": units, **{name: getattr(event, name) for name in names}, "coder": coder}
