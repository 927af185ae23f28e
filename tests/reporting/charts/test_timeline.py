import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mevqa.reporting.charts.timeline import DrawnEvent, Timeline, row_bounds

CURVE = [(second / 2, (second % 7) / 3) for second in range(700)]


def timeline_chart(coded, detected, curve, seconds, label, unseen=()):
    return Timeline(coded, detected, curve, seconds, unseen).chart(label)


def titles(chart):
    """Titles of the drawn events, without the parts that go on in another row."""
    texts = [element.text for element in ElementTree.fromstring(chart.svg()).iter() if element.tag.endswith("}title")]
    return [text for text in texts if not text.startswith("…")]


def points(svg):
    """Every place that a shape or a text has."""
    paths = re.findall(r'<path[^>]* d="([^"]*)"(?! transform)', svg)
    pairs = [pair for path in paths for pair in re.findall(r"(-?[\d.]+) (-?[\d.]+)", path)]
    pairs += re.findall(r"translate\((-?[\d.]+) (-?[\d.]+)\)", svg) + re.findall(r' x="(-?[\d.]+)" y="(-?[\d.]+)"', svg)
    return [(float(x), float(y)) for x, y in pairs]


def lines(svg):
    """The points of each piece of the curve."""
    return [points(path) for path in re.findall(r"<path[^>]*>", svg) if "stroke: var(--green)" in path]


def shape_of(svg, lane="coded"):
    """The shape of an event and its style."""
    (path,) = re.findall(rf"<path[^>]*><title>{lane} [^<]*</title>", svg)
    return path


@st.composite
def videos(draw):
    """A length and the events in it, also such that go over the end of a row."""
    seconds = draw(st.floats(1, 900))
    spans = []
    for number in range(1, draw(st.integers(0, 40)) + 1):
        onset = draw(st.floats(0, seconds))
        offset = min(onset + draw(st.floats(0, 8)), seconds)
        apex = draw(st.sampled_from([None, onset, (onset + offset) / 2, offset]))
        kind = draw(st.sampled_from(["micro", "macro", None]))
        spans.append(
            DrawnEvent(onset, offset, apex, kind, number=number, matched=draw(st.sampled_from([None, True, False])))
        )
    return seconds, spans


@settings(max_examples=8, deadline=None)
@given(videos())
def test_every_event_is_there_once_with_its_kind(video):
    seconds, spans = video
    event_titles = titles(timeline_chart(spans, spans, CURVE, seconds, "x"))
    for lane in ("coded", "found"):
        own = [text for text in event_titles if text.startswith(lane)]
        kinds = {int(text.split()[1].rstrip(":")): text.split()[2] for text in own}
        assert len(own) == len(spans)
        assert kinds == {span.number: span.kind or "event" for span in spans}


@settings(max_examples=8, deadline=None)
@given(videos())
def test_nothing_leaves_the_drawing(video):
    seconds, spans = video
    chart = timeline_chart(spans, None, CURVE, seconds, "x")
    assert all(-1 <= x <= chart.width + 1 and -1 <= y <= chart.height + 1 for x, y in points(chart.svg()))


@given(st.floats(0, 100_000))
def test_rows_are_the_whole_video_without_gaps(seconds):
    rows = row_bounds(seconds)
    assert rows[0][0] == 0 and rows[-1][1] == seconds
    assert all(row[1] == following[0] for row, following in zip(rows, rows[1:], strict=False))
    assert all(start < end for start, end in rows) or seconds == 0


def test_a_minute_is_one_row_and_five_minutes_are_several():
    assert row_bounds(60) == [(0, 60)]
    assert row_bounds(312.5)[:2] == [(0, 55), (55, 110)]
    assert row_bounds(312.5)[-1] == (275, 312.5)
    assert len(row_bounds(3600)) <= 12


def test_kinds_differ_in_form_and_not_in_colour_alone():
    micro = timeline_chart([DrawnEvent(1, 1.4, 1.2, "micro")], None, [], 10, "x").svg()
    macro = timeline_chart([DrawnEvent(1, 3, 2, "macro")], None, [], 10, "x").svg()
    diamond, bar = ({x for x, _ in points(shape_of(svg))} for svg in (micro, macro))
    assert len(diamond) == 3 and len(bar) == 2


