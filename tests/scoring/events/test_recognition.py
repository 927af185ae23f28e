"""Recognition on true positives and STRS, by hand and against scikit-learn."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from mevqa.errors import InputError
from mevqa.facs import UnknownEmotion
from mevqa.scoring.events.recognition import class_of, measure_confusion
from mevqa.scoring.events.score import score_events


@pytest.fixture
def score(tmp_path):
    """Return a function that scores pairs (reference emotion, detected emotion), each a true positive."""

    def run(pairs, *changes, missed=(), spurious=0, preset="strict", draws=0):
        coded = [f"s{i % 4},v{i},10,20,{truth}" for i, (truth, _) in enumerate(pairs)]
        detections = [f"s{i % 4},v{i},10,20,{predicted}" for i, (_, predicted) in enumerate(pairs)]
        coded += [f"s1,m{i},10,20,{truth}" for i, truth in enumerate(missed)]
        detections += [f"s1,v1,{100 + 20 * i},{110 + 20 * i},happiness" for i in range(spurious)]
        header = "subject,video,onset,offset,emotion"
        for name, rows in (("pred.csv", detections), ("ref.csv", coded)):
            (tmp_path / name).write_text("\n".join([header, *rows]) + "\n")
        return score_events(tmp_path / "pred.csv", tmp_path / "ref.csv", preset, changes, draws=draws)

    return run


#: True positives by reference and detected class of published detections on CASME II (MEAN): disgust, happiness,
#: others, repression, surprise.
MEAN = np.array([[18, 2, 23, 0, 0], [0, 8, 3, 1, 0], [8, 6, 49, 4, 1], [2, 3, 8, 4, 0], [0, 0, 1, 1, 17]])


def test_harmonic_mean_of_the_means_and_not_uf1():
    metrics = measure_confusion(np.pad(MEAN, ((0, 0), (0, 1))).astype(float), "matched")
    assert round(float(metrics["recognition.precision"]), 4) == 0.5983
    assert round(float(metrics["recognition.recall"]), 4) == 0.5872
    assert round(float(metrics["recognition.f1"]), 4) == 0.5927
    assert metrics["recognition.f1"] != pytest.approx(metrics["recognition.uf1"], abs=0.01)


def test_published_strs(score):
    names = ["disgust", "happiness", "others", "repression", "surprise"]
    pairs = [(names[t], names[g]) for t in range(5) for g in range(5) for _ in range(MEAN[t, g])]
    result = score(pairs, missed=["others"] * 85, spurious=85, preset="megc2025-str")
    assert round(result.metrics["spotting.overall.f1"], 4) == 0.6516
    assert round(result.metrics["strs"], 4) == 0.3862


def test_events_of_a_json_file_on_one_line_keep_their_classes(tmp_path):
    rows = [{"video": "v", "onset": 50 * i, "offset": 50 * i + 10, "emotion": name}
            for i, name in enumerate(["happiness", "disgust", "surprise"])]  # fmt: skip
    for name in ("pred.json", "ref.json"):
        (tmp_path / name).write_text(json.dumps(rows))
    result = score_events(tmp_path / "pred.json", tmp_path / "ref.json", draws=0)
    assert result.metrics["recognition.accuracy"] == result.metrics["strs"] == 1


labels = st.sampled_from(["negative", "positive", "surprise", "others"])


@given(st.lists(st.tuples(labels, labels), min_size=1, max_size=25))
def test_like_scikit_learn_over_the_classes_of_the_reference(pairs):
    truth, given_ = zip(*pairs, strict=True)
    classes = sorted(set(truth))
    confusion = np.zeros((len(classes), len(classes) + 1))
    for true_class, predicted in pairs:
        confusion[classes.index(true_class), classes.index(predicted) if predicted in classes else len(classes)] += 1
    metrics = measure_confusion(confusion, "matched")
    precision, recall, f1, _ = precision_recall_fscore_support(
        truth, given_, labels=classes, average="macro", zero_division=0
    )
    assert metrics["recognition.precision"] == pytest.approx(precision)
    assert metrics["recognition.recall"] == metrics["recognition.uar"] == pytest.approx(recall)
    assert metrics["recognition.uf1"] == pytest.approx(f1)
    assert metrics["recognition.accuracy"] == pytest.approx(accuracy_score(truth, given_))
    harmonic = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    assert metrics["recognition.f1"] == pytest.approx(harmonic)


def test_class_sets():
    # Surprise is never the reference of a true positive, but was detected once; fear is neither.
    confusion = np.array([[3, 0, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]], dtype=float)
    recalls = {name: float(measure_confusion(confusion, name)["recognition.recall"]) for name in
               ("matched", "either", "reference")}  # fmt: skip
    assert recalls == {"matched": 0.75, "either": 0.375, "reference": 0.25}


@pytest.mark.parametrize(
    ("emotion", "classes"),
    [
        ("happy", {"labels": "happiness", "3": "positive", "4": "positive", "7": "happiness"}),
        ("Sad", {"labels": "sadness", "3": "negative", "4": "negative", "7": "sadness"}),
        ("repression", {"labels": "repression", "3": "negative", "4": "negative", "7": "repression"}),
        ("negative", {"labels": "negative", "3": "negative", "4": "negative", "7": UnknownEmotion}),
        ("surprise", {"labels": "surprise", "3": "surprise", "4": "surprise", "7": "surprise"}),
        ("other", {"labels": "others", "3": None, "4": "others", "7": "others", "7-no-others": None}),
        ("tense", {"labels": "tense", "3": None, "4": "others", "7": "others", "labels-no-others": "tense"}),
        ("bored", {"labels": "bored", "3": UnknownEmotion, "4": UnknownEmotion, "7": UnknownEmotion}),
    ],
)
def test_class_schemes(emotion, classes):
    for scheme, expected in classes.items():
        if expected is UnknownEmotion:
            with pytest.raises(UnknownEmotion):
                class_of(emotion.lower(), scheme)
        else:
            assert class_of(emotion.lower(), scheme) == expected


def test_three_classes_leave_others_out_and_four_keep_them(score):
    pairs = [("happy", "happiness"), ("others", "happiness"), ("fear", "others"), ("anger", "disgust")]
    three, four = score(pairs, "classes=3"), score(pairs, "classes=4")
    assert three.counts["recognition.events"] == 3
    assert three.metrics["recognition.accuracy"] == pytest.approx(2 / 3)
    assert any("1 true positives whose reference is labelled others" in note for note in three.notes)
    assert any("not comparable with 4 classes" in note for note in three.notes)
    assert four.metrics["recognition.accuracy"] == pytest.approx(2 / 4)


def test_a_missing_or_unknown_class_is_wrong_and_noted(score):
    result = score([("fear", ""), ("fear", "bored"), ("fear", "fear")])
    assert result.metrics["recognition.recall"] == pytest.approx(1 / 3)
    assert result.metrics["recognition.precision"] == 1.0
    assert any("2 true positives have a class that the reference has not" in note for note in result.notes)


def test_only_true_positives_count(score):
    result = score([("fear", "fear"), ("anger", "anger")], missed=["disgust"], spurious=3)
    assert result.metrics["recognition.f1"] == 1.0
    assert result.metrics["strs"] == result.metrics["spotting.overall.f1"] == pytest.approx(2 * 2 / (5 + 3))
    whole = score([("fear", "fear"), ("anger", "anger")], "class_set=reference", missed=["disgust"])
    assert whole.metrics["recognition.f1"] == pytest.approx(2 / 3)


def test_without_true_positives_strs_is_zero(score):
    result = score([], missed=["fear"], spurious=1)
    assert result.metrics["strs"] == 0.0
    assert "recognition.f1" not in result.metrics


def test_without_emotions_there_is_no_strs(tmp_path):
    (tmp_path / "pred.csv").write_text("video,onset,offset\na,1,9\n")
    (tmp_path / "ref.csv").write_text("video,onset,offset,emotion\na,1,9,fear\n")
    result = score_events(tmp_path / "pred.csv", tmp_path / "ref.csv", draws=0)
    assert "strs" not in result.metrics
    assert any("no recognition and no STRS: pred.csv tells no emotion" in note for note in result.notes)


def test_reference_classes_that_the_scheme_does_not_know(score):
    with pytest.raises(InputError) as caught:
        score([("bored", "fear"), ("fear", "fear"), ("asleep", "fear")], "classes=4")
    assert [problem.line for problem in caught.value.problems] == [2, 4]


@given(st.permutations(["negative", "positive", "surprise"]), st.lists(st.tuples(labels, labels), min_size=1))
def test_names_of_the_classes_decide_nothing(names, pairs):
    renamed = dict(zip(["negative", "positive", "surprise"], names, strict=True)) | {"others": "others"}
    results = []
    for mapping in (dict.fromkeys([]), renamed):
        confusion = np.zeros((4, 5))
        order = ["negative", "others", "positive", "surprise"]
        for true_class, predicted in pairs:
            confusion[
                order.index(mapping.get(true_class, true_class)), order.index(mapping.get(predicted, predicted))
            ] += 1
        results.append({key: float(value) for key, value in measure_confusion(confusion, "either").items()})
    assert results[0] == pytest.approx(results[1])
