from __future__ import annotations

import argparse
import subprocess
import sys

import pytest

from mevqa.cli.tools import synth
from mevqa.errors import InputError


def parsed(*words):
    parser = argparse.ArgumentParser()
    synth.configure(parser)
    return parser.parse_args(list(words))


def test_a_set_is_written_and_its_files_are_named(tmp_path, capsys):
    out = tmp_path / "set"
    assert synth.run(parsed(str(out), "--clips", "1", "--size", "128x128", "--fps", "25", "--grey", "--crf", "20")) == 0
    printed = capsys.readouterr().out
    assert "clips 1, subjects 1, expressions 1" in printed
    for name in ("annotations.csv", "me_vqa_synthetic_train.jsonl", "me_vqa_synthetic_test_to_answer.jsonl"):
        assert name in printed and (out / name).is_file()


def test_a_size_that_is_none_is_refused(capsys):
    with pytest.raises(SystemExit):
        parsed("out", "--size", "big")
    assert "WIDTHxHEIGHT" in capsys.readouterr().err


def test_impossible_settings_are_an_input_error(tmp_path):
    with pytest.raises(InputError, match="--crf"):
        synth.run(parsed(str(tmp_path / "set"), "--crf", "99"))


def test_the_command_module_loads_nothing_heavy():
    heavy = ("cv2", "torch", "av", "scipy", "rich")
    code = f"import sys, mevqa.cli.tools.synth; print([m for m in {heavy} if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
