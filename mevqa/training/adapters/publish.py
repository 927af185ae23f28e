"""Push an adapter to the hub."""

from __future__ import annotations

import json
from pathlib import Path

from mevqa.errors import ModelError
from mevqa.safe_text import portable

#: Folders that stay here.
_KEPT = ("checkpoints/*", "rendered/*", "tensorboard/*")
_CONFIG = "adapter_config.json"


def push(folder: Path, name: str) -> str:
    """Upload what a training left behind.

    Args:
        folder: The training's folder.
        name: ``owner/model``; created, private, when it does not exist.

    Returns:
        Where it is.

    Raises:
        ModelError: The hub cannot be reached, or refuses.
    """
    from huggingface_hub import HfApi

    api = HfApi()
    try:
        api.create_repo(name, private=True, exist_ok=True)
        commit = api.upload_folder(repo_id=name, folder_path=folder, ignore_patterns=[*_KEPT, _CONFIG])
        if (folder / _CONFIG).is_file():
            # The path of a base model on this machine is nobody else's concern.
            config = portable(json.loads((folder / _CONFIG).read_text(encoding="utf-8")))
            content = json.dumps(config, indent=2, sort_keys=True).encode()
            commit = api.upload_file(path_or_fileobj=content, path_in_repo=_CONFIG, repo_id=name)
    except Exception as error:  # whatever the network stack or the hub raises
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{folder} is complete, but could not be pushed to {name}: {reason}") from error
    return str(commit.repo_url)
