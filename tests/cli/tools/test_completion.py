"""The completion scripts, sourced and asked as a shell does."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time

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
        lines = [f"COMP_WORDS=(mevqa {' '.join(map(repr, words))})", f"COMP_CWORD={len(words)}"]
        lines += [f"_shtab_mevqa mevqa {words[-1]!r} ''", 'printf "%s\\n" "${COMPREPLY[@]}"']
        code = "\n".join([f"source {script}", *lines])
        process = subprocess.run([bash, "--norc", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert not process.stderr
        return process.stdout.split()

    return run


def test_commands_options_and_parts_are_completed(complete):
    assert set(complete("")) == {*COMMANDS}
    assert complete("fine") == ["finetune"]
    assert {"--csv", "--out", "--json"} & set(complete("spot", "--")) == {"--out", "--json"}
    assert complete("bench", "sc") == ["scale", "scan"]
    assert complete("--vers") == ["--version"]


@pytest.mark.parametrize(
    ("words", "completions"),
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
def test_values_are_completed(complete, words, completions):
    assert sorted(complete(*words)) == sorted(completions)


def test_every_list_that_is_named_exists_and_is_used(script):
    text = script.read_text()
    for option, what in _LISTS.items():
        assert mevqa.available(what)
        assert not option.startswith("--") or f"_{option.replace('-', '_')}_choices" in text, option


def test_scripts_are_printed_or_written(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("mevqa.cli.tools.completion.completion_script", lambda shell: f"# {shell}")
    assert main(["completion", "bash"]) == 0 and capsys.readouterr().out == "# bash\n"
    assert main(["completion", "zsh", "--out", str(tmp_path / "new/_mevqa")]) == 0
    assert capsys.readouterr().out == "" and (tmp_path / "new/_mevqa").read_text() == "# zsh\n"


@pytest.mark.parametrize("shell", SHELLS[1:])
def test_scripts_of_other_shells_hold_the_names_too(shell):
    text = completion_script(shell)
    assert "me-tst-plus" in text and "finetune" in text


#: Beginnings of command lines, and how they go on in every shell.
COMPLETED = {
    "mevqa fine": "tune",
    "mevqa bench sp": "ot",
    "mevqa spot --spotter child-l": "bp",
    "mevqa eval --model na": "no",
    "mevqa ask --dty": "pe",
    "mevqa finetune spotting/me-tst-sm": "all",
    "mevqa completion z": "sh",
    "mevqa ask cli": "p.mp4",
}


def test_fish_completes_with_its_script(tmp_path):
    if (fish := shutil.which("fish")) is None:
        pytest.skip("there is no fish")
    (tmp_path / "mevqa.fish").write_text(completion_script("fish"))
    (tmp_path / "clip.mp4").touch()
    queries = "; echo ==; ".join(f"complete -C {line!r}" for line in COMPLETED)
    command = [fish, "--no-config", "-c", f"source mevqa.fish; {queries}"]
    process = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert not process.stderr
    for (line, ending), printed in zip(COMPLETED.items(), process.stdout.split("==\n"), strict=True):
        words = [completion.partition("\t")[0] for completion in printed.splitlines()]
        assert words == [line.split()[-1] + ending], line


def test_zsh_completes_with_its_script(tmp_path):
    if (zsh := shutil.which("zsh")) is None:
        pytest.skip("there is no zsh")
    (tmp_path / "functions").mkdir()
    (tmp_path / "functions/_mevqa").write_text(completion_script("zsh") + "\n")
    (tmp_path / "clip.mp4").touch()
    assert typed_in_zsh(zsh, tmp_path, list(COMPLETED)) == [line + ending for line, ending in COMPLETED.items()]


def typed_in_zsh(zsh, folder, lines):
    """Command lines of a zsh after each line and Tab were typed."""
    typed = folder / "typed"
    start = (
        "PS1=; fpath=($PWD/functions $fpath); autoload -Uz compinit; compinit -u -d dump; "
        "show() { print -r -- $BUFFER >> typed; BUFFER= }; zle -N show; bindkey '^X' show; print -r -- ready >> typed\n"
    )
    pty = pytest.importorskip("pty")
    terminal, child = pty.openpty()
    with subprocess.Popen([zsh, "-f", "-i"], cwd=folder, stdin=child, stdout=child, stderr=child) as shell:
        os.close(child)
        threading.Thread(target=read_all, args=(terminal,), daemon=True).start()
        try:
            for count, keys in enumerate([start, *(f"{line}\t\x18" for line in lines)], start=1):
                os.write(terminal, keys.encode())
                until = time.monotonic() + 30
                while not typed.is_file() or len(typed.read_text().splitlines()) < count:
                    assert time.monotonic() < until, keys
                    time.sleep(0.02)
        finally:
            shell.kill()
    return [line.strip() for line in typed.read_text().splitlines()[1:]]


def read_all(terminal):
    """Read the output of a shell continuously, so that it never blocks on writing."""
    try:
        while os.read(terminal, 4096):
            pass
    except OSError:
        return
