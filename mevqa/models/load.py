"""From a name to a model: the embedded one, a scripted one, a folder, or the hub."""

from __future__ import annotations

import difflib
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mevqa.errors import MevqaError, ModelError
from mevqa.files.inputs import read_file
from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.files.utf8_names import utf8_named
from mevqa.models.base import Model, Preferences
from mevqa.models.hub import is_hub_name
from mevqa.models.loadable import (
    refuse_endless_pictures,
    refuse_kernels,
    refuse_other_weights,
    vision_language_config,
)
from mevqa.models.transformers.placement import choose_device, choose_dtype, place_weights
from mevqa.types import OptionScore

#: The embedded model's folder.
NANO_FOLDER = Path(__file__).parent / "nano" / "weights"
#: How long the hub may take to answer, seconds.
_PATIENCE = 5.0
#: File with a model's preferences in its folder.
_PREFERENCES = "mevqa.json"
#: Folder of the prompts that a fine-tuned model or adapter was trained with.
_PROMPTS = "prompts"


@dataclass(frozen=True)
class ModelOptions:
    """How a model is loaded and asked.

    Attributes:
        dtype: ``auto`` (bfloat16 on a GPU that has it, else float16 there; float32 on CPU), ``float32``,
            ``bfloat16`` or ``float16``.
        device: ``auto`` (GPUs if any, all of them when there are several), ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
        quantization: ``none``, ``4bit`` (NF4 with double quantisation) or ``8bit``, both by bitsandbytes.
        adapter: Folder or hub name of a PEFT adapter.
        attention: Attention implementation (``sdpa``, ``eager``, ``flash_attention_2``); None: the library's choice.
        trust_remote_code: Whether Python code that comes with the model may run. Off unless asked for.
        revision: Branch, tag or commit on the hub.
        batch_size: Largest number of questions taken through the model at once.
        prefix_cache: Whether a clip's pictures and common text go through the model once for all its questions.
        video: Whether moments are handed over by the processor's own video path instead of as pictures.
        option_score: How closed questions are scored: ``mean``, ``sum`` or ``calibrated``
            (``mevqa.models.transformers.options``); ``auto`` is what the model prefers.
        thinking: Most tokens of a thought before each answer; 0: one that the chat template opens is closed at once.
        max_new_tokens: Most tokens of a written answer; None: what the prompts say.
        seed: Seeds torch and the mock's unscripted answers; answering itself is without chance.
    """

    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    device: str = "auto"
    quantization: Literal["none", "4bit", "8bit"] = "none"
    adapter: str | None = None
    attention: str | None = None
    trust_remote_code: bool = False
    revision: str | None = None
    batch_size: int = 8
    prefix_cache: bool = True
    video: bool = False
    option_score: Literal["auto"] | OptionScore = "auto"
    thinking: int = 0
    max_new_tokens: int | None = None
    seed: int = 0


class _PreferencesFile(StrictModel):
    """What ``mevqa.json`` may hold."""

    views: tuple[str, ...] = Preferences().views
    sampler: str = Preferences().sampler
    variant: str = Preferences().variant
    option_score: OptionScore = Preferences().option_score
    sees_rest: bool = Preferences().sees_rest


def load_model(name: str, options: ModelOptions | None = None) -> Model:
    """Return the model called ``name``.

    Args:
        name: ``nano`` (the embedded model), ``mock`` or ``mock:FILE`` (scripted answers), a folder, or a hub name.
        options: How to load and ask it.

    Raises:
        ModelError: There is no such model, it cannot be reached, it is no vision-language model, or adapter,
            quantisation or device do not fit it; the message says what to do.
        InputError: A mock's script or a model's preferences file is wrong.
    """
    options = options or ModelOptions()
    if name == "mock" or name.startswith("mock:"):
        from mevqa.models.mock import MockModel, read_script

        if options.thinking:
            raise ModelError(f"{name} answers by its script and does not think; leave --thinking away")
        script = read_script(Path(name[len("mock:") :])) if name != "mock" else None
        return MockModel(script, name=name, seed=options.seed)
    source = _source(name)
    preferences = own_preferences(name, options.adapter)
    from mevqa.models.transformers.model import TransformersModel

    with utf8_named(source) if isinstance(source, Path) else nullcontext(source) as named:
        model, processor, revision = _load(name, named, options)
    try:
        return TransformersModel(
            model,
            processor,
            name=name,
            revision=revision,
            preferences=preferences,
            batch_size=options.batch_size,
            prefix_cache=options.prefix_cache,
            video=options.video,
            option_score=preferences.option_score if options.option_score == "auto" else options.option_score,
            thinking=options.thinking,
            max_new_tokens=options.max_new_tokens,
        )
    except MevqaError:
        raise
    except Exception as error:  # whatever a damaged processor makes of its own fields
        raise ModelError(_explain(name, error)) from error


