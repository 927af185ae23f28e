"""Settings of the page: its clips, models, address and limits."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mevqa.errors import InputError, MevqaError, Problem
from mevqa.models.registry import check_name

LAST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds for one browser.

    Attributes:
        megabytes: Largest file that is taken.
        seconds: Longest video, seconds.
        questions: Most questions at once.
        characters: Longest question.
        jobs: Pieces of work that one browser may start in a minute.
        sessions: Open pages with a video at one time.
    """

    megabytes: float = 500.0
    seconds: float = 600.0
    questions: int = 30
    characters: int = 500
    jobs: int = 30
    sessions: int = 50


@dataclass(frozen=True, slots=True)
class AppSettings:
    """Settings with which the page is started.

    Attributes:
        start: A run, a video, a folder of videos or a question file; None: the page begins with an upload.
        media: Folder of the videos of a question file or a run.
        annotations: Label file of these videos.
        model: Name of the model.
        adapter: Its adapter.
        compare: Name of a second model, asked beside the first.
        compare_adapter: Adapter of the second model; without ``compare``, of the first one asked once more.
        device: Device of the models.
        dtype: Number type of the models.
        dataset: Data set whose classes are the options at the start.
        host: Address that is listened on.
        port: Its port; 0: any that is free.
        password: Password of the page; None: it has none.
        saved: Table to which annotations are saved and from which those of opened clips are read; None: they can
            only be downloaded.
        keep: Folder in which the files of ended sessions are kept; None: they are removed.
        limits: Bounds for one browser.
    """

    start: Path | None = None
    media: Path | None = None
    annotations: Path | None = None
    model: str = "nano"
    adapter: str | None = None
    compare: str | None = None
    compare_adapter: str | None = None
    device: str = "auto"
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    dataset: str = "unknown"
    host: str = "127.0.0.1"
    port: int = 7860
    password: str | None = None
    saved: Path | None = None
    keep: Path | None = None
    limits: Limits = field(default_factory=Limits)

    @property
    def local(self) -> bool:
        """Whether only this machine can reach the page."""
        return is_loopback(self.host)

    @property
    def second_model(self) -> tuple[str, str | None] | None:
        """Name and adapter of the model that is asked beside the first; None: there is none."""
        if self.compare is None and self.compare_adapter is None:
            return None
        return self.compare or self.model, self.compare_adapter

    def check(self) -> None:
        """Check the settings, without loading a model.

        Raises:
            InputError: Every problem of the settings.
        """
        problems = []
        if not 0 <= self.port <= LAST_PORT:
            problems.append(Problem("--port", f"is a number from 0 to {LAST_PORT}, not {self.port}"))
        problems += self._second_problems()
        if not self.local and not self.password:
            message = f"{self.host} can be reached from other machines: give --password-file, or set MEVQA_APP_PASSWORD"
            problems.append(Problem("--host", message))
        if self.start is not None and not self.start.exists():
            problems.append(Problem(self.start, "there is no such file or folder"))
        if self.media is not None and not self.media.is_dir():
            problems.append(Problem("--media", f"{self.media} is not a folder"))
        if self.keep is not None and self.keep.exists() and not self.keep.is_dir():
            problems.append(Problem("--keep", f"{self.keep} is a file, not a folder"))
        if self.saved is not None and self.saved.suffix.lower() != ".csv":
            problems.append(Problem("--save-annotations", f"{self.saved}: give a name that ends in .csv"))
        elif self.saved is not None:
            problems += _table_problems(self.saved)
        problems += self._model_problems()
        if problems:
            raise InputError(problems)

    def _second_problems(self) -> Iterable[Problem]:
        """Return the problem of a second model that is the first one: nothing would stand beside its answers."""
        second = self.second_model
        if second is None or _located(*second) != _located(self.model, self.adapter):
            return
        if self.compare is not None:
            yield Problem("--compare", f"{self.compare} is the model that is asked already: name another")
        else:
            message = f"{self.compare_adapter} is the adapter of the model that is asked already: name another"
            yield Problem("--compare-adapter", message)

    def _model_problems(self) -> Iterable[Problem]:
        """Return the problems of the names of the models and their adapters."""
        models = [("--model", self.model, "--adapter", self.adapter)]
        if self.second_model is not None:
            models.append(("--compare", self.second_model[0], "--compare-adapter", self.second_model[1]))
        for option, model, adapter_option, adapter in models:
            try:
                check_name(model)
            except MevqaError as error:
                if option == "--model" or self.compare is not None:
                    yield Problem(option, str(error))
                continue
            try:
                check_name(model, adapter)
            except MevqaError as error:
                yield Problem(adapter_option, str(error))


def _located(*names: str | None) -> tuple[Path | str | None, ...]:
    """Return names of models and adapters, folders as they are however they are spelled (``out``, ``./out/``)."""
    return tuple(Path(name).resolve() if name and Path(name).exists() else name for name in names)


def _table_problems(table: Path) -> Iterable[Problem]:
    """Return the problems of a table to which annotations shall be saved."""
    from mevqa.data.annotate import read_table

    try:
        read_table(table)
    except InputError as error:
        return error.problems
    return ()


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this machine's own."""
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
