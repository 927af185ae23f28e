"""Models by name: the embedded one, a scripted one, those that are registered, folders, and the hub.

A new kind of model is a function that makes it and a line in ``_SOURCES``, or ``register_model`` in a user's own code.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from mevqa.errors import ModelError
from mevqa.models.base import PREFERENCES_FILE, Model, ModelOptions, Preferences, read_preferences
from mevqa.models.hub import cached_models, is_hub_name
from mevqa.models.mock import make_mock
from mevqa.models.nano import WEIGHTS
from mevqa.models.nearest import make_nearest
from mevqa.models.recogniser import make_recogniser
from mevqa.models.served.model import SCHEME, folder_of, make_served
from mevqa.recognition.registry import recogniser_names
from mevqa.suggestions import closest

_log = logging.getLogger(__name__)

#: Makes a model from its whole name and the options; raises ``ModelError`` or ``InputError`` in one line.
ModelFactory: TypeAlias = Callable[[str, ModelOptions], Model]

#: Folder of the prompts that a fine-tuned model or adapter was trained with.
_PROMPTS = "prompts"
#: By name, or by what stands before the colon of one: what makes the model, or the folder of its weights.
_SOURCES: dict[str, ModelFactory | Path] = {
    "nano": WEIGHTS,
    "mock": make_mock,
    "nearest": make_nearest,
    SCHEME: make_served,
}


def register_model(name: str, source: ModelFactory | Path) -> None:
    """Make a model, or a family of models, known by a name.

    Args:
        name: What the user writes as the model, alone (``mine``) or before a colon (``mine:small``).
        source: A function that makes the model from that whole text and the options, or a folder of transformers.

    Raises:
        ValueError: The name is taken, or holds a colon or slash.
    """
    if name in _SOURCES or name in recogniser_names():
        raise ValueError(f"the model {name!r} is registered twice")
    if not name or any(mark in name for mark in ":/\\"):
        raise ValueError(f"a model cannot be called {name!r}: no colon and no slash")
    _SOURCES[name] = source


def model_names() -> list[str]:
    """Return the names of the models on this machine: registered, and vision-language ones in the cache of the hub."""
    return [*_SOURCES, *cached_models()]


def load_model(name: str, options: ModelOptions | None = None) -> Model:
    """Return the model called ``name``.

    Args:
        name: ``nano`` (the embedded model), ``mock`` or ``mock:FILE`` (scripted answers), ``mean:DIR`` or another
            trained recogniser, ``openai:NAME`` (a served one), another registered name, a folder, or a hub name.
        options: How to load and ask it.

    Raises:
        ModelError: There is no such model, it cannot be reached, it is no vision-language model, or adapter,
            quantisation or device do not fit it; the message says what to do.
        InputError: A mock's script or a model's preferences file is wrong.
    """
    options = options or ModelOptions()
    source = _find(name)
    _log.debug("load the model %s: %s", name, source)
    if not isinstance(source, (Path, str)):
        return source(name, options)
    preferences = own_preferences(name, options.adapter)
    from mevqa.models.transformers.load import load_transformers

    return load_transformers(name, source, options, preferences)


def check_name(name: str, adapter: str | None = None) -> None:
    """Refuse the name of a model, or of its adapter, that cannot be loaded; nothing is loaded, and no hub is asked.

    Args:
        name: The model, as for ``load_model``.
        adapter: Its adapter, if any: a folder or a hub name.

    Raises:
        ModelError: There is no such model, a folder holds none, or the adapter is none.
        InputError: The folder of a recogniser holds none, or the script of a mock is wrong.
    """
    source = _find(name)
    if adapter is not None and source in (make_mock, make_nearest, make_recogniser, make_served):
        raise ModelError(f"{name} takes no adapter")
    if source is make_mock or source is make_recogniser:
        source(name, ModelOptions())  # They read a script or a small file of weights.
    if adapter is not None and isinstance(source, (Path, str)) and not is_hub_name(adapter):
        from mevqa.models.transformers.adapters.load import adapter_folder

        adapter_folder(adapter)


def own_preferences(name: str, adapter: str | None = None) -> Preferences:
    """Return how a model wants to be asked, as far as that is known before it is loaded.

    Args:
        name: The model, as for ``load_model``.
        adapter: Its adapter, if any.

    Raises:
        ModelError: There is no such model or adapter.
        InputError: Its preferences file does not hold what it should.
    """
    folder = _settings_folder(name, adapter)
    return read_preferences(folder) if folder is not None else Preferences()


def tells_before_loading(name: str) -> bool:
    """Return whether ``own_preferences`` are what the loaded model prefers; what a registered maker makes may differ.

    Args:
        name: The model, as for ``load_model``.

    Raises:
        ModelError: There is no such model.
    """
    return isinstance(_find(name), (Path, str))


def answers_here(name: str) -> bool:
    """Return whether a model is one that this machine runs, so that no server counts its tokens.

    Args:
        name: The model, as for ``load_model``. What a registered function makes may be anything.

    Raises:
        ModelError: There is no such model.
    """
    source = _find(name)
    return isinstance(source, (Path, str)) or source in (make_mock, make_nearest, make_recogniser)


def own_prompts(name: str, adapter: str | None = None) -> Path | None:
    """Return the folder of the prompts that a model was fine-tuned with; None when it brings none.

    Args:
        name: The model, as for ``load_model``.
        adapter: Its adapter, if any.

    Raises:
        ModelError: There is no such model or adapter.
    """
    folder = _settings_folder(name, adapter)
    return folder / _PROMPTS if folder is not None and (folder / _PROMPTS).is_dir() else None


def _settings_folder(name: str, adapter: str | None) -> Path | None:
    """Return the folder that says how a model wants to be asked: the adapter's if it does, else the model's own."""
    source = _find(name)
    if adapter is not None and isinstance(source, (Path, str)):
        from mevqa.models.transformers.adapters.load import adapter_folder

        folder = adapter_folder(adapter)
        if (folder / PREFERENCES_FILE).is_file():
            return folder
    if source is make_served:
        return folder_of(name)
    return source if isinstance(source, Path) else None


def _find(name: str) -> ModelFactory | Path | str:
    """Return what makes the model, the folder that ``name`` means, or the name itself when it is one of the hub."""
    scheme = name.partition(":")[0]
    source = _SOURCES.get(scheme) or (make_recogniser if scheme in recogniser_names() else None)
    if source is not None and not isinstance(source, Path):
        return source
    registered = _SOURCES.get(name)
    if isinstance(registered, Path) and not registered.is_dir():
        mend = "install mevqa again" if registered == WEIGHTS else "register another folder"
        raise ModelError(f"the folder of the model {name!r} is missing ({registered}); {mend}")
    folder = registered if isinstance(registered, Path) else Path(name).expanduser()
    if folder.is_dir():
        from mevqa.models.transformers.adapters.load import refuse_unfinished

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
    close = closest(name, model_names())
    hint = f"did you mean {close!r}?" if close else "give nano, mock, mock:FILE, a folder, or a hub name owner/model"
    raise ModelError(f"unknown model {name!r}: {hint}")
