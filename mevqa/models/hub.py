"""The Hugging Face hub: names of models on it, whether it can be reached, and what its cache on this machine holds."""

from __future__ import annotations

import json
import re
from pathlib import Path

from mevqa.files.inputs import read_file

#: A hub name: owner/model.
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
#: How long the hub may take to answer, seconds.
_PATIENCE = 5.0


def is_hub_name(name: str) -> bool:
    """Return whether a name is to be looked up on the hub.

    A name whose first part is a folder here is a misspelt path: the hub is not told the names of the user's folders.

    Args:
        name: What the user gave as a model or adapter.
    """
    return _HUB_NAME.fullmatch(name) is not None and not Path(name).parent.is_dir()


def hub_answers() -> bool:
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


def cached_models() -> list[str]:
    """Return the vision-language models in the hub's cache folder, known by the model types in their configs."""
    from huggingface_hub.constants import HF_HUB_CACHE
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES as KNOWN

    names = set()
    for config in Path(HF_HUB_CACHE).glob("models--*/snapshots/*/config.json"):
        try:
            kind = json.loads(read_file(config)).get("model_type")
        except (OSError, ValueError, AttributeError):
            continue
        if kind in KNOWN:
            names.add(config.parents[2].name.removeprefix("models--").replace("--", "/"))
    return sorted(names)
