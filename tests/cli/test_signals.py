import signal
import subprocess
import sys

import pytest

from mevqa import cli
from mevqa.cli.signals import Terminated, exit_on_sigterm

#: Runs a command whose work sends this process the signal that the first word names.
SENDER = """
import os, signal, sys, time
from mevqa import cli
from mevqa.cli import env
def work(args):
    os.kill(os.getpid(), getattr(signal, sys.argv[1]))
    time.sleep(60)
env.run = work
sys.exit(cli.main(["env"]))
"""


@pytest.mark.parametrize(("name", "code", "word"), [("SIGINT", 130, "interrupted"), ("SIGTERM", 143, "terminated")])
def test_a_signal_is_one_line_and_the_exit_code_of_shells(name, code, word):
    done = subprocess.run([sys.executable, "-c", SENDER, name], capture_output=True, text=True, timeout=60)
    assert done.returncode == code and done.stdout == ""
    assert done.stderr == f"mevqa env: {word}; run the same command again to continue\n"


def test_an_interrupt_while_the_commands_are_imported_is_one_line_too(monkeypatch, capsys):
    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.importlib, "import_module", interrupted)
    assert cli.main(["env"]) == 130
    assert capsys.readouterr().err == "mevqa: interrupted; run the same command again to continue\n"


def test_a_handler_of_the_callers_own_is_left_alone():
    before = signal.getsignal(signal.SIGTERM)
    with exit_on_sigterm():
        assert signal.getsignal(signal.SIGTERM) is not before
        handler = signal.getsignal(signal.SIGTERM)
        with exit_on_sigterm():
            assert signal.getsignal(signal.SIGTERM) is handler
    assert signal.getsignal(signal.SIGTERM) is before
    with pytest.raises(Terminated), exit_on_sigterm():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before
