"""SMIC label files."""

from __future__ import annotations

import pytest

from mevqa.data.annotations import read_annotations
from mevqa.datasets.label_layout import Numbering
from mevqa.events import Event

HEADER = ("Subject", "Filename", "OnsetF", "OffsetF", "Emotion", "FirstF")


@pytest.mark.parametrize("name", ["SMIC-HS-E_annotation.xlsx", "smic.xls", "smic.csv"])
def test_frames_count_from_the_first_image(save_table, name):
    path = save_table(
        name,
        HEADER,
        (1, "s01_ne_01", 64353, 64377, "negative", 64300),
        ("s3", "s3_sur_02", 110, 120, "Surprise", 100),
    )
    labels = read_annotations(path)
    assert list(labels) == ["s01_ne_01", "s03_sur_02"]
    first = labels["s01_ne_01"]
    assert (first.dataset, first.subject, first.fps) == ("smic", "s01", 100.0)
    assert first.numbering == Numbering(first=64300, video=True)
    assert first.annotation == Event(53, None, 77, (), None, "negative", "micro")
    assert labels["s03_sur_02"].annotation == Event(10, None, 20, (), None, "surprise", "micro")


def test_without_first_frames_only_the_names_of_the_images_tell(save_table):
    path = save_table("smic.xlsx", HEADER[:-1], (1, "s01_ne_01", 64353, 64377, "negative"))
    clip = read_annotations(path)["s01_ne_01"]
    assert clip.numbering == Numbering(first=0, video=False)
    assert clip.annotation is not None and clip.annotation.onset == 64353


def test_an_extended_clip_may_hold_several_expressions(save_table):
    header = (None, "Subject", "Filename", "NumME", "FirstF", "LastF", "OnsetF", "OffsetF", "Onset2F", "Offset2F",
              "Onset3F", "Offset3F", "Emotion")  # fmt: skip
    path = save_table(
        "SMIC-VIS-E_annotation.xlsx",
        header,
        (1, 1, "s1_ne_01", 2, 100, 300, 210, 220, 110, 130, None, None, "negative"),
        (2, 2, "s02_po_01", 1, 50, 90, 60, 70, None, None, None, None, "positive"),
        ("Note: the clips are cut by hand",),
    )
    file = read_annotations(path)
    assert file["s01_ne_01"].annotation == Event(110, None, 120, (), None, "negative", "micro")
    video = file.find("s1_ne_01", long=True)
    assert video is not None and (video.fps, video.lines) == (25.0, (2, 2))
    assert [(event.onset, event.offset) for event in video.events] == [(10, 30), (110, 120)]
    assert len(file.videos["s02_po_01"].events) == 1


def test_the_frame_rate_is_that_of_the_release(save_table):
    row = (1, "s01_ne_01", 64353, 64377, "negative", 64300)
    for name, fps in (("SMIC-NIR-E_annotation.xlsx", 25.0), ("revised.xlsx", 100.0)):
        assert read_annotations(save_table(name, HEADER, row))["s01_ne_01"].fps == fps
