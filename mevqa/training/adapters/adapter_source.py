"""An adapter and the base model that it belongs to: found, checked and loaded in full precision."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mevqa.errors import InputError, ModelError
from mevqa.files.json_file import read_json_object
from mevqa.files.whole import utf8_named
from mevqa.models.base import ModelOptions, read_preferences
from mevqa.models.nano import WEIGHTS
from mevqa.models.registry import load_model
from mevqa.models.transformers.adapters.load import adapter_config, adapter_folder, base_trained_on
from mevqa.models.transformers.model import TransformersModel

#: Files by which a folder is known to hold a processor of its own.
_PROCESSOR = ("processor_config.json", "preprocessor_config.json")
#: How the revision of a model begins that is a hash of its files, and not a commit on the hub.
_DIGEST = "sha256:"
#: Under which keys a config names its precision, now and in earlier releases of transformers.
_DTYPE_KEYS = ("dtype", "torch_dtype")


@dataclass(frozen=True, slots=True)
class AdapterSource:
    """An adapter and its base, not loaded yet.

    Attributes:
        name: The adapter, as the user wrote it.
        folder: Its folder.
        config: Its ``adapter_config.json``.
        base: Name of the base model.
        base_folder: Its folder; None for one of the hub.
        base_was_named: Whether the user named it.
        commit: The base's revision on the hub, where one is asked for.
        trained_on: Revision of the base that the adapter was trained on, as ``mevqa finetune`` wrote it down; None for
            adapters of other makers.
    """

    name: str
    folder: Path
    config: dict[str, Any]
    base: str
    base_folder: Path | None
    base_was_named: bool
    commit: str | None
    trained_on: str | None

    def stored_config(self) -> dict[str, Any]:
        """Return the stored config of the base; empty as long as it is not on this machine."""
        from transformers.utils import cached_file

        where, commit = str(self.base_folder or self.base), self.commit or "main"
        try:
            path = cached_file(where, "config.json", revision=commit, local_files_only=True)
            return read_json_object(Path(str(path)))
        except (OSError, InputError):
            return {}

    def stored_dtype(self, known: tuple[str, ...]) -> str:
        """Return the precision in which the base is stored, float32 where it is none of ``known``."""
        config = self.stored_config()
        stored = [block.get(key) for block in (config, config.get("text_config") or {}) for key in _DTYPE_KEYS]
        return next((name for name in stored if name in known), "float32")


def find_adapter(adapter: str, base: str | None = None, revision: str | None = None) -> AdapterSource:
    """Find an adapter and its base.

    Args:
        adapter: Folder or hub name of the adapter.
        base: The base model; None: the one that the adapter names.
        revision: The base's commit, tag or branch on the hub; None: the one that the adapter names, if it does.

    Raises:
        ModelError: There is no such adapter, it changes no weights, or it names no base.
    """
    adapter_path = Path(adapter).expanduser()
    if (adapter_path / "config.json").is_file() and not (adapter_path / "adapter_config.json").is_file():
        raise ModelError(f"nothing to merge: {adapter} is a whole model and no adapter; use it as --model")
    folder = adapter_folder(adapter)
    config = adapter_config(folder)
    name = base or config.get("base_model_name_or_path")
    if not name:
        raise ModelError(f"the adapter {adapter} does not name its base model: give it as --model")
    trained_on = base_trained_on(folder)
    commit_of_training = trained_on if trained_on and not trained_on.startswith(_DIGEST) else None
    recorded_commit = config.get("revision") or commit_of_training
    commit = revision or (None if base else recorded_commit)
    base_folder = WEIGHTS if name == "nano" else Path(name).expanduser()
    if base_folder.resolve() == WEIGHTS.resolve():
        name = "nano"
    resolved_base = base_folder.resolve() if base_folder.is_dir() else None
    return AdapterSource(adapter, folder, config, name, resolved_base, base is not None, commit, trained_on)


def load_base(source: AdapterSource, options: ModelOptions) -> TransformersModel:
    """Return the base model, to be asked as the adapter wants it and through its processor, where it brings one.

    Args:
        source: The adapter and its base.
        options: How the base is loaded; its revision is replaced.

    Raises:
        InputError: The adapter's preferences are wrong.
        ModelError: The base cannot be loaded, is stored quantised, has no weights of its own, or has changed since the
            adapter was trained on it and is not named by the user. A commit and a hash of files cannot be compared, and
            pass.
    """
    _refuse_quantised(source)
    wanted = read_preferences(source.folder) if (source.folder / "mevqa.json").is_file() else None
    try:
        loaded = load_model(source.base, replace(options, revision=source.commit))
    except ModelError as error:
        is_named = source.config.get("base_model_name_or_path") == source.base
        hint = f" (the adapter {source.name} names this base; --model gives another)" if is_named else ""
        raise ModelError(f"{error}{hint}") from error
    if not isinstance(loaded, TransformersModel):
        raise ModelError(f"{source.base} has no weights to merge an adapter into")
    _refuse_quantised(source)  # again, for a base that had to be fetched first
    then, now = source.trained_on, loaded.revision
    comparable = then is not None and then.startswith(_DIGEST) == now.startswith(_DIGEST)
    if comparable and then != now and not source.base_was_named:
        raise ModelError(
            f"the adapter {source.name} was trained on {source.base} {then}, and here that is {now}; "
            f"--model {source.base} merges it all the same"
        )
    return TransformersModel(
        loaded.model,
        _own_processor(source.folder, options.trust_remote_code) or loaded.processor,
        name=source.base,
        revision=now,
        preferences=wanted or loaded.preferences,
        options=options,
    )


def _refuse_quantised(source: AdapterSource) -> None:
    """Refuse a base whose weights have too few bits to be changed."""
    if source.stored_config().get("quantization_config"):
        raise ModelError(
            f"the base model {source.base} is stored quantised, and merged weights need more bits than that: name "
            "the model that it was quantised from as --model"
        )


def _own_processor(folder: Path, trust_remote_code: bool) -> Any:
    """Return the processor in the adapter's folder, None where there is none."""
    from transformers import AutoProcessor

    if not any((folder / name).is_file() for name in _PROCESSOR):
        return None
    try:
        with utf8_named(folder) as path:
            return AutoProcessor.from_pretrained(path, trust_remote_code=trust_remote_code, local_files_only=True)
    except Exception as error:
        reason = " ".join(str(error).split())
        raise ModelError(f"the processor in {folder} cannot be loaded: {reason[:200]}") from error
