"""Merging an adapter and its base model into one model that is held to answer as the two did.

The base is loaded in float32 and never quantised, peft merges the adapter's layers into its weights in float32, and
the sums are rounded once, to the precision in which they are written. A sample of questions is answered in float32
arithmetic by the base with the adapter beside it, by the merged weights before they are rounded, and by what was
written, loaded again. The arithmetic is the same each time, so that what differs is the merging and the rounding alone.
"""

from __future__ import annotations

import gc
import json
import math
import re
import shutil
import warnings
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mevqa.errors import InputError, ModelError, Problem
from mevqa.files.whole import whole_folder
from mevqa.inference.evaluation import Plan
from mevqa.inference.fingerprint import package_versions
from mevqa.inference.view_config import ViewConfig
from mevqa.models.base import PREFERENCES_FILE, Model, ModelOptions
from mevqa.models.registry import load_model
from mevqa.models.transformers.adapters.load import wrap_with_adapter
from mevqa.models.transformers.model import TransformersModel
from mevqa.questions.prompts import PromptLibrary
from mevqa.safe_text import portable, shared_name
from mevqa.training.adapters.adapter_source import AdapterSource, find_adapter, load_base
from mevqa.training.adapters.agreement import Scene, agreement, make_scenes, synthetic_sample
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
    """What was written, and how well it was held to answer; ``merge.json`` beside the weights says the same.

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
    on_step: Callable[[str, str], None] = lambda step, place: None,
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
        on_step: Called with what is done next, and where in it, a few words each.

    Raises:
        InputError: The folder to write is taken or written by another process, or a file of the adapter is wrong.
        ModelError: There is no such adapter, it does not fit its base or cannot be merged, or the merged model answers
            otherwise; nothing is written.
    """
    source = find_adapter(adapter, base, revision)
    check_target(out, {"the adapter's": source.folder, "the base model's": source.base_folder})
    # From the start, so that who comes second is told before the model is loaded.
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
        _check_finite(model.model, f"the adapter {adapter} or its base {source.base}")
        with nullcontext(work) if work is not None else synthetic_sample(sample) as asked:
            scenes = _scenes(asked, model, source)

        def ask(who: Model, whose: str) -> list[list[Reply]]:
            replies = []
            for number, scene in enumerate(scenes, start=1):
                on_step(f"asking {whose}", f"clip {number} of {len(scenes)}")
                replies.append(scene.ask(who))
            return replies

        before = ask(model, "the adapter")
        on_step("merging", "")
        merge_weights(wrapped, adapter)
        exact = None
        if dtype != "float32":
            exact, where, _ = agreement(scenes, before, ask(model, "the merged weights"), model)
            _refuse_difference(exact, where, exactly_allowed, "merging, before any rounding, changes the answers")
        on_step(f"writing {dtype}", "")
        _round_weights(model.model, dtype)
        write_model(filling, model.model, model.processor, source)
        del model, wrapped
        gc.collect()  # Modules and adapters point at each other; their memory is wanted for what was written.
        written = load_model(str(filling), full)
        difference, where, count = agreement(scenes, before, ask(written, "the written model"), written)
        _refuse_difference(
            difference, where, allowed, f"written in {dtype}, the model answers otherwise than the adapter"
        )
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
            clips=len({scene.clip_id for scene in scenes}),
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
    whose = next((one for one, folder in taken.items() if folder and target.resolve() == folder.resolve()), None)
    if whose is not None:
        raise InputError([Problem(target, f"is {whose} own folder; name a new one for --out")])
    if target.exists() and not target.is_dir():
        raise InputError([Problem(target, "is a file; name a new folder for --out")])
    if target.is_dir() and any(target.iterdir()):
        raise InputError([Problem(target, "is not empty; name a new folder for --out")])


def _scenes(work: Plan, model: TransformersModel, source: AdapterSource) -> list[Scene]:
    """Return what both models are asked, in the views and words that the adapter prefers."""
    view_config = ViewConfig.preferred(model.preferences)
    for clip in work.clips.values():
        if clip.media is None and (views := views_to_draw(clip, view_config.views)):
            asked = f"the adapter is asked with the views {', '.join(view_config.views)}"
            message = f"{asked}, and the clip {clip.id} has no video"
            mend = f"give --media, or --precomputed pictures for {', '.join(views)}"
            raise InputError([Problem("--questions", f"{message}: {mend}")])
    prompts = source.folder / "prompts"
    library = PromptLibrary.load(prompts if prompts.is_dir() else None, model.preferences.variant)
    return make_scenes(work, library, view_config)


