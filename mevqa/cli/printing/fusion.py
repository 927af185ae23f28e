"""Output of ``mevqa physiology fuse``: how well video, signals and both decide events, as a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mevqa.api.videos.physiology import Fused

_ROWS = {
    "video": "video alone",
    "signals": "signals alone",
    "late": "both, late fusion",
    "features": "both, feature-level fusion",
}
_HEADINGS = {
    "accuracy": "accuracy",
    "uf1": "UF1",
    "uar": "UAR",
    "average_precision": "average precision",
    "brier": "Brier score (less is better)",
    "log_loss": "log loss (less is better)",
}


def print_fused(fused: Fused, out: Path, way: str) -> None:
    """Print how well each way does, and what was written."""
    from mevqa.table_writer import Table, as_text

    keys = list(fused.scores["video"])
    rows = tuple((text, *(f"{fused.scores[name][key]:.3f}" for key in keys)) for name, text in _ROWS.items())
    examples = fused.table.examples
    coded = int((examples.truth >= 0).sum())
    what = "expressions of known class" if fused.task == "recognise" else "detections"
    switches = f"{coded} {what}, {len(set(examples.subjects))} subjects, leave-one-subject-out"
    title = "Recognition" if fused.task == "recognise" else "Spotting"
    print(as_text(Table(title, ("", *(_HEADINGS[key] for key in keys)), rows, switches)))
    table = fused.table
    print(f"{table.detected} of {table.coded} coded events are among the {len(examples)} events that are decided")
    print(f"{out}: {_ROWS[way]}")
