"""A prepared benchmark: the pictures that a model sees of every clip, drawn once and kept as a ``datasets.Dataset``.

A row is a clip with its questions: all questions about a clip are asked together behind the same pictures, which would
otherwise be stored once a question. A clip that is asked about both as a short clip and as a long video has two rows.
Beside the rows stand ``prepared.json`` (the clips, and everything that decided the pictures) and copies of the question
files, so that the folder is answered and scored without the media.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mevqa.errors import InputError, Problem
from mevqa.files.json_file import read_json_object
from mevqa.files.strict_yaml import StrictModel, YamlFile, validate
from mevqa.inference.drawing.rows import views_of
from mevqa.inference.view_config import ViewConfig, ViewOptions
from mevqa.types import Clip, View
from mevqa.video.views.render import ClipViews

if TYPE_CHECKING:
    import datasets

#: Name of the record in a prepared folder, and of the folder of its question files.
RECORD = "prepared.json"
QUESTIONS = "questions"


class PreparedClip(StrictModel):
    """A clip of a prepared benchmark, as ``Clip`` has it."""

    dataset: str
    subject: str | None
    media: str | None
    fps: float | None
    warnings: tuple[str, ...]


class PreparedRecord(StrictModel):
    """Content of ``prepared.json``.

    Attributes:
        decides: Everything that decided the pictures, as in the manifest of a run.
        sources: Where the clips come from.
        files: Names of the question files, in order.
        clips: By clip id.
    """

    format: int
    decides: dict[str, Any]
    sources: list[dict[str, Any]]
    files: list[str]
    clips: dict[str, PreparedClip]


class Prepared:
    """A prepared benchmark, open for reading.

    Args:
        path: Its folder.

    Raises:
        InputError: It is none, or its record is broken.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        content = read_json_object(path / RECORD, "; prepare it again into a new folder")
        self.record = validate(content, PreparedRecord, [YamlFile(path / RECORD, None, content)])

    @property
    def files(self) -> list[Path]:
        """Its question files."""
        return [self.path / QUESTIONS / name for name in self.record.files]

    @cached_property
    def clips(self) -> dict[str, Clip]:
        """Its clips by id; their media need not be there any more."""
        return {
            name: Clip(name, clip.dataset, clip.subject, Path(clip.media) if clip.media else None, clip.fps)
            for name, clip in self.record.clips.items()
        }

    @cached_property
    def rows(self) -> datasets.Dataset:
        """A row for each clip and way of asking about it.

        Raises:
            InputError: The rows are gone or broken.
        """
        import datasets

        try:
            return datasets.load_from_disk(str(self.path))
        except Exception as error:  # noqa: BLE001 - of pyarrow, datasets and the system: many kinds
            reason = " ".join(str(error).split())[:200]
            message = f"holds no rows that can be read ({reason}); prepare it again"
            raise InputError([Problem(self.path, message)]) from error

    @cached_property
    def _row_indices(self) -> dict[tuple[str, bool], int]:
        keys = zip(self.rows["clip_id"], self.rows["long_video"], strict=True)
        return {key: index for index, key in enumerate(keys)}

    def has(self, clip_id: str) -> bool:
        """Return whether there is a row about a clip.

        Raises:
            InputError: The rows are gone or broken.
        """
        return (clip_id, False) in self._row_indices or (clip_id, True) in self._row_indices

    def render(self, clip: Clip, *, long_video: bool) -> ClipViews:
        """Return the views of a clip.

        Args:
            clip: The clip.
            long_video: Whether it is asked about as a long video.
        """
        row: Mapping[str, Any] = self.rows[self._row_indices[clip.id, long_video]]
        views = [
            View(view["name"], view["image"].convert("RGB"), view["caption"], tuple(view["frames"]))
            for view in row["views"]
        ]
        return views_of(row, views)

    def view_config(self, options: ViewOptions) -> ViewConfig:
        """Return how its clips were looked at, with what the user chooses about the events of long videos.

        Raises:
            InputError: Everything that the user chooses otherwise than it was prepared.
        """
        spotter, problems = options.check()
        prepared_values: dict[str, Any] = dict(self.record.decides["looking"])
        defaults = ViewOptions()
        for name in ("views", "sampler", "frames", "stride", "face"):
            chosen: Any = getattr(options, name)
            if chosen == getattr(defaults, name):
                continue
            chosen = list(options.names() or ()) if name == "views" else chosen
            if chosen != prepared_values[name]:
                message = f"{self.path} was prepared with {_text(prepared_values[name])}, not {_text(chosen)}"
                problems.append(Problem(f"--{name}", f"{message}: leave it out, or prepare another folder"))
        if problems:
            raise InputError(problems)
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in prepared_values.items()
        }
        return replace(ViewConfig(**values), lvqa=options.lvqa, rule=options.rule, spotter=spotter)


def is_prepared(path: Path) -> bool:
    """Return whether a path is the folder of a prepared benchmark."""
    return (path / RECORD).is_file()


def _text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)
