"""Score tables of detected events."""

from __future__ import annotations

from collections.abc import Mapping

from mevqa.scoring.result import ScoreResult
from mevqa.scoring.tables import Table, number, plain_number, switches_of

_KINDS = ("overall", "micro", "macro")
#: What decides the matches, and what decides the classes.
_SPOTTING = (
    "preset",
    "videos",
    "evaluate",
    "filter",
    "iou",
    "threshold",
    "matching",
    "kinds",
    "micro_frames",
    "dummy",
    "prediction_frame_base",
    "reference_frame_base",
    "fractions",
    "negative_frames",
    "score_above",
    "most_per_video",
    "selection",
    "split_subjects",
)
_RECOGNITION = ("preset", "classes", "class_set", "matching", "iou")
_ERRORS = {
    "spotting.onset_mae_ms": "onset error, ms",
    "spotting.offset_mae_ms": "offset error, ms",
    "spotting.boundary_mae_ms": "boundary error, ms",
    "spotting.apex_mae_ms": "apex error, ms",
    "spotting.apex_inside": "apexes inside their reference",
}
_RECOGNISED = {
    "recognition.f1": "F1_R",
    "recognition.precision": "mean precision",
    "recognition.recall": "mean recall",
    "recognition.uf1": "UF1",
    "recognition.uar": "UAR",
    "recognition.accuracy": "accuracy",
    "strs": "STRS",
}


def event_tables(result: ScoreResult) -> list[Table]:
    """Return the tables of a result, those without rows left out."""
    tables = [_spotted(result), _swept(result)]
    for title, names, switches in (
        ("where matched detections lie", _ERRORS, _SPOTTING[:1] + _SPOTTING[4:7]),
        ("recognition on true positives", _RECOGNISED, _RECOGNITION),
    ):
        rows = tuple((name, number(result, key)) for key, name in names.items() if key in result.metrics)
        tables.append(Table(title, ("measure", "value"), rows, switches_of(result, switches)))
    return [table for table in tables if table.rows]


def event_group_table(by: str, groups: Mapping[str, ScoreResult]) -> Table:
    """Return one row a part with its main numbers."""
    main = {f"spotting.{kind}.f1": f"{kind} F1" for kind in _KINDS} | {"recognition.f1": "F1_R", "strs": "STRS"}
    rows = tuple(
        (name, str(part.counts["videos"]), *(plain_number(part, key) for key in main)) for name, part in groups.items()
    )
    return Table(f"by {by}", (by, "videos", *main.values()), rows)


def _spotted(result: ScoreResult) -> Table:
    columns = ("kind", "references", "detections", "true positives", "precision", "recall", "F1")
    rows = tuple(
        (
            kind,
            *(str(result.counts[f"spotting.{kind}.{what}"]) for what in ("references", "detections", "true_positives")),
            *(number(result, f"spotting.{kind}.{metric}") for metric in ("precision", "recall", "f1")),
        )
        for kind in _KINDS
        if f"spotting.{kind}.f1" in result.metrics
    )
    return Table("spotting", columns, rows, switches_of(result, _SPOTTING))


def _swept(result: ScoreResult) -> Table:
    """Return F1 by least IoU."""
    steps = sorted({key.split("@")[1] for key in result.metrics if key.startswith("spotting.") and "@" in key})
    present = [kind for kind in _KINDS if any(f"spotting.{kind}.f1@{step}" in result.metrics for step in steps)]
    rows = tuple((step, *(number(result, f"spotting.{kind}.f1@{step}") for kind in present)) for step in steps)
    switches = switches_of(result, ("preset", "videos", "iou", "matching"))
    return Table("F1 at other least IoUs", ("IoU", *present), rows, switches)
