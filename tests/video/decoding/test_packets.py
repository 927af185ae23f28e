from __future__ import annotations

from types import SimpleNamespace

import pytest

from mevqa.video.decoding.packets import PacketLog


def _log(*packets: tuple[int | None, bool], size: int = 900, discard: int = 0) -> PacketLog:
    log = PacketLog()
    for number, (pts, key) in enumerate(packets):
        hidden = number < discard
        facts = {"size": size, "pos": 100 * number, "pts": pts, "dts": number, "duration": 1}
        log.add(SimpleNamespace(**facts, is_keyframe=key, is_discard=hidden))
    return log


def test_reordering_inside_a_group_of_pictures_is_not_an_open_one():
    log = _log((0, True), (3, False), (1, False), (2, False), (4, True), (5, False))
    assert (log.count, log.keyframes, log.open_gop, log.early, log.end) == (6, 2, False, 0, 6)


def test_a_picture_shown_before_the_keyframe_that_it_follows_makes_it_open():
    log = _log((0, True), (1, False), (4, True), (2, False), (3, False))
    assert (log.open_gop, log.early) == (True, 0)


def test_pictures_before_the_first_keyframe_are_excused():
    log = _log((4, True), (2, False), (3, False), (5, False))
    assert log.early == 2
    assert log.lost(2, "hevc", False) == 0
    assert log.lost(1, "hevc", False) == 1


@pytest.mark.parametrize(
    ("frames", "codec", "interlaced", "lost"),
    [(4, "h264", False, 0), (3, "h264", False, 1), (2, "h264", True, 0), (3, "vp8", False, 0), (5, "h264", False, 0)],
)
def test_lost_pictures(frames, codec, interlaced, lost):
    assert _log((0, True), (1, False), (2, False), (3, False)).lost(frames, codec, interlaced) == lost


def test_empty_mpeg4_packets_and_edit_lists_are_excused():
    assert _log((0, True), (1, False), size=7).lost(0, "mpeg4", False) == 0
    assert _log((0, True), (1, False), discard=1).lost(1, "h264", False) == 0


def test_an_index_agrees_when_it_names_every_packet():
    log = _log((0, True), (1, True), (2, True))
    entries = [SimpleNamespace(pos=100 * i - 8, timestamp=i, is_keyframe=True) for i in range(3)]
    assert log.agrees_with(entries)
    assert not log.agrees_with(None)
    assert not log.agrees_with(entries[:2])
    entries[1].pos += 1
    assert not log.agrees_with(entries)


def test_packets_without_times_are_noted():
    assert _log((None, True)).unstamped
    empty = PacketLog()
    empty.add(SimpleNamespace(size=0))
    assert empty == PacketLog()
