from mevqa.data.events.rows import EventRow
from mevqa.events import Event
from mevqa.facs import ActionUnit
from mevqa.reporting.event_pairs import event_content, event_spans, event_table, number_events, pair_events

CODED = number_events(
    [
        Event(100, 110, 120, (ActionUnit(4), ActionUnit(12, "left")), fine="disgust"),
        Event(10, 14, 20, kind="micro"),
        Event(200, None, 240, kind="macro"),
        Event(None, 5, None),
    ]
)


def at(frame):
    return frame / 10


def row(onset, offset, kind="micro", score=0.9):
    return EventRow(
        line=2,
        subject=None,
        video="v",
        onset=onset,
        offset=offset,
        kind=kind,
        emotion="fear",
        units="brow lowerer",
        score=score,
    )


def test_coded_events_are_numbered_in_the_order_of_time():
    assert [(number, event.onset) for number, event in CODED.items()] == [(1, 10), (2, 100), (3, 200)]
    assert event_content(CODED[2]) == ("brow lowerer, left lip corner puller", "disgust")


def test_pairs_are_one_to_one_from_half_an_overlap_on():
    detections = number_events([row(10, 20), row(11, 20), row(104, 140), row(200, 240, "micro")])
    pairs = pair_events(CODED, detections)
    assert {number: partner for number, (partner, _) in pairs.partners.items()} == {1: 1, 3: 4}
    assert pairs.summary == "3 coded, 4 found: 2 matched, 1 missed, 2 false"


def test_spans_tell_matched_missed_and_false_apart():
    coded, detected = event_spans(pair_events(CODED, number_events([row(10, 20), row(50, 60)])), at)
    assert [span.matched for span in coded] == [True, False, False]
    assert [span.matched for span in detected] == [True, False]
    assert "IoU 1.00 with 1 (micro)" in detected[0].note and "missed" in coded[1].note and "false" in detected[1].note


def test_without_all_coded_events_nothing_is_missed_or_false():
    detections = number_events([row(10, 20)])
    for pairs in (
        pair_events(None, detections),
        pair_events(CODED, None),
        pair_events(CODED, detections, complete=False),
    ):
        assert pairs.partners is None
        lanes = [span for lane in event_spans(pairs, at) if lane is not None for span in lane]
        assert lanes and all(span.matched is None for span in lanes)
        assert all(not line["result"] for line in event_table(pairs, at)["rows"])


def test_the_table_holds_every_event_once_in_the_order_of_time():
    detections = number_events([row(10, 20), row(50, 60, "macro")])
    table = event_table(pair_events(CODED, detections), at)
    assert [line["result"] for line in table["rows"]] == ["matched", "false", "missed", "missed"]
    assert all(len(line["cells"]) == len(table["columns"]) for line in table["rows"])
    assert table["rows"][0]["cells"] == [
        "1 micro", "1.00–2.00 s", "", "1 micro", "1.00–2.00 s", "brow lowerer; fear", "0.90", "1.00",
    ]  # fmt: skip
    assert table["rows"][1]["cells"][:4] == ["", "", "", "2 macro"]


def test_a_table_of_one_lane_has_its_columns_only():
    assert event_table(pair_events(CODED, None), at)["columns"] == ["coded", "time", "units; class"]
    table = event_table(pair_events(None, {1: Event(3, None, 9, kind=None)}), at)
    assert table["rows"][0]["cells"] == ["1 event", "0.30–0.90 s", "", ""]


def test_nothing_coded_and_nothing_found_agree():
    assert pair_events({}, {}).summary == "0 coded, 0 found: 0 matched, 0 missed, 0 false"
