from __future__ import annotations

import os
from contextlib import contextmanager

import pytest
from made_examples import event

from mevqa.errors import InputError, MediaError
from mevqa.spotting.annotated import find_annotated
from mevqa.spotting.base import SpotOptions, Spotting
from mevqa.spotting.motion.candidate_cache import spot_annotated

HEADER = "clip,subject,fps,onset,apex,offset,kind\n"


@pytest.fixture
def media(tmp_path):
    folder = tmp_path / "media"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / f"{name}.mp4").write_bytes(b"video " + name.encode())
    return folder


def labels(tmp_path, rows, header=HEADER):
    path = tmp_path / "labels.csv"
    path.write_text(header + rows)
    return path


GOOD = "a,s1,30,10,15,20,micro\na,s1,30,50,60,90,macro\nb,s2,30,,,,\nc,s3,30,5,8,12,micro\n"


class Fake:
    """In the place of the spotter; counts what it is asked."""

    def __init__(self, stop_at=None):
        self.asked, self.stop_at = [], stop_at

    def __call__(self, path, *, fps, options, progress):
        if path.stem == self.stop_at:
            raise KeyboardInterrupt
        self.asked.append(path.stem)
        events = (event(10, 20, strength=1.0), event(50 + ord(path.stem[0]), 190, "macro", clear=False, fit=0.25))
        return Spotting(path.stem, path, fps, 300, 10.0, events, (), (), True)


@contextmanager
def silent(name):
    yield lambda done, total: None


def spotted(fake, annotated, parts, rule="half-second"):
    return spot_annotated(annotated.videos, parts, SpotOptions(rule=rule), silent, fake)


def test_events_and_videos_without_any_are_found(tmp_path, media):
    annotated = find_annotated(labels(tmp_path, GOOD), media)
    assert [(video.id, video.subject, video.path.name) for video in annotated.videos] == [
        ("a", "s1", "a.mp4"),
        ("b", "s2", "b.mp4"),
        ("c", "s3", "c.mp4"),
    ]
    coded = [(event.onset, event.offset, event.kind) for event in annotated.videos[0].coded]
    assert coded == [(10, 20, "micro"), (50, 90, "macro")]
    assert annotated.videos[1].coded == () and annotated.notes == ()


def test_a_person_in_several_spellings_is_one(tmp_path, media):
    rows = GOOD.replace(",s2,", ",1.0,").replace(",s3,", ",02,")
    annotated = find_annotated(labels(tmp_path, rows), media)
    assert [video.subject for video in annotated.videos] == ["s1", "s1", "02"]
    assert annotated.notes == ("1 subject is spelt in several ways and counts as one person: 's1', '1'",)
    with pytest.raises(InputError, match=r"has one subject \(s1\)"):
        find_annotated(labels(tmp_path, rows.replace(",02,", ",sub01,")), media)


def test_a_resumed_run_is_the_same_as_an_uninterrupted_one(tmp_path, media):
    annotated = find_annotated(labels(tmp_path, GOOD), media)
    uninterrupted = spotted(Fake(), annotated, tmp_path / "whole.parts")
    with pytest.raises(KeyboardInterrupt):
        spotted(Fake(stop_at="c"), annotated, tmp_path / "x.parts")
    resumed = Fake()
    assert spotted(resumed, annotated, tmp_path / "x.parts") == uninterrupted
    assert resumed.asked == ["c"]
    assert uninterrupted[0].candidates[1].features["fit"] == 0.25 and not uninterrupted[0].candidates[1].clear


def test_changed_media_other_rules_and_damaged_parts_are_spotted_again(tmp_path, media):
    annotated, parts = find_annotated(labels(tmp_path, GOOD), media), tmp_path / "x.parts"
    spotted(Fake(), annotated, parts)
    (media / "a.mp4").write_bytes(b"another video")
    next(parts.glob("b.*.json")).write_text('{"key": ')
    again = Fake()
    spotted(again, annotated, parts)
    assert again.asked == ["a", "b"]
    other = Fake()
    spotted(other, annotated, parts, "quarter-second-apex")
    assert other.asked == ["a", "b", "c"]


def test_candidates_are_those_of_the_content_of_a_video_and_of_the_tracker(tmp_path, media, monkeypatch):
    """As for motion records: a copied video is the same, and another tracker measures anew."""
    annotated = find_annotated(labels(tmp_path, GOOD), media)
    parts = tmp_path / "parts"
    spotted(Fake(), annotated, parts)
    os.utime(media / "a.mp4", (1, 1))
    spotted(again := Fake(), annotated, parts)
    assert again.asked == []
    monkeypatch.setattr("mevqa.spotting.features.cache.TRACKER_VERSION", -1)
    spotted(again, annotated, parts)
    assert again.asked == ["a", "b", "c"]


def test_what_is_found_at_an_expression_without_offset_is_not_judged(tmp_path, media):
    annotated = find_annotated(labels(tmp_path, GOOD + "c,s3,30,12,15,,micro\n"), media)
    assert annotated.videos[2].half_coded == (12, 15)
    assert any("no onset or no offset" in note for note in annotated.notes)
    examples = spotted(Fake(), annotated, tmp_path / "x.parts")
    assert [len(example.candidates) for example in examples] == [2, 2, 1]


def test_videos_that_no_row_names_are_noted(tmp_path, media):
    (media / "more.mp4").write_bytes(b"video")
    (note,) = find_annotated(labels(tmp_path, GOOD), media).notes
    assert "not used: more.mp4" in note


def test_damaged_videos_are_reported_together_after_the_others(tmp_path, media):
    annotated, fake = find_annotated(labels(tmp_path, GOOD), media), Fake()

    def broken(path, **options):
        if path.stem != "b":
            raise MediaError(path, "is damaged")
        return fake(path, **options)

    with pytest.raises(InputError) as refused:
        spotted(broken, annotated, tmp_path / "x.parts")
    assert len(refused.value.problems) == 2 and fake.asked == ["b"]


@pytest.mark.parametrize(
    ("rows", "header", "message"),
    [
        (GOOD + "d,s1,30,1,2,9,micro\n", HEADER, r"labels\.csv:6: clip d: has no media in"),
        ("../a,s1,30,1,2,9,micro\n", HEADER, "leads out of the media folder"),
        ("a,s1,30,10,15,20,micro\nc,s1,30,5,8,12,micro\n", HEADER, r"has one subject \(s1\)"),
        ("a,s1,30,,,,\nc,s2,30,,,,\n", HEADER, "no expression with onset and offset"),
        ("a,30,10,15,20,micro\n", HEADER.replace("subject,", ""), "a: has no subject"),
        ("a,s1,30,10,15,20,micro\n", HEADER.replace("onset", "onsett"), "did you mean 'onset'"),
        ("", HEADER, "names no video"),
        (
            "".join(f"x{n},s{n},30,1,2,9,micro\n" for n in range(9)),
            HEADER,
            r"9 of 9 clips have no media in .* \(x0, x1, x2, \.\.\.\)$",
        ),
    ],
)
def test_problems_of_the_annotations_are_one_line(tmp_path, media, rows, header, message):
    with pytest.raises(InputError, match=message) as refused:
        find_annotated(labels(tmp_path, rows, header), media)
    assert len(refused.value.problems) == 1


def test_a_missing_folder_is_one_line(tmp_path):
    with pytest.raises(InputError, match="there is no such folder"):
        find_annotated(labels(tmp_path, GOOD), tmp_path / "none")
