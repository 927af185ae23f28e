"""Results of a suite: one table over all models, with published numbers, and the files of it."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mevqa.files.inputs import read_file
from mevqa.files.system_errors import reading
from mevqa.files.whole import make_folder, write_whole
from mevqa.safe_text import PathShortener, portable
from mevqa.scoring.catalogue import main_numbers
from mevqa.scoring.result import ScoreResult
from mevqa.scoring.tables import interval_line, number, plain_number
from mevqa.suites.published import published
from mevqa.suites.suite import Suite
from mevqa.table_writer import Table, as_markdown

#: How the names of question files end, which are read from a folder.
_QUESTIONS = ".jsonl"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Answers or detections of one model, and their scores.

    Attributes:
        name: Name of the model, and of the part where parts are scored each by itself.
        path: Its run folder, or its detections.
        answered: Questions with an answer; None for events.
        asked: Questions; None for events.
        result: Its scores; None without references or after a failure.
        error: Why it failed.
        lacking: Note about clips that other processes have yet to answer; then ``answered`` and ``asked`` are of this
            process's part.
    """

    name: str
    path: Path
    answered: int | None = None
    asked: int | None = None
    result: ScoreResult | None = None
    error: str | None = None
    lacking: str | None = None

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return self.error is None and self.answered == self.asked

    @property
    def status(self) -> str:
        """One word, or how many questions were answered."""
        if self.error is not None:
            return "failed"
        return "done" if self.answered is None else f"{self.answered}/{self.asked}"


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """Models that were compared on a suite.

    Attributes:
        suite: The suite.
        out: Folder of the runs and of the comparison.
        outcomes: One a model; of events one a model and part.
    """

    suite: Suite
    out: Path
    outcomes: tuple[Outcome, ...]

    @property
    def complete(self) -> bool:
        """Whether no model failed or left a question without an answer."""
        return all(outcome.complete for outcome in self.outcomes)

    @property
    def whole(self) -> bool:
        """Whether no other process has yet to answer a part."""
        return all(outcome.lacking is None for outcome in self.outcomes)

    @property
    def runs(self) -> list[Path]:
        """The run folders, for a report."""
        return [outcome.path for outcome in self.outcomes if (outcome.path / "manifest.json").is_file()]

    @property
    def notes(self) -> list[str]:
        """Of each group of published numbers, on which clips it was measured and where it stands."""
        groups = published()
        return [
            f"{name}: {groups[name].title}; {groups[name].clips}. Source: {groups[name].source}."
            for name in self.suite.groups
        ]

    def table(self, *, intervals: bool = True) -> Table:
        """Return one row a model and, below, one row a published system.

        Args:
            intervals: Whether numbers have their intervals, which makes the table wide.
        """
        as_cell = number if intervals else plain_number
        main = main_numbers("spotters" if self.suite.task == "spotting" else "suites")
        results = [outcome.result for outcome in self.outcomes if outcome.result is not None]
        keys = [key for key in main if any(key in result.metrics for result in results)]
        rows = [
            (
                outcome.name,
                outcome.status,
                *("" if outcome.result is None else as_cell(outcome.result, key) for key in keys),
            )
            for outcome in self.outcomes
        ]
        for name in () if self.suite.task == "spotting" else self.suite.groups:
            for row in published()[name].rows:
                if any(key in row.metrics for key in keys):
                    cells = (f"{row.metrics[key]:.3f}" if key in row.metrics else "" for key in keys)
                    rows.append((f"{row.system} [{name}]", "published", *cells))
        title = f"{self.suite.title} (preset {self.suite.preset})"
        if self.suite.task == "spotting":
            return Table(title, ("system", "status", *(main[key].name for key in keys)), tuple(rows))
        return Table(title, ("model", "answers", *(main[key].name for key in keys)), tuple(rows))

    @property
    def published_tables(self) -> list[Table]:
        """Published numbers of spotters, a table a group: other videos, other protocols, never beside ours."""
        if self.suite.task != "spotting":
            return []
        main = main_numbers("spotters")
        tables = []
        for group in (published()[name] for name in self.suite.groups):
            keys = [key for key in main if any(key in row.metrics for row in group.rows)]
            rows = [
                (row.system, *(f"{row.metrics[key]:.3f}" if key in row.metrics else "" for key in keys), row.note or "")
                for row in group.rows
            ]
            columns = ("system", *(main[key].name for key in keys), "note")
            tables.append(Table(f"published, not comparable: {group.title}", columns, tuple(rows)))
        return tables

    def write(self) -> None:
        """Write ``comparison.md`` and ``comparison.json`` into the folder.

        Raises:
            InputError: The folder cannot be written.
        """
        lines = [interval_line(outcome.result) for outcome in self.outcomes if outcome.result is not None][:1]
        make_folder(self.out)
        tables = [self.table(), *self.published_tables]
        write_whole(self.out / "comparison.md", as_markdown(tables, [*lines, *self.notes]))
        content = {outcome.name: _as_json(outcome) for outcome in self.outcomes}
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        write_whole(self.out / "comparison.json", text)


def _as_json(outcome: Outcome) -> dict[str, object]:
    return {
        "path": portable(str(outcome.path)),
        "status": outcome.status,
        **({"error": PathShortener([outcome.path])(outcome.error)} if outcome.error is not None else {}),
        **({"scores": outcome.result.as_dict()} if outcome.result is not None else {}),
    }


def gather_references(paths: Sequence[Path], out: Path) -> Path:
    """Copy the reference files into one folder, the form in which several of them are scored together.

    Question files that an earlier call left there and that are no longer references are removed: the whole folder is
    scored.

    Args:
        paths: The files; one that is named twice is copied once.
        out: The folder of the suite's results; theirs is ``references`` in it.

    Raises:
        InputError: A file cannot be read, or the folder cannot be written.
    """
    folder = out / "references"
    make_folder(folder)
    copies = _copy_names(list({path.resolve(): path for path in paths}.values()))
    for path, name in copies.items():
        with reading(path):
            content = read_file(path)
        write_whole(folder / name, content)
    for old in folder.glob(f"*{_QUESTIONS}"):
        if old.name not in copies.values():
            old.unlink(missing_ok=True)
    return folder


def _copy_names(paths: Sequence[Path]) -> dict[Path, str]:
    """Return the name of each file's copy: its own; of files of one name with that of their folder behind it.

    The begin of the name stays, as that of an official file tells its task and data set.
    """
    counts = Counter(path.stem.lower() for path in paths)
    names: dict[Path, str] = {}
    used: set[str] = set()
    for path in paths:
        stem = path.stem if counts[path.stem.lower()] == 1 else f"{path.stem}--{path.parent.name}"
        numbered = (f"{stem}-{number}" for number in itertools.count(2))
        name = next(name for name in itertools.chain([stem], numbered) if name.lower() not in used)
        used.add(name.lower())
        names[path] = f"{name}{_QUESTIONS}"
    return names