def read_preferences(folder: Path) -> Preferences:
    """Return how the model in ``folder`` wants to be asked: its ``mevqa.json``, or the defaults.

    Raises:
        InputError: The file does not hold what it should.
    """
    path = folder / _PREFERENCES
    if not path.is_file():
        return Preferences()
    read = read_yaml(path, _PreferencesFile)  # JSON is YAML, and is read as strictly
    return Preferences(read.views, read.sampler, read.variant, read.option_score, read.sees_rest)


def own_preferences(name: str, adapter: str | None = None) -> Preferences:
    """Return how a model wants to be asked, without loading it.

    Args:
        name: The model, as for ``load_model``.
        adapter: Its adapter, if any.

    Raises:
        ModelError: There is no such model or adapter.
        InputError: Its preferences file does not hold what it should.
    """
    if name == "mock" or name.startswith("mock:"):
        return Preferences()
    told = _telling_folder(_source(name), adapter)
    return read_preferences(told) if told is not None else Preferences()


def own_prompts(name: str, adapter: str | None = None) -> Path | None:
    """Return the folder of the prompts that a model was fine-tuned with; None when it brings none.

    Args:
        name: The model, as for ``load_model``.
        adapter: Its adapter, if any.

    Raises:
        ModelError: There is no such model or adapter.
    """
    if name == "mock" or name.startswith("mock:"):
        return None
    told = _telling_folder(_source(name), adapter)
    return told / _PROMPTS if told is not None and (told / _PROMPTS).is_dir() else None


def _telling_folder(source: Path | str, adapter: str | None) -> Path | None:
    """Return the folder that says how a model wants to be asked: the adapter's if it does, else the model's own."""
    if adapter is not None:
        from mevqa.models.transformers.adapter import adapter_folder

        folder = adapter_folder(adapter)
        if (folder / _PREFERENCES).is_file():
            return folder
    return source if isinstance(source, Path) else None


def found_models() -> list[str]:
    """Return the names of the models on this machine: ``nano``, and the hub cache's vision-language models."""
    names = ["nano"] if (NANO_FOLDER / "config.json").is_file() else []
    return names + _cached_on_disk()


def _source(name: str) -> Path | str:
    """Return the folder that ``name`` means, or the name itself when it is one of the hub.

    Raises:
        ModelError: It is neither.
    """
    if name == "nano":
        if not (NANO_FOLDER / "config.json").is_file():
            raise ModelError("the embedded model 'nano' is missing from this installation; install mevqa again")
        return NANO_FOLDER
    folder = Path(name).expanduser()
    if folder.is_dir():
        from mevqa.models.transformers.adapter import refuse_unfinished

        refuse_unfinished(folder, name)
        if not (folder / "config.json").is_file():
            hint = "; it holds an adapter: give its base model as the model and this folder as --adapter"
            raise ModelError(
                f"{name}: the folder holds no model (no config.json)"
                + (hint if (folder / "adapter_config.json").is_file() else "")
            )
        return folder
    if is_hub_name(name):
        return name
    known = ["nano", "mock", *_cached_on_disk()]
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else "give nano, mock, mock:FILE, a folder, or a hub name owner/model"
    raise ModelError(f"unknown model {name!r}: {hint}")


