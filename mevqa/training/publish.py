"""Push an adapter to the hub."""

from __future__ import annotations

from pathlib import Path

from mevqa.errors import ModelError


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
        commit = api.upload_folder(repo_id=name, folder_path=folder, ignore_patterns=["checkpoints/*", "rendered/*"])
    except Exception as error:  # whatever the network stack or the hub raises
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{folder} is complete, but could not be pushed to {name}: {reason}") from error
    return str(commit.repo_url)
