from mevqa.spotting.tracking.gaps import Gap, Gaps


def read(*pieces):
    gaps, ms = Gaps(), 0.0
    for why, seconds in pieces:
        for _ in range(round(seconds * 10)):
            gaps.add(ms, why)
            ms += 100.0
    return gaps


def test_every_reason_is_named_with_its_times():
    (sentence,) = read(("", 1), ("no face", 2), ("", 1), ("no face", 1), ("", 1)).sentences()
    assert sentence == "no face (1.0 to 3.0 s, 4.0 to 5.0 s): nothing was looked for there"


def test_a_gap_at_the_end_is_named():
    (sentence,) = read(("", 1), ("blank pictures", 2)).sentences()
    assert "blank pictures (1.0 to 2.9 s)" in sentence


def test_many_gaps_are_counted():
    (sentence,) = read(*[("no face", 0.5), ("", 0.5)] * 6).sentences()
    assert sentence.count(" to ") == 3 and "and 3 more times" in sentence


def test_nothing_at_all_is_one_sentence():
    gaps = read(("no face", 3))
    assert gaps.nothing_seen and gaps.sentences() == ["no face in the whole video: nothing could be looked for"]
    assert not read(("no face", 1), ("", 1)).nothing_seen and not read(("", 1)).nothing_seen


def test_nothing_at_all_for_several_reasons_names_them_all():
    gaps = read(("blank pictures", 3), ("no face", 6))
    assert gaps.nothing_seen and [gap.why for gap in gaps.spans] == ["blank pictures", "no face"]
    assert gaps.sentences() == ["blank pictures or no face in the whole video: nothing could be looked for"]
    assert read(*[("no face", 0.1), ("blank pictures", 0.1)] * 5).sentences() == [
        "no face or blank pictures in the whole video: nothing could be looked for"
    ]
    assert not read(("blank pictures", 3), ("", 0.1), ("no face", 6)).nothing_seen
    assert not Gaps().nothing_seen


def test_everything_seen_is_not_worth_a_word():
    assert read(("", 5)).sentences() == []


def test_all_gaps_are_kept_with_their_reasons():
    gaps = read(
        ("", 1), ("no face", 1), ("blank pictures", 1), ("", 1), *[("no face", 0.5), ("", 0.5)] * 5, ("no face", 1)
    )
    assert [(gap.begin_ms, gap.end_ms, gap.why) for gap in gaps.spans[:2]] == [
        (1000, 2000, "no face"),
        (2000, 3000, "blank pictures"),
    ]
    assert len(gaps.spans) == 8
    assert gaps.spans[-1].end_ms == gaps.last_ms


def test_a_new_stretch_without_a_gap_is_a_cut():
    gaps = Gaps()
    for number, (why, stretch) in enumerate([("", 0), ("", 0), ("", 1), ("no face", -1), ("no face", -1), ("", 2)]):
        gaps.add(100.0 * number, why, stretch)
    assert gaps.cuts_ms == [200.0]
    assert [gap.begin_ms for gap in gaps.spans] == [300.0]


def test_a_jump_of_the_timestamps_is_a_gap_and_no_cut():
    gaps = Gaps()
    for ms, stretch in ((0, 0), (40, 0), (80, 0), (1e8, 1), (1e8 + 40, 1)):
        gaps.add(ms, "", stretch)
    assert gaps.spans == (Gap(80, 1e8, "no frames"),)
    assert not gaps.cuts_ms and not gaps.nothing_seen
