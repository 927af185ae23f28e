"""Progress of each fold of a leave-one-out evaluation, read from its files alone: also while others train."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from mevqa.files.lock import folder_holder
from mevqa.training.adapters.artifact import read_manifest
from mevqa.training.splits import Fold
from mevqa.training.training_log import read_log

#: What the folder in which a fold trains is called: of models and recognisers, and of spotters.
_TRAINED = ("adapter", "weights")


@dataclass(frozen=True, slots=True)
class FoldState:
    """Progress of a fold.

    Attributes:
        fold: The fold.
        state: ``finished``, ``under way``, ``interrupted`` or ``waiting``.
        place: The last report: ``step 12 of 200, loss 1.23``, or ``trained``; empty where there was none.
    """

    fold: Fold
    state: str
    place: str = ""


def fold_states(folds: Sequence[Fold], finished: Collection[str], folder: Path) -> list[FoldState]:
    """Return the progress of each fold.

    Args:
        folds: Every fold.
        finished: Names of those that are finished.
        folder: The folder with a folder for each fold.
    """
    return [_state(fold, fold.name in finished, folder / fold.name) for fold in folds]


def _state(fold: Fold, finished: bool, folder: Path) -> FoldState:
    if finished:
        return FoldState(fold, "finished")
    is_held = folder_holder(folder) is not None
    trained = next((folder / name for name in _TRAINED if (folder / name).is_dir()), None)
    if not is_held and trained is None:
        return FoldState(fold, "waiting")
    return FoldState(fold, "under way" if is_held else "interrupted", "" if trained is None else _last_report(trained))


def _last_report(folder: Path) -> str:
    """Return the last report of a training, in words."""
    if read_manifest(folder).get("finished") is not None:
        return "trained"
    rows = read_log(folder)
    if not rows:
        return ""
    last = rows[-1]
    unit = "step" if "step" in last else "epoch"
    part = [f"{last['part']}: "] if "part" in last else []
    losses = [row["loss"] for row in rows if "loss" in row]
    loss = f", loss {losses[-1]:.4g}" if losses else ""
    return "".join([*part, f"{unit} {last.get(unit)} of {last.get(unit + 's')}", loss])
