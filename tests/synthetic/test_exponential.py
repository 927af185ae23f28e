from __future__ import annotations

import numpy as np

from mevqa.synthetic.exponential import play_exponentially
from mevqa.synthetic.recording import Recording, Style
from mevqa.synthetic.writer import SynthSettings, make_plans


def played(clips):
    for plan in make_plans(SynthSettings(clips=clips, seed=6, fps=(200.0,), subjects=1)):
        recording = Recording(plan, 6, Style(128, 128))
        yield plan, recording, play_exponentially(recording, 6)


def test_the_apex_is_where_the_whole_face_is_displaced_most():
    for plan, recording, apex in played(12):
        it = plan.performances[0].annotation
        assert it.onset < apex < it.offset and not recording.strengths[:, : it.onset + 1].any()
        extents = [
            np.linalg.norm(sum(s * field[..., :2] for s, field in zip(now, recording.renderer.fields, strict=True)))
            for now in recording.strengths.T
        ]
        assert int(np.argmax(extents)) == apex


def test_the_course_is_another_one_than_the_screenplays_and_always_the_same():
    first, again = (list(played(4)) for _ in range(2))
    assert all(
        np.array_equal(a[1].strengths, b[1].strengths) and a[2] == b[2] for a, b in zip(first, again, strict=True)
    )
    assert any(apex != plan.performances[0].annotation.apex for plan, _, apex in first)
