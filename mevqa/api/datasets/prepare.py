"""A benchmark in its prepared form: clips with their pictures, questions and answers as a ``datasets.Dataset``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mevqa.api.paths import AnyPath, optional_path, path_list
from mevqa.data.media import ready_pictures
from mevqa.datasets.label_layout import FolderNumbers
from mevqa.engines import ENGINE_NAMES, find_engine
from mevqa.errors import errors_name_parameters
from mevqa.inference.drawing.cache import chosen_cache
from mevqa.inference.evaluation import plan
from mevqa.inference.preparing import prepare_plan
from mevqa.inference.view_config import ViewOptions
from mevqa.models.registry import own_preferences

if TYPE_CHECKING:
    import datasets


@errors_name_parameters
def prepare(
    questions: AnyPath | Sequence[AnyPath],
    *,
    out: AnyPath,
    media: AnyPath | None = None,
    annotations: AnyPath | None = None,
    precomputed: Mapping[str, AnyPath] | Sequence[str] = (),
    numbers: FolderNumbers = "names",
    views: ViewOptions | str | Sequence[str] | None = None,
    model: str = "nano",
    workers: int = 1,
    engine: str = ENGINE_NAMES[0],
    progress: Callable[[int, int], None] = lambda done, total: None,
    views_cache: AnyPath | None = None,
) -> datasets.Dataset:
    """Draw what a model sees of every clip, once, and keep it with the questions; called again, go on.

    ``evaluate`` answers the folder in place of question files and media. What is returned can be pushed to a hub
    (``push_to_hub``), or trained on by other tools; ``datasets.load_from_disk`` reads it back.

    Args:
        questions: One question file, or several.
        out: The folder; left as it is when it was prepared from the same inputs.
        media: Folder of the clips: videos or folders of frames.
        annotations: Onset, apex and offset: our CSV, or a data set's label file.
        precomputed: Folders of ready-made pictures by view name.
        numbers: Where a data set's label file tells frame numbers, how the frames of folders were numbered.
        views: What is drawn: names of views in order, or all choices; None: as the model prefers.
        model: The model whose preferences decide what is not chosen; it is not loaded.
        workers: Processes that draw; the result does not depend on their number.
        engine: Where they are: ``local``, or ``ray``, the cluster that ``RAY_ADDRESS`` names, which must see the media.
        progress: Called with rows done and rows in all.
        views_cache: Folder in which pictures are stored for other runs, as for ``evaluate``.

    Returns:
        A row for each clip: its pictures as ``Image``, its questions with options and answers, its key frames.

    Raises:
        InputError: Everything that is wrong with the files, or else every clip that cannot be drawn; the folder was
            prepared from other inputs.
        ModelError: There is no such model.
    """
    work = plan(
        path_list(questions),
        optional_path(media),
        annotations=optional_path(annotations),
        pictures=ready_pictures(precomputed),
        numbers=numbers,
    )
    chosen = views if isinstance(views, ViewOptions) else ViewOptions(views)
    view_config = chosen.for_model(own_preferences(model))
    cache = chosen_cache(optional_path(views_cache))
    drawing = find_engine(engine, workers) if engine != ENGINE_NAMES[0] else None
    prepared = prepare_plan(
        work, view_config, Path(out), workers=workers, engine=drawing, progress=progress, cache=cache
    )
    return prepared.rows
