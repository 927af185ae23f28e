"""The scan and the loops that it is timed beside."""

import json

import pytest

from mevqa.benchmarks import selective_scan as module
from mevqa.cli import main


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(module, "SHAPES", ((1, 9), (2, 3)))
    monkeypatch.setattr(module, "_CHANNELS", 4)
    monkeypatch.setattr(module, "_STATES", 3)
    times = module.measure_scan
    monkeypatch.setattr(module, "measure_scan", lambda: times(seconds=0.001))


def test_every_form_is_timed_at_every_shape_and_gives_the_same():
    times = module.measure_scan()
    assert [(timing.batch, timing.length, timing.form) for timing in times] == [
        (*shape, form) for shape in module.SHAPES for form in ("loop", "unbound loop", "scan")
    ]
    assert all(timing.error < 1e-6 and timing.forward_ms > 0 and timing.training_ms > 0 for timing in times)


def test_the_command_prints_a_table_or_json(capsys):
    assert main(["bench", "scan"]) == 0
    assert "unbound loop" in capsys.readouterr().out
    assert main(["bench", "scan", "--json", "-"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 6


def test_a_scan_that_is_not_exact_fails(monkeypatch, capsys):
    monkeypatch.setitem(module.FORMS, "scan", lambda *inputs: 1.001 * module.loop(*inputs))
    assert main(["bench", "scan"]) == 1
