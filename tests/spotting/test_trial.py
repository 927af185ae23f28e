from dataclasses import replace

import pytest
from spotted_events import spotted

from mevqa.benchmarks import spotting_trial as trial
from mevqa.benchmarks.spotting_cost import measure_long
from mevqa.benchmarks.spotting_trial import TrialSettings, compare, run_trial, write_truth
from mevqa.benchmarks.trial_videos import CONTENTS, MICRO_AMPLITUDE, TrialVideo, trial_plans
from mevqa.data.annotations import read_long_annotations
from mevqa.scoring.events.score import score_events
from mevqa.spotting.base import Spotting


def perfect(video, shift=0):
    """Result of a spotter that makes no mistake, shifted by some frames."""
    step = 1000 / video.plan.fps
    events = []
    for performance in video.plan.performances:
        annotation = performance.annotation
        frames = [frame + shift for frame in (annotation.onset, annotation.apex, annotation.offset)]
        events.append(spotted(frames, (frame * step for frame in frames), annotation.kind))
    seconds = video.plan.frames / video.plan.fps
    return Spotting("v", video.path, video.plan.fps, video.plan.frames, seconds, tuple(events), (), (), True)


def test_micro_expressions_are_of_the_size_that_is_asked_for():
    for content in CONTENTS:
        for plan in trial_plans(3, 5, seconds=30.0, fps=(30.0,), content=content):
            sizes = [
                performance.amplitude for performance in plan.performances if performance.annotation.kind == "micro"
            ]
            assert all(MICRO_AMPLITUDE[0] <= size <= MICRO_AMPLITUDE[1] for size in sizes)
            assert bool(sizes) == (content == "events")
            assert plan.performances or content != "events"


def test_contents_and_seeds_share_no_person():
    own = {
        (plan.id.split("_")[1], plan.subject)
        for content in CONTENTS
        for seed in (5, 6)
        for plan in trial_plans(2, seed, seconds=10.0, fps=(30.0,), content=content)
    }
    assert len(own) == 12


def test_a_perfect_spotter_has_f1_of_one_and_a_late_one_its_error(long_video, tmp_path):
    result = compare([(long_video, perfect(long_video))], tmp_path)
    metrics = result.score.metrics
    assert metrics["spotting.micro.f1"] == metrics["spotting.macro.f1"] == 1.0
    assert set(result.errors_ms("onset", "offset")) == set(result.errors_ms("apex")) == {0.0}
    late = compare([(long_video, perfect(long_video, shift=1))], tmp_path).errors_ms("onset", "offset")
    assert late == pytest.approx([1000 / 30] * len(late)) and late
    # What is scored lies there, for mevqa score.
    again = score_events(tmp_path / "detections.csv", tmp_path / "annotations.csv")
    assert again.metrics["spotting.boundary_mae_ms"] == pytest.approx(1000 / 30)


def test_false_micro_expressions_are_counted_where_there_are_none(long_video, tmp_path):
    still = replace(long_video, content="still", plan=replace(long_video.plan, performances=()))
    micro = sum(performance.annotation.kind == "micro" for performance in long_video.plan.performances)
    result = compare([(still, perfect(long_video))], tmp_path)
    assert result.false_micro == {"still": (micro, 0.25)} and micro > 0
    assert result.score is None
    assert f"({micro} in 0.2 minutes)" in result.text()


def test_the_truth_is_written_as_annotations_of_one_subject_a_video(tmp_path, monkeypatch):
    made = []

    def write(folder, plans, content, seed, *, size):
        made.extend(plans)
        return [TrialVideo(plan, content, folder / f"{plan.id}_video.mp4") for plan in plans]

    monkeypatch.setattr(trial, "write_trial", write)
    write_truth(tmp_path / "truth.csv", tmp_path, TrialSettings(events=2, macro=1, still=1, seconds=20.0, seed=906))
    read = read_long_annotations(tmp_path / "truth.csv")
    assert list(read) == [f"{plan.id}_video" for plan in made] and len(made) == 4
    assert len({labels.subject for labels in read.values()}) == 4
    for plan, labels in zip(made, read.values(), strict=True):
        coded = [
            (performance.annotation.onset, performance.annotation.offset, performance.annotation.kind)
            for performance in plan.performances
        ]
        assert [(event.onset, event.offset, event.kind) for event in labels.events] == coded
    assert not read[f"{made[-1].id}_video"].events


@pytest.mark.slow
def test_a_longer_video_takes_hardly_more_memory(long_video, tmp_path):
    short, long = (measure_long(long_video.path, minutes, tmp_path) for minutes in (0.25, 1.5))
    assert long.minutes == pytest.approx(1.5, abs=0.01)
    # An expression that has not come back at the end of a repetition jumps to rest there: not all are found.
    assert short.events > 0 and long.events >= 4 * len(long_video.plan.performances)
    assert 0 < long.peak_mb < short.peak_mb + 100
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_spotter_keeps_its_promise_on_persons_of_their_own(tmp_path):
    result = run_trial(tmp_path, TrialSettings(events=2, macro=0, still=1, seconds=30.0, size=(320, 320), seed=903))
    assert result.score.metrics["spotting.micro.f1"] >= 0.6 and result.score.metrics["spotting.macro.f1"] >= 0.6
    assert result.false_micro["still"][0] <= 1
