import json

import pytest

from mevqa.scoring.result import ScoreResult


def test_the_json_holds_the_flat_keys():
    part = ScoreResult({"coarse.uf1": 0.5})
    result = ScoreResult({"coarse.uf1": 0.5}, {"coarse.uf1": (0.4, 0.6)}, groups={"dataset": {"samm": part}})
    content = json.loads(result.to_json())
    assert content["metrics"] == {"coarse.uf1": 0.5}
    assert content["intervals"] == {"coarse.uf1": [0.4, 0.6]}
    assert content["groups"]["dataset"]["samm"]["metrics"] == {"coarse.uf1": 0.5}


def test_what_is_no_number_is_refused():
    with pytest.raises(ValueError, match="not finite: a"):
        ScoreResult({"a": float("nan")})
    with pytest.raises(ValueError, match="intervals without a metric: b"):
        ScoreResult({"a": 1.0}, {"b": (0.0, 1.0)})
