"""The parser of the command line: argparse, with one clear line for each mistake.

Options are never abbreviated: what an abbreviation means would change with the next option that begins alike. An option
that takes one value is refused when it is given twice, because the last one would win without a word.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from mevqa.cli.old_names import current_words
from mevqa.suggestions import closest, did_you_mean

#: Names of the types of values, in messages.
_CALLED: dict[Callable[[str], object], str] = {int: "a whole number", float: "a number"}
#: Words that are values, not options: -1, -.5, -1e-3, and -1/3 and -1,2, as argparse has it from Python 3.14 on.
_NEGATIVE_VALUE = re.compile(r"-\.?\d|-inf$|-nan$", re.IGNORECASE)


def rename_options(parser: argparse.ArgumentParser, new_names: Mapping[str, str]) -> None:
    """Let options of earlier releases be given under their old names, with a warning.

    Args:
        parser: The command's parser.
        new_names: New names by old ones.
    """
    if isinstance(parser, Parser):
        parser.renamed.update(new_names)


class _StoreOnce(argparse.Action):
    """argparse's ``store``, which refuses an option's second time."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Keep the value.

        Raises:
            argparse.ArgumentError: The option was given before.
        """
        if option_string is not None and isinstance(parser, Parser):
            if self.dest in parser.given:
                several = self.nargs in ("+", "*")
                mend = f"name all its values after one {option_string}" if several else "leave one of them out"
                raise argparse.ArgumentError(None, f"{option_string} is given twice; {mend}")
            parser.given.add(self.dest)
        setattr(namespace, self.dest, values)


class Parser(argparse.ArgumentParser):
    """A parser whose mistakes are one line each on standard error, with exit code 2.

    Attributes:
        given: Names of the single-valued options that were met so far.
        renamed: New names of options by those of earlier releases, which keep working with a warning.
        bare_json: Whether ``--json`` once took no file, and may still go without one.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("allow_abbrev", False)
        super().__init__(*args, **kwargs)
        self.given: set[str] = set()
        self.renamed: dict[str, str] = {}
        self.bare_json = False
        self._negative_number_matcher = _NEGATIVE_VALUE
        self.register("action", None, _StoreOnce)
        self.register("action", "store", _StoreOnce)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Parse the words, and refuse all unknown options together, before anything is reported missing."""
        original_words = list(sys.argv[1:] if args is None else args)
        words, notes = current_words(original_words, self.renamed, bare_json=self.bare_json)
        for note in notes:
            print(f"warning: {note}", file=sys.stderr)
        self.given.clear()
        unknown = self._unknown_options(words)
        if unknown:
            self.error("\n".join(dict.fromkeys(unknown)))
        return super().parse_known_args(words, namespace)

    def error(self, message: str) -> NoReturn:
        """Print each line of a message behind the command's name, and exit with 2."""
        message = re.sub(
            r"^the following arguments are required: (.+)$", rf"\1 is missing; see {self.prog} --help", message
        )
        message = message.replace("not allowed with argument ", "not allowed with ")
        lines = [line.removeprefix("argument ") for line in message.split("\n")]
        self.exit(2, "".join(f"{self.prog}: {line}\n" for line in lines))

    def option_names(self) -> list[str]:
        """Return the names of the options, without those that are hidden from the help."""
        return [
            name
            for action in self._actions
            if action.help is not argparse.SUPPRESS
            for name in action.option_strings
            if name.startswith("--")
        ]

    def _unknown_options(self, words: Sequence[str]) -> list[str]:
        """Return a message for each word that looks like an option and is none."""
        has_commands = any(isinstance(action, argparse._SubParsersAction) for action in self._actions)
        lines = []
        for word in words:
            if word == "--" or (has_commands and not word.startswith("-")):
                break
            name = word.partition("=")[0]
            is_option = word.startswith("-") and len(word) > 1 and " " not in name and not _NEGATIVE_VALUE.match(word)
            if is_option and word not in self._option_string_actions and name not in self._option_string_actions:
                lines.append(self._unknown_option(name, word))
        return lines

    def _unknown_option(self, name: str, word: str) -> str:
        """Return the message about an option that does not exist."""
        if "." in name and "=" in word and any(action.dest == "overrides" for action in self._actions):
            return f"there is no option {name}; settings stand without dashes: {word.lstrip('-')}"
        close = closest(name, self.option_names())
        if close is None and name.startswith("-") and not name.startswith("--"):
            close = closest(f"-{name}", self.option_names())
        hint = f"did you mean {close}?" if close is not None else f"{self.prog} --help lists the options"
        return f"there is no option {name}; {hint}"

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        """Convert a word."""
        for kind, called in _CALLED.items():
            if action.type is kind:
                try:
                    return kind(arg_string)
                except ValueError:
                    raise argparse.ArgumentError(action, f"{arg_string!r} is not {called}") from None
        return super()._get_value(action, arg_string)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Refuse a value that is none of the choices, with the nearest one."""
        if action.choices is None or value in action.choices:
            return
        choices = [str(choice) for choice in action.choices]
        if isinstance(action, argparse._SubParsersAction):
            what = {"command": "there is no command", "bench": "cannot measure"}.get(action.dest, "there is no part")
            raise argparse.ArgumentError(None, f"{what} {value!r}; {did_you_mean(str(value), choices)}")
        close = closest(str(value), choices)
        hint = f"did you mean {close!r}? Known: {', '.join(choices)}" if close else f"known: {', '.join(choices)}"
        raise argparse.ArgumentError(action, f"{value!r} is none of its values; {hint}")
