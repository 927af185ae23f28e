"""An adapter and the base model that it belongs to: found, checked and loaded in full precision."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mevqa.errors import InputError, ModelError
from mevqa.files.json_file import read_json_object
from mevqa.files.utf8_names import utf8_named
from mevqa.models.load import NANO_FOLDER, ModelOptions, load_model, read_preferences
from mevqa.models.transformers.adapter import adapter_config, adapter_folder
from mevqa.models.transformers.model import TransformersModel

#: Files by which a folder is known to hold a processor of its own.
_PROCESSOR = ("processor_config.json", "preprocessor_config.json")
#: How the revision of a model begins that is a hash of its files, and not a commit on the hub.
_DIGEST = "sha256:"


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

    def named_base(self) -> str:
        """Return the base that the adapter names, with the revision that it was trained on where that is known."""
        return " ".join(filter(None, [self.config.get("base_model_name_or_path"), self.trained_on]))

    def stored_config(self) -> dict[str, Any]:
        """Return the base's config as it is stored; empty as long as it is not on this machine."""
        from transformers.utils import cached_file

        where, commit = str(self.base_folder or self.base), self.commit or "main"
        try:
            path = cached_file(where, "config.json", revision=commit, local_files_only=True)
            return read_json_object(Path(str(path)))
        except (OSError, InputError):
            return {}

    def refuse_quantised(self) -> None:
        """Refuse a base whose weights have too few bits to be changed.

        Raises:
            ModelError: It is stored quantised.
        """
        if self.stored_config().get("quantization_config"):
            raise ModelError(
                f"the base model {self.base} is stored quantised, and merged weights need more bits than that: name "
                "the model that it was quantised from as --model"
            )

    def refuse_other_weights(self, revision: str) -> None:
        """Refuse a base that has changed since the adapter was trained on it, unless the user named it.

        Args:
            revision: What identifies the base's weights as they are now.

        Raises:
            ModelError: It is another revision. A commit and a hash of files cannot be compared, and pass.
        """
        then = self.trained_on
        if self.base_was_named or then is None or then.startswith(_DIGEST) != revision.startswith(_DIGEST):
            return
        if then != revision:
            raise ModelError(
                f"the adapter {self.name} was trained on {self.base} {then}, and here that is {revision}; "
                f"--model {self.base} merges it all the same"
            )

    def dtype(self, known: tuple[str, ...]) -> str:
        """Return the precision in which the base is stored, float32 where it is none of ``known``."""
        config = self.stored_config()
        inner = config.get("text_config") or {}
        stored = [block.get(key) for block in (config, inner) for key in ("dtype", "torch_dtype")]
        return next((name for name in stored if name in known), "float32")


def find_adapter(adapter: str, base: str | None = None, revision: str | None = None) -> AdapterSource:
    """Find an adapter and its base.

    Args:
        adapter: Folder or hub name of the adapter.
        base: The base model; None: the one that the adapter names.
        revision: The base's commit, tag or branch on the hub; None: the one that the adapter names, if it does.

    Raises:
        ModelError: There is no such adapter, it changes no weights, it names no base, or its base is stored quantised.
    """
    given = Path(adapter).expanduser()
    if (given / "config.json").is_file() and not (given / "adapter_config.json").is_file():
        raise ModelError(f"nothing to merge: {adapter} is a whole model and no adapter; use it as --model")
    folder = adapter_folder(adapter)
    config = adapter_config(folder)
    name = base or config.get("base_model_name_or_path")
    if not name:
        raise ModelError(f"the adapter {adapter} does not name its base model: give it as --model")
    trained_on = _trained_on(folder)
    known = config.get("revision") or (trained_on if trained_on and not trained_on.startswith(_DIGEST) else None)
    commit = revision or (None if base else known)
    base_folder = NANO_FOLDER if name == "nano" else Path(name).expanduser()
    if base_folder.resolve() == NANO_FOLDER.resolve():
        name = "nano"
    found = base_folder.resolve() if base_folder.is_dir() else None
    source = AdapterSource(adapter, folder, config, name, found, base is not None, commit, trained_on)
    source.refuse_quantised()
    return source


def load_base(source: AdapterSource, options: ModelOptions) -> TransformersModel:
    """Return the base model, to be asked as the adapter wants it and through its processor, where it brings one.

    Args:
        source: The adapter and its base.
        options: How the base is loaded; its revision is replaced.

    Raises:
        InputError: The adapter's preferences are wrong.
        ModelError: The base cannot be loaded, has no weights of its own, or is not the one that the adapter was trained
            on.
    """
    wanted = read_preferences(source.folder) if (source.folder / "mevqa.json").is_file() else None
    try:
        loaded = load_model(source.base, replace(options, revision=source.commit))
    except ModelError as error:
        named = source.config.get("base_model_name_or_path")
        hint = f" (the adapter {source.name} names this base; --model gives another)" if named == source.base else ""
        raise ModelError(f"{error}{hint}") from error
    if not isinstance(loaded, TransformersModel):
        raise ModelError(f"{source.base} has no weights to merge an adapter into")
    source.refuse_quantised()  # again, for a base that had to be fetched first
    source.refuse_other_weights(loaded.revision)
    preferences = wanted or loaded.preferences
    return TransformersModel(
        loaded.model,
        _own_processor(source.folder, options.trust_remote_code) or loaded.processor,
        name=source.base,
        revision=loaded.revision,
        preferences=preferences,
        option_score=preferences.option_score,
    )


def _own_processor(folder: Path, trust_remote_code: bool) -> Any:
    """Return the processor in the adapter's folder, None where there is none.

    Raises:
        ModelError: It cannot be loaded.
    """
    from transformers import AutoProcessor

    if not any((folder / name).is_file() for name in _PROCESSOR):
        return None
    try:
        with utf8_named(folder) as named:
            return AutoProcessor.from_pretrained(named, trust_remote_code=trust_remote_code, local_files_only=True)
    except Exception as error:
        reason = " ".join(str(error).split())
        raise ModelError(f"the processor in {folder} cannot be loaded: {reason[:200]}") from error


def _trained_on(folder: Path) -> str | None:
    """Return the revision of the base in the manifest of an adapter's training, None where there is none."""
    try:
        revision = read_json_object(folder / "training.json")["decides"]["model"]["revision"]
    except (InputError, KeyError, TypeError):
        return None
    return revision if isinstance(revision, str) else None
