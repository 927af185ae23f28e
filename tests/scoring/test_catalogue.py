import pytest

from mevqa.errors import InputError
from mevqa.files.strict_yaml import read_yaml
from mevqa.resources import TABLES
from mevqa.scoring.catalogue import Catalogue, catalogue, known_metrics, lower_is_better, main_numbers, metric

SHIPPED = TABLES / "scoring" / "metrics.yaml"


def test_every_number_of_a_table_is_a_metric():
    known = known_metrics().keys() | known_metrics(events=True).keys()
    for table in (*catalogue().tables, catalogue().short):
        for suffix in table.metrics:
            assert any(f"{name}.{suffix}" in known for name in table.rows or table.columns), (table.title, suffix)


def test_a_heading_names_the_member_of_its_family():
    assert metric("spotting.apex_mae_ms").heading == "apex error, ms"
    assert metric("spotting.micro.f1@0.30").heading == "0.30"


def test_errors_are_better_when_they_are_smaller():
    assert lower_is_better("count_micro.mae") and lower_is_better("coarse.ece") and not lower_is_better("coarse.uf1")
    assert all(metric(key).better for view in ("parts", "suites", "leaderboard") for key in main_numbers(view))


@pytest.mark.parametrize("key", ["coarse.uf2", "coarze.uf1"])
def test_a_main_number_that_no_metric_has_is_refused(tmp_path, key):
    path = tmp_path / "metrics.yaml"
    path.write_text(SHIPPED.read_text().replace("  coarse.uf1: {name", f"  {key}: {{name"))
    with pytest.raises(InputError, match=f"no metric has the key {key}"):
        read_yaml(path, Catalogue)
