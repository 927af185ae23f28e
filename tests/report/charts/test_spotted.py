import pytest

from mevqa.report.charts.spotted import SpottedEvent, spotted_chart
from mevqa.report.charts.timeline import Span, Unseen

NAME = "訪談 <b>01</b>"


def event(number, score=0.5):
    return SpottedEvent(Span(number, number + 0.4, number + 0.2, "micro", number=number), score, "left", "L12 puller")


def test_name_score_units_and_what_was_not_looked_at_are_in_the_picture():
    svg = spotted_chart(NAME, "30.0 s", [event(1, 0.87)], [], 30, [Unseen(3, 5, "no face")]).svg(alone=True)
    for said in (
        "訪談 &lt;b&gt;01&lt;/b&gt;</text>",
        ">0.87<",
        ">L12 puller<",
        ">left<",
        ">micro<",
        ">1.00 s<",
        ">400 ms<",
    ):
        assert said in svg
    assert "not looked at: no face 2.0 s" in svg


def test_nothing_found_is_said_with_what_was_not_looked_at():
    assert "no expression was found</text>" in spotted_chart("a", "", [], [], 30, []).svg()
    assert (
        "no expression was found in what could be looked at"
        in spotted_chart("a", "", [], [], 30, [Unseen(0, 30, "no face")]).svg()
    )


def test_of_many_events_the_surest_are_listed_in_the_order_of_time():
    svg = spotted_chart("a", "", [event(number, number / 100) for number in range(1, 61)], [], 70, []).svg()
    assert "the 40 events with the highest scores of 60" in svg
    assert ">0.20</text>" not in svg and svg.index(">0.21</text>") < svg.index(">0.60</text>")


@pytest.mark.parametrize("name", [NAME, "x" * 500, "字" * 300, "אבג", ""])
def test_any_name_can_be_painted_and_stays_inside(name):
    chart = spotted_chart(name, "f", [event(1)], [(0.0, 1.0)], 30, [Unseen(0, 2, "no face")])
    picture = chart.picture()
    assert {picture.getpixel((picture.width - 1, y)) for y in range(picture.height)} == {(255, 255, 255)}
