"""Names of runs on a page, and texts without the folders of the user's machine: a page is made to be shared."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

#: An absolute path up to its last part: POSIX, ``~``, or Windows with a drive; no address of the web and no ``and/or``.
_FOLDERS = re.compile(
    r"""(?<![\w.~/\\:<>-])(?:~|[A-Za-z]:)?[/\\](?:[^\s/\\:;,"'()<>|]+[/\\])+(?=[^\s/\\:;,"'()<>|])""",
)


class PathShortener:
    """Takes the folders off every absolute path of a text and keeps its last part.

    Args:
        roots: Folders and files that are known: their names may hold spaces, which a path in a text cannot show.
    """

    def __init__(self, roots: Iterable[Path] = ()) -> None:
        whole = {path.absolute() for path in roots} | {path.resolve() for path in roots}
        folders = {f"{path.parent}/" for path in whole if len(path.parts) > 2}
        places = Path(os.path.expanduser("~")), Path.cwd()  # A user without a home has "~".
        folders |= {f"{path}/" for path in places if len(path.parts) > 1}
        self._folders = sorted(folders, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Return the text with the last part of each absolute path in it."""
        for folder in self._folders:
            text = text.replace(folder, "")
        return _FOLDERS.sub("", text)

    def inside(self, value: Any, fields: Collection[str], within: bool = False) -> Any:
        """Return plain values with shortened paths in the texts of some fields.

        Args:
            value: Mappings, lists, texts and numbers.
            fields: Keys below which texts may name files; other texts stay as they are.
            within: Whether the value stands below such a key.
        """
        if isinstance(value, str):
            return self(value) if within else value
        if isinstance(value, Mapping):
            return {key: self.inside(one, fields, within or key in fields) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.inside(one, fields, within) for one in value]
        return value


def model_label(decides: Mapping[str, Any]) -> str:
    """Return what a run's model is called: a hub name, the last part of a folder, and its adapter.

    Args:
        decides: What decided the answers, from the manifest.
    """
    name = str((decides.get("model") or {}).get("name") or "unknown model")
    adapter = (decides.get("settings") or {}).get("adapter")
    return shared_name(name) + (f" + {shared_name(str(adapter))}" if adapter else "")


def shared_name(name: str) -> str:
    """Return what a model is called where others read it: the last part of a path; a name as on the hub stays."""
    kind, _, path = name.partition(":")
    if len(kind) > 1 and path and kind.isalpha():
        # As in mock:rules.yaml; one letter is a drive of Windows.
        return f"{kind}:{shared_name(path)}"
    parts = [part for part in re.split(r"[/\\]", name) if part not in ("", ".", "..", "~")]
    if not parts:
        return name
    if "snapshots" in parts[1:-1]:
        # The cache of the hub: models--OWNER--NAME/snapshots/COMMIT.
        return parts[parts.index("snapshots") - 1].removeprefix("models--").replace("--", "/")
    is_path = len(parts) > 2 or re.match(r"[/\\.~]|[A-Za-z]:[/\\]", name) is not None
    return parts[-1] if is_path else name


def short_names(paths: Sequence[Path]) -> list[str]:
    """Return the last parts of paths, as many as tell them apart."""
    whole = [path.resolve().parts[1:] or (str(path),) for path in paths]
    for length in range(1, max(map(len, whole), default=1) + 1):
        names = ["/".join(parts[-length:]) for parts in whole]
        if len(set(names)) == len(names):
            return names
    return [f"{path.resolve().name} ({place})" for place, path in enumerate(paths, 1)]
