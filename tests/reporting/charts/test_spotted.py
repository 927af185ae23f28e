from pathlib import Path

import pytest
from spotted_events import spotted

from mevqa.facs import ActionUnit
from mevqa.reporting.charts.spotted import spotted_chart
from mevqa.spotting.base import Spotting
from mevqa.spotting.events import UnitCandidate
from mevqa.spotting.tracking.gaps import Gap

NAME = "訪談 <b>01</b>"


def event(number, score=0.5):
    times = (1000 * number, 1000 * number + 200, 1000 * number + 400)
    units = (UnitCandidate(ActionUnit(12, "left"), 1.0),)
    return spotted((ms // 10 for ms in times), times, "micro", score, side="left", units=units)


def video(name, events=(), gaps=(), seconds=30.0):
    return Spotting(name, Path(name), 100.0, 3000, seconds, tuple(events), ((0.0, 0.01),), (), True, tuple(gaps))


def test_name_score_units_and_what_was_not_looked_at_are_in_the_picture():
    svg = spotted_chart(video(NAME, [event(1, 0.87)], [Gap(3000, 5000, "no face")])).svg(alone=True)
    for text in (
        "訪談 &lt;b&gt;01&lt;/b&gt;</text>",
        ">0.87<",
        ">L12 lip corner puller<",
        ">left<",
        ">micro<",
        ">1.00 s<",
        ">400 ms<",
    ):
        assert text in svg
    assert "not looked at: no face 2.0 s" in svg


def test_a_chart_without_events_says_so_with_and_without_gaps():
    assert "no expression was found</text>" in spotted_chart(video("a")).svg()
    assert (
        "no expression was found in what could be looked at"
        in spotted_chart(video("a", gaps=[Gap(0, 30000, "no face")])).svg()
    )


def test_of_many_events_the_surest_are_listed_in_the_order_of_time():
    svg = spotted_chart(video("a", [event(number, number / 100) for number in range(1, 61)], seconds=70)).svg()
    assert "the 40 events with the highest scores of 60" in svg
    assert ">0.20</text>" not in svg and svg.index(">0.21</text>") < svg.index(">0.60</text>")


@pytest.mark.parametrize("name", [NAME, "x" * 500, "字" * 300, "אבג", ""])
def test_any_name_can_be_painted_and_stays_inside(name):
    chart = spotted_chart(video(name, [event(1)], [Gap(0, 2000, "no face")]))
    picture = chart.picture()
    assert {picture.getpixel((picture.width - 1, y)) for y in range(picture.height)} == {(255, 255, 255)}