def _refuse_difference(difference: float, where: str, allowed: float, what: str) -> None:
    """Refuse a model that answers otherwise: by how much, and at which question."""
    if math.isinf(difference):
        raise ModelError(f"{what}: only one of the two has an answer to the question {where}; nothing was written")
    if difference > allowed:
        raise ModelError(
            f"{what}: log-probabilities differ by up to {difference:.3g} nats at the question {where}, "
            f"{allowed:g} are allowed; nothing was written (--dtype float32 rounds least, --tolerance allows more)"
        )


def merge_weights(wrapped: Any, adapter: str) -> None:
    """Merge an adapter into its base model's weights, in place and in the precision of the weights.

    Args:
        wrapped: The ``PeftModel``; the model in it has no adapter afterwards.
        adapter: Its name, for messages.

    Raises:
        ModelError: It is of a kind that cannot be merged, or its weights are broken.
    """
    try:
        _untie(wrapped.get_base_model())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # That ties were loosened is intended, and is written into the config.
            wrapped.merge_and_unload(safe_merge=True)
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ModelError(f"the adapter {adapter} cannot be merged: {reason[:200]}") from error


def _untie(model: Any) -> None:
    """Give the output embedding weights of its own where an adapter's layer stands beside one of two that are tied.

    The layer changes what one of the two gives out. Merged into weights that both share, as peft does, it would change
    the other too.
    """
    import torch
    from peft.tuners.tuners_utils import BaseTunerLayer

    ends: list[Any] = [model.get_input_embeddings(), model.get_output_embeddings()]
    bare: list[Any] = [end.get_base_layer() if isinstance(end, BaseTunerLayer) else end for end in ends]
    if None not in ends and bare != ends and bare[0].weight is bare[1].weight:
        bare[1].weight = torch.nn.Parameter(bare[1].weight.detach().clone())
        model.config.tie_word_embeddings = False


def _round_weights(model: Any, dtype: str) -> None:
    """Round all weights to ``dtype``, in place; one that is too large for it is refused."""
    import torch

    wanted = getattr(torch, dtype)
    for parameter in model.parameters():
        parameter.data = parameter.data.to(wanted)
    for config in (model.config, *(getattr(model.config, name) for name in model.config.sub_configs)):
        config.dtype = wanted
    _check_finite(model, f"the merged model in {dtype}", "; its range is too small for them, take --dtype bfloat16")


def _check_finite(model: Any, whose: str, mend: str = "") -> None:
    """Refuse weights that are infinite or not a number."""
    for name, parameter in model.named_parameters():
        if not parameter.isfinite().all():
            raise ModelError(f"{whose} has weights that are infinite or not a number ({name}){mend}")


def write_model(into: Path, model: Any, processor: Any, source: AdapterSource) -> None:
    """Write a merged model with its processor, and what the adapter's folder says about asking it.

    Args:
        into: An empty folder.
        model: The merged model.
        processor: Its processor.
        source: The adapter, whose preferences, prompts and card come along, and its base, whose preferences stand in
            for missing ones.
    """
    model.save_pretrained(into)
    processor.save_pretrained(into)
    for weights in into.glob("*.safetensors"):
        weights.chmod((into / "config.json").stat().st_mode)  # They are written for their owner alone.
    preferences = [folder / PREFERENCES_FILE for folder in (source.folder, source.base_folder) if folder is not None]
    if wanted := next((path for path in preferences if path.is_file()), None):
        shutil.copyfile(wanted, into / PREFERENCES_FILE)
    if (source.folder / "prompts").is_dir():
        shutil.copytree(source.folder / "prompts", into / "prompts")
    if (source.folder / "training.json").is_file():
        shutil.copyfile(source.folder / "training.json", into / "training.json")  # It tells who was trained on.
    if (source.folder / "README.md").is_file():
        card = (source.folder / "README.md").read_text(encoding="utf-8")
        card = re.sub(r"\A(---\n(?:.*\n)*?)library_name: peft\n", r"\1library_name: transformers\n", card).rstrip()
        more = (
            f"## Merged\n\nThis folder holds the adapter merged into its base model `{shared_name(source.base)}`: a "
            "whole model that needs neither. `merge.json` says which two were merged and how far the answers are "
            "apart.\n"
        )
        (into / "README.md").write_text(f"{card}\n\n{more}", encoding="utf-8")
