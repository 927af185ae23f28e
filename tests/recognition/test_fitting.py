"""Every recogniser learns a tiny set by heart, twice alike, from its examples alone."""

from dataclasses import replace

import numpy as np
import pytest

from mevqa.recognition import Example, Fitting, find_recogniser
from mevqa.recognition.base import balanced_weights, label_indices
from mevqa.recognition.child.texture import resampled, temperature
from mevqa.recognition.networks import MEAN, SCALE

CLASSES = {"coarse": ("negative", "positive", "none"), "fine": ("disgust", "happiness", "sadness", "none")}
LABELS = [
    {"coarse": "negative", "fine": "disgust"},
    {"coarse": "positive", "fine": "happiness"},
    {"coarse": "negative", "fine": "sadness"},
    {"coarse": "none", "fine": "none"},
]
#: Shape of what each measures, and settings under which a small set is learned quickly.
KINDS = {
    "mean": ((3, 12, 12), {"size": 12, "epochs": 80, "rate": 1e-2, "mirror": 0.0}),
    "child-cnn": ((1, 16, 16), {"size": 16, "filters": [4, 8], "epochs": 40, "rate": 1e-2}),
    "child-graph": ((5, 19), {"widths": [8, 16], "epochs": 60, "rate": 1e-2}),
    "child-lbp": ((40,), {"cost": 10.0}),
}


def made(name, **changes):
    kind = find_recogniser(name)
    return kind(kind.schema.model_validate(KINDS[name][1] | changes))


def examples(name, each=3, *, seed=0):
    rng = np.random.default_rng(seed)
    shape = KINDS[name][0]
    centres = np.random.default_rng(99).normal(size=(len(LABELS), *shape))
    drawn = []
    for number in range(each * len(LABELS)):
        inputs = (centres[number % len(LABELS)] + 0.1 * rng.normal(size=shape)).astype(np.float32)
        drawn.append(Example(inputs, inputs, LABELS[number % len(LABELS)], f"s{number // len(LABELS)}"))
    return drawn


@pytest.mark.parametrize("name", KINDS)
def test_a_tiny_set_is_learned_twice_alike(name):
    recogniser, learned = made(name), examples(name)
    arrays = recogniser.fit(learned, Fitting(CLASSES, seed=3))
    probabilities = recogniser.predictor(arrays, CLASSES, "cpu")(np.stack([example.inputs for example in learned]))
    for level, names in CLASSES.items():
        assert probabilities[level].shape == (len(learned), len(names))
        assert probabilities[level].sum(axis=1) == pytest.approx(1)
        assert (probabilities[level].argmax(1) == label_indices(learned, level, names)).all()
    again = recogniser.fit(learned, Fitting(CLASSES, seed=3))
    assert arrays.keys() == again.keys() and all(np.array_equal(arrays[key], again[key]) for key in arrays)
    assert any(
        not np.array_equal(arrays[key], value) for key, value in made(name).fit(learned[4:], Fitting(CLASSES)).items()
    )


@pytest.mark.parametrize("name", KINDS)
def test_a_clip_gets_the_same_prediction_alone_and_among_others(name):
    recogniser, learned = made(name), examples(name)
    predict = recogniser.predictor(recogniser.fit(learned, Fitting(CLASSES)), CLASSES, "cpu")
    inputs = np.stack([example.inputs for example in examples(name, seed=5)])
    together, alone = predict(inputs), predict(inputs[2:3])
    for level in CLASSES:
        assert alone[level][0] == pytest.approx(together[level][2], abs=1e-5)


def test_a_level_that_is_not_known_of_a_clip_teaches_nothing():
    recogniser = made("mean", epochs=2)
    learned = examples("mean")
    half = [replace(example, labels={"coarse": example.labels["coarse"]}) for example in learned]
    before = recogniser.fit(half, Fitting(CLASSES))
    assert np.isfinite(before["network.heads.fine.weight"]).all()
    nothing = recogniser.fit([replace(example, labels={}) for example in learned], Fitting(CLASSES))
    assert all(np.isfinite(value).all() for value in nothing.values())


def test_statistics_and_weights_are_those_of_the_examples():
    learned = examples("mean")
    arrays = made("mean", epochs=1).fit(learned, Fitting(CLASSES))
    inputs = np.stack([example.inputs for example in learned])
    assert arrays[MEAN].ravel() == pytest.approx(inputs.mean(axis=(0, 2, 3)), abs=1e-5)
    assert arrays[SCALE].ravel() == pytest.approx(inputs.std(axis=(0, 2, 3)), abs=1e-5)
    labels = label_indices(learned, "coarse", CLASSES["coarse"])
    assert balanced_weights(labels, 3) == pytest.approx([12 / (3 * 6), 12 / (3 * 3), 12 / (3 * 3)])
    assert list(balanced_weights(np.array([0, 0, -1]), 2)) == [1.0, 0.0]


def test_foreign_arrays_are_refused():
    arrays = made("mean").fit(examples("mean"), Fitting(CLASSES))
    for wrong in ({}, {**arrays, "network.extra": np.zeros(1)}):
        with pytest.raises(ValueError, match="missing|extra"):
            made("mean").predictor(wrong, CLASSES, "cpu")


def test_a_sequence_is_brought_to_a_number_of_moments():
    faces = np.arange(4, dtype=np.float32)[:, None, None] * np.ones((1, 2, 2), np.float32)
    assert resampled(faces, 7)[:, 0, 0] == pytest.approx([0, 0.5, 1, 1.5, 2, 2.5, 3])
    assert resampled(faces[:1], 3)[:, 0, 0] == pytest.approx([0, 0, 0])


def test_the_temperature_says_how_far_values_can_be_trusted():
    labels = np.arange(200) % 2
    right = np.where(labels[:, None] == np.arange(2), 1.0, -1.0).astype(np.float32)
    wrong = right.copy()
    wrong[::3] *= -1
    assert temperature(right, labels) < 0.1 < temperature(wrong, labels)
