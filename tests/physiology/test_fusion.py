"""Fusion: nothing of the tested subject is learned from, and what is missing is as if it had never been."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the extra physiology is not installed")

from mevqa.cli import main
from mevqa.errors import InputError
from mevqa.physiology.features.definition import feature_groups
from mevqa.physiology.fusion.judged import read_judged_events
from mevqa.physiology.fusion.late import LateFusion
from mevqa.physiology.fusion.nested import WAYS, TooFewSubjects, fit_fusion, leave_one_subject_out
from mevqa.physiology.fusion.saved import load_fusion
from mevqa.physiology.fusion.table import read_fusion_table
from mevqa.physiology.fusion.types import Examples

CLASSES = ("a", "b", "c")
PEOPLE, EACH = 4, 15


def made(seed=2, strength=1.5):
    """Events whose group g knows classes, whose group h knows nothing, and whose video knows a little."""
    random = np.random.default_rng(seed)
    count = PEOPLE * EACH
    truth = np.tile(np.arange(3), count // 3)
    features = random.standard_normal((count, 5))
    features[:, :3] += strength * np.eye(3)[truth]
    logits = random.standard_normal((count, 3)) + 0.7 * np.eye(3)[truth]
    video = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    subjects = tuple(f"p{place // EACH}" for place in range(count))
    groups = ("g", "g", "g", "h", "h")
    return Examples(subjects, CLASSES, video, random.standard_normal((count, 2)), features, groups, truth)


@pytest.fixture(scope="module")
def examples():
    return made()


@pytest.fixture(scope="module")
def judged(examples):
    return leave_one_subject_out(examples)


def fold(examples, way):
    """Probabilities of the first event of p2 by a fusion that was fitted to the other subjects."""
    own = np.array(examples.subjects) == "p2"
    fitted = fit_fusion(examples.at(np.flatnonzero(~own)), way)
    return fitted.probabilities(examples.at(np.flatnonzero(own)))[0]


def right(examples, chances):
    return float(np.mean(chances.argmax(axis=1) == examples.truth))


def test_both_together_know_more_than_either(examples, judged):
    alone = right(examples, examples.video)
    signals = right(examples, judged["signals"])
    assert right(examples, judged["late"]) > max(alone, signals) > 1 / 3 + 0.1
    assert right(examples, judged["features"]) > alone
    for chances in judged.values():
        assert np.allclose(chances.sum(axis=1), 1)


def test_signals_that_know_nothing_get_next_to_no_weight(examples):
    fitted = fit_fusion(examples, "late")
    assert isinstance(fitted, LateFusion)
    assert fitted.weights["g"] > 0.5 > 0.3 > fitted.weights["h"] >= 0


@pytest.mark.parametrize("way", WAYS)
def test_no_statistic_comes_from_the_tested_subject(examples, judged, way):
    own = np.array([subject == "p2" for subject in examples.subjects])
    # Other right classes, and other events beside them, change nothing of what is said of the subject's first event.
    turned = np.where(own, (examples.truth + 1) % 3, examples.truth)
    first = int(np.flatnonzero(own)[0])
    spoilt = examples.features.copy()
    spoilt[np.flatnonzero(own)[1:]] = 1e3
    changed = replace(examples, truth=turned, features=spoilt)
    again = fold(changed, way)
    assert np.array_equal(again, judged[way][first])
    # What the other subjects show does change it.
    theirs = replace(examples, truth=np.where(own, examples.truth, (examples.truth + 1) % 3))
    assert not np.allclose(fold(theirs, way), judged[way][first])


@pytest.mark.parametrize("way", WAYS)
def test_a_modality_that_nobody_has_gives_the_same_result_as_one_that_there_never_was(examples, way):
    without = replace(examples, features=examples.features[:, :3], groups=examples.groups[:3])
    values = examples.features.copy()
    values[:, 3:] = np.nan
    missing = replace(examples, features=values)
    first, second = (leave_one_subject_out(each, [way])[way] for each in (without, missing))
    assert np.allclose(first, second, atol=1e-12)


def test_an_event_without_signals_keeps_what_the_video_says_of_it(examples):
    values = examples.features.copy()
    values[7] = np.nan
    chances = leave_one_subject_out(replace(examples, features=values), ["late"])["late"]
    assert chances[7] == pytest.approx(examples.video[7], abs=0.003)


@pytest.mark.parametrize("way", WAYS)
def test_no_signals_at_all_leave_the_video_or_know_nothing(examples, way):
    nothing = replace(examples, features=np.full_like(examples.features, np.nan))
    chances = leave_one_subject_out(nothing, [way])[way]
    assert np.isfinite(chances).all()
    if way == "late":
        assert np.allclose(chances, examples.video, atol=0.003)
    if way == "signals":
        assert np.allclose(chances, 1 / 3, atol=0.02)


def test_events_without_a_right_class_are_judged_and_not_learned_from(examples):
    truth = examples.truth.copy()
    truth[::4] = -1
    some = replace(examples, truth=truth)
    chances = leave_one_subject_out(some, ["features"])["features"]
    kept = np.flatnonzero(truth >= 0)
    assert np.allclose(chances[kept], leave_one_subject_out(some.at(kept), ["features"])["features"])
    assert np.allclose(chances.sum(axis=1), 1)


def test_a_class_that_training_subjects_lack_is_neither_ruled_out_nor_an_error(examples):
    own = np.array([subject == "p0" for subject in examples.subjects])
    rare = examples.at(np.flatnonzero((examples.truth != 2) | own))
    for chances in leave_one_subject_out(rare).values():
        assert np.isfinite(chances).all() and (chances[:, 2] > 0).all()


def test_one_subject_is_too_few(examples):
    with pytest.raises(TooFewSubjects):
        leave_one_subject_out(examples.at(range(EACH)))


# Tables.


@pytest.fixture
def files(tmp_path):
    """Four people with six events each, of which every third is none; fear speeds the heart, anger warms the skin."""
    random = np.random.default_rng(1)
    events, features, labels = [], [], []
    for person in range(4):
        for place in range(6):
            onset = 100 * (place + 1)
            emotion = ("fear", "anger", None)[place % 3]
            rate = {"fear": 9, "anger": 1, None: 0}[emotion] + random.normal(0, 1)
            warm = {"fear": 0, "anger": 0.1, None: 0}[emotion] + random.normal(0, 0.02)
            fear = 0.55 if emotion == "fear" else 0.45
            where = f"s{person},clip{person},{onset},{onset + 5},{onset + 10}"
            events.append(f"{where},micro,30,{0.5 + 0.1 * (emotion is not None)},{fear},{1 - fear:.2f}")
            features.append(f"{where},{rate if person else ''},{warm}")
            if emotion:
                labels.append(f"{where},micro,{emotion},30")
    head = "subject,video,onset,apex,offset"
    texts = {
        "events": [head + ",kind,fps,score,p_fear,p_anger", *events],
        "features": [head + ",heart_rate_change,skin_temperature_change", *features],
        "labels": [head + ",kind,emotion,fps", *labels],
    }
    for name, lines in texts.items():
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def command(files, *more):
    names = ("events", "features", "labels")
    return ["physiology", "fuse", *(w for n in names for w in (f"--{n}", str(files / f"{n}.csv"))), *more]


def test_classes_and_scores_of_a_table_are_decided(files, capsys):
    out, saved = str(files / "out.csv"), str(files / "fusion.json")
    assert main(command(files, "--out", out, "--save", saved)) == 0
    shown = capsys.readouterr().out
    assert "Recognition (16 expressions of known class, 4 subjects, leave-one-subject-out)" in shown
    assert "16 of 16 coded events are among the 24 events that are decided" in shown
    assert main(["score", out, str(files / "labels.csv"), "--preset", "megc2025-str", "--set", "classes=fine"]) in (
        0,
        2,
    )
    capsys.readouterr()
    assert main(command(files, "--out", out, "--task", "spot", "--way", "features")) == 0
    assert "Spotting (24 detections, 4 subjects" in capsys.readouterr().out
    rows = (files / "out.csv").read_text().splitlines()
    assert rows[0].startswith("subject,video,onset,apex,offset,kind,score,emotion,fps,spotter_score")
    new = ["physiology", "fuse", "--events", str(files / "events.csv"), "--measured", str(files / "features.csv")]
    assert main([*new, "--fusion", saved, "--out", out]) == 0
    table = read_fusion_table(files / "events.csv", files / "features.csv", task="recognise")
    probabilities = load_fusion(files / "fusion.json").fusion.probabilities(table.examples)
    assert f"{probabilities[0, 0]:.4f}" in (files / "out.csv").read_text().splitlines()[1]


def test_features_of_the_table_stand_in_their_places(files):
    table = read_fusion_table(files / "events.csv", files / "features.csv", files / "labels.csv")
    names = list(feature_groups())
    assert math.isnan(table.examples.features[0, names.index("heart_rate_change")])
    assert table.examples.features[7, names.index("skin_temperature_change")] > 0.03
    assert table.examples.classes == ("anger", "fear") and list(table.examples.truth[:3]) == [1, 0, -1]
    assert table.examples.video[0] == pytest.approx([0.45, 0.55])


def edit(path, old, new):
    path.write_text(path.read_text().replace(old, new))


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("events", "0.55,0.45", "1.55,0.45", "events.csv:2: p_fear must be a probability, 0 to 1, not '1.55'"),
        ("features", "clip", "other", "features.csv: has no row about any of the events"),
        ("labels", "clip", "other", "labels.csv: none of its events overlaps an event of the table by half"),
        ("labels", "s1,clip1", "s1,clip9", None),
        ("features", "heart_rate_change,skin_temperature_change", "x,y", "has no column of a physiological feature"),
    ],
)
def test_mistakes_are_one_line(files, capsys, name, old, new, message):
    edit(files / f"{name}.csv", old, new)
    code = main(command(files, "--out", str(files / "out.csv")))
    assert code == (2 if message else 0)
    shown = capsys.readouterr()
    assert (message or "12 of 16 coded events") in shown.err + shown.out and "Traceback" not in shown.err


def test_events_without_subjects_take_those_of_the_labels(files):
    for name in ("events", "features"):
        path = files / f"{name}.csv"
        path.write_text("\n".join(line.partition(",")[2] for line in path.read_text().splitlines()) + "\n")
    table = read_fusion_table(files / "events.csv", files / "features.csv", files / "labels.csv")
    assert set(table.examples.subjects) == {"0", "1", "2", "3"}
    edit(files / "labels.csv", "subject,", "x,")
    with pytest.raises(InputError, match="has no subject, neither here nor in the labels"):
        read_fusion_table(files / "events.csv", files / "features.csv", files / "labels.csv")


SPOTTED = {
    "onset": 100,
    "apex": 105,
    "offset": 110,
    "kind": "micro",
    "score": 0.7,
    "classes": {"fear": 0.2, "anger": 0.6},
}


def spotted_file(files, *events, **more):
    """Write what mevqa spot --json writes of one video."""
    videos = [{"video": "clip0", "fps": 30, "events": list(events), **more}]
    (files / "events.json").write_text(json.dumps(videos, indent=1))
    return files / "events.json"


def test_the_json_of_a_spotter_is_read_with_its_classes(files):
    table = read_fusion_table(spotted_file(files, SPOTTED), files / "features.csv")
    assert table.examples.video[0] == pytest.approx([0.75, 0.25]) and table.examples.subjects == ("",)
    (judged,), _ = read_judged_events(spotted_file(files, {**SPOTTED, "classes": None}))
    assert judged.classes is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"onset": None}, "event 2, onset must be a valid integer"),
        ({"onset": 111}, "event 2: its offset 110 lies before its onset 111"),
        ({"offset": 110.5}, "event 2, offset must be a valid integer"),
        ({"score": "high"}, "event 2, score must be a valid number"),
        ({"classes": ["fear", "anger"]}, "event 2, classes must be an object"),
        ({"classes": {"fear": 3, "anger": 1}}, "event 2, classes.fear must be less than or equal to 1"),
        ({"classes": {"fear": -0.1, "anger": 1}}, "event 2, classes.fear must be greater than or equal to 0"),
        ({"classes": {"fear": True, "anger": 0.1}}, "event 2, classes.fear must be a valid number"),
        ({"classes": {"fear": 0, "anger": 0}}, "event 2: the probabilities of its classes are all 0"),
    ],
)
def test_mistakes_in_the_json_of_a_spotter_are_one_line_with_file_line_and_event(files, change, message):
    path = spotted_file(files, SPOTTED, {**SPOTTED, **change})
    with pytest.raises(InputError) as error:
        read_judged_events(path)
    (problem,) = error.value.problems
    assert str(problem).startswith(f"{path}:2: ") and message in problem.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"video":"v","fps":30,"events":["x"]}]', "1: event 1 must be an object"),
        ('[{"video":"v","events":[]}]', "1: fps is missing"),
        ('[{"video":"v","fps":0,"events":[]}]', "1: fps must be greater than 0"),
        ('[{"video":"v","fps":30,"events":{}}]', "1: events must be a list"),
        ('[{"video":"v","fps":30,"events":[]},\n"x"]', "2: the video must be an object"),
    ],
)
def test_odd_json_ends_the_command_with_one_line(files, capsys, text, message):
    (files / "events.json").write_text(text)
    arguments = ["--events", "events.json", "--measured", "features.csv", "--labels", "labels.csv", "--out", "o.csv"]
    names = [str(files / word) if "." in word else word for word in arguments]
    assert main(["physiology", "fuse", *names]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    place, _, fault = message.partition(" ")
    assert f"events.json:{place} is not what mevqa spot --json writes: {fault}" in line


@pytest.mark.parametrize(("count", "share"), [(2, 2 / 3), (3, 1 / 2), (7, 1 / 2)])
def test_a_class_without_probabilities_is_likelier_than_the_others(files, count, share):
    names = [f"class{number}" for number in range(count)]
    rows = [f"v,{10 * place},{10 * place + 5},{name},30" for place, name in enumerate(names)]
    path = files / "named.csv"
    path.write_text("\n".join(["video,onset,offset,emotion,fps", *rows, "v,900,910,,30"]) + "\n")
    *judged, without_class = read_judged_events(path)[0]
    assert without_class.classes is None
    for event, name in zip(judged, names, strict=True):
        assert event.classes[name] == pytest.approx(share) and event.classes[name] > 1 / count
        assert sum(event.classes.values()) == pytest.approx(1)
        assert max(event.classes, key=event.classes.get) == name


def named_events(files, names):
    """Write the events with a class each in place of its probabilities."""
    path = files / "events.csv"
    lines = [line.rsplit(",", 2)[0] for line in path.read_text().splitlines()]
    cells = ["emotion", *names[: len(lines) - 1]]
    path.write_text("\n".join(f"{line},{cell}" for line, cell in zip(lines, cells, strict=True)))
    return path


def test_the_verdict_of_a_recogniser_without_probabilities_is_scored(files):
    path = named_events(files, ["fear", "anger", "anger"] * 8)
    labels = files / "labels.csv"
    table = read_fusion_table(path, files / "features.csv", labels)
    assert table.examples.classes == ("anger", "fear")
    coded = table.examples.truth >= 0
    assert (table.examples.video.argmax(axis=1) == table.examples.truth)[coded].all()
    assert any("the named one is taken to have 0.67" in note for note in table.notes)


def test_a_fusion_of_more_classes_leaves_room_for_those_that_no_event_is_named(files):
    path = named_events(files, ["fear"] * 24)
    table = read_fusion_table(
        path, files / "features.csv", task="recognise", classes=("anger", "disgust", "fear", "sadness")
    )
    assert table.examples.video[0] == pytest.approx([1 / 6, 1 / 6, 1 / 2, 1 / 6])


def test_a_damaged_fusion_is_one_line(files):
    path = files / "fusion.json"
    path.write_text("{}")
    with pytest.raises(InputError, match="is no fusion that mevqa physiology fuse --save wrote"):
        load_fusion(path)
    assert main(command(files, "--out", str(files / "o.csv"), "--save", str(path))) == 0
    edit(path, '"late"', '"lately"')
    with pytest.raises(InputError, match="is damaged"):
        load_fusion(path)


def test_options_that_do_not_belong_together(files, capsys):
    out = str(files / "out.csv")
    assert main(command(files, "--out", out, "--fusion", "x.json")) == 2
    assert "give --labels to learn and to judge, or --fusion" in capsys.readouterr().err
    assert main(command(files, "--out", out, "--way", "signals", "--save", out)) == 2
    assert "--save: goes with --way late or features" in capsys.readouterr().err