def _load(name: str, source: Path | str, options: ModelOptions) -> tuple[Any, Any, str]:
    """Return model, processor and revision.

    Raises:
        ModelError: Anything that keeps it from loading.
    """
    import torch
    from transformers import AutoModelForImageTextToText, AutoProcessor
    from transformers.utils import logging as transformers_logging

    from mevqa.models.digest import content_digest
    from mevqa.models.transformers.adapter import add_adapter

    transformers_logging.disable_progress_bar()
    torch.manual_seed(options.seed)
    common = {
        "revision": options.revision or "main",
        "trust_remote_code": options.trust_remote_code,
        "local_files_only": isinstance(source, Path) or not _hub_answers(),
    }
    device = choose_device(options.device)
    dtype = choose_dtype(options.dtype, device)
    try:
        config = vision_language_config(name, source, common)
        refuse_kernels(name, options.attention, options.trust_remote_code, config)
        if isinstance(source, Path):
            refuse_other_weights(name, source, config, options.trust_remote_code)
        processor = AutoProcessor.from_pretrained(source, **common)
        refuse_endless_pictures(name, processor)
        loaded: Any = AutoModelForImageTextToText.from_pretrained(
            source,
            output_loading_info=True,
            config=config,
            dtype=dtype,
            use_safetensors=True,
            attn_implementation=options.attention,
            **place_weights(options.device, options.quantization, device, dtype),
            **common,
        )
        model, loading = loaded
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(_explain(name, error)) from error
    if missing := sorted(loading["missing_keys"]):
        # They would be drawn at random, and the model would answer all the same.
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise ModelError(f"{name} lacks weights ({missing[0]}{more}); fetch the model again")
    revision = getattr(config, "_commit_hash", None) or content_digest(Path(source))
    if options.adapter is not None:
        model, digest = add_adapter(model, options.adapter)
        revision = f"{revision}+{digest}"
    return model.eval(), processor, str(revision)


def _hub_answers() -> bool:
    """Return whether the hub can be reached, by one short try: the library itself would try for half a minute."""
    from huggingface_hub import constants
    from huggingface_hub.utils import get_session

    if constants.HF_HUB_OFFLINE:
        return False
    try:
        get_session().head(constants.ENDPOINT, timeout=_PATIENCE)
    except Exception:  # whatever the network stack raises: there is no hub
        return False
    return True


def _explain(name: str, error: Exception) -> str:
    """Return one line on why a model did not load, and what to do."""
    text = " ".join(str(error).split())
    if "trust_remote_code" in text:
        return f"{name} comes with its own Python code; --trust-remote-code runs it, if you trust its author"
    if (
        "couldn't connect" in text.lower()
        or "offline" in text.lower()
        or "local_files_only" in text
        or "ConnectionError" in type(error).__name__
    ):
        return (
            f"{name} is not on this machine and the hub cannot be reached; fetch it where there is a network "
            f"(hf download {name}) and give the folder, or take the embedded model: --model nano"
        )
    if "gated" in text.lower() or "401" in text or "403" in text:
        return f"{name} wants a licence or a login on the hub: accept it on the model's page, then run `hf auth login`"
    if "not a valid model identifier" in text or "404" in text or "Repository Not Found" in text:
        return f"the hub has no model {name!r} (or it is private: `hf auth login`)"
    if "safetensors" in text:
        return f"{name} has no safetensors weights, and pickled weights are not loaded: {text}"
    if isinstance(error, ImportError):
        return f"{name} needs a package that is missing: {text}"
    return f"{name} cannot be loaded: {type(error).__name__}: {text}"


def _cached_on_disk() -> list[str]:
    """Return the vision-language models in the hub's cache folder, told by the model types in their configs."""
    import json

    from huggingface_hub.constants import HF_HUB_CACHE
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES as KNOWN

    found = []
    for config in sorted(Path(HF_HUB_CACHE).glob("models--*/snapshots/*/config.json")):
        try:
            kind = json.loads(read_file(config)).get("model_type")
        except (OSError, ValueError):
            continue
        if kind in KNOWN:
            found.append(config.parents[2].name.removeprefix("models--").replace("--", "/"))
    return sorted(set(found))
