"""Options under their names of earlier releases: they keep working, and say what they are called now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

#: Suffix by which a word behind ``--json`` is its file, where ``--json`` may also stand without one.
_JSON_ENDING = ".json"


def current_words(words: Sequence[str], renamed: Mapping[str, str], *, bare_json: bool) -> tuple[list[str], list[str]]:
    """Return a command line with the options of today.

    Args:
        words: The words behind the command.
        renamed: New names of options by old ones.
        bare_json: Whether ``--json`` once took no file. It is then without one where the next word is not ``-`` and
            does not end in ``.json``: that word may be the video or the file that is asked about.

    Returns:
        The words, and a sentence about each that was changed.
    """
    current: list[str] = []
    notes: list[str] = []
    remaining = list(words)
    while remaining:
        word = remaining.pop(0)
        if word == "--":
            return [*current, word, *remaining], notes
        name, mark, value = word.partition("=")
        if name in renamed:
            notes.append(f"{name} is now called {renamed[name]}")
            word = f"{renamed[name]}{mark}{value}"
        elif word == "--json" and bare_json and not (remaining and _is_file(remaining[0])):
            notes.append("--json now takes a file: --json FILE.json, or --json - for the standard output, as was done")
            word = "--json=-"
        current.append(word)
    return current, notes


def _is_file(word: str) -> bool:
    return word == "-" or word.lower().endswith(_JSON_ENDING)
