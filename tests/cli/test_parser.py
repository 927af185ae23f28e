import argparse
import re

import pytest

from mevqa.cli import COMMANDS, build_parser, main
from mevqa.errors import MevqaError


def refused(words, capsys):
    """Lines of standard error of a refused command line; asserts exit code 2 and an empty standard output."""
    with pytest.raises(SystemExit) as caught:
        main(words)
    printed = capsys.readouterr()
    assert caught.value.code == 2 and printed.out == ""
    return printed.err.splitlines()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["eval", "--modle", "nano"], "mevqa eval: there is no option --modle; did you mean --model?"),
        (["eval", "-model", "nano"], "mevqa eval: there is no option -model; did you mean --model?"),
        (["merge", "a", "--ouput", "b"], "mevqa merge: there is no option --ouput; did you mean --out?"),
        (["ask", "v", "q", "--quant=4bit"], "mevqa ask: there is no option --quant; did you mean --quantization?"),
        (["bench", "spot", "--trail", "d"], "mevqa bench spot: there is no option --trail; did you mean --trial?"),
        (["env", "--zzzzzz"], "mevqa env: there is no option --zzzzzz; mevqa env --help lists the options"),
        (["--verison"], "mevqa: there is no option --verison; did you mean --version?"),
        (["evl"], "mevqa: there is no command 'evl'; did you mean 'eval'?"),
        (["bench", "spt"], "mevqa bench: cannot measure 'spt'; did you mean 'spot'?"),
        (
            ["ask", "v", "q", "--dtype", "flaot32"],
            "mevqa ask: --dtype: 'flaot32' is none of its values; did you mean 'float32'? "
            "Known: auto, float32, bfloat16, float16",
        ),
        (["ask", "v", "q", "--fps", "fast"], "mevqa ask: --fps: 'fast' is not a number"),
        (["ask", "v", "q", "--fps", "nan"], "mevqa ask: --fps: must be above 0, not nan"),
        (
            ["ask", "v", "q", "--seed", "x"],
            "mevqa ask: --seed: 'x' is not a seed: give a whole number from 0 to 4294967295",
        ),
        (["ask", "v", "q", "--frames", "x"], "mevqa ask: --frames: 'x' is not a whole number"),
        (["ask", "v", "q", "--frames", "0"], "mevqa ask: --frames: must be at least 1, not 0"),
        (
            ["ask", "v", "q", "--frames", "9" * 5000],
            "mevqa ask: --frames: 999999999999999999... is too large: at most 18 digits are read",
        ),
        (["merge", "a", "--out", "b", "--tolerance", "abc"], "mevqa merge: --tolerance: 'abc' is not a number"),
        (["merge", "a", "--out", "b", "--tolerance", "-1"], "mevqa merge: --tolerance: must be 0 or more, not -1"),
        (["ask", "v", "q", "--retries", "-1"], "mevqa ask: --retries: must be at least 0, not -1"),
        (
            ["ask", "v", "q", "--onset", "-3"],
            "mevqa ask: --onset: '-3' is not the number of a frame; frames count from 0",
        ),
        (["ask", "v"], "mevqa ask: QUESTION is missing; see mevqa ask --help"),
        (["spot", "a", "b"], "mevqa spot: cannot use 'b': one word too many"),
        (
            ["finetune", "nano", "--lora.rank=8"],
            "mevqa finetune: there is no option --lora.rank; settings stand without dashes: lora.rank=8",
        ),
    ],
)
def test_a_mistake_is_one_line_with_the_mend(words, line, capsys):
    assert refused(words, capsys) == [line]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["spot"], "mevqa spot: VIDEO_OR_DIR: is missing: name a video"),
        (["physiology", "describe", "nowhere.csv", "--out", "notes.csv"], "mevqa physiology describe: nowhere.csv: "),
        (["bench", "prefix", "--model", "nowhere"], "mevqa bench prefix: unknown model 'nowhere': "),
    ],
)
def test_a_mistake_that_a_part_finds_names_the_part_once(words, line, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    (message,) = capsys.readouterr().err.splitlines()
    assert message.startswith(line) and message.count("mevqa") == 1


def test_every_unknown_option_is_named_at_once(capsys):
    lines = refused(["eval", "f", "--otu", "d", "--medai=x"], capsys)
    assert [line.split("; ")[0] for line in lines] == [
        "mevqa eval: there is no option --otu",
        "mevqa eval: there is no option --medai",
    ]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["eval", "f", "--adapter", "a", "--adapter=b"], "--adapter is given twice; leave one of them out"),
        (
            ["submit", "r", "--questions", "a", "--questions", "b"],
            "--questions is given twice; name all its values after one --questions",
        ),
    ],
)
def test_an_option_of_one_value_is_refused_when_it_is_given_twice(words, line, capsys):
    assert refused(words, capsys) == [f"mevqa {words[0]}: {line}"]


