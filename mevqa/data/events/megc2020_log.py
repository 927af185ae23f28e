"""The log file of MEGC 2020: reference and detection side by side, both sides of a score in one file.

    1
    006_1     563     640     555     652     TP
    006_1     -       -       1201    1290    FP

A lone number begins the next data set. Detections of micro- and of macro-expressions were matched by themselves, but no
column tells them apart; their lengths do, since each detector had its own (``Megc2020Log``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from mevqa.data.events.rows import MACRO, MICRO
from mevqa.datasets import datasets
from mevqa.files.tables.headers import LabelRow

Role = Literal["reference", "predictions"]

_ROW = re.compile(r"(\S+)\s+(-|-?\d+)\s+(-|-?\d+)\s+(-|-?\d+)\s+(-|-?\d+)\s+(TP|FP|FN)")
_FIELDS = frozenset({"video", "onset", "offset", "dataset", "kind"})


def read_log(lines: Sequence[str], role: Role) -> tuple[list[LabelRow], frozenset[str], list[str]] | None:
    """Return one side of a log as rows, fields and notes; None when the text is no such log.

    An interval that stands in several rows is one event. Rows of another form are kept, so that they are reported.

    Args:
        lines: The text.
        role: Which side.
    """
    if not any(_ROW.fullmatch(line.strip()) for line in lines[:3]):
        return None
    first = 2 if role == "reference" else 4
    rows: list[LabelRow] = []
    seen: set[tuple[str, ...]] = set()
    for number, line in enumerate(lines, 1):
        match = _ROW.fullmatch(line.strip())
        if match is None:
            if line.strip() and not line.strip().isdigit():
                rows.append(LabelRow(number, {"video": line.split()[0], "onset": line.strip(), "offset": ""}))
            continue
        onset, offset = ("" if match[column] == "-" else match[column] for column in (first, first + 1))
        cells = {"video": match[1], "onset": onset, "offset": offset, **_derived(match, first)}
        key = (match[1], onset, offset, cells.get("kind", ""))
        if key not in seen:
            seen.add(key)
            rows.append(LabelRow(number, cells))
    return rows, _FIELDS, ["log file of MEGC 2020: every interval counts once, kinds are told by the lengths"]


def _derived(row: re.Match[str], first: int) -> dict[str, str]:
    """Return the data set and the kind of one side of a row: a match has the kind of its detection."""
    for definition in datasets():
        log = definition.megc2020_log
        if log is not None and re.fullmatch(log.pattern, row[1]):
            column = 4 if row[6] == "TP" else first
            return {"dataset": definition.name, "kind": _kind(row[column], row[column + 1], log.micro_frames)}
    return {}


def _kind(onset: str, offset: str, micro_frames: int) -> str:
    if "-" in (onset, offset):
        return ""
    return MICRO if int(offset) - int(onset) + 1 <= micro_frames else MACRO
