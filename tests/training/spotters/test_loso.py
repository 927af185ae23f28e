"""Scores of the pooled events of leave-one-subject-out training of spotters."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from mevqa.training.spotters.loso import score_pooled

HEADER = "subject,video,onset,apex,offset,kind\n"
LABELS = HEADER + "1,a,10,15,20,micro\n1,a,50,70,90,macro\n2,b,10,15,20,micro\n2,b,50,70,90,macro\n"


@pytest.mark.parametrize("kind", ["micro", "macro"])
def test_events_of_a_kind_that_is_not_learned_are_no_misses(tmp_path, kind):
    (tmp_path / "labels.csv").write_text(LABELS)
    rows = [line for line in LABELS.splitlines(keepends=True) if line.endswith(f"{kind}\n")]
    (tmp_path / "events.csv").write_text(HEADER + "".join(rows))
    recipe, annotated = SimpleNamespace(kinds=(kind,)), SimpleNamespace(source=tmp_path / "labels.csv")
    assert score_pooled(recipe, annotated, tmp_path / "events.csv").metrics["spotting.overall.f1"] == 1.0
