"""An option means the same in every command that has it, and options of earlier releases keep working."""

from __future__ import annotations

import argparse
import json
import re

import pytest

from mevqa.cli import build_parser, main
from mevqa.cli.old_names import current_words
from mevqa.cli.parser import Parser

BARE = "--json now takes a file: --json FILE.json, or --json - for the standard output, as was done"
#: Choices that differ because the things to choose from do: what is written, and how a table numbers its frames.
OWN_CHOICES = {"--format", "--numbers"}
#: Commands in which an option names pictures or clips of another kind than elsewhere.
OWN_METAVARS = {"--model", "--precomputed", "--out"}


def parsers(parser, words=()):
    """Every parser of the command line with the words that lead to it, those of commands with parts left out."""
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    for action in below:
        for name, sub in action.choices.items():
            yield from parsers(sub, (*words, name))
    if not below:
        yield " ".join(words), parser


PARSERS = dict(parsers(build_parser()))


def by_option():
    options = {}
    for command, parser in PARSERS.items():
        for action in parser._actions:
            for name in action.option_strings:
                options.setdefault(name, {})[command] = action
    return options


SHARED = {name: actions for name, actions in by_option().items() if len(actions) > 1}


@pytest.mark.parametrize("name", SHARED)
def test_an_option_has_one_meaning(name):
    actions = SHARED[name]

    def assert_same(what):
        values = {command: what(action) for command, action in actions.items()}
        assert len(set(map(str, values.values()))) == 1, f"{name}: {values}"

    assert_same(lambda action: getattr(action.type, "__name__", action.type))
    assert_same(lambda action: action.nargs == 0)
    assert_same(lambda action: re.match(r"[\w-]+", action.help or "no help")[0].removesuffix("s"))
    if name not in OWN_CHOICES:
        assert_same(lambda action: action.choices)
    if name not in OWN_METAVARS:
        assert_same(lambda action: action.metavar)


def test_every_option_is_explained():
    for command, parser in PARSERS.items():
        for action in parser._actions:
            assert action.help, f"mevqa {command}: {action.option_strings or action.dest}"


def test_the_same_options_are_where_they_are_expected():
    takes = {name: set(actions) for name, actions in by_option().items()}
    assert takes["-q"] == takes["-v"] == set(PARSERS)
    assert all(PARSERS[command] for command in takes["--json"])
    without_out = {
        "check",
        "ask",
        "app",
        "score",
        "list",
        "env",
        *(command for command in PARSERS if "bench" in command),
    }
    assert set(PARSERS) - takes["--out"] == without_out
    assert takes["--dtype"] == {"ask", "app", "eval", "str", "merge", "bench prefix", "bench finetune"}


@pytest.mark.parametrize(
    ("words", "name", "value", "note"),
    [
        (["spot", "v", "--csv", "e.csv"], "out", "e.csv", "--csv is now called --out"),
        (["ensemble", "a", "--out", "c", "--weights=oof"], "weighting", "oof", "--weights is now called --weighting"),
        (["features", "v", "--export", "d"], "out", "d", "--export is now called --out"),
        (["bench", "gpu", "--out", "g.json"], "json", "g.json", "--out is now called --json"),
        (["bench", "prefix", "--size", "64"], "pixels", "64", "--size is now called --pixels"),
        (["bench", "prefix", "--answers", "official"], "form", "official", "--answers is now called --form"),
        (["bench", "spot", "--events", "2"], "both", "2", "--events is now called --both"),
        (["physiology", "synth", "d", "--events", "3"], "events_each", "3", "--events is now called --events-each"),
        (["env", "--json"], "json", "-", BARE),
        (["check", "--json", "q.jsonl"], "json", "-", BARE),
        (["ask", "--json", "clip.mp4", "a question"], "json", "-", BARE),
    ],
)  # fmt: skip
def test_old_names_keep_working_with_a_warning(words, name, value, note, capsys):
    args = build_parser().parse_args(words)
    assert str(getattr(args, name)) == value
    assert capsys.readouterr().err == f"warning: {note}\n"


def test_old_names_are_not_in_the_help_and_no_name_is_both():
    for parser in PARSERS.values():
        assert isinstance(parser, Parser)
        for old, new in parser.renamed.items():
            assert new in parser._option_string_actions and old not in parser._option_string_actions
            assert f"{old} " not in parser.format_help()


def test_a_file_of_json_and_words_behind_two_dashes_are_left_alone():
    words = ["--json", "a.json", "--json", "-", "--json=b", "--csv=c", "--", "--csv", "--json"]
    current, notes = current_words(words, {"--csv": "--out"}, bare_json=True)
    assert current == ["--json", "a.json", "--json", "-", "--json=b", "--out=c", "--", "--csv", "--json"]
    assert notes == ["--csv is now called --out"]
    assert current_words(["--json", "x"], {}, bare_json=False) == (["--json", "x"], [])


def test_json_is_printed_alone_or_written_beside_what_is_printed(tmp_path, capsys):
    assert main(["list", "presets", "--json", "-"]) == 0
    printed = capsys.readouterr().out
    file = tmp_path / "new" / "presets.json"
    assert main(["list", "presets", "--json", str(file)]) == 0
    table = capsys.readouterr().out
    assert file.read_text() == printed and list(json.loads(printed)) == [line.split()[0] for line in table.splitlines()]


def test_the_output_is_named_exactly_once(tmp_path, capsys):
    assert main(["convert", "in.json"]) == 2
    assert capsys.readouterr().err == "mevqa convert: say where it is written: --out\n"
    assert main(["convert", "in.json", "out", "--out", "out"]) == 2
    assert capsys.readouterr().err == "mevqa convert: OUT is the same as --out; name one of them\n"