@pytest.mark.parametrize("kind", ["micro", "macro"])
def test_an_event_without_a_match_is_hollow(kind):
    def drawn(matched):
        svg = timeline_chart([DrawnEvent(1, 2, 1.5, kind, number=7, matched=matched)], [], [], 10, "x").svg()
        return shape_of(svg), svg

    assert "fill: var(--paper)" in drawn(False)[0] and re.search(r"fill: var\(--red\)[^>]*>7</text>", drawn(False)[1])
    for matched in (True, None):
        assert "var(--paper)" not in drawn(matched)[0] and "var(--red)" not in drawn(matched)[1]
    assert "hollow" not in drawn(None)[1]


def test_the_title_of_an_event_holds_its_times_and_its_note():
    (title,) = titles(timeline_chart(None, [DrawnEvent(1, 1.4, 1.25, "micro", "disgust", 3)], [], 10, "x"))
    assert title == "found 3: micro 1.00 to 1.40 s (400 ms), apex 1.25 s, disgust"


def test_numbers_are_written_where_there_is_room():
    close = [DrawnEvent(1 + place / 100, 1.2 + place / 100, None, "micro", number=place + 100) for place in range(3)]
    svg = timeline_chart(None, close, [], 60, "x").svg()
    assert ">100</text>" in svg and ">101</text>" not in svg
    assert "found 101:" in svg


def test_nothing_looked_for_is_not_nothing_found():
    coded = [DrawnEvent(1, 2)]
    assert "found" not in timeline_chart(coded, None, [], 5, "").svg()
    assert "none found" in timeline_chart(coded, [], [], 5, "").svg()


def test_the_curve_goes_to_both_ends_of_every_row():
    svg = timeline_chart(None, None, [(0.0, 1.0), (70.0, 1.0), (200.0, 2.0)], 200, "x").svg()
    ends = [[x for x, _ in line] for line in lines(svg)]
    assert len(ends) == len(row_bounds(200)) == 4
    assert all(line[0] == ends[0][0] for line in ends)
    assert all(line[-1] == ends[0][-1] > line[0] for line in ends)


@pytest.mark.parametrize(
    "chart",
    [
        timeline_chart(
            [DrawnEvent(1, 2, 1.5, "micro")], [DrawnEvent(1.1, 2.2)], [(0.0, 0.0), (1.0, 2.0)], 10, "one row"
        ),
        timeline_chart([DrawnEvent(99, 100, 99.5, "macro")], [], CURVE, 100, "at the end"),
        timeline_chart([], None, [], 0, "nothing"),
    ],
    ids=lambda chart: chart.label,
)
def test_it_can_be_painted(chart):
    picture = chart.picture()
    edge = [picture.getpixel((x, y)) for x in (0, picture.width - 1) for y in range(picture.height)]
    assert set(edge) == {(255, 255, 255)}


def test_what_was_not_looked_at_is_drawn_and_explained():
    gaps = [(2, 4, "no face"), (5, 5, "another shot"), (59, 62, "blank pictures")]
    svg = timeline_chart(None, [DrawnEvent(1, 2)], CURVE, 120, "x", gaps).svg()
    assert "not looked at: no face 2.0 s, blank pictures 3.0 s<" in svg
    assert "another shot (once): nothing is compared across it<" in svg
    # A gap over the end of a row is drawn in both.
    assert svg.count("not looked at: blank pictures, 59.00 to 62.00 s") == 2
    assert "not looked at" not in timeline_chart(None, [DrawnEvent(1, 2)], CURVE, 120, "x").svg()


def test_the_curve_is_not_drawn_across_what_was_not_looked_at():
    curve = [(0.0, 1.0), (1.0, 1.0), (1.5, 1.0), (4.0, 1.0), (9.0, 1.0)]
    svg = timeline_chart(None, None, curve, 10, "x", [(1.5, 3.5, "no face")]).svg()
    assert [(line[0][0] - 76) / 99 for line in lines(svg)] == pytest.approx([0, 4], abs=0.01)
    assert [(line[-1][0] - 76) / 99 for line in lines(svg)] == pytest.approx([1, 9], abs=0.01)


def test_a_chart_of_days_has_a_bounded_height():
    assert len(row_bounds(2e6)) <= 24 < len(row_bounds(2e6 / 24)) + 1
    assert row_bounds(2e6)[-1][1] == 2e6
