"""Texts for others and for terminals: without the user's folders, secrets and control characters."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

#: An absolute path up to its last part: POSIX, ``~``, or Windows with a drive; no address of the web and no ``and/or``.
_FOLDERS = re.compile(
    r"""(?<![\w.~/\\:<>-])(?:~|[A-Za-z]:)?[/\\](?:[^\s/\\:;,"'()<>|]+[/\\])+(?=[^\s/\\:;,"'()<>|])""",
)
#: How an absolute path begins.
_ABSOLUTE = re.compile(r"/|~[^/\\\s]*[/\\]|[A-Za-z]:[/\\]|\\\\\w")
#: Tokens of the hub and of servers of models, and what stands before the host in an address with a password.
_SECRETS = re.compile(r"\b(hf|sk|gh[opsu]|glpat|xox[abp])([_-])[A-Za-z0-9_-]{16,}|(://)[^\s/@]+@")
#: Characters that a terminal obeys, or that change the order of what is read: all control characters but tab and line
#: feed, and the marks of direction.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    r"""Return a text whose control characters are written as JSON escapes them (``\u001b``): a terminal shows them."""
    return _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def without_secrets(text: str) -> str:
    """Return a text in which access tokens, and user and password in addresses, are stars."""
    return _SECRETS.sub(lambda match: "://***@" if match[3] else f"{match[1]}{match[2]}***", text)


class PathShortener:
    """Takes the folders off every absolute path of a text and keeps its last part.

    Args:
        roots: Folders and files that are known: their names may hold spaces, which a path in a text cannot show.
    """

    def __init__(self, roots: Iterable[Path] = ()) -> None:
        full_paths = {path.absolute() for path in roots} | {path.resolve() for path in roots}
        folders = {f"{path.parent}/" for path in full_paths if len(path.parts) > 2}
        places = Path(os.path.expanduser("~")), Path.cwd()  # A user without a home has "~".
        folders |= {f"{path}/" for path in places if len(path.parts) > 1}
        self._folders = sorted(folders, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Return the text with the last part of each absolute path in it."""
        for folder in self._folders:
            text = text.replace(folder, "")
        return without_secrets(_FOLDERS.sub("", text))

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
            return {key: self.inside(item, fields, within or key in fields) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.inside(item, fields, within) for item in value]
        return value


def shared_name(name: str) -> str:
    """Return a model's name for others to read: the last part of a path; a name as on the hub stays."""
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


def portable(value: Any) -> Any:
    """Return plain values whose absolute paths, if they are nothing else, are their last part; others as they are."""
    if isinstance(value, Mapping):
        return {portable(key): portable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [portable(item) for item in value]
    return shared_name(value) if isinstance(value, str) and _ABSOLUTE.match(value) else value
