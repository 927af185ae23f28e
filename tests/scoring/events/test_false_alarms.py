import math

import pytest

from mevqa.scoring.events.false_alarms import count_false_alarms, outside
from mevqa.scoring.events.score import score_events

CODED = "video,subject,onset,apex,offset,kind,fps\na,s1,100,106,112,micro,30\nb,s2,10,20,40,macro,30\n"
#: In the talk of a: a false alarm, one that overlaps what was coded, a macro-expression; outside: another false alarm.
SPOTTED = (
    "video,onset,apex,offset,kind,fps,score\n"
    "a,40,45,50,micro,30,.9\na,108,114,120,micro,30,.8\na,60,70,90,macro,30,.7\na,400,405,410,micro,30,.6\n"
    "b,35,42,48,micro,30,.5\n"
)


@pytest.fixture
def result(tmp_path):
    for name, text in (("coded.csv", CODED), ("spotted.csv", SPOTTED)):
        (tmp_path / name).write_text(text)
    return score_events(tmp_path / "spotted.csv", tmp_path / "coded.csv", draws=0)


def test_detections_that_overlap_nothing_coded_are_counted_where_their_apex_is(result):
    talk = {"a": [(0, 299)], "b": [(0, 149)]}
    alarms = count_false_alarms(result, talk)
    assert (alarms.count, alarms.minutes) == (1, 15 / 60) and alarms.rate == 4
    silent = {"a": outside(talk["a"], 900)}
    assert count_false_alarms(result, silent).count == 1
    assert count_false_alarms(result, talk, "macro").count == 1
    assert math.isnan(count_false_alarms(result, {}).rate)


@pytest.mark.parametrize(
    ("spans", "left"),
    [
        ([], [(0, 9)]),
        ([(0, 9)], []),
        ([(2, 3), (6, 20)], [(0, 1), (4, 5)]),
        ([(5, 7), (0, 6)], [(8, 9)]),
    ],
)
def test_what_spans_leave_of_a_video(spans, left):
    assert outside(spans, 10) == left
