from dataclasses import replace

import numpy as np
import pytest
from made_curves import bump
from made_records import NAMES, lost, resting
from spotted_events import spotted

from mevqa.spotting import spot_video
from mevqa.spotting.evidence.finish import finish
from mevqa.video.reading.reader import open_video

STEP = 1000 / 30


class Footage:
    """A video that is not read."""

    def __init__(self, record, path):
        self.path, self.fps, self.times_ms = path, record.fps, record.times_ms
        self.missing, self.warnings = set(), ()

    def __len__(self):
        return len(self.times_ms)


def raised_brow():
    """Ten seconds of a face whose left inner brow goes up once."""
    record = resting(np.arange(300) * STEP)
    brow = NAMES.index("left inner brow")
    record.displacement[:, brow, 1] = -0.02 * bump(record.times_ms, 3_000, 3_200, 3_400)
    return record


def proposed(**changes):
    return replace(spotted((90, 96, 102), (3_000.0, 3_200.0, 3_400.0)), **changes)


def test_an_event_gets_what_moved(tmp_path):
    record = raised_brow()
    event = proposed(kind="macro", score=0.7, regions={}, units=(), side=None)
    (finished,) = finish(Footage(record, tmp_path), record, [event]).events
    strongest = max(finished.regions, key=lambda name: np.hypot(*finished.regions[name]))
    assert strongest == "left inner brow" and finished.regions[strongest][1] == pytest.approx(-0.02, rel=0.15)
    assert finished.side == "left" and finished.units[0].unit.number == 1
    assert (finished.kind, finished.score, finished.onset, finished.offset) == ("macro", 0.7, 90, 102)


def test_an_event_where_the_face_is_not_in_sight_stays_as_it_is(tmp_path):
    record = lost(raised_brow(), slice(80, 110))
    stretch = record.stretch.copy()
    stretch[110:] = 1
    event = proposed(regions={}, units=(), side=None)
    result = finish(Footage(record, tmp_path), replace(record, stretch=stretch), [event])
    assert result.events == (event,)
    assert [(gap.begin_ms, gap.why) for gap in result.gaps] == [(pytest.approx(80 * STEP), "no face")]
    assert any("no face (2.7 to 3.7 s)" in warning for warning in result.warnings)


def test_slow_footage_and_a_short_end_give_warnings(tmp_path):
    record = resting(np.arange(40) * 125.0)
    stretch = record.stretch.copy()
    stretch[37:] = 1
    warnings = " | ".join(finish(Footage(record, tmp_path), replace(record, stretch=stretch), []).warnings)
    assert "8 frames per second" in warnings and "too short to judge" in warnings


def test_gaps_and_warnings_are_those_of_the_training_free_spotter(long_video, long_record):
    live = spot_video(long_video.path)
    with open_video(long_video.path) as video:
        result = finish(video, long_record, live.events, scores=live.trace)
    assert replace(result, events=()) == replace(live, events=())
    for event, expected in zip(result.events, live.events, strict=True):
        assert np.array(list(event.regions.values())) == pytest.approx(
            np.array(list(expected.regions.values())), abs=2e-3
        )
