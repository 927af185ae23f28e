"""Clips of a run that show subjects whom the model was trained on: their answers say nothing of other people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mevqa.types import Question

#: Key of a manifest: ids of such clips.
TRAINED_ON = "trained_on"


def trained_on_warning(manifest: Mapping[str, Any], questions: Iterable[Question]) -> str | None:
    """Warn of clips that show subjects whom the model was trained on; None where none does, as far as is known.

    Args:
        manifest: Of the run.
        questions: Of the run.
    """
    clips = {question.clip_id for question in questions}
    # Without the clips that --limit leaves out.
    clips &= set(manifest.get("decides", {}).get("media") or clips)
    trained = clips & set(manifest.get(TRAINED_ON, ()))
    if not trained:
        return None
    they = "shows a subject" if len(trained) == 1 else "show subjects"
    return (
        f"{len(trained)} of {len(clips)} clips {they} that the model was trained on: scores say nothing of other people"
    )
