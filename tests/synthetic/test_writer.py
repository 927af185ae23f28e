from __future__ import annotations

import numpy as np
import pytest

from mevqa.data.annotations import read_annotations
from mevqa.data.media import find_clips
from mevqa.data.official import read_questions
from mevqa.errors import InputError
from mevqa.files.whole import part_of
from mevqa.questions.question_types import question_types
from mevqa.submission.validator import check_submission
from mevqa.synthetic.recording import Recording, Style
from mevqa.synthetic.writer import SynthSettings, make_plans, synthesise
from mevqa.video.reading.reader import open_video

EXTENSION_TYPES = {kind.name for kind in question_types() if kind.long_video and not kind.official}

EXTENSION_TYPES = {kind.name for kind in question_types() if kind.long_video and not kind.official}

SMALL = {"size": (160, 160), "fps": (30.0,), "subjects": 2}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return synthesise(tmp_path_factory.mktemp("synth") / "set", 3, 5, **SMALL)


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_same_settings_write_the_same_bytes(made, tmp_path):
    again = synthesise(tmp_path / "again", 3, 5, **SMALL)
    assert contents(again.folder) == contents(made.folder)


def test_another_seed_is_another_set(made, tmp_path):
    other = synthesise(tmp_path / "other", 1, 6, **SMALL)
    assert not {path.name for path in made.media.iterdir()} & {path.name for path in other.media.iterdir()}


def test_an_interrupted_set_is_finished_with_the_same_bytes(made, tmp_path):
    whole = contents(made.folder)
    half = tmp_path / "half"
    drawn = []

    def stop(plan):
        drawn.append(plan.id)
        if len(drawn) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        synthesise(half, 3, 5, progress=stop, **SMALL)
    part_of(half / "clips" / f"{made.plans[2].id}.mp4").write_bytes(b"torn")
    first = half / "clips" / f"{drawn[0]}.mp4"
    stamp = first.stat().st_mtime_ns
    synthesise(half, 3, 5, **SMALL)
    assert first.stat().st_mtime_ns == stamp
    assert contents(half) == whole


def test_a_folder_with_other_things_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="not an empty folder"):
        synthesise(tmp_path, 1, 0, **SMALL)
    assert contents(tmp_path) == {(tmp_path / "thesis.txt").relative_to(tmp_path): b"years of work"}


def test_a_set_of_other_settings_is_refused_by_name(made):
    with pytest.raises(InputError, match="other settings \\(seed\\)"):
        synthesise(made.folder, 3, 6, **SMALL)


@pytest.mark.parametrize(
    ("change", "option"),
    [
        ({"clips": 0}, "--clips"),
        ({"fps": (10.0,)}, "--fps"),
        ({"size": (161, 160)}, "--size"),
        ({"size": (64, 64)}, "--size"),
        ({"classes": "smic"}, "--classes"),
        ({"crf": 60}, "--crf"),
        ({"subjects": 0}, "--subjects"),
        ({"seconds": 1.0}, "--seconds"),
    ],
)
def test_impossible_settings_are_named(change, option):
    with pytest.raises(InputError, match=option):
        SynthSettings(**change).check()


def test_videos_have_the_planned_frames_and_rate(made):
    for plan in made.plans:
        with open_video(made.media / f"{plan.id}.mp4") as video:
            assert len(video) == plan.frames
            assert video.fps == pytest.approx(plan.fps)
            assert video.size == (160, 160)


def test_every_frame_of_the_file_is_the_frame_that_was_drawn(made):
    plan = make_plans(SynthSettings(clips=3, seed=5, **SMALL))[1]
    recording = Recording(plan, 5, Style(160, 160))
    with open_video(made.media / f"{plan.id}.mp4") as video:
        read = [frame.astype(np.float32) for frame in video]
    errors = [np.abs(drawn - shown).mean() for drawn, shown in zip(recording.frames(), read, strict=True)]
    assert max(errors) < 6.0


def test_the_apex_is_the_frame_at_which_every_movement_is_largest_and_the_onset_has_none():
    for plan in make_plans(SynthSettings(clips=4, seed=8, long=True, **SMALL)):
        recording = Recording(plan, 8, Style(160, 160))
        played = [
            (performance.annotation, movement)
            for performance in plan.performances
            for movement in performance.movements
        ]
        assert len(recording.renderer.fields) == len(played)
        for (it, movement), strength in zip(played, recording.strengths, strict=True):
            assert int(np.argmax(strength)) == it.apex and strength[it.apex] == 1.0
            assert np.count_nonzero(strength == 1.0) == 1
            assert not strength[: it.onset + movement.delay + 1].any()
            assert strength[it.offset] <= movement.shape.rest + 1e-9


def test_annotations_and_questions_are_read_back(made):
    labels = read_annotations(made.annotations)
    for plan in made.plans:
        own = labels[plan.id]
        assert own.annotation == plan.performances[0].annotation
        assert (own.subject, own.fps, own.dataset) == (f"s{plan.subject + 1:02d}", plan.fps, "synthetic")
    for path in (made.train, made.to_answer, made.reference, *made.more.values()):
        file = read_questions(path)
        clips = find_clips(file.questions, made.folder, labels)
        assert set(clips) == {plan.id for plan in made.plans}
        assert all(clip.media is not None and clip.media.is_file() for clip in clips.values())
    empty, full = read_questions(made.to_answer), read_questions(made.reference)
    answers = {question.id: str(question.reference) for question in full.questions}
    assert empty.render(answers) == made.reference.read_bytes()


def test_a_long_set_has_the_long_question_files(tmp_path):
    made = synthesise(tmp_path / "long", 1, 3, long=True, seconds=4.0, size=(128, 128), fps=(25.0,))
    assert made.to_answer.name == "me_lvqa_synthetic_test_to_answer.jsonl"
    assert read_questions(made.reference).task == "lvqa"
    events = read_annotations(made.annotations)[made.plans[0].id].events
    assert events == tuple(performance.annotation for performance in made.plans[0].performances)
    beyond = read_questions(made.more["ext_reference"])
    assert beyond.task == "lvqa" and {q.type for q in beyond.questions} == EXTENSION_TYPES
    checked = check_submission(made.more["ext_reference"], [read_questions(made.more["ext_to_answer"])])
    assert (checked.rows, checked.problems, checked.warnings) == (len(beyond.questions), (), ())
