"""Pooled events of leave-one-subject-out training of spotters, and their scores."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from mevqa.data.events.write import SPOTTED_COLUMNS
from mevqa.errors import InputError
from mevqa.training.spotters.loso import pool_events, score_pooled

HEADER = "subject,video,onset,apex,offset,kind\n"
LABELS = HEADER + "1,a,10,15,20,micro\n1,a,50,70,90,macro\n2,b,10,15,20,micro\n2,b,50,70,90,macro\n"


@pytest.mark.parametrize("kind", ["micro", "macro"])
def test_events_of_a_kind_that_is_not_learned_are_no_misses(tmp_path, kind):
    (tmp_path / "labels.csv").write_text(LABELS)
    rows = [line for line in LABELS.splitlines(keepends=True) if line.endswith(f"{kind}\n")]
    (tmp_path / "events.csv").write_text(HEADER + "".join(rows))
    recipe, annotated = SimpleNamespace(kinds=(kind,)), SimpleNamespace(source=tmp_path / "labels.csv")
    assert score_pooled(recipe, annotated, tmp_path / "events.csv").metrics["spotting.overall.f1"] == 1.0


@pytest.mark.parametrize("content", [",".join(SPOTTED_COLUMNS).encode() + b"\nv\xe9", b"\xff\xfe", b"video\n", b""])
def test_a_damaged_table_of_a_fold_is_one_line(tmp_path, content):
    table = tmp_path / "events.csv"
    table.write_bytes(content)
    with pytest.raises(InputError, match="is not the table of events of a fold"):
        pool_events({"s1": table}, tmp_path)
