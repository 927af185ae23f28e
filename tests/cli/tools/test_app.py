"""The command `mevqa app`: what it refuses, and that its help needs no Gradio."""

import subprocess
import sys

import pytest

from mevqa.cli import main


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nothing.mp4"], "nothing.mp4: there is no such file or folder"),
        (["--host", "0.0.0.0"], "--host: 0.0.0.0 can be reached from other machines: give --password-file"),
        (["--port", "99999"], "--port: is a number from 0 to 65535, not 99999"),
        (["--password-file", "nowhere"], "nowhere: cannot be read as a password"),
        (["--max-size", "0"], "--max-size"),
        (["--model", "nonsense"], "--model: unknown model 'nonsense': "),
        (["--adapter", "nowhere"], "--adapter: no adapter 'nowhere': "),
        (
            ["--compare", "mean:nowhere"],
            "--compare: nowhere: is not a folder; give the folder that `mevqa finetune` wrote",
        ),
        (["--compare-adapter", "nowhere"], "--compare-adapter: no adapter 'nowhere': "),
        (["--compare", "mock", "--compare-adapter", "."], "--compare-adapter: mock takes no adapter"),
        (["--compare", "nano"], "--compare: nano is the model that is asked already: name another"),
        (
            ["--adapter", "you/one", "--compare-adapter", "you/one"],
            "--compare-adapter: you/one is the adapter of the model that is asked already: name another",
        ),
    ],
)
def test_unusable_options_are_one_line(words, message, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MEVQA_APP_PASSWORD", raising=False)
    try:
        code = main(["app", *words])
    except SystemExit as ended:
        code = ended.code
    printed = capsys.readouterr().err
    assert code == 2 and message in printed and len(printed.strip().splitlines()) == 1


def test_an_empty_password_is_none(capsys, tmp_path):
    (tmp_path / "password").write_text("\n")
    assert main(["app", "--password-file", str(tmp_path / "password")]) == 2
    assert "holds no password" in capsys.readouterr().err


def test_without_gradio_it_says_how_to_install_it(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "gradio", None)
    assert main(["app", "--port", "0"]) == 2
    assert capsys.readouterr().err == "mevqa app: the page needs Gradio, which is missing: pip install 'mevqa[app]'\n"


def test_help_needs_no_gradio():
    code = (
        "import sys; from mevqa.cli import main\n"
        "try: main(['app', '--help'])\n"
        "except SystemExit: print({'gradio', 'fastapi', 'torch'} & sys.modules.keys())"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.endswith("set()\n")
