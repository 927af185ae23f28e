import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_examples import made_examples

from mevqa.errors import InputError
from mevqa.spotting.motion.calibration import read_calibrator, shipped_calibrator
from mevqa.spotting.motion.detect import THRESHOLD
from mevqa.spotting.motion.features import FEATURES
from mevqa.spotting.motion.fitting import fit_calibrator

SHARE = st.floats(0.0, 1.0)


@pytest.fixture
def written(tmp_path):
    calibrator = fit_calibrator(made_examples(), "labels.csv", "ab" * 32, "samm")
    calibrator.save(tmp_path / "own.json")
    return tmp_path / "own.json", calibrator


def test_a_calibrator_is_read_as_it_was_written(written):
    path, calibrator = written
    assert read_calibrator(path) == calibrator
    features = np.random.default_rng(0).standard_normal(len(FEATURES))
    assert read_calibrator(path).probability(features) == calibrator.probability(features)


@given(first=st.floats(-2, 4), more=st.floats(0.01, 3), rest=st.lists(SHARE, min_size=len(FEATURES) - 1))
def test_of_two_alike_the_stronger_one_has_the_higher_score(first, more, rest):
    weak = np.array([first, *rest[: len(FEATURES) - 1]])
    strong = weak.copy()
    strong[0] += more
    assert list(FEATURES)[0] == "strength"
    scores = [shipped_calibrator().probability(features) for features in (weak, strong)]
    assert 0 <= scores[0] <= scores[1] <= 1
    assert scores[0] < scores[1] or scores[0] == 1


def test_the_shipped_calibrator_says_where_it_comes_from_and_tells_noise_from_expressions():
    own = shipped_calibrator()
    assert "500_to_502" in own.fitted_on.source and own.fitted_on.subjects == own.fitted_on.videos > 10
    assert 0.2 < own.threshold < 0.8 and own.least_strength < THRESHOLD
    means = np.array([feature.mean for feature in own.features])
    noise, expression = means.copy(), means.copy()
    noise[:5] = [np.log(1.4), np.log(0.4), 0.45, 0.1, np.log(0.002)]
    expression[:5] = [np.log(12.0), np.log(0.8), 0.45, 0.1, np.log(0.02)]
    noise[-1], expression[-1] = 0.2, 0.8
    assert own.probability(noise) < 0.2 < 0.9 < own.probability(expression)


def change(content, key, value):
    content[key] = value
    return json.dumps(content)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda content: json.dumps(content)[:-40], "is not JSON"),
        (lambda content: "[]", "is not a JSON object; a calibrator"),
        (lambda content: '{"weights": [1, 2]}', "is not a calibrator"),
        (lambda content: change(content, "format", "mevqa spot calibrator 99"), "is not a calibrator"),
        (lambda content: change(content, "intercept", float("nan")), "NaN is no JSON value"),
        (lambda content: change(content, "intercept", "high"), "intercept"),
        (lambda content: change(content, "threshold", 1.5), "threshold"),
        (lambda content: change(content, "features", content["features"][1:]), "features must be strength"),
        (lambda content: change(content, "bonus", 1), "bonus"),
    ],
)
def test_a_damaged_or_foreign_file_is_refused_by_one_line(written, spoil, message):
    path, _ = written
    path.write_text(spoil(json.loads(path.read_text())))
    with pytest.raises(InputError, match=message) as refused:
        read_calibrator(path)
    assert len(refused.value.problems) == 1 and "\n" not in str(refused.value)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"none\.json: cannot be read"):
        read_calibrator(tmp_path / "none.json")
