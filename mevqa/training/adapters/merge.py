"""Merging an adapter into its base model, with a check that the merged model answers as the two did.

The base is loaded in float32 and never quantised, peft merges the adapter's layers into its weights in float32, and
the sums are rounded once, to the precision in which they are written. A sample of questions is answered in float32
arithmetic by the base with the adapter beside it, by the merged weights before they are rounded, and by what was
written, loaded again. The arithmetic is the same each time, so that what differs is the merging and the rounding alone.
"""

from __future__ import annotations

import gc
import json
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

from mevqa.errors import InputError, ModelError, Problem
from mevqa.files.whole import whole_folder
from mevqa.inference.evaluation import Plan
from mevqa.inference.fingerprint import package_versions
from mevqa.inference.view_config import ViewConfig
from mevqa.models.base import Model, ModelOptions
from mevqa.models.registry import load_model
from mevqa.models.transformers.adapters.load import wrap_with_adapter
from mevqa.models.transformers.model import TransformersModel
from mevqa.questions.prompts import PromptLibrary
from mevqa.safe_text import portable
from mevqa.training.adapters.adapter_source import AdapterSource, find_adapter, load_base
from mevqa.training.adapters.agreement import Scene, agreement, make_scenes, synthetic_sample
from mevqa.training.adapters.merged_weights import check_finite, merge_weights, round_weights, write_model
from mevqa.types import Reply
from mevqa.video.views.render import views_to_draw

#: Largest difference of log-probabilities, nats, that a merged model may show, by the precision of its weights.
#: Seventy adapters (LoRA, DoRA, rsLoRA) with random weights that move answers by 0.3 to 6 nats were merged into nano
#: and into tiny random models of eight architectures: the most was 0.00002 in float32, which is rounding inside the
#: sums, 0.034 in float16 and 0.19 in bfloat16, whose weights are rounded by up to one part in 2048 and in 256.
#: Before rounding, every precision is held to float32's: a wrong merge must not hide behind the rounding's tolerance.
TOLERANCES = {"float32": 1e-3, "float16": 0.05, "bfloat16": 0.25}
#: Packages that decide what is written.
_PACKAGES = ("mevqa", "torch", "transformers", "peft", "safetensors")


@dataclass(frozen=True, slots=True)
class Merged:
    """Result of a merge, with the largest difference of its answers; ``merge.json`` beside the weights says the same.

    Attributes:
        base: Name of the base model.
        base_revision: What identifies its weights.
        base_of_adapter: The base that the adapter names, with the revision that it was trained on where that is known.
        adapter: Name of the adapter.
        adapter_digest: Hash of its files.
        adapter_type: Its kind (``LORA``, ...).
        dtype: Precision of the weights.
        tolerance: Largest difference of log-probabilities that was allowed, nats.
        largest_difference: The largest that was found, nats.
        before_rounding: The largest of the merged weights in float32, nats.
        questions: Number of questions compared.
        clips: Number of clips that they were about.
        packages: Releases of the packages that wrote it.
    """

    base: str
    base_revision: str
    base_of_adapter: str
    adapter: str
    adapter_digest: str
    adapter_type: str
    dtype: str
    tolerance: float
    largest_difference: float
    before_rounding: float
    questions: int
    clips: int
    packages: dict[str, str]


def merge_adapter(
    adapter: str,
    out: Path,
    *,
    base: str | None = None,
    revision: str | None = None,
    dtype: str = "auto",
    tolerance: float | None = None,
    device: str = "auto",
    trust_remote_code: bool = False,
    work: Plan | None = None,
    sample: int = 4,
    on_step: Callable[[str, str], None] = lambda step, progress: None,
) -> Merged:
    """Merge an adapter into its base model and write the result, if it answers as the two did.

    Args:
        adapter: Folder or hub name of the adapter.
        out: The folder to write, new or empty.
        base: The base model; None: the one that the adapter names.
        revision: Commit, tag or branch of the base on the hub; None: the one that the adapter names, if it does.
        dtype: Precision of what is written, a key of ``TOLERANCES``; ``auto``: that in which the base is stored.
        tolerance: Largest difference of log-probabilities, nats; None: ``TOLERANCES`` of the precision.
        device: Where the sample is answered.
        trust_remote_code: Whether Python code that comes with the base may run.
        work: The questions to compare answers to; None: the official ones about ``sample`` synthetic clips.
        sample: Number of synthetic clips.
        on_step: Called with the step that begins, and how far it is, a few words each.

    Raises:
        InputError: The folder to write is taken or written by another process, or a file of the adapter is wrong.
        ModelError: There is no such adapter, it does not fit its base or cannot be merged, or the merged model answers
            otherwise; nothing is written.
    """
    source = find_adapter(adapter, base, revision)
    check_target(out, {"the adapter's": source.folder, "the base model's": source.base_folder})
    # Held from the start, so that a second process is refused before it loads the model.
    with whole_folder(out) as filling:
        on_step(f"loading {source.base} in float32", "")
        full = ModelOptions(dtype="float32", device=device, trust_remote_code=trust_remote_code, batch_size=16)
        model = load_base(source, full)
        if dtype == "auto":
            dtype = source.stored_dtype(tuple(TOLERANCES))
        allowed, exactly_allowed = (TOLERANCES[kind] if tolerance is None else tolerance for kind in (dtype, "float32"))
        base_revision = model.revision
        wrapped, digest = wrap_with_adapter(model.model, adapter)
        wrapped.eval()
        check_finite(model.model, f"the adapter {adapter} or its base {source.base}")
        with nullcontext(work) if work is not None else synthetic_sample(sample) as sample_plan:
            answers = _AdapterAnswers(_scenes(sample_plan, model, source), model, on_step)
        on_step("merging", "")
        merge_weights(wrapped, adapter)
        exact = None
        if dtype != "float32":
            what = "merging, before any rounding, changes the answers"
            exact, _ = answers.compare(model, "the merged weights", exactly_allowed, what)
        on_step(f"writing {dtype}", "")
        round_weights(model.model, dtype)
        write_model(filling, model.model, model.processor, source)
        del model, wrapped
        gc.collect()  # Modules and adapters point at each other; their memory is wanted for what was written.
        what = f"written in {dtype}, the model answers otherwise than the adapter"
        difference, count = answers.compare(load_model(str(filling), full), "the written model", allowed, what)
        merged = Merged(
            base=source.base,
            base_revision=base_revision,
            base_of_adapter=" ".join(filter(None, (source.config.get("base_model_name_or_path"), source.trained_on))),
            adapter=adapter,
            adapter_digest=digest,
            adapter_type=str(source.config.get("peft_type")),
            dtype=dtype,
            tolerance=allowed,
            largest_difference=difference,
            before_rounding=difference if exact is None else exact,
            questions=count,
            clips=answers.clips,
            packages=package_versions(_PACKAGES),
        )
        (filling / "merge.json").write_text(json.dumps(portable(asdict(merged)), indent=1) + "\n", encoding="utf-8")
    return merged


