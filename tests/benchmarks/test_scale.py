import pytest

from mevqa.benchmarks.scale import measure_scale


@pytest.mark.slow
def test_every_command_of_the_scale_benchmark_ends_well(tmp_path):
    costs = list(measure_scale(tmp_path, 20))
    assert [cost.command for cost in costs if cost.code] == []
    assert all(cost.seconds > 0 and cost.peak_mb > 1 for cost in costs)
    assert [cost.command for cost in costs if cost.largest_page_mb] == ["report"]
    assert len((tmp_path / "run" / "answers.jsonl").read_text().splitlines()) == 20
