"""A stream that is longer than the window in which it is judged."""

import gc
import tracemalloc

import numpy as np
import pytest
from made_curves import REGIONS, bump

from mevqa.spotting.motion.stream import EventStream
from mevqa.spotting.tracking.tracker import Reading

MINUTES = 6
STEP = 1000 / 30


class MadeUp:
    """In the place of the tracker: a face that raises its brows every few seconds."""

    def __init__(self, minutes=MINUTES):
        self.warnings = []
        self.times = np.arange(minutes * 60 * 30) * STEP
        self.apexes = np.arange(5_000, minutes * 60_000 - 3_000, 3_700.0)
        shape = (len(self.times), len(REGIONS), 2)
        self.displacement = 2e-4 * np.random.default_rng(0).standard_normal(shape)
        brow = REGIONS.index("left inner brow")
        for apex in self.apexes:
            self.displacement[:, brow, 1] -= 0.02 * bump(self.times, apex - 150, apex, apex + 200)

    def read(self, frame, ms, picture):
        mismatch = np.full(len(REGIONS), 0.05)
        return Reading(frame, ms, 0, self.displacement[frame], mismatch, np.eye(2, 3))


@pytest.fixture(scope="module")
def run():
    spotter = EventStream()
    spotter._tracker = made = MadeUp()
    held, events, late = [], [], []
    for frame, ms in enumerate(made.times):
        new = spotter.feed(frame, ms, None)
        late += [ms - traced.event.apex_ms for traced in new]
        events += new
        held.append(len(spotter._readings))
    events += spotter.finish()
    return made, events, held, late


def test_every_event_is_found_once_also_on_the_border_of_a_window(run):
    made, events, _, _ = run
    apexes = np.array([traced.event.apex_ms for traced in events])
    assert len(apexes) == len(made.apexes)
    assert np.abs(apexes - made.apexes).max() < 40


def test_memory_does_not_grow_with_the_stream(run):
    _, _, held, _ = run
    assert max(held) <= 120 * 30 + 2


def test_events_come_within_two_minutes(run):
    assert 0 < max(run[3]) <= 121_000


def test_what_is_kept_for_timing_at_full_rate_is_small(run):
    for traced in run[1]:
        assert traced.coarse.extent.base is None and traced.coarse.times_ms.base is None
        assert traced.coarse.extent.nbytes + traced.coarse.times_ms.nbytes < 20_000


@pytest.mark.slow
def test_memory_of_the_whole_spotter_does_not_grow_with_the_stream():
    made = MadeUp(minutes=14)
    spotter = EventStream()
    spotter._tracker = made
    events, held = [], {}
    tracemalloc.start()
    try:
        for frame, ms in enumerate(made.times):
            events += [traced.event.apex for traced in spotter.feed(frame, ms, None)]
            if frame % (60 * 30) == 0:
                gc.collect()
                held[frame // (60 * 30)] = tracemalloc.get_traced_memory()[0]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(events) > 150
    # Windows do not end at whole minutes: the most that is held in some minutes is compared.
    early, late = max(held[minute] for minute in range(3, 7)), max(held[minute] for minute in range(10, 14))
    assert late < early + 500_000
    assert peak < 200e6
