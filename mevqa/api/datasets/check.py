"""The check of everything that a run would read, as ``mevqa check`` does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mevqa.api.paths import AnyPath, optional_path
from mevqa.data.check import Report
from mevqa.data.check import check as check_files
from mevqa.data.media import ready_pictures
from mevqa.datasets.label_layout import FolderNumbers
from mevqa.errors import InputError, Problem, errors_name_parameters


@errors_name_parameters
def check(
    questions: AnyPath,
    *,
    media: AnyPath | None = None,
    annotations: AnyPath | None = None,
    precomputed: Mapping[str, AnyPath] | Sequence[str] = (),
    numbers: FolderNumbers | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Report:
    """Check a question file, its media and its annotations together; every problem is in the report, none is raised.

    Args:
        questions: The question file.
        media: Folder of the clips; None where ready-made pictures are all there is.
        annotations: Our CSV or an official label file.
        precomputed: Folder of ready-made pictures by view name, or ``VIEW=DIR`` items.
        numbers: How the frames of folders were numbered, where a data set's label file tells numbers.
        progress: Called after each clip with clips done and clips in all.

    Raises:
        InputError: Without media, folders of ready-made pictures that do not exist.
    """
    folders: dict[str, Path] = {}
    bad_pictures: tuple[Problem, ...] = ()
    try:
        folders = ready_pictures(precomputed)
    except InputError as error:
        if media is None:
            raise
        bad_pictures = error.problems
    report = check_files(
        Path(questions), optional_path(media), optional_path(annotations), folders, progress, numbers=numbers or "names"
    )
    return replace(report, problems=(*report.problems, *bad_pictures))
