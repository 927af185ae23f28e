"""An adapter and its base model made one model, as ``mevqa merge`` does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from mevqa.api.paths import AnyPath, optional_path, path_list
from mevqa.data.media import ready_pictures
from mevqa.datasets.label_layout import FolderNumbers
from mevqa.errors import MevqaError, errors_name_parameters
from mevqa.inference.evaluation import plan
from mevqa.training.adapters.merge import Merged, merge_adapter


@errors_name_parameters
def merge(
    adapter: AnyPath,
    out: AnyPath,
    *,
    model: str | None = None,
    revision: str | None = None,
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto",
    tolerance: float | None = None,
    device: str = "auto",
    trust_remote_code: bool = False,
    questions: AnyPath | Sequence[AnyPath] | None = None,
    media: AnyPath | None = None,
    annotations: AnyPath | None = None,
    precomputed: Mapping[str, AnyPath] | Sequence[str] = (),
    numbers: FolderNumbers | None = None,
    sample: int = 4,
    on_step: Callable[[str, str], None] = lambda step, place: None,
) -> Merged:
    """Write an adapter and its base as one model, if it answers a sample of questions as the two do.

    Args:
        adapter: Folder or hub name of a PEFT adapter.
        out: Folder of the merged model, new or empty.
        model: The base model; None: the one that the adapter names.
        revision: Commit, tag or branch of a base on the hub.
        dtype: Precision of what is written; ``auto``: that in which the base is stored.
        tolerance: Largest difference of log-probabilities, nats; None: 0.001 for float32, 0.05 for float16, 0.25 for
            bfloat16.
        device: Where the sample is answered.
        trust_remote_code: Whether Python code that comes with the base may run.
        questions: Question files whose first clips are the sample; None: official questions about synthetic clips.
        media: Folder of their clips.
        annotations: Onset, apex and offset: our CSV, or a data set's label file.
        precomputed: Folders of ready-made pictures by view name.
        numbers: How the frames of folders were numbered, as for ``evaluate``.
        sample: Number of clips in the sample.
        on_step: Called with what is done next, and where in it, a few words each.

    Raises:
        InputError: Everything that is wrong with the sample's files; the folder to write is taken.
        ModelError: There is no such adapter, it does not fit its base or cannot be merged, or the merged model answers
            otherwise; nothing is written.
    """
    work = None
    if questions is not None:
        work = plan(
            path_list(questions),
            optional_path(media),
            annotations=optional_path(annotations),
            pictures=ready_pictures(precomputed),
            limit=sample,
            numbers=numbers or "names",
        )
    elif media is not None or annotations is not None or precomputed or numbers is not None:
        message = "--media, --annotations, --precomputed and --numbers go with --questions: name a question file"
        raise MevqaError(message)
    return merge_adapter(
        str(adapter),
        Path(out),
        base=model,
        revision=revision,
        dtype=dtype,
        tolerance=tolerance,
        device=device,
        trust_remote_code=trust_remote_code,
        work=work,
        sample=sample,
        on_step=on_step,
    )
