"""Shots are answered clips of other subjects, chosen by motion or by chance, and recorded with each answer."""

import json
from dataclasses import replace

import numpy as np
import pytest
from map_clips import write_maps

import mevqa
from mevqa.cli import main
from mevqa.errors import InputError
from mevqa.inference.engine import answer_clip
from mevqa.inference.evaluation import plan
from mevqa.inference.shots import source as source_module
from mevqa.inference.shots.choose import ShotLeakError, nearest, random_order
from mevqa.inference.shots.motion import motion_features
from mevqa.inference.shots.options import ShotOptions
from mevqa.inference.shots.source import ShotSource
from mevqa.inference.view_config import ViewConfig
from mevqa.models.mock import MockModel
from mevqa.questions.prompts import PromptLibrary

CONFIG = ViewConfig(("motion",))
PROMPTS = PromptLibrary.load(variant="brief")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return write_maps(tmp_path_factory.mktemp("shots"), subjects=5, each=2)


@pytest.fixture(scope="module")
def work(file):
    return plan([file], None, pictures={"motion": file.parent / "maps"})


def options(file, **more):
    return ShotOptions(**{"count": 3, "source": (file,), "pictures": {"motion": file.parent / "maps"}, **more})


def shot_source(file, **more):
    return ShotSource(options(file, **more), PROMPTS, CONFIG, None)


def shots_for(source, work, name):
    clip = work.clips[name]
    return source.of(clip, work.questions[name], CONFIG.render(clip, long_video=False))


def test_the_nearest_clips_of_other_subjects_come_with_their_answers_the_nearest_last(file, work):
    source = shot_source(file)
    by_motion = {
        name: motion_features(ViewConfig(("motion-centred",)).render(clip, long_video=False).views)
        for name, clip in work.clips.items()
    }
    spread = np.maximum(np.std(list(by_motion.values()), axis=0), 2.0)
    for name, clip in work.clips.items():
        shots = shots_for(source, work, name)
        others = [other for other in by_motion if work.clips[other].subject != clip.subject]
        others.sort(key=lambda other: np.linalg.norm((by_motion[other] - by_motion[name]) / spread))
        assert [shot.clip_id for shot in shots] == others[:3][::-1]
        kinds = [question.type for question in work.questions[name]]
        assert all(len(shot.turns) <= len(set(kinds)) and [v.name for v in shot.views] == ["motion"] for shot in shots)
        answers = {question.reference for question in work.questions[shots[0].clip_id]}
        assert {answer for _, answer in shots[0].turns} <= answers


def test_a_choice_of_the_same_person_is_never_shown(file, work, monkeypatch):
    monkeypatch.setattr(source_module.ShotSource, "_others", lambda self, clip: self._names)
    monkeypatch.setattr(source_module, "nearest", lambda order, count, labels: ["sub01_EP02"])
    with pytest.raises(ShotLeakError, match="the same person as sub01_EP01"):
        shots_for(shot_source(file), work, "sub01_EP01")


def test_clips_of_unknown_subjects_are_refused_in_one_line(file, work, tmp_path):
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    bare = tmp_path / file.name
    bare.write_text("".join(json.dumps({k: v for k, v in row.items() if k != "subject"}) + "\n" for row in rows))
    with pytest.raises(InputError) as caught:
        shot_source(file, source=(bare,))
    assert len(caught.value.problems) == 1 and "the subject of 10 clips is not known" in str(caught.value)
    unknown = replace(work.clips["sub01_EP01"], subject=None)
    with pytest.raises(InputError, match="is not known"):
        shot_source(file).check([unknown])
    with pytest.raises(InputError, match="only 8 clips of other subjects"):
        shot_source(file, count=9).check(work.clips.values())


def test_random_shots_depend_on_seed_and_clip_alone(file, work):
    first, second = shot_source(file, by="random"), shot_source(file, by="random", seed=1)
    names = {name: [shot.clip_id for shot in shots_for(first, work, name)] for name in reversed(list(work.clips))}
    assert names == {name: [shot.clip_id for shot in shots_for(first, work, name)] for name in work.clips}
    assert names != {name: [shot.clip_id for shot in shots_for(second, work, name)] for name in work.clips}
    assert random_order(["b", "a"], "c", 3) == random_order(["a", "b"], "c", 3)


def test_balanced_shots_take_the_classes_in_turn():
    labels = {"a": "x", "b": "x", "c": "x", "d": "y", "e": None}
    assert nearest(list("abcde"), 3, None) == ["a", "b", "c"]
    assert nearest(list("abcde"), 4, labels) == ["a", "d", "e", "b"]


def test_shots_stand_before_the_clip_and_are_kept_with_each_answer(file, work):
    model = MockModel()
    clip = work.clips["sub02_EP01"]
    result = answer_clip(clip, work.questions[clip.id], model, PROMPTS, CONFIG, shots=shot_source(file))
    (call,) = model.calls
    assert len(call.shots) == 3 and all(a.shots == tuple(s.clip_id for s in call.shots) for a in result.answers)


def test_a_run_keeps_what_decides_its_shots_and_refuses_others(file, tmp_path):
    maps = {"motion": file.parent / "maps"}
    inputs = {"precomputed": maps, "out": tmp_path / "run"}
    run = mevqa.evaluate(file, "nearest", shots=options(file), **inputs)
    assert run.manifest["decides"]["shots"]["count"] == 3
    assert all(len(answer.shots) == 3 for answer in run.answers.values())
    assert mevqa.open_run(tmp_path / "run").answers == run.answers
    with pytest.raises(InputError, match=r"shots\.count"):
        mevqa.evaluate(file, "nearest", shots=options(file, count=2), **inputs)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--shots", "2"], "--shots-from FILE"),
        (["--shots-media", "x"], "--shots K"),
        (["--shots", "2", "--shots-from", "x.jsonl"], "--shots-media DIR"),
        (["--model", "nearest"], ""),
    ],
)
def test_options_that_lack_their_counterpart_are_refused(file, tmp_path, capsys, words, message):
    maps = f"flow={file.parent / 'maps'}"
    code = main(["eval", str(file), "--precomputed", maps, "--out", str(tmp_path / "run"), *words])
    out = capsys.readouterr()
    assert code == (2 if message else 1) and (message or "give --shots K") in out.err + out.out
