"""The completion scripts, sourced and asked as a shell does."""

from __future__ import annotations

import shutil
import subprocess

import pytest

import mevqa
from mevqa.cli import COMMANDS, main
from mevqa.cli.tools.completion import _LISTS, SHELLS, completion_script


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    path = tmp_path_factory.mktemp("completion") / "mevqa.bash"
    path.write_text(completion_script("bash"))
    return path


@pytest.fixture
def complete(script, tmp_path):
    """Completes the last word of a command line in a real bash, in a folder with a video and a folder."""
    if (bash := shutil.which("bash")) is None:
        pytest.skip("there is no bash")
    (tmp_path / "clip.mp4").touch()
    (tmp_path / "clips").mkdir()

    def run(*words):
        asked = [f"COMP_WORDS=(mevqa {' '.join(map(repr, words))})", f"COMP_CWORD={len(words)}"]
        asked += [f"_shtab_mevqa mevqa {words[-1]!r} ''", 'printf "%s\\n" "${COMPREPLY[@]}"']
        code = "\n".join([f"source {script}", *asked])
        done = subprocess.run([bash, "--norc", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert not done.stderr
        return done.stdout.split()

    return run


def test_commands_options_and_parts_are_completed(complete):
    assert set(complete("")) == {*COMMANDS}
    assert complete("fine") == ["finetune"]
    assert {"--csv", "--out", "--json"} & set(complete("spot", "--")) == {"--out", "--json"}
    assert complete("bench", "sc") == ["scale", "scan"]
    assert complete("--vers") == ["--version"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["spot", "--spotter", "child-"], ["child-lbp", "child-cnn", "child-graph"]),
        (["eval", "--model", "na"], ["nano"]),
        (["ask", "--dtype", "b"], ["bfloat16"]),
        (["convert", "--to", "l"], ["llava"]),
        (["list", "rec"], ["recipes"]),
        (["finetune", "spotting/me-tst-sm"], ["spotting/me-tst-small"]),
        (["ask", "--dataset", "casme2"], ["casme2"]),
        (["eval", "--media", "cl"], ["clips"]),
        (["ask", "cl"], ["clips", "clip.mp4"]),
        (["completion", "z"], ["zsh"]),
    ],
)
def test_values_are_completed(complete, words, found):
    assert sorted(complete(*words)) == sorted(found)


def test_every_list_that_is_named_exists_and_is_used(script):
    text = script.read_text()
    for option, what in _LISTS.items():
        assert mevqa.available(what)
        assert not option.startswith("--") or f"_{option.replace('-', '_')}_choices" in text, option


def test_it_is_printed_or_written(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("mevqa.cli.tools.completion.completion_script", lambda shell: f"# {shell}")
    assert main(["completion", "bash"]) == 0 and capsys.readouterr().out == "# bash\n"
    assert main(["completion", "zsh", "--out", str(tmp_path / "new/_mevqa")]) == 0
    assert capsys.readouterr().out == "" and (tmp_path / "new/_mevqa").read_text() == "# zsh\n"


@pytest.mark.parametrize("shell", SHELLS[1:])
def test_scripts_of_other_shells_hold_the_names_too(shell):
    made = completion_script(shell)
    assert "me-tst-plus" in made and "finetune" in made
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=made, text=True, check=True)
