from __future__ import annotations

import csv

import numpy as np
import pytest

from mevqa.data.annotations import read_annotations
from mevqa.errors import InputError
from mevqa.synthetic.long_profiles.profile import long_profile
from mevqa.synthetic.writer import SynthSettings, make_plans, make_video_plans, synthesise
from mevqa.video.reading.reader import open_video

HARD = {"long": True, "profile": "hard", "seconds": 6.0, "size": (160, 128), "fps": (30.0,)}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return synthesise(tmp_path_factory.mktemp("hard") / "set", 2, 5, **HARD)


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_same_seed_writes_the_same_bytes_and_another_seed_other_persons(made, tmp_path):
    again = synthesise(tmp_path / "again", 1, 5, **HARD)
    name = f"{again.plans[0].id}.mp4"
    assert (again.media / name).read_bytes() == (made.media / name).read_bytes()
    other = make_plans(SynthSettings(2, 6, **HARD))
    assert not {plan.id for plan in other} & {plan.id for plan in made.plans}


def test_a_finished_set_is_left_as_it_is(made):
    before = contents(made.folder)
    synthesise(made.folder, 2, 5, **HARD)
    assert contents(made.folder) == before


def test_labels_are_read_back_with_the_subjects_and_frames_of_the_videos(made):
    labels = read_annotations(made.annotations)
    for plan in made.plans:
        own = labels[plan.id]
        assert own.subject == f"s{plan.subject + 1:02d}"
        assert own.events == tuple(performance.annotation for performance in plan.performances)
        with open_video(made.media / f"{plan.id}.mp4") as video:
            assert len(video) == plan.frames and video.size == (160, 128)
            assert video.fps == pytest.approx(plan.fps, rel=1e-5)


def test_presentation_times_are_those_of_the_plan_and_vary(made):
    clock = long_profile("hard").recording.clock
    for video in make_video_plans(SynthSettings(2, 5, **HARD)):
        with open_video(made.media / f"{video.clip.id}.mp4") as file:
            times = np.array(file.times_ms)
        assert times == pytest.approx(video.ticks * 1000 / clock, abs=0.6)
        steps = np.diff(times)
        assert steps.std() > 3.0 and steps.max() > 60.0


def test_the_table_of_talk_has_the_stretches_of_the_plan(made):
    with made.talking.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    planned = [(video, span) for video in make_video_plans(SynthSettings(2, 5, **HARD)) for span in video.talk]
    assert len(rows) == len(planned) > 0
    for row, (video, (begin, end)) in zip(rows, planned, strict=True):
        clock = long_profile("hard").recording.clock
        assert row["video"] == video.clip.id
        assert float(row["begin"]) == pytest.approx(begin / clock, abs=1e-3)
        assert float(row["end"]) == pytest.approx(end / clock, abs=1e-3)
        first = video.ticks[int(row["first_frame"])] / clock
        assert first == pytest.approx(float(row["begin"]), abs=0.1)


def test_a_profile_is_for_long_videos_and_has_a_name_that_is_known():
    with pytest.raises(InputError, match="--profile.*--long"):
        SynthSettings(profile="hard").check()
    with pytest.raises(InputError, match="standard, hard"):
        SynthSettings(profile="harder", long=True).check()


def test_the_settings_of_the_profile_hold_where_none_are_given(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr("mevqa.synthetic.writer._synthesise", lambda out, chosen, progress: seen.append(chosen))
    synthesise(tmp_path / "set", 1, 0, long=True, profile="hard", seconds=5.0)
    assert (seen[0].size, seen[0].seconds, seen[0].fps) == ((320, 240), 5.0, (30.0,))
