"""Length and threshold of a subject come from the others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_curves import f1_of_decoding, random_videos

from mevqa.spotting.decoding import (
    LabelledCurve,
    NothingToChooseFrom,
    ScoreCurve,
    choose_threshold,
    decode_nested,
    decoders,
    find_decoder,
    half_length,
    nested,
)


def labelled(subject: str, *places: int, height: float = 0.9, false: float = 0.0, length: int = 10) -> LabelledCurve:
    """A video with expressions at places, and a false bump at 150."""
    samples = np.arange(200)
    scores = np.full(200, 0.02) + false * np.exp(-(((samples - 150) / 4) ** 2))
    for place in places:
        scores += height * np.exp(-(((samples - place) / 4) ** 2))
    intervals = tuple((place - length / 2, place + length / 2) for place in places)
    return LabelledCurve(
        ScoreCurve(f"{subject}_{places}", subject, 5 + samples, scores),
        tuple((onset + 5, offset + 5) for onset, offset in intervals),
    )


PEAKS = find_decoder("absolute-peaks")


def test_half_a_length():
    assert half_length([13]) == 7
    assert half_length([12]) == 6
    assert half_length([10, 12, 40]) == 6
    assert half_length([0]) == 1


def test_the_threshold_lies_between_true_and_false_peaks():
    videos = [labelled(subject, 40, 90, false=0.3) for subject in "abc"]
    detections, folds = decode_nested(videos, PEAKS)
    assert [[event.apex for event in events] for events in detections] == [[40, 90]] * 3
    assert [fold.subject for fold in folds] == ["a", "b", "c"]
    assert {fold.training_f1 for fold in folds} == {1.0}


def test_nothing_of_a_subject_reaches_its_own_threshold_and_length():
    others = [labelled("a", 40), labelled("b", 90, false=0.3)]
    before = labelled("c", 60, height=0.2, false=0.9)
    after = labelled("c", 20, 60, 100, height=0.9, length=40)
    _, first = decode_nested([*others, before], PEAKS)
    _, second = decode_nested([*others, after], PEAKS)
    assert first[2] == second[2]
    assert first[0] != second[0]


def test_videos_of_one_subject_are_left_out_together():
    videos = [labelled("a", 40), labelled("b", 90), labelled("a", 60, length=30)]
    _, folds = decode_nested(videos, PEAKS)
    assert [fold.subject for fold in folds] == ["a", "b"]
    assert folds[0].half_length == half_length([10])


def test_fixed_threshold_and_length():
    videos = [labelled("a", 40), labelled("b", 90)]
    detections, folds = decode_nested(videos, PEAKS, threshold=0.3, length=20)
    assert {(fold.threshold, fold.half_length) for fold in folds} == {(0.3, 10)}
    assert (detections[0][0].onset, detections[0][0].offset) == (30, 50)


@pytest.mark.parametrize("name", [decoder.name for decoder in decoders()])
def test_every_decoder_finds_what_is_plain(name):
    videos = [labelled(subject, 40, 120) for subject in "ab"]
    detections, _ = decode_nested(videos, find_decoder(name))
    assert [[event.apex for event in events] for events in detections] == [[40, 120]] * 2


@pytest.mark.parametrize("name", [decoder.name for decoder in decoders()])
def test_the_f1_of_a_chosen_threshold_is_the_best_of_decoding(name, monkeypatch):
    thresholds = np.arange(4, 100, 8) / 100
    monkeypatch.setattr(nested, "_THRESHOLDS", thresholds)
    decoder, rng = find_decoder(name), np.random.default_rng(5)
    for half in (3, 6, 9):
        videos = random_videos(rng)
        threshold, f1 = choose_threshold(videos, decoder, half)
        assert f1 == pytest.approx(f1_of_decoding(videos, decoder, half, threshold))
        assert f1 == pytest.approx(max(f1_of_decoding(videos, decoder, half, other) for other in thresholds))


def test_scores_that_are_no_probabilities():
    videos = [labelled(subject, 40, 120, height=90, false=30) for subject in "abc"]
    shifted = [replace(video, curve=replace(video.curve, scores=video.curve.scores - 50)) for video in videos]
    detections, _ = decode_nested(shifted, PEAKS)
    assert [[event.apex for event in events] for events in detections] == [[40, 120]] * 3


def test_what_cannot_be_chosen():
    with pytest.raises(NothingToChooseFrom, match="two subjects"):
        decode_nested([labelled("a", 40)], PEAKS)
    with pytest.raises(NothingToChooseFrom, match="without subject a no expression is marked"):
        decode_nested([labelled("a", 40), labelled("b")], PEAKS)


@pytest.mark.parametrize("name", ["absolute-peaks", "point-to-interval"])
def test_a_threshold_that_fires_too_often_in_talk_is_not_chosen(name):
    decoder = find_decoder(name)
    # What looks like an expression of 0.5 where nothing was coded is worth its price by F1 alone: others are fainter.
    videos = [labelled(subject, 40, 90, height=0.4, false=0.5) for subject in "ab"]
    strong = [labelled(subject, 40, height=0.95) for subject in "cd"]
    quiet = np.zeros(200, bool)
    talk = quiet.copy()
    talk[130:170] = True
    free, _ = choose_threshold([*videos, *strong], decoder, 5)
    assert free < 0.4

    def chosen(where, most, confidence=None, **changes):
        own = [replace(video, talking=where, **changes) for video in videos]
        return choose_threshold([*own, *strong], decoder, 5, most, confidence)[0]

    assert chosen(talk, 0.0) > free
    assert chosen(talk, 2 / 80) == free, "one in forty samples of talk is allowed"
    # 95 % upper limits of Poisson counts (Garwood 1936): 2.996 where none was counted, 6.296 where two were.
    assert chosen(talk, 6.29 / 80, 0.95) > free, "so few are kept to on other people less surely"
    assert chosen(talk, 6.30 / 80, 0.95) == free
    assert chosen(quiet, 0.0) == free, "nobody talks"
    assert chosen(talk, None) == free
    assert chosen(talk, 0.0, others=((145, 165),)) == free, "an expression of another kind is no false alarm"


def test_where_every_threshold_fires_too_often_the_fewest_false_alarms_are_taken():
    talk = np.zeros(200, bool)
    talk[130:170] = True
    videos = [replace(labelled(subject, 40, height=0.5, false=1.5), talking=talk) for subject in "ab"]
    threshold, f1 = choose_threshold(videos, PEAKS, 5, 0.0)
    assert f1 == choose_threshold(videos, PEAKS, 5)[1] and threshold < 0.5