def test_what_is_repeatable_stays_so_and_two_command_lines_do_not_meet():
    words = ["eval", "f", "--out", "d", "--model", "nano", "--model", "mock", "--precomputed", "a=b", "--json"][:-1]
    for _ in range(2):
        args = build_parser().parse_args([*words, "--precomputed", "c=d"])
        assert args.model == ["nano", "mock"] and args.precomputed == ["a=b", "c=d"]
    parser = build_parser()
    assert parser.parse_args(words).out == parser.parse_args(words).out


def options(parser, words=()):
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, sub in action.choices.items():
                yield from options(sub, (*words, name))
        elif action.option_strings and action.nargs != 0:
            yield words, action


def accepts(action, value):
    try:
        return action.type is None or action.type(value) is not None
    except (argparse.ArgumentTypeError, ValueError):
        return False


PARSER = build_parser()
ONCE = [(words, action) for words, action in options(PARSER) if not isinstance(action, argparse._AppendAction)]


@pytest.mark.parametrize("case", ONCE, ids=lambda case: " ".join((*case[0], case[1].option_strings[-1])))
def test_no_option_with_a_value_lets_the_last_one_win(case, capsys, monkeypatch):
    monkeypatch.setattr("mevqa.cli.build_parser", lambda: PARSER)
    words, action = case
    value = next(
        value for value in (*(action.choices or ()), "samm", "1", "1/2", "64x64", "type") if accepts(action, value)
    )
    repeated = [action.option_strings[-1], value] * 2
    assert any("is given twice" in line for line in refused([*words, *repeated], capsys))


def test_values_with_dashes_and_negative_numbers_are_no_options(capsys):
    args = build_parser().parse_args(["spot", "v", "--kinds=--micro"])
    assert args.kinds == "--micro"
    assert refused(["spot", "v", "--threshold", "-3"], capsys) == ["mevqa spot: --threshold: must be above 0, not -3"]
    assert build_parser().parse_args(["ask", "v", "a question - with a dash"]).questions == ["a question - with a dash"]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["eval", "--shard", "-1/3"], "--shard: '-1/3' is no shard; write i/n with i from 1 to n, as in 2/4 for"),
        (["loso", "r", "--shard", "3/2"], "--shard: '3/2' is no shard; write i/n with i from 1 to n, as in 2/4 for"),
        (["eval", "--price", "-1,2"], "--price: '-1,2' is no price: give two or three numbers of at least 0"),
        (["eval", "--temperature", "-1"], "--temperature: must be above 0, not -1"),
        (["eval", "--threshold", "-1e-3"], "--threshold: must be above 0, not -1e-3"),
        (["eval", "--threshold", "-inf"], "--threshold: must be above 0, not -inf"),
        (["eval", "--limit", "-3x"], "--limit: '-3x' is not a whole number"),
        (["eval", "--seed", "-.5"], "--seed: '-.5' is not a seed: give a whole number from 0"),
        (["synth", "--size", "-3x4"], "--size: '-3x4' is not WIDTHxHEIGHT"),
        (["bench", "spot", "--both", "-3"], "--both: must be at least 0, not -3"),
    ],
)
def test_values_that_begin_with_a_minus_are_refused_as_values(words, line, capsys):
    (refusal,) = refused(words, capsys)
    assert f": {line}" in refusal


def _parsers(parser):
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for of_command in action.choices.values():
                yield from _parsers(of_command)


@pytest.mark.parametrize("value", ["abc", "", "nan", "9" * 5000, "9" * 5000 + "x1", "1/" + "9" * 5000])
def test_no_message_of_argparse_names_a_function(value):
    for parser in _parsers(build_parser()):
        for action in parser._actions:
            if action.type is not None:
                try:
                    parser._get_value(action, value)
                except argparse.ArgumentError as error:
                    assert not re.search(r"invalid \w+ value", str(error)), (parser.prog, action.dest)
                except MevqaError:
                    pass  # Of a file that is not there; it is printed as it is.


@pytest.mark.parametrize("words", [["ask", "v", "q"], ["str", "v", "--out", "o"], ["spot", "--fit", "a"]])
def test_a_data_set_that_there_is_not_is_refused_with_the_nearest(words, capsys):
    (line,) = refused([*words, "--dataset", "casme4"], capsys)
    assert line.startswith(
        f"mevqa {words[0]}: --dataset: there is no data set 'casme4'; did you mean 'casme3'? Known: "
    )
    for spelling, name in (("CASME II", "casme2"), ("CAS(ME)^3", "casme3"), ("unknown", "unknown")):
        assert build_parser().parse_args([*words, "--dataset", spelling]).dataset == name


def test_every_command_refuses_what_it_does_not_know(capsys):
    for name in COMMANDS:
        assert any("there is no option --not-an-option" in line for line in refused([name, "--not-an-option"], capsys))