def check_target(target: Path, taken: Mapping[str, Path | None]) -> None:
    """Refuse to write into a folder that holds something.

    Args:
        target: The folder to make.
        taken: Folders that are read from, by whose they are.

    Raises:
        InputError: It is a file, one of them, or not empty.
    """
    whose = next((owner for owner, folder in taken.items() if folder and target.resolve() == folder.resolve()), None)
    if whose is not None:
        raise InputError([Problem(target, f"is {whose} own folder; name a new one for --out")])
    if target.exists() and not target.is_dir():
        raise InputError([Problem(target, "is a file; name a new folder for --out")])
    if target.is_dir() and any(target.iterdir()):
        raise InputError([Problem(target, "is not empty; name a new folder for --out")])


def _scenes(work: Plan, model: TransformersModel, source: AdapterSource) -> list[Scene]:
    """Return the pictures and questions for both models, in the views and words that the adapter prefers."""
    view_config = ViewConfig.preferred(model.preferences)
    for clip in work.clips.values():
        if clip.media is None and (views := views_to_draw(clip, view_config.views)):
            view_names = ", ".join(view_config.views)
            message = f"the adapter is asked with the views {view_names}, and the clip {clip.id} has no video"
            mend = f"give --media, or --precomputed pictures for {', '.join(views)}"
            raise InputError([Problem("--questions", f"{message}: {mend}")])
    prompts = source.folder / "prompts"
    library = PromptLibrary.load(prompts if prompts.is_dir() else None, model.preferences.variant)
    return make_scenes(work, library, view_config)


class _AdapterAnswers:
    """Reference answers: those of the base with the adapter beside it, with which merged models are compared.

    Args:
        scenes: What is asked.
        model: The base with the adapter.
        on_step: Called with the name of the model that is asked, and the clip.

    Attributes:
        clips: Number of clips that the questions are about.
    """

    def __init__(self, scenes: Sequence[Scene], model: Model, on_step: Callable[[str, str], None]) -> None:
        self._scenes = scenes
        self._on_step = on_step
        self._replies = self._ask(model, "the adapter")
        self.clips = len({scene.clip_id for scene in scenes})

    def compare(self, model: Model, whose: str, allowed: float, what: str) -> tuple[float, int]:
        """Return the largest difference of a model's answers, nats, and the number of questions compared.

        Args:
            model: The model.
            whose: Its name in the progress.
            allowed: Largest difference that it may show.
            what: Beginning of the message where it shows more.

        Raises:
            ModelError: It answers otherwise, or nothing can be compared.
        """
        difference, where, count = agreement(self._scenes, self._replies, self._ask(model, whose), model)
        _refuse_difference(difference, where, allowed, what)
        return difference, count

    def _ask(self, model: Model, whose: str) -> list[list[Reply]]:
        replies = []
        for number, scene in enumerate(self._scenes, start=1):
            self._on_step(f"asking {whose}", f"clip {number} of {len(self._scenes)}")
            replies.append(scene.ask(model))
        return replies


def _refuse_difference(difference: float, where: str, allowed: float, what: str) -> None:
    """Refuse a model that answers otherwise: by how much, and at which question."""
    if math.isinf(difference):
        raise ModelError(f"{what}: only one of the two has an answer to the question {where}; nothing was written")
    if difference > allowed:
        raise ModelError(
            f"{what}: log-probabilities differ by up to {difference:.3g} nats at the question {where}, "
            f"{allowed:g} are allowed; nothing was written (--dtype float32 rounds least, --tolerance allows more)"
        )
